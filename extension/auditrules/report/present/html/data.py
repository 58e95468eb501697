"""Writes all rows of the page as one JSON block of columns. Each text is in it once, and rows refer to it by number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from auditrules.report.model import ChangeKind, HostState, Report, Waiver
from auditrules.report.present.html.wording import KINDS, STATES, STATUSES, label, shown, why, words
from auditrules.report.present.reasons import reason_text
from auditrules.report.present.remediation import Remediation, find_remediation
from auditrules.report.present.wording import Naming, benchmark_name, naming_of, waiver_text
from auditrules.status import Status

Json = dict[str, object]

# What could end the script element or begin markup in it. json writes the rest in ASCII, U+2028 and U+2029 too.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\x7f": "\\u007f"})


def block(report: Report) -> str:
    """Write the rows of hosts, verdicts and changes, with their texts, as JSON that is safe inside a script element."""
    naming = naming_of(report.controls)
    return script(
        {
            "made_at": report.made_at,
            "controls": [[shown(label(each, naming)), shown(each.title)] for each in report.controls],
            "about": _about(report),
            "hosts": _hosts(report),
            "findings": _findings(report),
            "changes": _changes(report, naming),
        }
    )


def script(value: Json) -> str:
    """Write JSON that can neither end a script element nor start a comment."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def coded(texts: Iterable[str]) -> Json:
    """Write a column of texts as a list of distinct ones, and a number for each row."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(text, len(numbers)) for text in texts]
    return {"texts": [shown(text) for text in numbers], "codes": codes}


def _ordered(
    values: Sequence[Status] | Sequence[HostState] | Sequence[ChangeKind],
    found: Iterable[Status | HostState | ChangeKind],
) -> Json:
    """Write a column of words that sort by their meaning, not by their letters."""
    numbers = {value: place for place, value in enumerate(values)}
    return {
        "texts": [words(value) for value in values],
        "names": [value.value for value in values],
        "codes": [numbers[value] for value in found],
    }


def _ago(report: Report, times: Iterable[int | None]) -> Json:
    """Write a column of times as seconds before the report was made. The numbers are short, as most are recent."""
    return {"ago": [None if time is None else report.made_at - time for time in times]}


def failures(report: Report) -> Counter[str]:
    """Count the controls that each host fails, by its key; 0 if it fails none."""
    failing = {
        (each.host, each.benchmark, each.version, each.control)
        for each in report.verdicts
        if each.status is Status.FAIL
    }
    return Counter(host for host, *_ in failing)


def _hosts(report: Report) -> Json:
    hosts = report.hosts
    failed = failures(report)
    return {
        "key": coded(each.key for each in hosts),
        "name": coded(each.name for each in hosts),
        "group": coded(each.group for each in hosts),
        "state": _ordered(STATES, (each.state for each in hosts)),
        "status": _ordered(STATUSES, (each.status for each in hosts)),
        "failures": coded(str(failed[each.key]) for each in hosts),
        "last_seen": _ago(report, (each.last_seen for each in hosts)),
        "why": coded(why(each) for each in hosts),
    }


def _reasons(reasons: Iterable[str]) -> Json:
    """Write a column of reasons, with the meaning of each distinct one."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(reason, len(numbers)) for reason in reasons]
    return {"texts": [shown(each) for each in numbers], "meanings": list(map(reason_text, numbers)), "codes": codes}


def _about(report: Report) -> Json:
    """Write the fields by which readers choose controls, a row for each control."""
    return {
        "benchmark": coded(benchmark_name(each.benchmark, each.version) for each in report.controls),
        "family": coded(each.family for each in report.controls),
        "level": coded(each.level for each in report.controls),
    }


def _controls(report: Report) -> dict[tuple[str, str, str], int]:
    return {(each.benchmark, each.version, each.control): place for place, each in enumerate(report.controls)}


def _findings(report: Report) -> Json:
    verdicts = report.verdicts
    hosts = {each.key: place for place, each in enumerate(report.hosts)}
    controls = _controls(report)
    remediations: dict[Remediation | None, int] = {None: 0}
    waivers: dict[Waiver | None, int] = {None: 0}
    return {
        "host": [hosts[each.host] for each in verdicts],
        "control": [controls[each.benchmark, each.version, each.control] for each in verdicts],
        "target": coded(each.target for each in verdicts),
        "status": _ordered(STATUSES, (each.status for each in verdicts)),
        "logged": coded(each.logged for each in verdicts),
        "reason": _reasons(each.reason for each in verdicts),
        "evidence": coded(each.evidence for each in verdicts),
        "next_boot": coded(each.next_boot for each in verdicts),
        "since": _ago(report, (each.since for each in verdicts)),
        "seen": _ago(report, (each.seen for each in verdicts)),
        "remediation": {
            "codes": [remediations.setdefault(find_remediation(each), len(remediations)) for each in verdicts],
            "rows": [each and [each.text, each.command, each.elsewhere] for each in remediations],
        },
        "waiver": {
            "codes": [waivers.setdefault(each.waiver, len(waivers)) for each in verdicts],
            "texts": ["" if each is None else shown(waiver_text(each)) for each in waivers],
            "names": ["" if each is None else each.state.value for each in waivers],
        },
    }


def _changes(report: Report, naming: Naming) -> Json:
    changes = report.changes
    hosts = {each.key: each.name for each in report.hosts}
    return {
        "at": _ago(report, (each.at for each in changes)),
        "kind": _ordered(KINDS, (each.kind for each in changes)),
        "host": coded(hosts.get(each.host, each.host) for each in changes),
        "control": coded(label(each, naming) for each in changes),
        "target": coded(each.target for each in changes),
        "before": coded(each.before for each in changes),
        "after": coded(each.after for each in changes),
        "evidence": coded(each.evidence for each in changes),
    }

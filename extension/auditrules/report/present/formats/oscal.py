"""Writes OSCAL assessment results 1.2.3 as JSON: controls as findings, verdicts as observations, waivers as risks.

The model and its datatypes: https://pages.nist.gov/OSCAL/reference/1.2.3/assessment-results/json-reference/. Names are
UUIDs made of what they name, so that the same report is the same document.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from auditrules.benchmarks import BY_ID
from auditrules.report.model import ControlCounts, Counts, HostSummary, Report, Verdict, Waiver
from auditrules.report.present.complete import complete
from auditrules.report.present.formats.streaming import identity, stream
from auditrules.report.present.remediation import remediation_text
from auditrules.report.present.wording import control_heading, waiver_text
from auditrules.report.times import utc
from auditrules.text import counted, visible

VERSION = "1.2.3"

_TOOL = identity("tool")
_PLAN = identity("plan")
_PLAN_TEXT = "Each host runs the queries of the packs as its osquery schedules them; this is all the plan."
_NAMESPACE = "urn:osquery-audit-rules"
_THEIRS = {"asset-id"}  # the props that NIST defines

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ]*")
_NUMBER = re.compile(r"[A-Za-z0-9.]+")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>&{}~^|!#$\"'])")


def oscal(report: Report) -> Iterator[str]:
    """Write a document, with a line for each host, observation, risk and finding."""
    silent = len({host.key for host in report.hosts} - {verdict.host for verdict in report.verdicts})
    report = complete(report)
    start, end = (report.made_at if moment is None else moment for moment in (report.start, report.end))
    which = (report.made_at, start, end, len(report.hosts), len(report.verdicts))
    document = {
        "uuid": identity("assessment-results", *which),
        "metadata": {
            "title": "What the hosts of a fleet audit, from the logs of osquery",
            "last-modified": utc(report.made_at),
            "version": utc(report.made_at),
            "oscal-version": VERSION,
        },
        "import-ap": {"href": f"#{_PLAN}"},
        "results": [
            {
                "uuid": identity("result", *which),
                "title": f"{counted(len(report.hosts), 'host')}, {counted(len(report.controls), 'control')}",
                "description": "\n\n".join([_counted(report.counts), *map(_markdown, report.notes)]),
                "start": utc(start),
                "end": utc(end),
                **_result(report, silent),
            }
        ],
        "back-matter": {
            "resources": [
                {
                    "uuid": _PLAN,
                    "title": "The packs of osquery-audit-rules",
                    "description": _PLAN_TEXT,
                    # NIST's constraints want each resource to be somewhere, if only in the document.
                    "base64": {
                        "filename": "plan.txt",
                        "media-type": "text/plain",
                        "value": b64encode(_PLAN_TEXT.encode()).decode(),
                    },
                }
            ]
        },
    }
    yield from stream({"assessment-results": document})
    yield "\n"


def _result(report: Report, silent: int) -> dict[str, object]:
    """The lists of a result. OSCAL has no empty lists, so the key of an empty one is left out.

    Of `silent` hosts no verdict is known: they keep every control from being satisfied.
    """
    names = {host.key: host.name for host in report.hosts}
    by_control: dict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    by_waiver: dict[Waiver, list[Verdict]] = defaultdict(list)
    for verdict in report.verdicts:
        by_control[verdict.benchmark, verdict.version, verdict.control].append(verdict)
        if verdict.waiver is not None:
            by_waiver[verdict.waiver].append(verdict)
    tool = {
        "uuid": _TOOL,
        "type": "software",
        "title": "osquery-audit-rules",
        "description": f"The extension of osquery that the hosts run, and auditrules report {report.tool_version}.",
        "status": {"state": "operational"},
    }
    local: dict[str, object] = {"components": [tool]}
    if report.hosts:
        local["inventory-items"] = map(_inventory_item, report.hosts)
    include = [{"control-id": _control_id(each)} for each in report.controls]
    lists: dict[str, object] = {
        "local-definitions": local,
        "reviewed-controls": {
            "control-selections": [{"include-controls": include} if include else {"include-all": {}}]
        },
    }
    if report.verdicts:
        lists["observations"] = (_observation(report, names[each.host], each) for each in report.verdicts)
    if by_waiver:
        lists["risks"] = (_risk(waiver, verdicts) for waiver, verdicts in by_waiver.items())
    if report.controls:
        lists["findings"] = (
            _finding(each, by_control[each.benchmark, each.version, each.control], silent) for each in report.controls
        )
    return lists


def _inventory_item(host: HostSummary) -> dict[str, object]:
    return {
        "uuid": identity("host", host.key),
        "description": _markdown(host.name) or "a host without a name",
        **_props({"asset-id": host.key, "state": host.state.value, "group": host.group, "note": host.note}),
    }


def _observation(report: Report, name: str, verdict: Verdict) -> dict[str, object]:
    advice = remediation_text(verdict)
    return {
        "uuid": _observed(verdict),
        "title": _markdown(f"{verdict.control or verdict.title} on {name}: {verdict.status.value}"),
        "description": _markdown(verdict.evidence) or "The host gave no evidence.",
        **_props(
            {
                "status": verdict.status.value,
                "logged": verdict.logged,
                "reason": verdict.reason,
                "target": verdict.target,
                "next-boot": verdict.next_boot,
                "since": "" if verdict.since is None else utc(verdict.since),
            },
        ),
        "methods": ["UNKNOWN" if verdict.seen is None else "TEST"],
        "types": ["control-objective"],
        "subjects": [{"subject-uuid": identity("host", verdict.host), "type": "inventory-item"}],
        "collected": utc(report.made_at if verdict.seen is None else verdict.seen),
        **({"remarks": _markdown(advice)} if advice else {}),
    }


def _risk(waiver: Waiver, verdicts: Sequence[Verdict]) -> dict[str, object]:
    active = any(verdict.waived for verdict in verdicts)
    return {
        "uuid": _risked(waiver),
        "title": _markdown(f"{waiver.control} on {waiver.hosts}"),
        "description": _markdown(waiver_text(waiver)),
        "statement": _markdown(waiver.reason) or "No reason is given.",
        **_props({"owner": waiver.owner}),
        "status": "deviation-approved" if active else "open",
        "deadline": f"{waiver.expires}T23:59:59Z",
        "related-observations": _related(verdicts),
    }


def _finding(control: ControlCounts, verdicts: Sequence[Verdict], silent: int) -> dict[str, object]:
    risks = dict.fromkeys(verdict.waiver for verdict in verdicts if verdict.waiver is not None)
    title = _markdown(control_heading(control)) or "a control without a name"
    counts = control.counts
    known = BY_ID.get((control.benchmark, control.version, control.control))
    remarks = f"{known.description}\n\n{known.rationale}" if known else ""
    return {
        "uuid": identity("finding", control.benchmark, control.version, control.control),
        "title": title,
        "description": _counted(counts),
        "origins": [{"actors": [{"type": "tool", "actor-uuid": _TOOL}]}],
        "target": {
            "type": "objective-id",
            "target-id": _control_id(control),
            "title": title,
            **_props({"level": control.level, "maps-to": "; ".join(known.mappings) if known else ""}),
            "status": _state(replace(counts, unknown=counts.unknown + silent)),
        },
        **({"related-observations": _related(verdicts)} if verdicts else {}),
        **({"related-risks": [{"risk-uuid": _risked(waiver)} for waiver in risks]} if risks else {}),
        **({"remarks": _prose(remarks)} if remarks else {}),
    }


def _state(counts: Counts) -> dict[str, object]:
    """Satisfied is a control that passes on every host that it applies to. Unknown is no pass; waivers do not count."""
    if counts.failed:
        return {"state": "not-satisfied", "reason": "fail"}
    if counts.unknown or not counts.passed:
        return {
            "state": "not-satisfied",
            "reason": "other",
            "remarks": "No host fails; not every host is known to pass.",
        }
    return {"state": "satisfied", "reason": "pass"}


def _counted(counts: Counts) -> str:
    return (
        f"{counts.passed} of {counts.judged} judged pass, {counts.failed} fail; {counts.unknown} unknown and "
        f"{counts.not_applicable} not applicable are judged neither way. {counts.waived} are waived."
    )


def _control_id(control: ControlCounts) -> str:
    """A token of a control. Different controls have different tokens, whatever names hosts give them."""
    named = _NAME.fullmatch(control.benchmark)
    if named and _NUMBER.fullmatch(control.version) and _NUMBER.fullmatch(control.control):
        return f"{control.benchmark.replace(' ', '-')}_{control.version}_{control.control}"
    return f"control_{identity(control.benchmark, control.version, control.control)}"


def _observed(verdict: Verdict) -> str:
    return identity(
        "observation", verdict.host, verdict.benchmark, verdict.version, verdict.control, verdict.target, verdict.seen
    )


def _risked(waiver: Waiver) -> str:
    return identity("waiver", waiver.hosts, waiver.control, waiver.reason, waiver.owner, waiver.expires)


def _related(verdicts: Iterable[Verdict]) -> list[dict[str, str]]:
    return [{"observation-uuid": _observed(verdict)} for verdict in verdicts]


def _props(values: dict[str, str]) -> dict[str, object]:
    """Keep the props with a value: OSCAL's strings are not empty, and have no spaces around them."""
    shown = {name: visible(value).strip() for name, value in values.items()}
    props = [
        {"name": name, **({} if name in _THEIRS else {"ns": _NAMESPACE}), "value": value}
        for name, value in shown.items()
        if value
    ]
    return {"props": props} if props else {}


def _prose(text: str) -> str:
    """Escape our own paragraphs."""
    return "\n\n".join(map(_markdown, text.split("\n\n")))


def _markdown(text: str) -> str:
    """Escape text for OSCAL's markup, which is Markdown with a part of HTML."""
    return _MARKDOWN.sub(r"\\\1", visible(text)).strip()

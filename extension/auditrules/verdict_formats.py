"""Writes the result of a check for other programs: SARIF 2.1.0, JUnit, and HDF, the Heimdall Data Format. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from auditrules import __version__
from auditrules.authoring.finding import Place
from auditrules.authoring.formats.junit import Case, document, suite
from auditrules.authoring.formats.sarif import location, sarif_log
from auditrules.check import statuses
from auditrules.sql.result import QueryResult
from auditrules.status import Status
from auditrules.text import visible

NAME = "auditrules"
RULES_FILE = "/etc/audit/audit.rules"  # the location of a verdict whose target is not a path

# The kinds of results in SARIF 2.1.0, 3.27.9; only a failed result has a level.
_KINDS = {
    Status.FAIL: "fail",
    Status.UNKNOWN: "open",
    Status.PASS: "pass",
    Status.NOT_APPLICABLE: "notApplicable",
}
# The statuses of HDF. Unknown is shown as Not Reviewed, which is not a pass; impact 0 is shown as Not Applicable.
_REVIEWED = {
    Status.FAIL: "failed",
    Status.UNKNOWN: "skipped",
    Status.PASS: "passed",
    Status.NOT_APPLICABLE: "skipped",
}
# The impacts of a STIG's categories in MITRE's profiles. The levels of CIS are not severities.
_IMPACTS = {"CAT I": 0.7, "CAT II": 0.5, "CAT III": 0.3}
_IMPACT = 0.5
_ELEMENTS = {Status.FAIL: "failure", Status.UNKNOWN: "error", Status.NOT_APPLICABLE: "skipped", Status.PASS: ""}


def sarif(result: QueryResult) -> str:
    """Write a rule and a result for each control."""
    verdicts = list(_verdicts(result))
    rules = [
        {
            "id": _id(row),
            "shortDescription": {"text": visible(row["title"])},
            "defaultConfiguration": {"level": "error"},
        }
        for _, row in verdicts
    ]
    return sarif_log(rules, [_result(number, status, row) for number, (status, row) in enumerate(verdicts)])


def junit(result: QueryResult) -> str:
    """Write a suite for each version of a benchmark, with a case for each control. Unknown is an error."""
    suites: dict[str, list[Case]] = {}
    for status, row in _verdicts(result):
        name = f"{row['benchmark']} {row['version']}"
        message = row["reason"] if status is not Status.PASS else ""
        text = "" if status is Status.PASS else "\n".join(filter(None, (row["evidence"], row["remediation"])))
        case = (f"{row['control']} {row['title']}", name, _ELEMENTS[status], message, text)
        suites.setdefault(name, []).append(case)
    return document("auditrules check", (suite(name, cases) for name, cases in suites.items()))


def hdf(result: QueryResult, began: datetime) -> str:
    """Write a profile for each version of a benchmark, with a result for each control: exec-json of MITRE's inspecjs.

    `began` is when the host was judged, with its time zone.
    """
    profiles: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for status, row in _verdicts(result):
        profiles.setdefault((row["benchmark"], row["version"]), []).append(_hdf_control(status, row, began))
    document = {
        "platform": {"name": NAME, "release": __version__},
        "version": __version__,
        "statistics": {},
        "profiles": [_hdf_profile(*names, controls) for names, controls in profiles.items()],
    }
    return json.dumps(document, indent=2) + "\n"


def _hdf_profile(benchmark: str, version: str, controls: list[dict[str, Any]]) -> dict[str, Any]:
    name = visible(f"{benchmark} {version}")
    identity = "\n".join((name, *(control["id"] for control in controls)))
    return {
        "name": name,
        "title": visible(benchmark),
        "version": visible(version),
        "sha256": hashlib.sha256(identity.encode()).hexdigest(),
        "supports": [],
        "attributes": [],
        "groups": [],
        "controls": controls,
    }


def _hdf_control(status: Status, row: Mapping[str, str], began: datetime) -> dict[str, Any]:
    reason = visible(row["reason"])
    entry = {
        "status": _REVIEWED[status],
        "code_desc": visible(row["evidence"], kept="\n") or reason,
        "start_time": began.isoformat(timespec="seconds"),
    }
    if status is not Status.PASS:
        entry["message" if status is Status.FAIL else "skip_message"] = f"{status.value.replace('_', ' ')}: {reason}"
    fix = visible(row["remediation"], kept="\n")
    return {
        "id": visible(row["control"]),
        "title": visible(row["title"]),
        "desc": None,
        "descriptions": [{"label": "fix", "data": fix}] if fix else [],
        "impact": 0 if status is Status.NOT_APPLICABLE else _IMPACTS.get(row["level"], _IMPACT),
        "refs": [],
        "tags": {"level": visible(row["level"]), "target": visible(row["target"])},
        "source_location": {},
        "results": [entry],
    }


FORMATS: Mapping[str, Callable[[QueryResult, datetime], str]] = MappingProxyType(
    {"sarif": lambda result, _: sarif(result), "junit": lambda result, _: junit(result), "hdf": hdf}
)


def _verdicts(result: QueryResult) -> Iterator[tuple[Status, dict[str, str]]]:
    for status, row in zip(statuses(result), result.rows, strict=True):
        cells = zip(result.columns, row, strict=True)
        yield status, {name: "" if cell is None else str(cell) for name, cell in cells}


def _id(row: Mapping[str, str]) -> str:
    return visible(f"{row['benchmark']} {row['version']} {row['control']}")


def _result(number: int, status: Status, row: Mapping[str, str]) -> dict[str, Any]:
    lines = [f"{status.value.replace('_', ' ')}: {row['reason']}", row["evidence"]]
    if status is not Status.PASS:
        lines.append(row["remediation"])
    path = row["target"] if row["target"].startswith("/") else RULES_FILE
    return {
        "ruleId": _id(row),
        "ruleIndex": number,
        "kind": _KINDS[status],
        "level": "error" if status is Status.FAIL else "none",
        "message": {"text": visible("\n".join(filter(None, lines)), kept="\n")},
        "locations": [location(Place(path))],
        "partialFingerprints": {"control/v1": _id(row)},
    }

"""The result of a check for a pipeline: SARIF 2.1.0 and JUnit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from auditrules.authoring.finding import Place
from auditrules.authoring.formats.junit import Case, document, suite
from auditrules.authoring.formats.sarif import location, sarif_log
from auditrules.check import statuses
from auditrules.sql.result import QueryResult
from auditrules.status import Status
from auditrules.text import visible

RULES_FILE = "/etc/audit/audit.rules"  # where a verdict is shown that is on no path

# The kinds of results of SARIF 2.1.0, 3.27.9; only one that fails has a level.
_KINDS = {
    Status.FAIL: "fail",
    Status.UNKNOWN: "open",
    Status.PASS: "pass",
    Status.NOT_APPLICABLE: "notApplicable",
}
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
    """Write a suite for each version of a benchmark, with a case for each control; unknown is an error."""
    suites: dict[str, list[Case]] = {}
    for status, row in _verdicts(result):
        name = f"{row['benchmark']} {row['version']}"
        message = row["reason"] if status is not Status.PASS else ""
        text = "" if status is Status.PASS else "\n".join(filter(None, (row["evidence"], row["remediation"])))
        case = (f"{row['control']} {row['title']}", name, _ELEMENTS[status], message, text)
        suites.setdefault(name, []).append(case)
    return document("auditrules check", (suite(name, cases) for name, cases in suites.items()))


FORMATS: Mapping[str, Callable[[QueryResult], str]] = MappingProxyType({"sarif": sarif, "junit": junit})


def _verdicts(result: QueryResult) -> Iterator[tuple[Status, dict[str, str]]]:
    for status, row in zip(statuses(result), result.rows, strict=True):
        cells = zip(result.columns, row, strict=True)
        yield status, {name: "" if cell is None else str(cell) for name, cell in cells}


def _id(row: Mapping[str, str]) -> str:
    return visible(f"{row['benchmark']} {row['version']} {row['control']}")


def _result(number: int, status: Status, row: Mapping[str, str]) -> dict[str, Any]:
    told = [f"{status.value.replace('_', ' ')}: {row['reason']}", row["evidence"]]
    if status is not Status.PASS:
        told.append(row["remediation"])
    path = row["target"] if row["target"].startswith("/") else RULES_FILE
    return {
        "ruleId": _id(row),
        "ruleIndex": number,
        "kind": _KINDS[status],
        "level": "error" if status is Status.FAIL else "none",
        "message": {"text": visible("\n".join(filter(None, told)), kept="\n")},
        "locations": [location(Place(path))],
        "partialFingerprints": {"control/v1": _id(row)},
    }

"""Many fleets in one report, each with hosts, queries and a benchmark of its own, so that none changes another's part.

A report of one line takes most of a second, one of a hundred fleets hardly more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest

from auditrules.report.evaluate.values import summed
from auditrules.report.model import Counts, Report
from auditrules.status import Status
from tests.report.evaluate.logged import NOTHING
from tests.report.logs import Line


class Fleets:
    """Fleets by number; `add` takes one, and all are in the lines that make one report."""

    def __init__(self) -> None:
        self._lines: list[list[Line]] = []

    def add(self, *lines: Line) -> int:
        """Take the lines of a fleet, and give its number."""
        self._lines.append([_marked(line, mark(len(self._lines))) for line in lines])
        return len(self._lines) - 1

    def among(self, *lines: Line) -> pytest.MarkDecorator:
        """Give a test the report of this fleet, as `fleet`."""
        return pytest.mark.parametrize("fleet", [pytest.param(self.add(*lines), id="among others")], indirect=True)

    def each(self, names: str, cases: Mapping[str, tuple[Any, ...]]) -> pytest.MarkDecorator:
        """Parametrise a test by `fleet` and other names: the lines of each case come first, the rest after them."""
        table = [pytest.param(self.add(*lines), *rest, id=case) for case, (lines, *rest) in cases.items()]
        return pytest.mark.parametrize(f"fleet, {names}" if names else "fleet", table, indirect=["fleet"])

    def lines(self, number: int) -> list[Line]:
        """Give the lines of one fleet."""
        return self._lines[number]

    def numbers(self) -> range:
        """Give the number of each fleet."""
        return range(len(self._lines))


def mark(number: int) -> str:
    """What the names of a fleet begin with, and those of no other."""
    return f"f{number:03}x"


def part(report: Report, number: int) -> Report:
    """Give what a report says of one fleet, under its plain names, and nothing that it says of all."""
    begin = mark(number)
    controls = tuple(each for each in report.controls if begin in each.benchmark)
    hosts = tuple(each for each in report.hosts if begin in each.key)
    own = replace(
        report,
        start=None,
        end=None,
        controls=controls,
        counts=summed(each.counts for each in controls),
        host_counts=summed(_BY_STATUS[each.status] for each in hosts),
        hosts=hosts,
        verdicts=tuple(each for each in report.verdicts if begin in each.host),
        changes=tuple(each for each in report.changes if begin in each.host),
        notes=tuple(each for each in report.notes if begin in each),
        trend=(),
        reading=NOTHING,
    )
    return _plain(own, begin)  # type: ignore[no-any-return]


def _marked(line: Line, begin: str) -> Line:
    made = dict(line)
    for name in ("hostIdentifier", "name"):
        if name in made:
            made[name] = begin + made[name]
    decorations = made.get("decorations", {})
    made["decorations"] = {**decorations, **{name: begin + decorations[name] for name in _NAMES if name in decorations}}
    if "columns" in made:
        made["columns"] = _of_benchmark(made["columns"], begin)
    if "snapshot" in made:
        made["snapshot"] = [_of_benchmark(row, begin) for row in made["snapshot"]]
    if "diffResults" in made:
        made["diffResults"] = {
            kind: [_of_benchmark(row, begin) for row in rows] for kind, rows in made["diffResults"].items()
        }
    if "message" in made:
        made["message"] = made["message"].replace(_FAILED, f"{_FAILED}{begin}", 1)
    return made


_BY_STATUS = {
    Status.PASS: Counts(passed=1),
    Status.FAIL: Counts(failed=1),
    Status.UNKNOWN: Counts(unknown=1),
    Status.NOT_APPLICABLE: Counts(not_applicable=1),
}
_NAMES = ("host_uuid", "hostname")
_FAILED = "scheduled query "


def _of_benchmark(row: Line, begin: str) -> Line:
    return {**row, "benchmark": begin + row["benchmark"]} if "benchmark" in row else row


def _plain(value: Any, begin: str) -> Any:
    """Give a value with the mark taken out of its texts."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return value.replace(begin, "")
    if isinstance(value, tuple):
        return tuple(_plain(each, begin) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _plain(getattr(value, each.name), begin) for each in fields(value)})
    return value

"""Verdicts as a table for a person: a line for each control, then details of what fails, each reason told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from auditrules.check import Status
from auditrules.present import aligned, count_of_statuses, paragraph, visible
from auditrules.sql.result import Result, Value

Row = Mapping[str, Value]

_COLUMNS = ("status", "control", "title", "target", "reason")


def verdict_table(result: Result) -> str:
    """The verdicts of a check, benchmark by benchmark.

    Evidence and remediation follow for every control that fails or is unknown; those that share both are told once, as
    is the evidence that other controls share.
    """
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    parts = [_benchmark(name, group) for name, group in _by_benchmark(rows).items()]
    parts += list(_details(rows))
    return "\n".join([*parts, count_of_statuses(Counter(Status(row["status"]) for row in rows))])


def _by_benchmark(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(" ".join(str(row[name]) for name in ("benchmark", "version")), []).append(row)
    return found


def _benchmark(name: str, rows: Iterable[Row]) -> str:
    lines = [[_status(row), *(str(row[column]) for column in _COLUMNS[1:])] for row in rows]
    return f"{visible(name)}\n{aligned([list(_COLUMNS), *lines])}"


def _status(row: Row) -> str:
    return str(row["status"]).replace("_", " ").upper()


def _details(rows: Iterable[Row]) -> Iterator[str]:
    """A paragraph for each group of controls whose status, evidence and remediation are the same."""
    groups: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        if row["status"] != Status.PASS.value:
            groups.setdefault((row["status"], row["reason"], row["evidence"], row["remediation"]), []).append(row)
    for status in Status:
        for group in (group for key, group in groups.items() if key[0] == status.value):
            first = group[0]
            wanted = ("evidence",) if status is Status.NOT_APPLICABLE else ("evidence", "remediation", "next_boot")
            controls = ", ".join(str(row["control"]) for row in group)
            yield paragraph(
                f"{_status(first)}  {visible(controls)}  {visible(str(first['reason']))}",
                {name: str(first[name]) for name in wanted if first[name]},
            )

"""Verdicts as a table for a person: a line for each control, then details of what fails, each reason told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditrules.check import Status
from auditrules.present import aligned, count_of_statuses, paragraph, visible
from auditrules.sql.result import Result, Value

Row = Mapping[str, Value]

_MOST_NAMED = 8  # controls that one line names

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


def _benchmark(name: str, rows: Sequence[Row]) -> str:
    """The heading of a benchmark and its table; only the heading if the benchmark has nothing to do with this host."""
    if len({(row["status"], row["reason"]) for row in rows}) == 1 and rows[0]["status"] == Status.NOT_APPLICABLE.value:
        return f"{visible(name)}: none of its {len(rows)} controls applies here\n"
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
            controls = _named([str(row["control"]) for row in group])
            yield paragraph(
                f"{_status(first)}  {visible(controls)}  {visible(str(first['reason']))}",
                {name: str(first[name]) for name in wanted if first[name]},
            )


def _named(controls: Sequence[str]) -> str:
    """The numbers of controls; of many, the first and the last."""
    if len(controls) <= _MOST_NAMED:
        return ", ".join(controls)
    return f"{len(controls)} controls, {controls[0]} to {controls[-1]}"

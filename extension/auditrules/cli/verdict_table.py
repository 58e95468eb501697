"""Writes verdicts as a table for people: a line for each control, then the details of failures, equal ones together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditrules.present import aligned, count_of_statuses, paragraph, shortened
from auditrules.sql.result import QueryResult, Value
from auditrules.status import Status
from auditrules.text import visible

VerdictRow = Mapping[str, Value]

_MOST_NAMED = 8  # controls in one line

_EVIDENCE_LINES = 3  # of a terminal
_MARGIN = 24  # columns beside the evidence: its indentation, its name, and the rest of wrapped lines
_TITLE = 2  # the index of the title, which is cut if a line is too long
_COLUMNS = ("status", "control", "title", "target", "reason")


def verdict_table(result: QueryResult, width: int | None = None) -> str:
    """Write the verdicts of a check by benchmark. On a terminal of `width` columns long texts are cut.

    Evidence and remediation follow for every control that fails or is unknown; those that share both are told once, as
    is the evidence that other controls share.
    """
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    parts = [_benchmark(name, group, width) for name, group in _by_benchmark(rows).items()]
    parts += list(_details(rows, width))
    return "\n".join([*parts, count_of_statuses(Counter(Status(row["status"]) for row in rows))])


def _by_benchmark(rows: Iterable[VerdictRow]) -> Mapping[str, list[VerdictRow]]:
    found: dict[str, list[VerdictRow]] = {}
    for row in rows:
        found.setdefault(" ".join(str(row[name]) for name in ("benchmark", "version")), []).append(row)
    return found


def _benchmark(name: str, rows: Sequence[VerdictRow], width: int | None) -> str:
    """Write the heading of a benchmark and its table; only the heading if the benchmark does not apply to this host."""
    if len({(row["status"], row["reason"]) for row in rows}) == 1 and rows[0]["status"] == Status.NOT_APPLICABLE.value:
        alone = f"control {str(rows[0]['control'])} does not apply"  # noqa: RUF010 - SQLite's values may be bytes
        return f"{visible(name)}: {alone if len(rows) == 1 else f'none of its {len(rows)} controls applies'} here\n"
    lines = [list(_COLUMNS), *([_status(row), *(str(row[column]) for column in _COLUMNS[1:])] for row in rows)]
    if width is not None:
        others = sum(max(len(line[place]) for line in lines) + 2 for place in range(len(_COLUMNS)) if place != _TITLE)
        lines = [[*line[:_TITLE], shortened(line[_TITLE], width - others), *line[_TITLE + 1 :]] for line in lines]
    return f"{visible(name)}\n{aligned(lines)}"


def _status(row: VerdictRow) -> str:
    return str(row["status"]).replace("_", " ").upper()


def _details(rows: Iterable[VerdictRow], width: int | None) -> Iterator[str]:
    """Write a paragraph for each group of controls with the same status, evidence and remediation."""
    groups: dict[tuple[Value, ...], list[VerdictRow]] = {}
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
                {name: _cut(name, str(first[name]), width) for name in wanted if first[name]},
                width,
            )


def _cut(name: str, text: str, width: int | None) -> str:
    """Cut evidence to a few lines; `--details` prints all."""
    return text if width is None or name != "evidence" else shortened(text, _EVIDENCE_LINES * (width - _MARGIN))


def _named(controls: Sequence[str]) -> str:
    """The ids of controls; of many, the first and the last."""
    if len(controls) <= _MOST_NAMED:
        return ", ".join(controls)
    return f"{len(controls)} controls, {controls[0]} to {controls[-1]}"

"""CSV exports of Fleet: recognised by their columns; a row with a wrong quote costs none of the others."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence

LONGEST_CELL = 16 * 1024 * 1024
"""Characters of a cell."""

_STATUS, _CONTROLS = "status", ("control", "cis_id")
_HOSTS = ("host_name", "hostname", "host_display_name", "display_name", "host")
_ROW = frozenset(
    {
        *("benchmark", "version", "control", "cis_id", "target", "status", "reason", "evidence", "next_boot"),
        *("title", "level", "remediation", "last_fetched"),
    }
)
_REPORT = frozenset({"state", "logged", "since", "seen", "waived"})


def is_export(first: str) -> bool:
    """Whether a first line is the header of an export."""
    try:
        columns = next(csv.reader([first]), [])
    except csv.Error:
        return False
    return _STATUS in columns and any(control in columns for control in _CONTROLS)


def is_report(columns: Sequence[str]) -> bool:
    """Whether a report wrote it: its verdicts are those of other logs, and not as new as the file."""
    return frozenset(columns) >= _REPORT


def host_column(columns: Sequence[str]) -> int | None:
    """Return the place of the host's name: a column that is called so, else the first, if that is none of a verdict."""
    names = [column.strip().lower().replace(" ", "_") for column in columns]
    for host in _HOSTS:
        if host in names:
            return names.index(host)
    return None if names[0] in _ROW else 0


def read_rows(lines: Iterator[str]) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Return the cells of each row with the number of its first line, from 1; an error where a quote is wrong.

    The lines behind the one that is wrong are read anew, so that a quote that is never closed swallows none of them.
    """
    csv.field_size_limit(LONGEST_CELL)
    number = 0
    taken: list[str] = []
    again: deque[str] = deque()

    def feed() -> Iterator[str]:
        while (line := again.popleft() if again else next(lines, None)) is not None:
            taken.append(line)
            yield line

    reader = csv.reader(feed(), strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:  # noqa: PERF203 - a row that is wrong costs none of the others
            return
        except csv.Error as error:
            yield number + 1, error
            number += 1
            again.extendleft(reversed(taken[1:]))
            taken.clear()
            reader = csv.reader(feed(), strict=True)
        else:
            yield number + 1, cells
            number += len(taken)
            taken.clear()

"""Reads CSV exports of Fleet, recognised by their columns. A row with a wrong quote does not affect the others."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

import orjson

LONGEST_CELL = 16 * 1024 * 1024
"""The longest cell in characters."""

MOST_LINES = 1000
"""The most lines of a row."""
MOST_AGAIN = 200_000
"""The most lines of a file that are read again because of a wrong quote before them."""

# A row of JSON.stringify: a quote within a cell follows a backslash, and is never doubled.
_JSON_TEXT = r'"(?:[^"\\\n]|\\.)*"'
_JSON_CELL = rf'(?:{_JSON_TEXT}|[^,"\r\n]*)'
_JSON_ROW = re.compile(rf"{_JSON_CELL}(?:,{_JSON_CELL})*\r?\n?\Z")
_JSON_CELLS = re.compile(rf"({_JSON_CELL})(?:,|\r?\n?\Z)")
_LINE_PARTS = frozenset({"columns", "snapshot", "diffresults", "diff_results"})
_LINE_HOSTS = frozenset({"hostidentifier", "host_identifier", "decorations"})
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
    columns = _header(first)
    return (_STATUS in columns and any(control in columns for control in _CONTROLS)) or holds_lines(columns)


def is_report(columns: Sequence[str]) -> bool:
    """Whether our own report wrote it. Its verdicts come from other logs, and are older than the file."""
    return frozenset(columns) >= _REPORT


def holds_lines(columns: Sequence[str]) -> bool:
    """Whether each row is a line of osqueryd, as in an export of Athena or Panther, with its parts as JSON text."""
    lower = {column.lower() for column in columns}
    return bool(lower & _LINE_PARTS) and bool(lower & _LINE_HOSTS)


def host_column(columns: Sequence[str]) -> int | None:
    """Return the index of the host's name: a column with such a name, else the first if it is no verdict's."""
    names = [column.strip().lower().replace(" ", "_") for column in columns]
    for host in _HOSTS:
        if host in names:
            return names.index(host)
    return None if not names or names[0] in _ROW else 0


def read_rows(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str] | csv.Error]]:
    r"""Yield the cells of each row with the number of its first line, or an error if a quote is wrong.

    The lines behind the one that is wrong are read again, so that a quote that is never closed swallows none of them.
    As that could be done for every line of a file, a row has at most `MOST_LINES`, and `MOST_AGAIN` are read again.
    Where cells hold `\\"`, as Fleet's browser export writes quotes, they are read as JSON.
    """
    csv.field_size_limit(LONGEST_CELL)
    queue = _Queue(lines)
    while (first := queue.peek()) is not None:
        if '\\"' in first[1] and _JSON_ROW.match(first[1]):
            queue.take()
            yield (
                first[0],
                [_json_cell(cell) for cell in _JSON_CELLS.findall(first[1])[:-1]],
            )  # the last is what follows the row
            continue
        number, found = first[0], _row(queue)
        if isinstance(found, csv.Error) and queue.again > MOST_AGAIN:
            yield number, TooManyQuotesError(f"expected CSV, found more than {MOST_AGAIN} lines behind open quotes")
            return
        yield number, found


class TooManyQuotesError(csv.Error):
    """The rest of a file is not read: its quotes do not match."""


class _Queue:
    """An iterator of lines that can be put back."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines, self._waiting = lines, deque[tuple[int, str]]()
        self.again = 0
        """The number of lines that were put back."""

    def peek(self) -> tuple[int, str] | None:
        if not self._waiting:
            self._waiting.extend(islice(self._lines, 1))
        return self._waiting[0] if self._waiting else None

    def take(self) -> tuple[int, str] | None:
        found = self.peek()
        if found is not None:
            self._waiting.popleft()
        return found

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        self.again += len(lines)
        self._waiting.extendleft(reversed(lines))


def _row(queue: _Queue) -> list[str] | csv.Error:
    """Read one row, with as many lines as its quotes need. If its quotes are wrong, only the first line is read."""
    taken: list[tuple[int, str]] = []

    def feed() -> Iterator[str]:
        while len(taken) < MOST_LINES and (line := queue.take()) is not None:
            taken.append(line)
            yield line[1]

    try:
        return next(csv.reader(feed(), strict=True), [])
    except csv.Error as error:
        queue.put_back(taken[1:])
        return error


def _header(first: str) -> list[str]:
    try:
        return next(csv.reader([first]), [])
    except csv.Error:
        return []


def _json_cell(cell: str) -> str:
    if not cell.startswith('"'):
        return "" if cell == "null" else cell
    try:
        return str(orjson.loads(cell))
    except orjson.JSONDecodeError:
        return cell[1:-1]

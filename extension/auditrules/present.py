"""Writes query results as text: a table, JSON, CSV, lines, or verdicts. Pure.

Values come from rules, paths and keys that anyone may have written. So what is not printable is escaped: no format
sends a control byte or a bidirectional control to a terminal, and no CSV cell starts a formula.
"""

from __future__ import annotations

import io
import json
import math
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from unicodedata import category, east_asian_width

from auditrules.sql.result import QueryResult, Value
from auditrules.status import Status
from auditrules.text import spreadsheet_cell, visible

_KEPT = "\n\t"  # they are data in a cell of CSV
_HEADING = ("benchmark", "version", "control", "title")
_INDENT = " " * 6
_NARROWEST = 20  # columns for a text, even on a narrower terminal


class Format(str, Enum):
    """The formats of a result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    LINE = "line"


def present(result: QueryResult, form: Format) -> str:
    """Write a result in a format. The text ends in a newline unless it is empty."""
    match form:
        case Format.TABLE:
            return _table(result)
        case Format.JSON:
            return _json(result)
        case Format.CSV:
            return _csv(result)
        case Format.LINE:
            return _line(result)


def verdicts(result: QueryResult, width: int | None = None) -> str:
    r"""Write the result of a check for people: a paragraph for each control, without empty texts, and the counts.

    Lines longer than `width` columns are wrapped.

    >>> row = ("CIS", "1.2.0", "1.2.3", "Audit dockerd", "fail", "no_rule")
    >>> print(verdicts(QueryResult(("benchmark", "version", "control", "title", "status", "reason"), (row,))), end="")
    FAIL  CIS 1.2.0  1.2.3  Audit dockerd
          reason  no_rule
    <BLANKLINE>
    1 fail, 0 unknown, 0 pass, 0 not applicable
    """
    found = [Status(status) for status in result.column("status")]
    paragraphs = [
        _verdict(status, dict(zip(result.columns, row, strict=True)), width)
        for status, row in zip(found, result.rows, strict=True)
    ]
    return "\n".join([*paragraphs, count_of_statuses(Counter(found))])


def count_of_statuses(counts: Counter[Status]) -> str:
    """Write the number of verdicts with each status into a line."""
    return ", ".join(f"{counts[status]} {_words(status)}" for status in Status) + "\n"


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bytes():
            return f"x'{value.hex()}'"
        case _:
            return str(value)


def _table(result: QueryResult) -> str:
    columns = [[row[place] for row in result.rows] for place in range(len(result.columns))]
    numeric = [all(isinstance(value, int | float) for value in column) for column in columns]
    return aligned([[_text(value) for value in row] for row in (result.columns, *result.rows)], numeric)


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool] = ()) -> str:
    """Align rows of equal length in columns. The first row is the heading; `right` marks right-aligned columns."""
    lines = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    layout = list(zip(widths, right or [False] * len(widths), strict=True))
    return "".join(
        "  ".join(_pad(cell, width, right=right) for cell, (width, right) in zip(line, layout, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _pad(cell: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if right else cell + space


def _width(text: str) -> int:
    """Columns a terminal needs for printable text: two for a wide character, none for a combining mark."""
    if text.isascii():
        return len(text)
    return sum(
        0 if category(character) in {"Mn", "Me"} else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )


def _json(result: QueryResult) -> str:
    """Write a list in ASCII, with one object in each line."""
    names = _distinct(result.columns)
    objects = [
        json.dumps({name: _jsonable(value) for name, value in zip(names, row, strict=True)}, allow_nan=False)
        for row in result.rows
    ]
    body = ",\n  ".join(objects).replace("\x7f", "\\u007f")  # the only control character that json does not escape
    return f"[\n  {body}\n]\n" if objects else "[]\n"


def _jsonable(value: Value) -> str | int | float | None:
    if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
        return _text(value)
    return value


def _distinct(columns: tuple[str, ...]) -> list[str]:
    """Make the names of columns distinct as SQLite does in a subquery: `a`, `a:1`, `a:2`."""
    names: list[str] = []
    for column in columns:
        name, count = column, 0
        while name in names:
            count += 1
            name = f"{column}:{count}"
        names.append(name)
    return names


def _csv(result: QueryResult) -> str:
    """Write CSV as in RFC 4180, with a header and CRLF. Line feeds and tabs stay, as they are data there."""
    import csv  # noqa: PLC0415 - only this format needs it

    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(spreadsheet_cell(column, _KEPT) for column in result.columns)
    writer.writerows(
        [spreadsheet_cell(value, _KEPT) if isinstance(value, str) else visible(_text(value)) for value in row]
        for row in result.rows
    )
    return page.getvalue()


def _line(result: QueryResult) -> str:
    names = [visible(column) for column in result.columns]
    width = max(map(_width, names))
    return "\n".join(
        "".join(
            f"{_pad(name, width, right=True)} = {visible(_text(value))}\n"
            for name, value in zip(names, row, strict=True)
        )
        for row in result.rows
    )


def _verdict(status: Status, row: dict[str, Value], width: int | None) -> str:
    benchmark, version, control, title = (visible(_text(row[column])) for column in _HEADING)
    fields = {
        visible(column): _text(value)
        for column, value in row.items()
        if column not in {*_HEADING, "status"} and value not in {None, ""}
    }
    return paragraph(f"{_words(status).upper()}  {benchmark} {version}  {control}  {title}", fields, width)


def paragraph(heading: str, fields: Mapping[str, str], columns: int | None = None) -> str:
    """Write a heading (printable already), and below it names with their texts, wrapped to this many columns."""
    width = max(map(_width, fields), default=0)
    lines = [heading]
    for name, whole in fields.items():
        text = whole if columns is None else _wrapped(whole, columns - len(_INDENT) - width - 2)
        first, *others = map(visible, text.split("\n"))
        lines.append(f"{_INDENT}{_pad(name, width, right=False)}  {first}")
        lines += [f"{_INDENT}{' ' * width}  {other}" for other in others]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(
        "\n".join(textwrap.wrap(visible(line), max(width, _NARROWEST), break_on_hyphens=False))
        for line in text.split("\n")
    )


def shortened(text: str, width: int) -> str:
    """Cut a text to at most this many columns, with an ellipsis."""
    shown = visible(text)
    width = max(width, _NARROWEST)
    if _width(shown) <= width:
        return shown
    while _width(shown) > width - 1:
        shown = shown[:-1]
    return f"{shown}…"


def _words(status: Status) -> str:
    return status.value.replace("_", " ")

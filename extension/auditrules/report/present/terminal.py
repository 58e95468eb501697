"""Writes a report for a terminal.

Pure: it returns the text. Text from a host goes through `visible`, and is never read as markup.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditrules.report.model import Counts, Report
from auditrules.report.present.summary import SummaryRow, sections
from auditrules.status import Status
from auditrules.text import visible

LONGEST = 1000
"""The longest text that is shown, in characters, so that no host can fill the screen."""

_BAR = 20  # cells
_INDENT = 2
_GAP = 2  # between columns
_SHORT = 40  # characters: such a column keeps its width where the others still have as much as _LEAST each
_LEAST = 20


@dataclass(frozen=True, slots=True)
class _Style:
    """The look of a status in a bar: in colour, and in ASCII."""

    style: str
    block: str
    letter: str


_STYLES = {
    Status.PASS: _Style("green", "\N{FULL BLOCK}", "#"),
    Status.FAIL: _Style("red", "\N{DARK SHADE}", "x"),
    Status.UNKNOWN: _Style("yellow", "\N{LIGHT SHADE}", "?"),
    Status.NOT_APPLICABLE: _Style("dim", "\N{MIDDLE DOT}", "."),
}


def render(report: Report, width: int, colour: bool) -> str:  # noqa: FBT001 - a terminal can or it can't
    """Write a report for a terminal of this many columns. Without colour it is in ASCII, for a pipe."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as captured:
        for place, (title, rows) in enumerate(sections(report)):
            if place:
                console.print()
            console.print(_text(title, "bold"))
            body = _laid_out(rows, max(1, width - _INDENT), colour=colour)
            console.print(Padding(body, (0, 0, 0, _INDENT)))
    text = "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])
    return text if colour else text.encode("ascii", "backslashreplace").decode()


def _laid_out(rows: Sequence[SummaryRow], width: int, *, colour: bool) -> RenderableType:
    """Lay rows out in columns. A row of one text takes the whole line. Nothing is cut off, even in narrow terminals."""
    parts: list[RenderableType] = []
    for columns, together in groupby(rows, len):
        cells = [
            [_bar(cell, colour=colour) if isinstance(cell, Counts) else _text(cell) for cell in row] for row in together
        ]
        if columns == 1:
            parts += [cell for (cell,) in cells]
            continue
        table = Table.grid(padding=(0, _GAP))
        widths = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
        needed = sum((each if each <= _SHORT else _LEAST) + _GAP for each in widths) - _GAP
        for each in widths:
            table.add_column(overflow="fold", no_wrap=each <= _SHORT and needed <= width)
        for row in cells:
            table.add_row(*row)
        parts.append(table)
    return Group(*parts)


def _text(text: str, style: str = "") -> Text:
    cut = len(text) - LONGEST
    shown = f"{visible(text[:LONGEST])} ({cut} more characters)" if cut > 0 else visible(text)
    return Text(shown, style, overflow="fold")


def _bar(counts: Counts, *, colour: bool) -> Text:
    """Draw the parts of a count. Each part that is not zero has at least one cell."""
    numbers = dict(zip(_STYLES, (counts.passed, counts.failed, counts.unknown, counts.not_applicable), strict=True))
    cells = {status: max(1, number * _BAR // counts.total) for status, number in numbers.items() if number}
    if cells:
        cells[max(cells, key=cells.__getitem__)] += _BAR - sum(cells.values())
    bar = Text(overflow="fold")
    for status, length in cells.items():
        shape = _STYLES[status]
        bar.append((shape.block if colour else shape.letter) * length, shape.style)
    return bar

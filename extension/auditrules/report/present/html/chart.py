"""Computes the rectangles of bars and charts, in the units of an SVG that stretches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditrules.report.model import Counts, Day
from auditrules.report.present.html.wording import parts
from auditrules.status import Status

WHOLE = 1000
"""The length of a bar, and the height of a chart."""

_LEAST = 5  # what is there at all can be seen
_GAP = 0.25  # of a column
_CROWD = 90  # columns that stand without a gap


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: its status, its start and its length."""

    status: Status
    count: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class DayBar:
    """A day of the chart. Its pieces start from the bottom."""

    day: Day
    x: float
    width: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Days side by side. All have the scale of the largest total, `top`."""

    columns: tuple[DayBar, ...]
    top: int


def bar(counts: Counts, whole: int = WHOLE) -> tuple[Part, ...]:
    """Divide a length among the statuses that occur. Each gets enough to be visible, at the cost of the largest one."""
    present = [(status, count) for status, count in parts(counts) if count]
    if not present or not whole:
        return ()
    lengths = [max(min(_LEAST, whole // len(present)), count * whole // counts.total) for _, count in present]
    lengths[lengths.index(max(lengths))] += whole - sum(lengths)
    starts = [sum(lengths[:place]) for place in range(len(lengths))]
    return tuple(
        Part(status, count, start, length)
        for (status, count), start, length in zip(present, starts, lengths, strict=True)
    )


def chart(days: Sequence[Day]) -> Chart:
    """Put days side by side, with heights in proportion to their totals."""
    top = max((day.counts.total for day in days), default=0)
    step = WHOLE / max(len(days), 1)
    gap = 0 if len(days) > _CROWD else step * _GAP
    return Chart(
        tuple(
            DayBar(
                day,
                round(step * place + gap / 2, 2),
                round(step - gap, 2),
                bar(day.counts, day.counts.total * WHOLE // max(top, 1)),
            )
            for place, day in enumerate(days)
        ),
        top,
    )

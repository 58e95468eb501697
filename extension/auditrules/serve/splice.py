"""Joins encoded rows into a reply in thrift's binary protocol: a list of maps from text to text.

Cells are encoded once, when a table makes its rows. To encode them in each call would cost more than all other work.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter

from auditrules.plugin.row import ROWID, KeptRow, Row, cell
from auditrules.plugin.schema import Schema

_TEXT = 11  # thrift's number for a string
_MAP = struct.Struct("!bbi")

# Rows of one write: the first rows are sent at once, and a reply is never in memory as a whole.
_AT_ONCE = 256

Pick = Callable[[tuple[bytes, ...]], Sequence[bytes]]


class Splicer:
    """Writes the rows of one table."""

    def __init__(self, schema: Schema) -> None:
        self._names = (*schema.names, ROWID)

    def chunks(self, rows: Sequence[Row], columns: tuple[str, ...] | None) -> Iterator[bytes]:
        """Yield the rows as encoded maps with these columns (None: with all their columns)."""
        rest = iter(rows)
        if columns is None:
            yield b"".join(_head(len(row)) + b"".join(map(cell, row, row.values())) for row in rest)
            return
        head, pick = _head(len(columns)), self._picking(columns)
        while some := list(islice(rest, _AT_ONCE)):
            yield head + head.join(
                [
                    b"".join(
                        pick(row.cells) if isinstance(row, KeptRow) else [cell(name, row[name]) for name in columns]
                    )
                    for row in some
                ]
            )

    def _picking(self, columns: tuple[str, ...]) -> Pick:
        if columns == self._names:
            return _all
        if len(columns) == 1:
            (place,) = map(self._names.index, columns)
            return lambda cells: (cells[place],)
        return itemgetter(*map(self._names.index, columns))


def _all(cells: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return cells


def _head(count: int) -> bytes:
    return _MAP.pack(_TEXT, _TEXT, count)

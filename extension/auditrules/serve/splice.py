"""Joins encoded rows to a reply in thrift's binary protocol: a list of maps of text to text.

Cells are encoded once, when a table is made: encoding them at each call would cost more than all else together.
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

# Rows in one write: the first of them leave at once, and no reply is ever in memory as a whole.
_AT_ONCE = 256

Pick = Callable[[tuple[bytes, ...]], Sequence[bytes]]


class Splicer:
    """Writes the rows of one table."""

    def __init__(self, schema: Schema) -> None:
        self._names = (*schema.names, ROWID)

    def chunks(self, rows: Sequence[Row], columns: tuple[str, ...] | None) -> Iterator[bytes]:
        """The rows' maps one behind the other, each with these columns (None: with all that it has)."""
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

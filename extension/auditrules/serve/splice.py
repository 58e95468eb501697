"""Rows as the bytes that thrift's binary protocol has for a map of text to text, encoded once and spliced into replies.

A reply is a list of such maps. Encoded cell by cell at each call, it would cost more than everything else together.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter

from auditrules.plugin.schema import Schema
from auditrules.plugin.table import ROWID, KeptRow, Row

_TEXT = 11  # thrift's number for a string
_LENGTH = struct.Struct("!i")
_MAP = struct.Struct("!bbi")

# Rows in one write: the first of them leave at once, and no reply is ever in memory as a whole.
_AT_ONCE = 256

# Cells that are kept encoded besides those of rows. Most columns have few values, so that the rows share their bytes.
_SHARED = 4096

Pick = Callable[[tuple[bytes, ...]], Sequence[bytes]]


class Splicer:
    """Encodes the rows of one table."""

    def __init__(self, schema: Schema) -> None:
        self._names = (*schema.names, ROWID)

    def chunks(self, rows: Sequence[Row], columns: tuple[str, ...] | None) -> Iterator[bytes]:
        """The rows' maps one behind the other, each with these columns (None: with all that it has)."""
        rest = iter(rows)
        if columns is None:
            yield b"".join(_head(len(row)) + b"".join(_cells(row, row)) for row in rest)
            return
        head, pick = _head(len(columns)), self._picking(columns)
        while some := list(islice(rest, _AT_ONCE)):
            yield head + head.join(
                [
                    b"".join(pick(self._pieces(row)) if isinstance(row, KeptRow) else _cells(row, columns))
                    for row in some
                ]
            )

    def _picking(self, columns: tuple[str, ...]) -> Pick:
        if columns == self._names:
            return _all
        if len(columns) == 1:
            (place,) = map(self._names.index, columns)
            return lambda pieces: (pieces[place],)
        return itemgetter(*map(self._names.index, columns))

    def _pieces(self, row: KeptRow) -> tuple[bytes, ...]:
        """The row's cells, encoded when they are first asked for."""
        try:
            return row.pieces
        except AttributeError:
            row.pieces = tuple(_cells(row, self._names))
            return row.pieces


def _all(pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return pieces


def _head(count: int) -> bytes:
    return _MAP.pack(_TEXT, _TEXT, count)


def _cells(row: Row, columns: Iterable[str]) -> list[bytes]:
    return [_cell(name, row[name]) for name in columns]


@lru_cache(_SHARED)
def _cell(name: str, value: str) -> bytes:
    return _text(name) + _text(value)


def _text(text: str) -> bytes:
    raw = text.encode("utf-8", "backslashreplace")
    return _LENGTH.pack(len(raw)) + raw

"""Rows of tables, and rows that are encoded once and sent again and again."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

try:
    from _blake2 import blake2b  # hashlib's own, without OpenSSL, which it loads for others and takes 3.5 MiB
except ImportError:  # the name is CPython's business
    from hashlib import blake2b

Row = Mapping[str, str]

ROWID = "rowid"

_LENGTH = struct.Struct("!i")

# Cells that are kept for rows to share, most columns having few values; what a query asks for may be a megabyte long.
_SHARED, _LONGEST_SHARED = 1024, 4096


def rowid(*identity: str | bytes) -> str:
    """A rowid that depends on these texts alone: 63 bits, a signed number of SQLite that is not negative."""
    digest = blake2b(
        b"\0".join([each if isinstance(each, bytes) else each.encode() for each in identity]), digest_size=8
    )
    return str(int.from_bytes(digest.digest(), "big") >> 1)


def cell(name: str, value: str | bytes) -> bytes:
    """A column's name and its value in UTF-8, each behind its length in four bytes: an entry of a map of thrift's."""
    return _shared_cell(name, value) if len(value) <= _LONGEST_SHARED else text(name) + text(value)


def own_cells(name: str) -> Callable[[str], bytes]:
    """As `cell`, for a column in which hardly two rows have the same: nothing but the empty cell is shared."""
    begin, length = text(name), _LENGTH.pack
    empty = begin + length(0)

    def own_cell(value: str) -> bytes:
        if not value:
            return empty
        raw = value.encode("utf-8", "backslashreplace")
        return begin + length(len(raw)) + raw

    return own_cell


@lru_cache(_SHARED)
def _shared_cell(name: str, value: str | bytes) -> bytes:
    return text(name) + text(value)


def text(value: str | bytes) -> bytes:
    """A text in UTF-8 behind its length, as thrift's binary protocol has it; what UTF-8 does not have is escaped."""
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "backslashreplace")
    return _LENGTH.pack(len(raw)) + raw


Places = Mapping[str, tuple[int, int]]


def places(names: Iterable[str]) -> Places:
    """The place of each column's cell in a kept row, and the place in that cell at which its value begins."""
    return {name: (place, len(text(name)) + _LENGTH.size) for place, name in enumerate(names)}


class KeptRow(Mapping[str, str]):
    """A row that its table gives more than once. It has every column and `rowid`, in their order, and stays so.

    Its cells are held as they are sent, and as nothing else, for there may be ten thousand such rows.
    """

    __slots__ = ("_places", "cells")

    def __init__(self, columns: Places, cells: tuple[bytes, ...]) -> None:
        """Take the columns with their places, which all rows of a table share, and the cells, as `cell` makes them."""
        self._places = columns
        self.cells = cells

    @classmethod
    def of(cls, columns: Places, values: Iterable[str | bytes]) -> KeptRow:
        """The row with these values, in the columns' order.

        Bytes are a text that goes out as it is, though it may not be UTF-8.
        """
        return cls(columns, tuple(map(cell, columns, values)))

    def __getitem__(self, name: str) -> str:
        place, start = self._places[name]
        return self.cells[place][start:].decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self.cells)

    def __eq__(self, other: object) -> bool:
        return self.cells == other.cells if isinstance(other, KeptRow) else super().__eq__(other)

    def __hash__(self) -> int:
        return hash(self.cells)

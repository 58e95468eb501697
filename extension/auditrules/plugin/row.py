"""Rows of tables, and rows that are encoded once for many answers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

try:
    from _blake2 import blake2b  # importing hashlib would load OpenSSL, which takes 3.5 MiB
except ImportError:  # the module is private to CPython
    from hashlib import blake2b

Row = Mapping[str, str]

ROWID = "rowid"

_LENGTH = struct.Struct("!i")

# Most columns have few values, so rows share cells. Long values are not shared: one from a query may have a megabyte.
_SHARED, _LONGEST_SHARED = 1024, 4096


def rowid(*identity: str | bytes) -> str:
    """Make a rowid from these texts alone: a number of 63 bits, so that it is not negative in SQLite."""
    return rowid_of(b"\0".join([each if isinstance(each, bytes) else each.encode() for each in identity]))


def rowid_of(identity: bytes) -> str:
    """As `rowid`, of texts that are joined already, with a NUL between two of them."""
    return str(int.from_bytes(blake2b(identity, digest_size=8).digest(), "big") >> 1)


def cell(name: str, value: str | bytes) -> bytes:
    """Encode a column's name and value as an entry of a thrift map: each in UTF-8, behind its length in four bytes."""
    return _shared_cell(name, value) if len(value) <= _LONGEST_SHARED else text(name) + text(value)


def own_cells(name: str) -> Callable[[str], bytes]:
    """Make a function like `cell` for a column with many different values: rows share only its empty cell."""
    begin, length = text(name), _LENGTH.pack
    empty = begin + length(0)

    def own_cell(value: str) -> bytes:
        if not value:
            return empty
        raw = value.encode("utf-8", "backslashreplace")
        return begin + length(len(raw)) + raw

    return own_cell


def shared_cells(name: str) -> Callable[[str], bytes]:
    """As `cell`, for a column that has few values, none of which is long."""
    return lru_cache(_SHARED)(own_cells(name))


@lru_cache(_SHARED)
def _shared_cell(name: str, value: str | bytes) -> bytes:
    return text(name) + text(value)


def text(value: str | bytes) -> bytes:
    """Encode a text for thrift's binary protocol: UTF-8 behind its length. Lone surrogates are escaped."""
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "backslashreplace")
    return _LENGTH.pack(len(raw)) + raw


Places = Mapping[str, tuple[int, int]]


def places(names: Iterable[str]) -> Places:
    """For each column, the index of its cell in a `KeptRow`, and the offset of the value in that cell."""
    return {name: (place, len(text(name)) + _LENGTH.size) for place, name in enumerate(names)}


class KeptRow(Mapping[str, str]):
    """A row that its table gives more than once. It has every column and `rowid`, in this order, and never changes.

    It holds nothing but the encoded cells, as there may be ten thousand such rows.
    """

    __slots__ = ("_places", "cells")

    def __init__(self, columns: Places, cells: tuple[bytes, ...]) -> None:
        """`columns` is the result of `places`, which all rows of a table share. `cell` makes the cells."""
        self._places = columns
        self.cells = cells

    @classmethod
    def of(cls, columns: Places, values: Iterable[str | bytes]) -> KeptRow:
        """Encode the row with these values, in the columns' order. Bytes are sent as they are, UTF-8 or not."""
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

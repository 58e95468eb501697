"""Sorts file names as augenrules does: by `ls -v` of GNU coreutils 9.1 (gnulib's filevercmp).

The order is the same in every locale: names are compared byte by byte, runs of digits by their value, and what looks
like a suffix (.rules) only if the rest is equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditrules.audit.model.text import encode

_SUFFIX = re.compile(rb"(?:\.[A-Za-z~][A-Za-z0-9~]*)*\Z")
_RUNS = re.compile(rb"([^0-9]*)([0-9]*)")
# A digit weighs as much as the end, more than a tilde and less than all other bytes, letters before the rest.
_DIGIT, _TILDE, _OTHER = 0, -1, 256


def version_sorted(names: Iterable[str]) -> tuple[str, ...]:
    """File names in augenrules' order."""
    return tuple(sorted(names, key=order))


def order(name: str) -> tuple[object, ...]:
    """The key by which file names are sorted in that order. No two names have the same."""
    raw = encode(name)
    return _runs(_without_suffix(raw)), _runs(raw), raw


def _without_suffix(name: bytes) -> bytes:
    match = _SUFFIX.search(name, 1)
    return name[: match.start()] if match else name


def _runs(name: bytes) -> list[int | bytes]:
    """The weights of other bytes and the numbers of a name, in turns; an empty number ends it."""
    found: list[int | bytes] = []
    for others, digits in _RUNS.findall(name):
        number = digits.lstrip(b"0")
        found += (*map(_weight, others), _DIGIT, len(number), number)
    return found


def _weight(byte: int) -> int:
    if byte == ord("~"):
        return _TILDE
    return byte if bytes((byte,)).isalpha() else byte + _OTHER

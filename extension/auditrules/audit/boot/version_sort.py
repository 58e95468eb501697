"""Sorts file names as augenrules does: by `ls -v` of GNU coreutils 9.1 (gnulib's filevercmp).

The order is the same in every locale: names are compared byte by byte, runs of digits by their value, and what looks
like a suffix (.rules) only if the rest is equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cmp_to_key

from auditrules.audit.model.text import encode

_SUFFIX = re.compile(rb"(?:\.[A-Za-z~][A-Za-z0-9~]*)*\Z")
_DIGITS = b"0123456789"
_END, _TILDE, _OTHER = -1, -2, 256


def version_sorted(names: Iterable[str]) -> tuple[str, ...]:
    """File names in augenrules' order."""
    return tuple(sorted(names, key=cmp_to_key(compare)))


def compare(one: str, other: str) -> int:
    """Compare two file names in that order: below 0 if `one` comes first, above 0 if `other` does, 0 if equal."""
    left, right = encode(one), encode(other)
    return (
        _compare_runs(_without_suffix(left), _without_suffix(right))
        or _compare_runs(left, right)
        or (left > right) - (left < right)
    )


def _without_suffix(name: bytes) -> bytes:
    match = _SUFFIX.search(name, 1)
    return name[: match.start()] if match else name


def _weight(name: bytes, index: int) -> int:
    if index >= len(name):
        return _END
    byte = name[index : index + 1]
    if byte in _DIGITS:
        return 0
    if byte == b"~":
        return _TILDE
    return byte[0] if byte.isalpha() else byte[0] + _OTHER


def _compare_runs(left: bytes, right: bytes) -> int:
    i = j = 0
    while i < len(left) or j < len(right):
        while (i < len(left) and left[i : i + 1] not in _DIGITS) or (
            j < len(right) and right[j : j + 1] not in _DIGITS
        ):
            difference = _weight(left, i) - _weight(right, j)
            if difference:
                return difference
            i += 1
            j += 1
        one, other = _run(left, i), _run(right, j)
        i += len(one)
        j += len(other)
        ours, theirs = one.lstrip(b"0"), other.lstrip(b"0")
        if ours != theirs:
            return 1 if (len(ours), ours) > (len(theirs), theirs) else -1
    return 0


def _run(name: bytes, start: int) -> bytes:
    end = start
    while end < len(name) and name[end : end + 1] in _DIGITS:
        end += 1
    return name[start:end]

"""Parses numbers as C does: leading digits count, the rest of the text is ignored, and results are cut to 32 bits."""

from __future__ import annotations

import re
from functools import lru_cache

_UNSIGNED_BITS = 64
_DIGITS = re.compile(r"[ \t\n\v\f\r]*([+-]?)(0[xX](?=[0-9a-fA-F]))?([0-9a-zA-Z]*)")

_KEPT = 256  # texts that are remembered: rules have few numbers, and those again and again

WORD = 1 << 32


_DIGIT = frozenset("0123456789")


def is_digit(text: str) -> bool:
    """Whether the first character is an ASCII digit (isdigit(3) in the C locale)."""
    return text[:1] in _DIGIT


def is_negative(text: str) -> bool:
    """Whether the text begins with a minus and a digit."""
    return text[:1] == "-" and is_digit(text[1:])


def strtol(text: str, base: int = 0, *, signed: bool = True) -> int:
    """The number at the beginning of a text, as C parses it; 0 if there is none."""
    sign, value = _magnitude(text, base)
    if signed:
        top = 1 << (_UNSIGNED_BITS - 1)
        return max(-value, -top) if sign == "-" else min(value, top - 1)
    if value >= 1 << _UNSIGNED_BITS:
        return (1 << _UNSIGNED_BITS) - 1
    return -value % (1 << _UNSIGNED_BITS) if sign == "-" else value


@lru_cache(_KEPT)
def _magnitude(text: str, base: int) -> tuple[str, int]:
    """The sign and the unlimited value of the number at the beginning of a text."""
    match = _DIGITS.match(text)
    if match is None:
        return "", 0
    sign, hexadecimal, digits = match.groups()
    if hexadecimal and base in {0, 16}:
        base = 16
    else:
        if hexadecimal:
            digits = "0"
        if base == 0:
            base = 8 if digits[:1] == "0" else 10
    value = 0
    for char in digits:
        digit = int(char, 36)
        if digit >= base:
            break
        value = value * base + digit
    return sign, value


def overflows(text: str) -> bool:
    """Whether strtoul(3) says ERANGE: the number at the beginning of a text is beyond 64 bits."""
    return _magnitude(text, 0)[1] >= 1 << _UNSIGNED_BITS


def word(value: int) -> int:
    """A number as the kernel's 32-bit word."""
    return value % WORD


def signed(value: int) -> int:
    """A 32-bit word as printf's %d shows it."""
    return value - WORD if value >= WORD // 2 else value

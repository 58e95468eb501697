"""Changes inputs byte by byte, for tests that whatever a file holds is read, or refused in the way that is promised."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

SOAK = bool(os.environ.get("SOAK"))
"""Whether many are tried, as by `make soak`."""

_WORDS = (
    *(
        b"-a always,exit",
        b"-w",
        b"-F",
        b"perm=",
        b"!=",
        b"&=",
        b"-S all",
        b"\\x0a",
        b"\0",
        b"\n",
        b'"',
        b"'",
        b",",
        b"=",
        b"{",
        b"}",
    ),
    *(
        b"[",
        b"]",
        b"\\",
        b"\xff",
        b"\xc3\xa4",
        b"\xed\xa0\x80",
        b"99999999999999999999",
        b"-1",
        b"0x",
        b"..",
        b"/",
        b" ",
        b"\t",
    ),
    *(b"\xef\xbb\xbf", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"null", b"true", b"1e999", b"a" * 300),
)


def mutated(chance: random.Random, content: bytes) -> bytes:
    """Change some bytes: one is another, is gone, is a word, or a piece stands twice or elsewhere."""
    changed = bytearray(content)
    for _ in range(chance.randrange(1, 8)):
        place = chance.randrange(len(changed) + 1)
        other = chance.randrange(len(changed) + 1)
        begin, end = min(place, other), min(max(place, other), min(place, other) + 200)
        match chance.randrange(5):
            case 0 if changed:
                changed[place % len(changed)] = chance.randrange(256)
            case 1:
                del changed[begin:end]
            case 2:
                changed[place:place] = chance.choice(_WORDS)
            case 3:
                changed[place:place] = changed[begin:end]
            case _:
                changed[begin:end] = chance.choice(_WORDS)
    return bytes(changed)


def refusals(kind: str, content: bytes, count: int, read: Callable[[bytes], object], *errors: type[Exception]) -> int:
    """Read `count` changed inputs, and say how many were refused with one of the errors; any other error is raised."""
    chance = random.Random(kind)  # noqa: S311 - a seed of its own for each kind
    refused = 0
    for _ in range(count):
        try:
            read(mutated(chance, content))
        except errors:  # noqa: PERF203 - the others are read
            refused += 1
    print(f"{count} mutated {kind}: {count - refused} read, {refused} refused")  # noqa: T201 - `make soak` shows it
    return refused

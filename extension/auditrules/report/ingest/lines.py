"""Bytes into lines, in bounded memory whatever the log holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from auditrules.report.ingest.decoding import end_of_records

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of a line, or of a record of a line that holds many, that are read as one."""

_TOO_LONG = f"expected at most {LONGEST_LINE} bytes without a newline, found more"


class Line(NamedTuple):
    """A line, or the records of it that fit into memory; an `end` is the last of its line."""

    number: int
    content: bytes
    end: bool = True
    problem: str = ""


def lines(blocks: Iterable[bytes]) -> Iterator[Line]:
    """Split blocks into lines, counted from 1.

    A line longer than `LONGEST_LINE` is given in parts that end with a record, as Firehose writes records one after the
    other; where no record ends, the rest of it is passed over, and the line's last part says so.
    """
    number, rest, skipping = 1, b"", False
    for block in blocks:
        *complete, rest_of_block = block.split(b"\n")
        for piece in complete:
            if skipping:
                yield Line(number, b"", problem=_TOO_LONG)
            else:
                yield Line(number, rest + piece)
            number, rest, skipping = number + 1, b"", False
        if skipping:
            continue
        rest += rest_of_block
        if len(rest) > LONGEST_LINE:
            end = end_of_records(rest)
            if end:
                yield Line(number, rest[:end], end=False)
                rest = rest[end:]
            if len(rest) > LONGEST_LINE:
                rest, skipping = b"", True
    if skipping:
        yield Line(number, b"", problem=_TOO_LONG)
    elif rest:
        yield Line(number, rest)

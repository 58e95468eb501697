"""Bytes into lines, and a line into records, in bounded memory whatever the log holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from auditrules.report.records import decoded

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of a line, or of a record of a line that holds many, that are read as one."""

_TOO_LONG = f"expected at most {LONGEST_LINE} bytes without a newline, found more"

_scan = json.JSONDecoder().raw_decode


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
            end = _end_of_records(rest)
            if end:
                yield Line(number, rest[:end], end=False)
                rest = rest[end:]
            if len(rest) > LONGEST_LINE:
                rest, skipping = b"", True
    if skipping:
        yield Line(number, b"", problem=_TOO_LONG)
    elif rest:
        yield Line(number, rest)


def records(content: bytes) -> Iterator[object]:
    """Give the record of a line, or each of those that stand one after the other. Raises `ValueError`.

    What stands before the record, as syslog has it, is passed over: `<PRI>… osqueryd[PID]: ` or `@cee:`.
    """
    start = content.find(b"{") if content[:1] != b"[" else 0
    if start < 0:
        raise ValueError("no JSON")
    whole = content[start:] if start else content
    try:
        yield orjson.loads(whole)
    except orjson.JSONDecodeError:
        yield from _several(whole)


def _several(content: bytes) -> Iterator[object]:
    """Records one after the other, or one that only a lenient reader takes."""
    text, place = content.decode("latin-1"), 0  # a character a byte, so that places are the same
    found = False
    while place < len(text):
        try:
            end = _scan(text, place)[1]
        except RecursionError:
            raise ValueError("nested too deeply") from None
        except ValueError:
            if found:
                raise
            yield decoded(content)
            return
        found = True
        yield decoded(content[place:end])
        place = _next(text, end)


def _end_of_records(content: bytes) -> int:
    """Where the last complete record of a part of a line ends; 0 where none is."""
    text = content.decode("latin-1")
    place = end = 0
    while place < len(text):
        try:
            end = _scan(text, place)[1]
        except (ValueError, RecursionError):
            break
        place = _next(text, end)
    return end


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r,":
        place += 1
    return place

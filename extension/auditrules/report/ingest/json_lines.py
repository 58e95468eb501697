"""Splits bytes into lines, and lines into JSON records, in bounded memory for any log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

LONGEST_LINE = 16 * 1024 * 1024
"""The most bytes of a line, or of one of several records in a line, that are read at once."""

_MOST_TORN = 100  # places of a line where no record could be read, after which the rest of it is left
_MOST_SCANNED = 4  # how often the bytes of a line are scanned for records

_scan = json.JSONDecoder().raw_decode


class JsonLine(NamedTuple):
    """A line, or the part of it that fits into memory, cut between records. `end`: it is the last part of its line."""

    number: int
    content: bytes
    end: bool = True
    problem: str = ""


class UnreadableRecord(NamedTuple):
    """Text in place of a record. The records after it are read all the same."""

    content: bytes
    cause: str


def split_lines(blocks: Iterable[bytes], *, blank: bool = False) -> Iterator[JsonLine]:
    """Split blocks into lines, counted from 1. Lines without content are left out unless `blank`.

    A line longer than `LONGEST_LINE` is returned in parts that end with a record, as Firehose writes records one after
    the other; where no record ends, the rest of it is passed over, and the line's last part says so.
    """
    number, rest, skipping = 1, b"", False
    for block in blocks:
        if not (blank or rest or skipping or block.strip(b"\n")):
            number += len(block)  # a file may hold nothing else, and unpack to very many
            continue
        *complete, last = block.split(b"\n")
        for piece in complete:
            content = rest + piece if rest else piece
            if skipping:
                yield JsonLine(number, b"", problem=_too_long())
            elif blank or (content and not content.isspace()):
                yield JsonLine(number, content)
            number, rest, skipping = number + 1, b"", False
        rest = b"" if skipping else rest + last
        if len(rest) > LONGEST_LINE:
            end = _end_of_records(rest)
            if end:
                yield JsonLine(number, rest[:end], end=False)
            skipping = len(rest) - end > LONGEST_LINE
            rest = b"" if skipping else rest[end:]
    if skipping:
        yield JsonLine(number, b"", problem=_too_long())
    elif rest and not rest.isspace():
        yield JsonLine(number, rest)


def decode_records(content: bytes) -> Iterator[object]:
    """Yield the record of a line, or each of several records. Other text is one `UnreadableRecord`.

    What stands before the record, as syslog has it, is passed over: `<PRI>… osqueryd[PID]: ` or `@cee:`.
    """
    start = content.find(b"{") if content[:1] != b"[" else 0
    if start < 0:
        yield UnreadableRecord(content, "no JSON")
        return
    whole = content[start:] if start else content
    try:
        yield orjson.loads(whole)
    except orjson.JSONDecodeError:
        yield from _several(whole)


def _too_long() -> str:
    return f"expected at most {LONGEST_LINE} bytes without a newline, found more"


def _end_of_records(content: bytes) -> int:
    """The end of the last complete record in a part of a line; 0: there is none."""
    text = content.decode("latin-1")
    place = end = 0
    while place < len(text):
        try:
            end = _scan(text, place)[1]
        except (ValueError, RecursionError):
            break
        place = _next(text, end)
    return end


def _several(content: bytes) -> Iterator[object]:
    """Yield several records, or one that only a lenient parser accepts."""
    text, place, torn = content.decode("latin-1"), 0, 0  # a character a byte, so that places are the same
    budget = _MOST_SCANNED * len(text)  # as a record is looked for within what could not be read
    while 0 <= place < len(text):
        try:
            end = _scan(text, place)[1]
            record = _decode(content[place:end])
        except (ValueError, RecursionError) as error:  # noqa: PERF203 - one costs none of the others
            if not torn:
                yield UnreadableRecord(content[place:], str(error))
            torn += 1
            failed = error.pos if isinstance(error, json.JSONDecodeError) else len(text)
            budget -= failed - place
            from_there = place + 1 if budget > 0 else max(failed, place + 1)
            place = text.find('{"', from_there) if torn < _MOST_TORN else -1
        else:
            yield record
            place = _next(text, end)


def _decode(content: bytes) -> object:
    """Parse JSON. Bytes that are no UTF-8, and lone surrogates, are kept. Raises `ValueError`."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass  # stricter than what is in logs: a number of 70 digits, \ud800, a byte that is no UTF-8
    try:
        return json.loads(content.decode("utf-8", "surrogateescape"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n\0,":
        place += 1
    return place

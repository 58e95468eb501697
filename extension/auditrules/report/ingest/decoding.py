"""Bytes into the records of JSON that they hold, one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import orjson

_MOST_TORN = 100  # places of a line where no record could be read, after which the rest is given up

_scan = json.JSONDecoder().raw_decode


class Torn(NamedTuple):
    """What stands where a record was expected; the records behind it are read all the same."""

    content: bytes
    cause: str


def decoded(line: bytes) -> object:
    """Give the value of a line of JSON; text that is no UTF-8 and lone surrogates are kept. Raises `ValueError`."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass  # stricter than what is in logs: a number of 70 digits, \ud800, a byte that is no UTF-8
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def records(content: bytes) -> Iterator[object]:
    """Give the record of a line, or each of those that stand one after the other; `Torn` once where one is none.

    What stands before the record, as syslog has it, is passed over: `<PRI>… osqueryd[PID]: ` or `@cee:`.
    """
    start = content.find(b"{") if content[:1] != b"[" else 0
    if start < 0:
        yield Torn(content, "no JSON")
        return
    whole = content[start:] if start else content
    try:
        yield orjson.loads(whole)
    except orjson.JSONDecodeError:
        yield from _several(whole)


def end_of_records(content: bytes) -> int:
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


def _several(content: bytes) -> Iterator[object]:
    """Records one after the other, or one that only a lenient reader takes."""
    text, place, torn = content.decode("latin-1"), 0, 0  # a character a byte, so that places are the same
    while 0 <= place < len(text):
        try:
            end = _scan(text, place)[1]
            record = decoded(content[place:end])
        except (ValueError, RecursionError) as error:  # noqa: PERF203 - one costs none of the others
            if not torn:
                yield Torn(content[place:], str(error))
            torn += 1
            place = text.find('{"', place + 1) if torn < _MOST_TORN else -1
        else:
            yield record
            place = _next(text, end)


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\0,":
        place += 1
    return place

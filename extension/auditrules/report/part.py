"""One part of a file, read into rows: what a worker does."""

from __future__ import annotations

import calendar
import csv
import io
import math
import re
import time as clock
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePath
from types import MappingProxyType
from typing import cast

import orjson
import zstandard

from auditrules.present import visible
from auditrules.report.lines import lines, records
from auditrules.report.model import Broken
from auditrules.report.records import RecordError, Records
from auditrules.report.rows import Rows, Speaker
from auditrules.report.sources import BLOCK, Kind, Source, Stream, kind, opened

MOST_SHOWN = 10
"""Broken lines that are kept of a part."""
LARGEST_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file whose JSON goes over many lines."""
TAIL = 4096
"""Bytes before the place where reading stopped, by which the place is known again."""

_SHOWN = 60  # characters of a broken line
_BEFORE_JSON = 1024  # bytes that an envelope of syslog may have before the record
_GLOG = re.compile(
    rb"(?P<severity>[IWEF])(?P<date>\d{4} \d\d:\d\d:\d\d)\.\d+ +\d+ [^ \]]+\] (?P<message>.*)", re.DOTALL
)
_CREATED = re.compile(rb"Log file created at: (?P<year>\d{4})/(?P<month>\d\d)/")
_MACHINE = re.compile(rb"Running on machine: (?P<machine>.+)")
_UNPACKING = (EOFError, zlib.error, zstandard.ZstdError)


@dataclass(frozen=True, slots=True)
class Part:
    """From which byte to which a file is read; of a packed file its unpacked bytes."""

    source: Source
    start: int = 0
    end: int | None = None


@dataclass(slots=True)
class Outcome:
    """What became of a part."""

    part: Part
    lines: int = 0
    passed_over: int = 0
    broken: int = 0
    shown: list[Broken] = field(default_factory=list)
    unreadable: list[Broken] = field(default_factory=list)
    size: int = 0
    """Bytes read, packed or not."""
    place: int = 0
    """After the last line that ends with a newline."""
    tail: str = ""
    """The digest of the bytes before it; empty where nothing can be read on."""


def read(part: Part, rows: Rows) -> Outcome:
    """Read a part into rows. What cannot be read is told, and stops nothing."""
    outcome = Outcome(part)
    try:
        with opened(part.source) as (stream, head, _):
            found = kind(head)
            if found is Kind.BINARY:
                outcome.unreadable.append(Broken(part.source.path, 0, "expected lines of text, found a binary file"))
            else:
                _READERS[found](stream, Records(rows, part.source.modified // 10**9), outcome)
    except _UNPACKING as error:
        _unreadable(outcome, f"cannot be unpacked from there on: {error}")
    except OSError as error:
        _unreadable(outcome, error.strerror or str(error))
    return outcome


def digest(content: bytes) -> str:
    """Give what bytes are known by."""
    return sha256(content).hexdigest()


def _unreadable(outcome: Outcome, cause: str) -> None:
    outcome.unreadable.append(Broken(outcome.part.source.path, outcome.lines + 1, visible(cause)))


def _lines(stream: Stream, target: Records, outcome: Outcome) -> None:
    source = outcome.part.source
    for line in lines(_blocks(stream, outcome)):
        outcome.lines += line.end
        if not line.content or line.content.isspace():
            if line.problem:
                _broken(outcome, line.number, RecordError(line.problem), b"")
            continue
        try:
            if not _take(line.content, target, source):
                outcome.passed_over += 1
        except ValueError as error:
            _broken(outcome, line.number, error, line.content)


def _take(content: bytes, target: Records, source: Source) -> bool:
    """Take what a line says; False where that is nothing of our controls."""
    try:
        record = orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    else:
        return target.take(record)
    content = _before_json(content)
    status = _GLOG.match(content)
    if status:
        return _failed(status, "", _year(source), target, source)
    return sum([target.take(record) for record in records(content)]) > 0


def _before_json(content: bytes) -> bytes:
    """Give a line without a mark of byte order and white space around it; raises where it holds no record."""
    content = content.strip().removeprefix(b"\xef\xbb\xbf")
    if content[:1] not in b"{[" and not _GLOG.match(content) and not -1 < content.find(b"{") < _BEFORE_JSON:
        raise ValueError("no JSON")
    return content


def _blocks(stream: Stream, outcome: Outcome) -> Iterator[bytes]:
    """Give the bytes of the part, and note where its last line ends."""
    part = outcome.part
    recent, place = _forward(stream, part), part.start
    outcome.place, outcome.tail = place, digest(recent)
    left = part.end - place if part.end is not None else math.inf
    while left and (block := stream.read1(int(min(BLOCK, left)))):
        end = block.rfind(b"\n") + 1
        if end:
            outcome.place = place + end
            outcome.tail = digest((recent + block[max(0, end - TAIL) : end])[-TAIL:])
        recent = (recent + block[-TAIL:])[-TAIL:]
        place, left = place + len(block), left - len(block)
        outcome.size += len(block)
        yield block


def _forward(stream: Stream, part: Part) -> bytes:
    """Go to where the part starts; gives the bytes before it."""
    if not part.start:
        return b""
    if stream.seekable():  # of a packed file it unpacks all that is before
        stream.seek(max(0, part.start - TAIL))
    else:
        left = max(0, part.start - TAIL)
        while left and (block := stream.read(min(BLOCK, left))):
            left -= len(block)
    return stream.read(min(TAIL, part.start))


def _status(stream: Stream, target: Records, outcome: Outcome) -> None:
    """A status file: its header names the machine and the year, which its lines lack. Times are taken as UTC."""
    source = outcome.part.source
    machine, month, year = "", 1, _year(source)
    for line in lines(_blocks(stream, outcome)):
        outcome.lines += line.end
        outcome.passed_over += 1
        if created := _CREATED.match(line.content):
            year, month = int(created["year"]), int(created["month"])
        elif named := _MACHINE.match(line.content):
            machine = named["machine"].decode("utf-8", "backslashreplace").strip()
        elif status := _GLOG.match(line.content):
            later = int(status["date"][:2]) < month  # the file was begun before the turn of the year
            if _failed(status, machine, year + later, target, source):
                outcome.passed_over -= 1


def _failed(status: re.Match[bytes], machine: str, year: int, target: Records, source: Source) -> bool:
    try:
        date = clock.strptime(f"{year} {status['date'].decode()}", "%Y %m%d %H:%M:%S")
    except ValueError:
        raise RecordError("expected a month, a day and a time of day") from None
    folder = PurePath(source.path).parent.name
    message = status["message"].decode("utf-8", "backslashreplace")
    return target.failed(Speaker("", "", machine or folder), folder, message, calendar.timegm(date))


def _year(source: Source) -> int:
    return clock.gmtime(source.modified // 10**9).tm_year


def _csv(stream: Stream, target: Records, outcome: Outcome) -> None:
    source = io.TextIOWrapper(cast("io.BufferedReader", stream), "utf-8-sig", "backslashreplace", newline="")
    reader = csv.reader(source)
    columns = next(reader)
    try:
        for ours in target.rows(columns, reader):
            outcome.passed_over += not ours
    except csv.Error as error:
        _broken(outcome, reader.line_num, error, b"")
    outcome.lines = reader.line_num
    source.detach()


def _document(stream: Stream, target: Records, outcome: Outcome) -> None:
    content = stream.read(LARGEST_DOCUMENT + 1)
    outcome.lines = content.count(b"\n")
    if len(content) > LARGEST_DOCUMENT:
        raise OSError(f"expected at most {LARGEST_DOCUMENT} bytes of JSON over many lines")
    try:
        for record in records(content):
            outcome.passed_over += not target.take(record)
    except ValueError as error:
        _broken(outcome, 1, error, content)


def _broken(outcome: Outcome, number: int, error: Exception, content: bytes) -> None:
    """Note a line that cannot be read, and how it begins."""
    outcome.broken += 1
    if len(outcome.shown) >= MOST_SHOWN:
        return
    if isinstance(error, RecordError) or not content:
        cause = str(error)
    else:
        begin = visible(content[:_SHOWN].decode("utf-8", "surrogateescape"))
        cause = f"expected a JSON object, found {begin}{'…' if len(content) > _SHOWN else ''}"
    outcome.shown.append(Broken(outcome.part.source.path, number, visible(cause)))


_READERS: Mapping[Kind, Callable[[Stream, Records, Outcome], None]] = MappingProxyType(
    {Kind.LINES: _lines, Kind.STATUS: _status, Kind.CSV: _csv, Kind.DOCUMENT: _document}
)

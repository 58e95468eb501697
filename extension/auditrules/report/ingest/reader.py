"""One part of a file, read into rows: what a worker does."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath
from types import MappingProxyType

import orjson

from auditrules.report.ingest import csv_export as exports
from auditrules.report.ingest.decoding import Torn, records
from auditrules.report.ingest.lines import lines
from auditrules.report.ingest.part import Outcome, Part
from auditrules.report.ingest.records import RecordError, Records
from auditrules.report.ingest.rows import Rows, Speaker
from auditrules.report.ingest.status_log import LINE, Statuses
from auditrules.report.ingest.streams import BLOCK, UNPACKING, Kind, Stream, kind, opened

LARGEST_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file whose JSON goes over many lines."""
TAIL = 4096
"""Bytes before the place where reading stopped, by which the place is known again."""

_BEFORE_JSON = 1024  # bytes that an envelope of syslog may have before the record
_CREATED = re.compile(rb"Log file created at: (?P<year>\d{4})/(?P<month>\d\d)/")
_MACHINE = re.compile(rb"Running on machine: (?P<machine>.+)")
_CONTROL, _STATUS_WORD = re.compile(rb'(?:control|cis_id)\\*"\s*:'), re.compile(rb'status\\*"\s*:')
_REPORT = re.compile(rb'\s*\{\s*"format":\s*"auditrules report ')
_OUR_OWN = "expected a log, found a report: its verdicts are those of other logs, and not as new as this file"


@dataclass(frozen=True, slots=True)
class _Target:
    """Where lines go: those of results, and those of a status file, whose times are known at its end."""

    records: Records
    statuses: Statuses


def read(part: Part, rows: Rows) -> Outcome:
    """Read a part into rows. What cannot be read is told, and stops nothing."""
    outcome = Outcome(part)
    modified, folder = part.source.modified // 10**9, PurePath(part.source.path).parent.name
    target = _Target(
        Records(rows, modified, lambda error: outcome.note(max(outcome.lines, 1), error, b"")),
        Statuses(modified, rows.latest),
    )
    try:
        with opened(part.source.path) as (stream, head, _):
            found = kind(head)
            if found in _REFUSED:
                outcome.refuse(_REFUSED[found])
            else:
                _READERS[found](stream, target, outcome)
    except UNPACKING as error:
        outcome.give_up(f"cannot be unpacked from there on: {error}")
    except OSError as error:
        outcome.give_up(error.strerror or str(error))
    for each in target.statuses.failures(ended=part.end is None or part.end == part.source.size):
        target.records.failed(Speaker("", "", each.machine or folder), folder, each.message, each.time)
    outcome.dated_by_file = target.records.dated_by_file
    return outcome


def digest(content: bytes) -> str:
    """Give what bytes are known by."""
    return sha256(content).hexdigest()


def _lines(stream: Stream, target: _Target, outcome: Outcome) -> None:
    for line in lines(_blocks(stream, outcome)):
        outcome.lines += line.end
        if not line.content or line.content.isspace():
            if line.problem:
                outcome.note(line.number, RecordError(line.problem), b"")
            continue
        broken = outcome.broken
        try:
            if _take(line.content, target, outcome) or outcome.broken > broken:
                continue
        except (ValueError, RecursionError) as error:
            outcome.note(line.number, error, line.content)
        else:
            _pass_over(outcome, line.number, line.content)


def _take(content: bytes, target: _Target, outcome: Outcome) -> bool:
    """Take what a line says; False where that is nothing of our controls."""
    try:
        record = orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    else:
        return target.records.take(record)
    content = _before_json(content)
    status = LINE.match(content)
    if status:
        return target.statuses.line(status, "")
    return _take_each(content, target.records, outcome)


def _take_each(content: bytes, target: Records, outcome: Outcome) -> bool:
    """Take the records of a line or a document; one that is broken costs none of the others."""
    ours = False
    for record in records(content):
        try:
            if isinstance(record, Torn):
                outcome.note(max(outcome.lines, 1), ValueError(record.cause), record.content)
            else:
                ours |= target.take(record)
        except (RecordError, RecursionError) as error:  # noqa: PERF203 - one costs none of the others
            outcome.note(max(outcome.lines, 1), error, content)
    return ours


def _pass_over(outcome: Outcome, number: int, content: bytes) -> None:
    """Count a line that is nothing of our controls; one that looks as if it were, and is no OCSF, is broken."""
    if (
        b"status" in content
        and b'"class_uid"' not in content
        and _CONTROL.search(content)
        and _STATUS_WORD.search(content)
    ):
        outcome.note(number, RecordError("expected a verdict in a known envelope, found one in another"), b"")
    else:
        outcome.passed_over += 1


def _before_json(content: bytes) -> bytes:
    """Give a line without a mark of byte order, white space and what a crash left; raises where it holds no record."""
    content = content.strip(b" \t\r\n\v\f\0").removeprefix(b"\xef\xbb\xbf")
    if content[:1] not in b"{[" and not LINE.match(content) and not -1 < content.find(b"{") < _BEFORE_JSON:
        raise ValueError("no JSON")
    return content


def _blocks(stream: Stream, outcome: Outcome) -> Iterator[bytes]:
    """Give the bytes of the part, and note where its last line ends."""
    part = outcome.part
    recent, place = forward(stream, part.start), part.start
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


def forward(stream: Stream, place: int) -> bytes:
    """Go to a byte; gives the bytes before it, by which it is known again."""
    before = max(0, place - TAIL)
    if stream.seekable():  # of a packed file it unpacks all that is before
        stream.seek(before)
    else:
        while before and (block := stream.read(min(BLOCK, before))):
            before -= len(block)
    return stream.read(min(TAIL, place))


def _status(stream: Stream, target: _Target, outcome: Outcome) -> None:
    """A status file: its header names the machine and the year, which its lines lack."""
    machine, month, year = "", 1, None
    for line in lines(_blocks(stream, outcome)):
        outcome.lines += line.end
        outcome.passed_over += 1
        if created := _CREATED.match(line.content):
            year, month = int(created["year"]), int(created["month"])
        elif named := _MACHINE.match(line.content):
            machine = named["machine"].decode("utf-8", "backslashreplace").strip()
        elif status := LINE.match(line.content):
            later = int(status["date"][:2]) < month  # the file was begun before the turn of the year
            try:
                outcome.passed_over -= target.statuses.line(status, machine, year and year + later)
            except RecordError as error:
                outcome.passed_over -= 1
                outcome.note(line.number, error, b"")


def _csv(stream: Stream, target: _Target, outcome: Outcome) -> None:
    def texts() -> Iterator[str]:
        for line in lines(_blocks(stream, outcome)):
            outcome.lines += line.end
            if line.problem or not line.end:
                outcome.note(line.number, RecordError(line.problem or "expected a shorter line"), b"")
            else:
                content = line.content.removeprefix(b"\xef\xbb\xbf") if line.number == 1 else line.content
                yield content.decode("utf-8", "backslashreplace") + "\n"

    found = exports.rows(texts())
    _, columns = next(found)
    host = None if isinstance(columns, csv.Error) else exports.host_column(columns)
    if isinstance(columns, csv.Error) or host is None:
        outcome.refuse("expected a column host_name, found none", 1)
        return
    if exports.is_report(columns):
        outcome.refuse(_OUR_OWN)
        return
    for number, cells in found:
        try:
            if isinstance(cells, csv.Error):
                outcome.note(number, cells, b"")
            elif cells:
                outcome.passed_over += not target.records.exported(columns, host, cells)
        except RecordError as error:  # noqa: PERF203 - one costs none of the others
            outcome.note(number, error, b"")


def _document(stream: Stream, target: _Target, outcome: Outcome) -> None:
    content = stream.read(LARGEST_DOCUMENT + 1)
    if len(content) > LARGEST_DOCUMENT:
        raise OSError(f"expected at most {LARGEST_DOCUMENT} bytes of JSON over many lines")
    if _REPORT.match(content):
        outcome.refuse(_OUR_OWN)
        return
    broken = outcome.broken
    if not _take_each(content, target.records, outcome) and outcome.broken == broken:
        _pass_over(outcome, 1, content)
    outcome.lines = content.count(b"\n")


_READERS: Mapping[Kind, Callable[[Stream, _Target, Outcome], None]] = MappingProxyType(
    {Kind.LINES: _lines, Kind.STATUS: _status, Kind.CSV: _csv, Kind.DOCUMENT: _document}
)
_REFUSED: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.BINARY: "expected lines of text, found a binary file",
        Kind.UTF_16: "expected UTF-8, found UTF-16: write it anew, with iconv -f UTF-16 -t UTF-8",
    }
)

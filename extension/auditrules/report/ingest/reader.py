"""Reads a part of a file into tables, whatever its format."""

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

from auditrules.report.ingest import csv_export
from auditrules.report.ingest.json_lines import UnreadableRecord, decode_records, split_lines
from auditrules.report.ingest.part import FilePart, PartResult
from auditrules.report.ingest.records import RecordError, RecordReader
from auditrules.report.ingest.status_log import LINE, StatusLog
from auditrules.report.ingest.streams import BLOCK, UNPACKING, FileFormat, Stream, detect_format, open_stream
from auditrules.report.ingest.table_builder import HostIdentity, TableBuilder

LARGEST_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file whose JSON goes over many lines."""
TAIL = 4096
"""Bytes before the offset where reading stopped, by which it is recognised."""

_BEFORE_JSON = 1024  # bytes that an envelope of syslog may have before the record
_CREATED = re.compile(rb"Log file created at: (?P<year>\d{4})/(?P<month>\d\d)/")
_MACHINE = re.compile(rb"Running on machine: (?P<machine>.+)")
_CONTROL, _STATUS_WORD = re.compile(rb'(?:control|cis_id)\\*"\s*:'), re.compile(rb'status\\*"\s*:')
_REPORT = re.compile(rb'\s*\{\s*"format":\s*"auditrules report ')
_OUR_OWN = "expected a log, found a report: its verdicts are those of other logs, and not as new as this file"


@dataclass(frozen=True, slots=True)
class _Target:
    """Where lines go: those of results, and those of a status log, whose times are known at its end."""

    records: RecordReader
    status_log: StatusLog


def read_part(part: FilePart, builder: TableBuilder) -> PartResult:
    """Read a part into tables. What cannot be read is in the result, and stops nothing."""
    result = PartResult(part)
    modified, folder = part.file.modified // 10**9, PurePath(part.file.path).parent.name
    target = _Target(
        RecordReader(builder, modified, lambda error: result.add_broken(max(result.lines, 1), error, b"")),
        StatusLog(modified, builder.latest),
    )
    try:
        with open_stream(part.file.path) as (stream, head, _):
            found = detect_format(head)
            if found in _REFUSED:
                result.refuse(_REFUSED[found])
            else:
                _READERS[found](stream, target, result)
    except UNPACKING as error:
        result.stop(f"cannot be unpacked from there on: {error}")
    except OSError as error:
        result.stop(error.strerror or str(error))
    for each in target.status_log.failures(ended=part.end is None or part.end == part.file.size):
        target.records.read_failure(HostIdentity("", "", each.machine or folder), folder, each.message, each.time)
    result.dated_by_file = target.records.dated_by_file
    return result


def digest(content: bytes) -> str:
    """Return what bytes are recognised by."""
    return sha256(content).hexdigest()


def _read_lines(stream: Stream, target: _Target, result: PartResult) -> None:
    for line in split_lines(_blocks(stream, result)):
        result.lines += line.end
        if not line.content or line.content.isspace():
            if line.problem:
                result.add_broken(line.number, RecordError(line.problem), b"")
            continue
        broken = result.broken
        try:
            if _read_line(line.content, target, result) or result.broken > broken:
                continue
        except (ValueError, RecursionError) as error:
            result.add_broken(line.number, error, line.content)
        else:
            _pass_over(result, line.number, line.content)


def _read_line(content: bytes, target: _Target, result: PartResult) -> bool:
    """Read what a line says; False where that is nothing of our controls."""
    try:
        record = orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    else:
        return target.records.read(record)
    content = _before_json(content)
    status = LINE.match(content)
    if status:
        return target.status_log.add_line(status, "")
    return _read_each(content, target.records, result)


def _read_each(content: bytes, target: RecordReader, result: PartResult) -> bool:
    """Read the records of a line or a document; one that is broken costs none of the others."""
    ours = False
    for record in decode_records(content):
        try:
            if isinstance(record, UnreadableRecord):
                result.add_broken(max(result.lines, 1), ValueError(record.cause), record.content)
            else:
                ours |= target.read(record)
        except (RecordError, RecursionError) as error:  # noqa: PERF203 - one costs none of the others
            result.add_broken(max(result.lines, 1), error, content)
    return ours


def _pass_over(result: PartResult, number: int, content: bytes) -> None:
    """Count a line that is nothing of our controls; one that looks as if it were, and is no OCSF, is broken."""
    if (
        b"status" in content
        and b'"class_uid"' not in content
        and _CONTROL.search(content)
        and _STATUS_WORD.search(content)
    ):
        result.add_broken(number, RecordError("expected a verdict in a known envelope, found one in another"), b"")
    else:
        result.passed_over += 1


def _before_json(content: bytes) -> bytes:
    """A line without byte order mark, white space and the zeros of a crash; raises where it holds no record."""
    content = content.strip(b" \t\r\n\v\f\0").removeprefix(b"\xef\xbb\xbf")
    if content[:1] not in b"{[" and not LINE.match(content) and not -1 < content.find(b"{") < _BEFORE_JSON:
        raise ValueError("no JSON")
    return content


def _blocks(stream: Stream, result: PartResult) -> Iterator[bytes]:
    """The bytes of the part; notes where its last line ends."""
    part = result.part
    recent, offset = skip_to(stream, part.start), part.start
    result.offset, result.tail = offset, digest(recent)
    left = part.end - offset if part.end is not None else math.inf
    while left and (block := stream.read1(int(min(BLOCK, left)))):
        end = block.rfind(b"\n") + 1
        if end:
            result.offset = offset + end
            result.tail = digest((recent + block[max(0, end - TAIL) : end])[-TAIL:])
        recent = (recent + block[-TAIL:])[-TAIL:]
        offset, left = offset + len(block), left - len(block)
        result.size += len(block)
        yield block


def skip_to(stream: Stream, offset: int) -> bytes:
    """Go to a byte; returns the bytes before it, by which the place is recognised."""
    before = max(0, offset - TAIL)
    if stream.seekable():  # of a packed file it unpacks all that is before
        stream.seek(before)
    else:
        while before and (block := stream.read(min(BLOCK, before))):
            before -= len(block)
    return stream.read(min(TAIL, offset))


def _read_status_log(stream: Stream, target: _Target, result: PartResult) -> None:
    """A status log: its header names the machine and the year, which its lines lack."""
    machine, month, year = "", 1, None
    for line in split_lines(_blocks(stream, result)):
        result.lines += line.end
        result.passed_over += 1
        if created := _CREATED.match(line.content):
            year, month = int(created["year"]), int(created["month"])
        elif named := _MACHINE.match(line.content):
            machine = named["machine"].decode("utf-8", "backslashreplace").strip()
        elif status := LINE.match(line.content):
            later = int(status["date"][:2]) < month  # the file was begun before the turn of the year
            try:
                result.passed_over -= target.status_log.add_line(status, machine, year and year + later)
            except RecordError as error:
                result.passed_over -= 1
                result.add_broken(line.number, error, b"")


def _read_csv(stream: Stream, target: _Target, result: PartResult) -> None:
    def texts() -> Iterator[str]:
        for line in split_lines(_blocks(stream, result)):
            result.lines += line.end
            if line.problem or not line.end:
                result.add_broken(line.number, RecordError(line.problem or "expected a shorter line"), b"")
            else:
                content = line.content.removeprefix(b"\xef\xbb\xbf") if line.number == 1 else line.content
                yield content.decode("utf-8", "backslashreplace") + "\n"

    found = csv_export.read_rows(texts())
    _, columns = next(found)
    host = None if isinstance(columns, csv.Error) else csv_export.host_column(columns)
    if isinstance(columns, csv.Error) or host is None:
        result.refuse("expected a column host_name, found none", 1)
        return
    if csv_export.is_report(columns):
        result.refuse(_OUR_OWN)
        return
    for number, cells in found:
        try:
            if isinstance(cells, csv.Error):
                result.add_broken(number, cells, b"")
            elif cells:
                result.passed_over += not target.records.read_csv_row(columns, host, cells)
        except RecordError as error:  # noqa: PERF203 - one costs none of the others
            result.add_broken(number, error, b"")


def _read_document(stream: Stream, target: _Target, result: PartResult) -> None:
    content = stream.read(LARGEST_DOCUMENT + 1)
    if len(content) > LARGEST_DOCUMENT:
        raise OSError(f"expected at most {LARGEST_DOCUMENT} bytes of JSON over many lines")
    if _REPORT.match(content):
        result.refuse(_OUR_OWN)
        return
    broken = result.broken
    if not _read_each(content, target.records, result) and result.broken == broken:
        _pass_over(result, 1, content)
    result.lines = content.count(b"\n")


_READERS: Mapping[FileFormat, Callable[[Stream, _Target, PartResult], None]] = MappingProxyType(
    {
        FileFormat.LINES: _read_lines,
        FileFormat.STATUS: _read_status_log,
        FileFormat.CSV: _read_csv,
        FileFormat.DOCUMENT: _read_document,
    }
)
_REFUSED: Mapping[FileFormat, str] = MappingProxyType(
    {
        FileFormat.BINARY: "expected lines of text, found a binary file",
        FileFormat.UTF_16: "expected UTF-8, found UTF-16: write it anew, with iconv -f UTF-16 -t UTF-8",
    }
)

"""Reads a part of a file into tables, whatever its format. One bad line, record or file costs none of the others."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import PurePath
from types import MappingProxyType

import orjson

from auditrules.report.ingest import csv_export
from auditrules.report.ingest.envelopes import hidden_line
from auditrules.report.ingest.json_lines import JsonLine, UnreadableRecord, decode_records, split_lines
from auditrules.report.ingest.part import Advance, FilePart, PartResult
from auditrules.report.ingest.records import Kind, RecordError, RecordReader
from auditrules.report.ingest.status_log import GLOG, Header, StatusError, StatusLog, status_message
from auditrules.report.ingest.streams import (
    BLOCK,
    HEAD,
    STANDARD_INPUT,
    UNPACKING,
    FileFormat,
    Stream,
    detect_format,
    open_stream,
)
from auditrules.report.ingest.table_builder import TableBuilder

LARGEST_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file whose JSON goes over many lines."""
LARGEST_UNPACKED, MOST_UNPACKED = 16 * 1024 * 1024, 1000
"""Bytes to which any packed file may unpack, and how many bytes one of its bytes may become."""
TAIL = 4096
"""Bytes before the offset where reading stopped, by which it is recognised."""

_SHORT, _MOST_SHORT = 64, 1000  # bytes of a line of another query that is recognised again, and how many are
_BEFORE_JSON = 1024  # bytes that an envelope of syslog may have before the record
_CREATED = re.compile(rb"Log file created at: (?P<year>\d{4})/(?P<month>\d\d)/")
_MACHINE = re.compile(rb"Running on machine: (?P<machine>.+)")
_CONTROL, _STATUS_WORD = re.compile(rb'(?:control|cis_id)\\*"\s*:'), re.compile(rb'status\\*"\s*:')
_REPORT = re.compile(rb'\s*\{\s*"format":\s*"auditrules report ')
_OUR_OWN = "expected a log, found a report: its verdicts are those of other logs, and not as new as this file"


def read_part(part: FilePart, builder: TableBuilder, advance: Advance = lambda _: None) -> PartResult:
    """Read a part into tables. What cannot be read is in the result, and stops nothing."""
    return _PartReader(part, builder, advance).read()


def digest(content: bytes) -> str:
    """Return what bytes are recognised by."""
    return sha256(content).hexdigest()


def skip_to(stream: Stream, offset: int) -> bytes:
    """Go to a byte; returns the bytes before it, by which the place is recognised."""
    before = max(0, offset - TAIL)
    if stream.seekable():  # of a packed file it unpacks all that is before
        stream.seek(before)
    else:
        while before and (block := stream.read(min(BLOCK, before))):
            before -= len(block)
    return stream.read(min(TAIL, offset))


class _PartReader:
    """Reads one part."""

    def __init__(self, part: FilePart, builder: TableBuilder, advance: Advance) -> None:
        self._part, self._advance = part, advance
        self._result = PartResult(part)
        modified = part.file.modified // 10**9
        self._status_log = StatusLog(modified, builder.latest)
        self._records = RecordReader(builder, modified, self._status_log, self._add_broken)
        self._line = JsonLine(1, b"")  # the one that is read
        self._largest: float = math.inf
        self._others: set[bytes] = set()  # short lines, of which a packed file may hold very many

    def read(self) -> PartResult:
        result, file = self._result, self._part.file
        folder = PurePath(file.path).parent.name
        try:
            with open_stream(file.path) as (stream, head, packed):
                if packed and file.path != STANDARD_INPUT:
                    self._largest = max(LARGEST_UNPACKED, MOST_UNPACKED * file.size)
                result.head = digest(head[:HEAD]) if len(head) >= HEAD else ""
                found = detect_format(head)
                if found in _REFUSED:
                    result.refuse(_REFUSED[found])
                else:
                    _READERS[found](self, stream)
        except UNPACKING as error:
            result.stop(f"cannot be unpacked from there on: {error}")
        except OSError as error:
            result.stop(error.strerror or str(error))
        except Exception as error:  # noqa: BLE001 - whatever a file holds, the others are read; this one is named
            result.stop(f"this program failed to read it ({type(error).__name__}: {error}): please report this")
        ended = self._part.end is None or self._part.end == file.size
        for each in self._status_log.failures(ended=ended):
            self._records.add_failure(each.machine, folder, *each.failure, each.time)
        result.dated_by_file = self._records.dated_by_file
        return result

    def _add_broken(self, error: Exception, content: bytes = b"") -> None:
        self._result.add_broken(self._line.number, error, content, self._line.content)

    def _blocks(self, stream: Stream) -> Iterator[bytes]:
        """The bytes of the part; notes where its last line ends."""
        part, result = self._part, self._result
        recent, offset = skip_to(stream, part.start), part.start
        result.offset, result.tail = offset, digest(recent)
        left = part.end - offset if part.end is not None else math.inf
        whole = True
        while left and (block := stream.read1(int(min(BLOCK, left)))):
            end = block.rfind(b"\n") + 1
            if end:
                result.offset = offset + end
                result.tail = digest((recent + block[max(0, end - TAIL) : end])[-TAIL:])
            recent = (recent + block[-TAIL:])[-TAIL:]
            offset, left = offset + len(block), left - len(block)
            if offset > self._largest:
                raise OSError(
                    f"expected at most {self._largest} bytes, found more in a packed file of {part.file.size}"
                )
            result.size += len(block)
            result.lines += block.count(b"\n")
            whole = end == len(block)
            yield block
            self._advance(len(block))
        result.lines += not whole

    def _read_lines(self, stream: Stream) -> None:
        result, read = self._result, self._records.read
        for line in split_lines(self._blocks(stream)):
            self._line = line
            content, broken = line.content, result.broken
            try:
                try:
                    record = orjson.loads(content)
                except orjson.JSONDecodeError:
                    if line.problem:
                        raise RecordError(line.problem) from None
                    kind = self._read_text(content)
                else:
                    if len(content) < _SHORT and content in self._others:
                        result.passed_over += 1
                        continue
                    kind = read(record)
                if kind is not Kind.OURS and result.broken == broken:
                    self._pass_over(kind, content)
            except (ValueError, RecursionError) as error:
                self._add_broken(error, content)

    def _read_text(self, content: bytes) -> Kind:
        """A line that is not one JSON value: of syslog, of a status log, or several records."""
        content = content.strip(b" \t\r\v\f\0").removeprefix(b"\xef\xbb\xbf")
        header = None if content[:1] in b"{[" else self._status_log.header(content)
        if header:
            return self._read_syslog(content[header.length :].removeprefix(b"@cee:").lstrip(), header)
        glog = GLOG.match(content)
        if glog:
            return Kind.OURS if self._status_log.add_glog(glog, "") else Kind.OTHER
        message = status_message(content)
        if message is not None:
            return Kind.OURS if self._status_log.add_dated(None, "", message) else Kind.OTHER
        if content[:1] not in b"{[" and not -1 < content.find(b"{") < _BEFORE_JSON:
            raise ValueError("no JSON")
        return self._read_each(content)

    def _read_syslog(self, content: bytes, header: Header) -> Kind:
        message = status_message(content)
        if message is not None:
            return Kind.OURS if self._status_log.add_syslog(header, message) else Kind.OTHER
        if b"{" not in content and b"[" not in content:
            return Kind.OTHER  # a line of another program, or of osqueryd without a result
        before = self._records.last_time
        self._records.last_time = 0
        kind = self._read_each(content, strict=header.osquery)
        if self._records.last_time:
            self._status_log.learn_offset(header, self._records.last_time)
        else:
            self._records.last_time = before
        return kind

    def _read_each(self, content: bytes, *, strict: bool = True) -> Kind:
        """Read the records of a line or a document; without `strict` what is no JSON is another program's."""
        kinds = set()
        for record in decode_records(content):
            try:
                if not isinstance(record, UnreadableRecord):
                    kinds.add(self._records.read(record))
                elif strict or _may_be_ours(record.content):
                    self._add_broken(ValueError(record.cause), record.content)
            except (RecordError, RecursionError) as error:  # noqa: PERF203 - one costs none of the others
                self._add_broken(error, content)
        return next((kind for kind in (Kind.OURS, Kind.OTHER) if kind in kinds), Kind.UNKNOWN)

    def _pass_over(self, kind: Kind, content: bytes) -> None:
        """Count a line that says nothing of our controls; one that looks as if it did, and is no OCSF, is broken."""
        if b'"class_uid"' not in content and _may_be_ours(content):
            self._add_broken(RecordError("expected a verdict in a known envelope, found one in another"))
        elif kind is Kind.UNKNOWN and hidden_line(content):
            self._add_broken(RecordError("expected a line in a known envelope, found one in base64 in another"))
        else:
            self._result.passed_over += 1
            if len(content) < _SHORT and len(self._others) < _MOST_SHORT:
                self._others.add(content)

    def _read_status_log(self, stream: Stream) -> None:
        """A status log: its header names the machine and the year, which its lines lack."""
        machine, month, year = "", 1, None
        for line in split_lines(self._blocks(stream)):
            self._line = line
            self._result.passed_over += 1
            if created := _CREATED.match(line.content):
                year, month = int(created["year"]), int(created["month"])
            elif named := _MACHINE.match(line.content):
                machine = named["machine"].decode("utf-8", "backslashreplace").strip()
            elif status := GLOG.match(line.content):
                later = int(status["date"][:2]) < month  # the file was begun before the turn of the year
                try:
                    self._result.passed_over -= self._status_log.add_glog(status, machine, year and year + later)
                except StatusError as error:
                    self._result.passed_over -= 1
                    self._add_broken(error)

    def _read_csv(self, stream: Stream) -> None:
        found = csv_export.read_rows(self._csv_lines(stream))
        columns = next((cells for _, cells in found if cells), None)
        if columns is None or isinstance(columns, csv.Error):
            self._result.refuse(f"expected a line of columns, found {columns or 'a line that is too long'}", 1)
            return
        lines = csv_export.holds_lines(columns)
        host = None if lines else csv_export.host_column(columns)
        if host is None and not lines:
            self._result.refuse("expected a column host_name, found none", 1)
            return
        if csv_export.is_report(columns):
            self._result.refuse(_OUR_OWN)
            return
        for number, cells in found:
            self._line = JsonLine(number, b"")
            try:
                if isinstance(cells, csv_export.TooManyQuotesError):
                    self._result.refuse(str(cells), number)
                    return
                if isinstance(cells, csv.Error):
                    self._add_broken(RecordError(str(cells)))
                elif cells:
                    kind = self._records.read_csv_row(columns, host, cells)
                    self._result.passed_over += kind is not Kind.OURS
            except RecordError as error:
                self._add_broken(error)

    def _csv_lines(self, stream: Stream) -> Iterator[tuple[int, str]]:
        header = False
        for line in split_lines(self._blocks(stream), blank=True):
            self._line = line
            if not line.problem and line.end:
                header = header or not line.content.isspace()
                yield line.number, line.content.decode("utf-8-sig", "backslashreplace") + "\n"
            elif not header:
                return  # what follows has no columns
            else:
                self._add_broken(RecordError(line.problem or "expected a shorter line"))

    def _read_document(self, stream: Stream) -> None:
        content = stream.read(LARGEST_DOCUMENT + 1)
        if len(content) > LARGEST_DOCUMENT:
            raise OSError(f"expected at most {LARGEST_DOCUMENT} bytes of JSON over many lines")
        self._advance(len(content))
        if _REPORT.match(content):
            self._result.refuse(_OUR_OWN)
            return
        self._line = JsonLine(1, content)
        broken = self._result.broken
        kind = self._read_each(content)
        if kind is not Kind.OURS and self._result.broken == broken:
            self._pass_over(kind, content)
        self._result.lines = content.count(b"\n")


def _may_be_ours(content: bytes) -> bool:
    """Whether a line looks as if it held a verdict."""
    return b"status" in content and bool(_CONTROL.search(content) and _STATUS_WORD.search(content))


_READERS: Mapping[FileFormat, Callable[[_PartReader, Stream], None]] = MappingProxyType(
    {
        FileFormat.LINES: _PartReader._read_lines,  # noqa: SLF001 - its own
        FileFormat.STATUS: _PartReader._read_status_log,  # noqa: SLF001
        FileFormat.CSV: _PartReader._read_csv,  # noqa: SLF001
        FileFormat.DOCUMENT: _PartReader._read_document,  # noqa: SLF001
    }
)
_REFUSED: Mapping[FileFormat, str] = MappingProxyType(
    {
        FileFormat.BINARY: "expected lines of text, found a binary file",
        FileFormat.UTF_16: "expected UTF-8, found UTF-16: write it anew, with iconv -f UTF-16 -t UTF-8",
    }
)

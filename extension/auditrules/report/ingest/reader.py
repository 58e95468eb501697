"""Reads a part of a file of any format into tables. A bad line, record or file does not affect the others."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from types import MappingProxyType

from auditrules.report.ingest import csv_export
from auditrules.report.ingest.json_lines import JsonLine, split_lines
from auditrules.report.ingest.log_lines import LogLines
from auditrules.report.ingest.osqueryd_lines import Kind, RecordError
from auditrules.report.ingest.part import Advance, FilePart, PartResult
from auditrules.report.ingest.status_log import GLOG, StatusError
from auditrules.report.ingest.streams import (
    BLOCK,
    HEAD,
    STANDARD_INPUT,
    TAIL,
    UNPACKING,
    FileFormat,
    Stream,
    detect_format,
    digest,
    open_stream,
    skip_to,
)
from auditrules.report.ingest.table_builder import TableBuilder

LARGEST_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file with one JSON document over many lines."""
LARGEST_UNPACKED, MOST_UNPACKED = 16 * 1024 * 1024, 1000
"""Limits of packed files: the bytes that a file may unpack to, and the ratio to its own size."""
_CREATED = re.compile(rb"Log file created at: (?P<year>\d{4})/(?P<month>\d\d)/")
_MACHINE = re.compile(rb"Running on machine: (?P<machine>.+)")
_REPORT = re.compile(rb'\s*\{\s*"format":\s*"auditrules report ')
_OUR_OWN = "expected a log, found a report: its verdicts are those of other logs, and not as new as this file"


def read_part(part: FilePart, builder: TableBuilder, advance: Advance = lambda _: None) -> PartResult:
    """Read a part into tables. Lines that cannot be read are in the result, and stop nothing."""
    return _PartReader(part, builder, advance).read()


class _PartReader:
    """Reads one part."""

    def __init__(self, part: FilePart, builder: TableBuilder, advance: Advance) -> None:
        self._part, self._advance = part, advance
        self._result = PartResult(part)
        self._log = LogLines(self._result, builder, part.file.modified // 10**9)
        self._largest: float = math.inf

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
        for each in self._log.status_log.failures(ended=ended):
            self._log.records.add_failure(each.machine, folder, *each.failure, each.time)
        result.dated_by_file = self._log.records.bare_rows.dated_by_file
        return result

    def _blocks(self, stream: Stream) -> Iterator[bytes]:
        """Yield the bytes of the part, and note where its last line ends."""
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
        self._log.read(split_lines(self._blocks(stream)))

    def _read_status_log(self, stream: Stream) -> None:
        """Read a status log. Its header names the machine and the year, which its lines lack."""
        machine, month, year = "", 1, None
        for line in split_lines(self._blocks(stream)):
            self._log.line = line
            self._result.passed_over += 1
            if created := _CREATED.match(line.content):
                year, month = int(created["year"]), int(created["month"])
            elif named := _MACHINE.match(line.content):
                machine = named["machine"].decode("utf-8", "backslashreplace").strip()
            elif status := GLOG.match(line.content):
                later = int(status["date"][:2]) < month  # the file was begun before the turn of the year
                try:
                    self._result.passed_over -= self._log.status_log.add_glog(status, machine, year and year + later)
                except StatusError as error:
                    self._result.passed_over -= 1
                    self._log.add_broken(error)

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
            self._log.line = JsonLine(number, b"")
            try:
                if isinstance(cells, csv_export.TooManyQuotesError):
                    self._result.refuse(str(cells), number)
                    return
                if isinstance(cells, csv.Error):
                    self._log.add_broken(RecordError(str(cells)))
                elif cells:
                    kind = self._log.records.read_csv_row(columns, host, cells)
                    self._result.passed_over += kind is not Kind.OURS
            except RecordError as error:
                self._log.add_broken(error)

    def _csv_lines(self, stream: Stream) -> Iterator[tuple[int, str]]:
        header = False
        for line in split_lines(self._blocks(stream), blank=True):
            self._log.line = line
            if not line.problem and line.end:
                header = header or not line.content.isspace()
                yield line.number, line.content.decode("utf-8-sig", "backslashreplace") + "\n"
            elif not header:
                return  # what follows has no columns
            else:
                self._log.add_broken(RecordError(line.problem or "expected a shorter line"))

    def _read_document(self, stream: Stream) -> None:
        content = stream.read(LARGEST_DOCUMENT + 1)
        if len(content) > LARGEST_DOCUMENT:
            raise OSError(f"expected at most {LARGEST_DOCUMENT} bytes of JSON over many lines")
        self._advance(len(content))
        if _REPORT.match(content):
            self._result.refuse(_OUR_OWN)
            return
        self._log.line = JsonLine(1, content)
        broken = self._result.broken
        kind = self._log.read_each(content)
        if kind is not Kind.OURS and self._result.broken == broken:
            self._log.pass_over(kind, content)
        self._result.lines = content.count(b"\n")


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

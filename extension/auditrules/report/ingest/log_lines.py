"""Reads the lines of a log: JSON, also with other text around it, and osqueryd's status messages in syslog."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from auditrules.report.ingest.envelopes import hidden_line
from auditrules.report.ingest.json_lines import JsonLine, UnreadableRecord, decode_records
from auditrules.report.ingest.osqueryd_lines import Kind, RecordError
from auditrules.report.ingest.part import PartResult
from auditrules.report.ingest.records import RecordReader
from auditrules.report.ingest.status_log import GLOG, Header, StatusLog, status_message
from auditrules.report.ingest.table_builder import TableBuilder

_SHORT, _MOST_SHORT = 64, 1000  # bytes of a line of another query that is recognised again, and how many are
_BEFORE_JSON = 1024  # bytes that an envelope of syslog may have before the record
_CONTROL, _STATUS_WORD = re.compile(rb'(?:control|cis_id)\\*"\s*:'), re.compile(rb'status\\*"\s*:')


class LogLines:
    """Reads lines into tables. `undated` is the time for lines without one: that of the file."""

    def __init__(self, result: PartResult, builder: TableBuilder, undated: int) -> None:
        """Results go to `builder`, unreadable lines to `result`."""
        self._result = result
        self.status_log = StatusLog(undated, builder.latest)
        self.records = RecordReader(builder, undated, self.status_log, self.add_broken)
        self.line = JsonLine(1, b"")
        """The number of the line that is being read."""
        self._others: set[bytes] = set()  # short lines, of which a packed file may hold very many

    def add_broken(self, error: Exception, content: bytes = b"") -> None:
        """Note that the line, or `content` of it, cannot be read."""
        self._result.add_broken(self.line.number, error, content, self.line.content)

    def read(self, lines: Iterable[JsonLine]) -> None:
        """Read lines."""
        result, read = self._result, self.records.read
        for line in lines:
            self.line = line
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
                    self.pass_over(kind, content)
            except (ValueError, RecursionError) as error:
                self.add_broken(error, content)

    def _read_text(self, content: bytes) -> Kind:
        """Read a line that is not one JSON value: of syslog, of a status log, or with several records."""
        content = content.strip(b" \t\r\v\f\0").removeprefix(b"\xef\xbb\xbf")
        header = None if content[:1] in b"{[" else self.status_log.header(content)
        if header:
            return self._read_syslog(content[header.length :].removeprefix(b"@cee:").lstrip(), header)
        glog = GLOG.match(content)
        if glog:
            return Kind.OURS if self.status_log.add_glog(glog, "") else Kind.OTHER
        message = status_message(content)
        if message is not None:
            return Kind.OURS if self.status_log.add_dated(None, "", message) else Kind.OTHER
        if content[:1] not in b"{[" and not -1 < content.find(b"{") < _BEFORE_JSON:
            raise ValueError("no JSON")
        return self.read_each(content)

    def _read_syslog(self, content: bytes, header: Header) -> Kind:
        message = status_message(content)
        if message is not None:
            return Kind.OURS if self.status_log.add_syslog(header, message) else Kind.OTHER
        if b"{" not in content and b"[" not in content:
            return Kind.OTHER  # a line of another program, or of osqueryd without a result
        before = self.records.lines.last_time
        self.records.lines.last_time = 0
        kind = self.read_each(content, strict=header.osquery)
        if self.records.lines.last_time:
            self.status_log.learn_offset(header, self.records.lines.last_time)
        else:
            self.records.lines.last_time = before
        return kind

    def read_each(self, content: bytes, *, strict: bool = True) -> Kind:
        """Read the records of a line or a document. Without `strict`, text that is no JSON is another program's."""
        kinds = set()
        for record in decode_records(content):
            try:
                if not isinstance(record, UnreadableRecord):
                    kinds.add(self.records.read(record))
                elif strict or _may_be_ours(record.content):
                    self.add_broken(ValueError(record.cause), record.content)
            except (RecordError, RecursionError) as error:  # noqa: PERF203 - one costs none of the others
                self.add_broken(error, content)
        return next((kind for kind in (Kind.OURS, Kind.OTHER) if kind in kinds), Kind.UNKNOWN)

    def pass_over(self, kind: Kind, content: bytes) -> None:
        """Count a line that is not about our controls. If it looks like a verdict, and is not OCSF, it is broken."""
        if b'"class_uid"' not in content and _may_be_ours(content):
            self.add_broken(RecordError("expected a verdict in a known envelope, found one in another"))
        elif kind is Kind.UNKNOWN and hidden_line(content):
            self.add_broken(RecordError("expected a line in a known envelope, found one in base64 in another"))
        else:
            self._result.passed_over += 1
            if len(content) < _SHORT and len(self._others) < _MOST_SHORT:
                self._others.add(content)


def _may_be_ours(content: bytes) -> bool:
    """Whether a line looks as if it held a verdict."""
    return b"status" in content and bool(_CONTROL.search(content) and _STATUS_WORD.search(content))

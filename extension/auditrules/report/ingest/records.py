"""Reads a record of a log: a line of osqueryd, an envelope around lines, or a row without a line.

The shapes are those of `ingest.osqueryd_lines`, `ingest.bare_rows` and `ingest.envelopes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from auditrules.report.ingest.bare_rows import BareRowReader
from auditrules.report.ingest.envelopes import RowWithoutLine, Text, normalized, unwrap
from auditrules.report.ingest.json_lines import UnreadableRecord
from auditrules.report.ingest.origin import NOWHERE, Origin, Record
from auditrules.report.ingest.osqueryd_lines import Kind, LineReader, RecordError
from auditrules.report.ingest.status_log import StatusLog, parse_failure, status_message
from auditrules.report.ingest.table_builder import HostIdentity, TableBuilder, text

_DEEPEST = 5  # envelopes within envelopes


class RecordReader:
    """Reads records into tables. `undated` is the time for records without one: that of the file."""

    def __init__(
        self,
        builder: TableBuilder,
        undated: int,
        status_log: StatusLog,
        on_broken: Callable[[RecordError], None],
    ) -> None:
        """Results go to `builder` and `status_log`.

        `on_broken` is called for a record among others that cannot be read: the others count.
        """
        self._builder, self._status_log, self._on_broken = builder, status_log, on_broken
        self.lines = LineReader(builder)
        self.bare_rows = BareRowReader(builder, self.lines, undated)

    def read(self, record: object, origin: Origin | None = None, depth: int = 0) -> Kind:
        """Read a record. Raises `RecordError`."""
        if isinstance(record, dict):
            get = record.get
            if type(get("snapshot")) is list or type(get("columns")) is dict or type(get("diffResults")) is dict:
                if "hostIdentifier" in record and type(get("decorations")) is not str:
                    return Kind.OURS if self.lines.add_line(record, origin) else Kind.OTHER
                return self._unusual_line(record, origin)
            return self._envelope(record, origin, depth)
        if isinstance(record, list):
            return self._each(record, origin, depth + 1) if depth < _DEEPEST else Kind.UNKNOWN
        raise RecordError(f"expected a JSON object, found {type(record).__name__}")

    def _envelope(self, record: Record, origin: Origin | None, depth: int) -> Kind:
        whole = normalized(record)
        if whole is not record:
            return self.read(whole, origin, depth + 1) if depth < _DEEPEST else Kind.UNKNOWN
        if "severity" in record and self.lines.add_status(record):
            return Kind.OURS
        if depth < _DEEPEST:
            kind = self._each(unwrap(record), Origin(record, origin), depth + 1)
            if kind is not Kind.UNKNOWN:
                return kind
        return self.bare_rows.add_live(record)

    def _each(self, found: Iterable[object], origin: Origin | None, depth: int) -> Kind:
        """Read records inside another one. A broken record does not affect the others."""
        kinds = set()
        for record in found:
            try:
                kinds.add(self._one(record, origin, depth))
            except RecordError as error:  # noqa: PERF203 - one costs none of the others
                self._on_broken(error)
        return next((kind for kind in (Kind.OURS, Kind.OTHER) if kind in kinds), Kind.UNKNOWN)

    def _one(self, record: object, origin: Origin | None, depth: int) -> Kind:
        if isinstance(record, UnreadableRecord):
            raise RecordError(record.cause)
        if isinstance(record, RowWithoutLine):
            return self.bare_rows.add_document_row(record.columns, origin or NOWHERE)
        if isinstance(record, Text):
            return self._status_text(record.content, origin or NOWHERE)
        if isinstance(record, list):
            return self._each(record, origin, depth) if depth < _DEEPEST else Kind.UNKNOWN
        return self.read(record, origin, depth)

    def add_failure(self, machine: str, folder: str, query: str, cause: str, time: int) -> None:
        """Add a failed query from a status log that names a machine."""
        self._builder.add_query_failure(
            HostIdentity.of("", "", machine or folder), folder, text(query), text(cause), time
        )

    def read_csv_row(self, columns: Sequence[str], host: int | None, cells: Sequence[str]) -> Kind:
        """Add a row of a CSV export. `host` is the index of the host's name; None: the row holds a line of osqueryd.

        Raises `RecordError`.
        """
        if len(cells) != len(columns):
            raise RecordError(f"expected {len(columns)} cells, found {len(cells)}")
        row = dict(zip(columns, cells, strict=True))
        if host is None:
            return self.read(row)
        return self.bare_rows.add_exported(text(cells[host]), row, row.get("last_fetched"))

    def _unusual_line(self, record: Record, origin: Origin | None) -> Kind:
        """Read a line with other spellings of keys, or a row of Fleet's API, which lacks the host identifier."""
        if "hostIdentifier" not in record:
            columns = record.get("columns")
            if type(columns) is dict:
                if "host_name" in record:
                    return self.bare_rows.add_exported(text(record["host_name"]), columns, record.get("last_fetched"))
                if origin and origin.host and "name" not in record and "unixTime" not in record:
                    return self.bare_rows.add_exported(origin.host, columns, origin.time)
        record = normalized(record)
        return Kind.OURS if self.lines.add_line(record, origin) else Kind.OTHER

    def _status_text(self, content: str, origin: Origin) -> Kind:
        """Read a text in an envelope. It may be a line of a status log, with or without a header of syslog."""
        line = content.encode("utf-8", "backslashreplace")
        header = self._status_log.header(line)
        message = status_message(line[header.length :] if header else line)
        if message is None and parse_failure(content):
            message = content  # the message alone, as an envelope with a severity has it
        if message is None:
            return Kind.UNKNOWN
        time = origin.time
        if header and time is None:
            found = self._status_log.add_syslog(header, message)
        else:
            found = self._status_log.add_dated(time, header.host if header else origin.host, message)
        return Kind.OURS if found else Kind.OTHER

"""Reads rows outside of a line of osqueryd: from Elastic's Osquery Manager, Fleet's exports and `fleetctl query`."""

from __future__ import annotations

from auditrules.report.ingest.origin import Origin, Record
from auditrules.report.ingest.osqueryd_lines import ACTIONS, IMPOSSIBLE_TIME, Kind, LineReader
from auditrules.report.ingest.status_log import moment
from auditrules.report.ingest.table_builder import HostIdentity, TableBuilder, text

_LIVE_KEYS = frozenset({"host", "rows", "error"})


class BareRowReader:
    """Reads such rows into tables. `undated` is the time for rows without one: that of the file."""

    def __init__(self, builder: TableBuilder, lines: LineReader, undated: int) -> None:
        """Results go to `builder`, through `lines`."""
        self._builder, self._lines, self._undated = builder, lines, undated
        self.dated_by_file = 0
        """The number of rows without a time."""

    def add_document_row(self, columns: Record, origin: Origin) -> Kind:
        """Read a row of Elastic's Osquery Manager. Its document names host, time, query and action."""
        document = origin.record
        meta = document.get("osquery_meta")
        action = text(meta.get("action")) if isinstance(meta, dict) else "snapshot"
        query = text(document.get("query_name") or document.get("action_id"))
        host = document.get("host")
        unique = text(host.get("id")) if isinstance(host, dict) else ""
        name, named_time = origin.host, origin.time
        identity = HostIdentity.of(name, unique or name, name)
        time = self._undated if named_time is None else named_time
        if not self._lines.add_row(identity, query, time, columns, ACTIONS.get(action, "added")):
            return Kind.UNKNOWN
        self._builder.add_sighting(identity, time)
        self.dated_by_file += named_time is None
        return Kind.OURS

    def add_live(self, record: Record) -> Kind:
        """Read a line of `fleetctl query`: the rows of one host, or an error."""
        host, rows, error = record.get("host"), record.get("rows"), record.get("error")
        if not isinstance(host, str):
            return Kind.UNKNOWN
        if isinstance(rows, list) and [each for each in rows if self.add_exported(text(host), each, None) is Kind.OURS]:
            return Kind.OURS
        if isinstance(error, str) and error and record.keys() <= _LIVE_KEYS:
            self._builder.add_query_failure(_named(text(host)), "", "", text(error), self._undated)
            return Kind.OURS
        return Kind.UNKNOWN

    def add_exported(self, name: str, row: object, fetched: object) -> Kind:
        """Add a row of an export for the host of this name, with the time of the export, if it is given."""
        host = _named(name)
        time = fetched if isinstance(fetched, int) else self._undated
        if isinstance(fetched, str) and fetched:
            time = IMPOSSIBLE_TIME if (found := moment(fetched)) is None else found
        if not self._lines.add_row(host, "", time, row, "snapshot"):
            return Kind.OTHER
        self._builder.add_sighting(host, time)
        self.dated_by_file += not fetched
        return Kind.OURS


def _named(name: str) -> HostIdentity:
    """A host of an export. Only its name is known."""
    return HostIdentity.of(name, "", name)

"""Reads the lines of osqueryd: results, snapshots, and the status lines of its loggers for TLS, Kinesis and Kafka.

A row is recognised by its columns, whatever its query is called: `benchmark`, `control` and `status`, or the older
`cis_id` and `status`. The shapes are those that osquery 5.23 writes, each seen in captured logs.
"""

from __future__ import annotations

import calendar
import re
import time as clock
from enum import Enum
from operator import itemgetter

from auditrules.report.ingest.origin import Origin, Record
from auditrules.report.ingest.status_log import parse_failure
from auditrules.report.ingest.table_builder import HostIdentity, Observation, TableBuilder, text
from auditrules.report.times import LAST

IMPOSSIBLE_TIME = 0
ACTIONS = {"snapshot": "snapshot", "removed": "removed"}

# Keys of a line of osqueryd that are no decoration where decorations stand beside them.
_OWN_KEYS = frozenset(
    {
        *("action", "calendarTime", "columns", "counter", "decorations", "diffResults", "epoch", "hostIdentifier"),
        *("name", "numerics", "snapshot", "unixTime"),
        *("@timestamp", "@version", "agent", "ecs", "event", "fileset", "host", "input", "log", "message", "path"),
        *("service", "tags", "type"),
    }
)
_CELLS = ("benchmark", "version", "control", "target", "status", "reason", "evidence", "next_boot", "title", "level")
_cells = itemgetter(*_CELLS)
_CONTROL, _NO_CELLS = _CELLS.index("control"), (None,) * len(_CELLS)
_LOADED = re.compile(r"audit_rules_extension(?:_loaded)?\Z")
_CACHED_ROWS = 20_000  # most rows say what one before them said
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class RecordError(ValueError):
    """A record looks like ours but cannot be one. The message says what was expected, and what was found."""


class Kind(Enum):
    """The kind of a record."""

    OURS = "ours"
    OTHER = "other"
    """A line of osquery that is not about our controls."""
    UNKNOWN = "unknown"
    """A record of another program."""


class LineReader:
    """Reads the lines of osqueryd, and their rows, into tables."""

    def __init__(self, builder: TableBuilder) -> None:
        """Results go to `builder`."""
        self._builder = builder
        self.last_time = IMPOSSIBLE_TIME
        """The time of the last line."""
        self._identities: dict[tuple[str | None, ...], HostIdentity] = {}
        self._observations: dict[str, Observation] = {}
        self._queries: dict[str, str] = {}

    def add_line(self, record: Record, origin: Origin | None) -> bool:
        """Read a line of results or snapshots: one row, all rows of a run, or the changes of a run."""
        get = record.get
        decorations = get("decorations")
        if type(decorations) is not dict:
            decorations = {key: value for key, value in record.items() if key not in _OWN_KEYS}
        identifier = get("hostIdentifier") or get("hostname") or (origin.host if origin else None)
        host = self._identity(identifier, decorations)
        query = self._query(get("name"))
        time = self.last_time = _time(record)
        rows = _rows(record)
        add_row, ours = self.add_row, False
        try:
            for row, action in rows:
                ours |= add_row(host, query, time, row, action)
        finally:  # one row that is broken takes nothing from those before it
            if ours:
                self._builder.add_sighting(host, time, decorations)
        if not rows and host.host and query:
            self._builder.add_empty_run(host, query, time)
        return ours

    def _identity(self, identifier: object, decorations: Record) -> HostIdentity:
        """The host of a line. It is kept, as most lines repeat one that was read before."""
        names = identifier, decorations.get("host_uuid"), decorations.get("hostname")
        try:
            return self._identities[names]  # type: ignore[index] # what is no text is no key of it
        except (KeyError, TypeError):
            own, uuid, name = map(text, names)
            identity = HostIdentity.of(uuid or own, own, name or own)
            if all(each is None or type(each) is str for each in names):  # numbers could be made to collide
                self._identities[names] = identity  # type: ignore[index]
            return identity

    def _query(self, name: object) -> str:
        """The name of a query. It is kept, as most lines repeat one that was read before."""
        if type(name) is not str:
            return text(name)
        found = self._queries.get(name)
        if found is None:
            if len(self._queries) >= _CACHED_ROWS:
                self._queries.clear()
            found = self._queries[name] = text(name)
        return found

    def add_row(self, host: HostIdentity, query: str, time: int, row: object, action: str) -> bool:
        """Add a row of a host and a query. Returns whether the row is one of ours. Raises `RecordError`."""
        if type(row) is not dict:
            return False
        try:
            cells = _cells(row)
        except KeyError:  # an older row, or none of ours
            cells = _older_cells(row)
        if cells[_CONTROL] is None:
            cells = _older_cells(row)
        if cells is _NO_CELLS:
            return self._extension_state(host, query, time, row, action)
        if not host.host:
            raise RecordError(
                f"expected hostIdentifier or hostname in a verdict of {text(cells[_CONTROL])}, found neither"
            )
        try:
            key = "\0".join(cells)
        except TypeError:  # a cell that is null, a number, an object or a list
            key = "\0".join(map(text, cells))
        observation = self._observations.get(key)
        if observation is None:
            if len(self._observations) >= _CACHED_ROWS:
                self._observations.clear()
            observation = self._observations[key] = Observation.of([*map(text, cells)])
        self._builder.add_observation(host, query, time, action, observation)
        return True

    def _extension_state(self, host: HostIdentity, query: str, time: int, row: Record, action: str) -> bool:
        """Read a row of the query that reports whether the extension is loaded. Removed rows mean nothing there."""
        if "loaded" not in row or not _LOADED.search(query) or not host.host:
            return False
        if action != "removed":
            self._builder.add_extension_state(host, time, 0 if text(row["loaded"]) in ("", "0") else 1)
        return True

    def add_status(self, record: Record) -> bool:
        """Read a line of osqueryd's status log, as its loggers for TLS, Kinesis and Kafka write it."""
        failure = parse_failure(text(record.get("message")))
        if not failure:
            return False
        identifier = text(record.get("hostIdentifier") or record.get("hostname"))
        decorations = record.get("decorations")
        host = self._identity(identifier, decorations if type(decorations) is dict else record)
        if not host.host:
            return False  # it may be the message of an envelope
        self._builder.add_query_failure(host, "", text(failure.query), text(failure.cause), _time(record))
        return True


def _older_cells(row: Record) -> tuple[object, ...]:
    """Complete the cells of a row that lacks some. Without a control it is not one of ours. Raises `RecordError`."""
    control = row.get("control")
    if control is None or "benchmark" not in row:
        control = row.get("cis_id")
    if control is None or "status" not in row:
        if "benchmark" in row and "control" in row and "status" in row:
            raise RecordError("expected a control in a verdict, found null")
        return _NO_CELLS
    return tuple(control if name == "control" else row.get(name, "") for name in _CELLS)


def _rows(record: Record) -> list[tuple[object, str]]:
    """Yield the rows of a line of osqueryd, and the action of each: snapshot, added or removed."""
    get = record.get
    columns, snapshot, changes = get("columns"), get("snapshot"), get("diffResults")
    found: list[tuple[object, str]] = [(row, "snapshot") for row in snapshot] if type(snapshot) is list else []
    if type(columns) is dict:
        found.append((columns, ACTIONS.get(str(record.get("action")), "added")))
    if type(changes) is dict:
        for action in ("removed", "added"):
            rows = changes.get(action)
            found += [(row, action) for row in rows] if isinstance(rows, list) else ()
    return found


def _time(record: Record) -> int:
    """The time of a line: `unixTime`, which is text in old agents, else `calendarTime`, which is always in English."""
    value = record.get("unixTime")
    if type(value) is int:
        return min(max(value, IMPOSSIBLE_TIME), LAST)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return min(int(value[:15]), LAST)
    if isinstance(value, float) and abs(value) < LAST:  # which not a number is not
        return int(value)
    words = text(record.get("calendarTime")).split()
    try:
        _, month, day, hours, year, *_ = words
        date = clock.strptime(f"{year} {_MONTHS.index(month) + 1} {day} {hours}", "%Y %m %d %H:%M:%S")
    except ValueError:
        return IMPOSSIBLE_TIME
    return calendar.timegm(date)

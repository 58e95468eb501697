"""What a record of a log says: osqueryd's own lines, what others wrap around them, and Fleet's exports.

A row is recognised by its columns, whatever its query is called: `benchmark`, `control` and `status`, or the older
`cis_id` and `status`. The shapes are those that osquery 5.23 writes, each seen in captured logs, and those of
`ingest.envelopes`.
"""

from __future__ import annotations

import calendar
import re
import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from auditrules.report.ingest.envelopes import RowWithoutLine, Text, normalized, unwrap
from auditrules.report.ingest.json_lines import UnreadableRecord
from auditrules.report.ingest.status_log import StatusLog, moment, parse_failure, status_message
from auditrules.report.ingest.table_builder import HostIdentity, Observation, TableBuilder, text
from auditrules.report.times import LAST

Record = Mapping[str, Any]

_DEEPEST = 5  # envelopes within envelopes

# Keys of a line of osqueryd that are no decoration where decorations stand beside them.
_OWN_KEYS = frozenset(
    {
        *("action", "calendarTime", "columns", "counter", "decorations", "diffResults", "epoch", "hostIdentifier"),
        *("name", "numerics", "snapshot", "unixTime"),
        *("@timestamp", "@version", "agent", "ecs", "event", "fileset", "host", "input", "log", "message", "path"),
        *("service", "tags", "type"),
    }
)
_LIVE_KEYS = frozenset({"host", "rows", "error"})
_LOADED = re.compile(r"audit_rules_extension(?:_loaded)?\Z")
_IMPOSSIBLE_TIME = 0
_ACTIONS = {"snapshot": "snapshot", "removed": "removed"}
_CACHED_ROWS = 20_000  # most rows say what one before them said
_LARGEST_SECONDS = 10**11  # a larger number is a time in smaller units

# Where an envelope names the host and the time of what is in it, the first that there is.
_HOST_KEYS = (
    *(("host", "name"), ("host", "hostname"), ("host",), ("host_name",), ("hostname",), ("_HOSTNAME",)),
    *(("agent", "hostname"), ("kubernetes", "host")),
)
_TIME_KEYS = (
    *(("osquery_meta", "unix_time"), ("@timestamp",), ("last_fetched",), ("timestamp",), ("time",), ("_time",)),
    *(("__REALTIME_TIMESTAMP",), ("ingestionTime",)),
)


class RecordError(ValueError):
    """A record that has the shape of ours and cannot be one; says what was expected and what was found."""


class Kind(Enum):
    """What a record is."""

    OURS = "ours"
    OTHER = "other"
    """A line of osquery that says nothing of our controls."""
    UNKNOWN = "unknown"
    """Nothing that is known."""


class Origin:
    """What envelopes say of what is in them; where one says nothing, what the one around it says."""

    __slots__ = ("_outer", "record")

    def __init__(self, record: Record, outer: Origin | None = None) -> None:
        """Take an envelope, and the one around it."""
        self.record, self._outer = record, outer

    @property
    def host(self) -> str:
        """The name of a host; empty where none is named."""
        names = (_text_at(self.record, path) for path in _HOST_KEYS)
        return next(filter(None, names), self._outer.host if self._outer else "")

    @property
    def time(self) -> int | None:
        """Unix seconds; None where no time is named."""
        times = (_moment_of(_at(self.record, path)) for path in _TIME_KEYS)
        found = next((time for time in times if time is not None), None)
        return self._outer.time if found is None and self._outer else found


class RecordReader:
    """Reads records into tables. `undated` is the time of those that have none: the file's own."""

    def __init__(
        self,
        builder: TableBuilder,
        undated: int,
        status_log: StatusLog,
        on_broken: Callable[[RecordError], None],
    ) -> None:
        """Add to `builder` and `status_log`.

        `on_broken` is called for a record among others that cannot be read: the others count.
        """
        self._builder, self._undated, self._status_log, self._on_broken = builder, undated, status_log, on_broken
        self.dated_by_file = 0
        self.last_time = _IMPOSSIBLE_TIME
        """The time of the last line of osqueryd's."""
        self._identities: dict[tuple[str | None, ...], HostIdentity] = {}
        self._observations: dict[str, Observation] = {}

    def read(self, record: object, origin: Origin | None = None, depth: int = 0) -> Kind:
        """Add what a record says. Raises `RecordError`."""
        if isinstance(record, dict):
            get = record.get
            if type(get("snapshot")) is list or type(get("columns")) is dict or type(get("diffResults")) is dict:
                return self._line(record, origin)
            return self._envelope(record, origin, depth)
        if isinstance(record, list):
            return self._each(record, origin, depth + 1) if depth < _DEEPEST else Kind.UNKNOWN
        raise RecordError(f"expected a JSON object, found {type(record).__name__}")

    def _envelope(self, record: Record, origin: Origin | None, depth: int) -> Kind:
        whole = normalized(record)
        if whole is not record:
            return self.read(whole, origin, depth + 1) if depth < _DEEPEST else Kind.UNKNOWN
        if "severity" in record and self._status(record):
            return Kind.OURS
        if depth < _DEEPEST:
            kind = self._each(unwrap(record), Origin(record, origin), depth + 1)
            if kind is not Kind.UNKNOWN:
                return kind
        return self._live(record)

    def _each(self, found: Iterable[object], origin: Origin | None, depth: int) -> Kind:
        """Read records that came in one; one that is broken costs none of the others."""
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
            return self._bare_row(record.columns, origin or _NOWHERE)
        if isinstance(record, Text):
            return self._status_text(record.content, origin or _NOWHERE)
        if isinstance(record, list):
            return self._each(record, origin, depth) if depth < _DEEPEST else Kind.UNKNOWN
        return self.read(record, origin, depth)

    def add_failure(self, machine: str, folder: str, query: str, cause: str, time: int) -> None:
        """Add a query that failed, of a status log that names a machine."""
        self._builder.add_query_failure(
            HostIdentity.of("", "", machine or folder), folder, text(query), text(cause), time
        )

    def read_csv_row(self, columns: Sequence[str], host: int | None, cells: Sequence[str]) -> Kind:
        """Add a row of a CSV export, of which the column `host` is the host's name; None for rows of lines.

        Raises `RecordError`.
        """
        if len(cells) != len(columns):
            raise RecordError(f"expected {len(columns)} cells, found {len(cells)}")
        row = dict(zip(columns, cells, strict=True))
        if host is None:
            return self.read(row)
        return self._exported(text(cells[host]), row, row.get("last_fetched"))

    def _line(self, record: Record, origin: Origin | None) -> Kind:
        """A line of osqueryd, or a row of Fleet's API, which has columns and no host identifier."""
        if "hostIdentifier" not in record:
            columns = record.get("columns")
            if type(columns) is dict:
                if "host_name" in record:
                    return self._exported(text(record["host_name"]), columns, record.get("last_fetched"))
                if origin and origin.host and "name" not in record and "unixTime" not in record:
                    return self._exported(origin.host, columns, origin.time)
            record = normalized(record)
        elif type(record.get("decorations")) is str:
            record = normalized(record)
        return Kind.OURS if self._logged(record, origin) else Kind.OTHER

    def _logged(self, record: Record, origin: Origin | None) -> bool:
        """A line of osqueryd's results or snapshots: one row, a run, or the changes of a run."""
        decorations = record.get("decorations")
        if type(decorations) is not dict:
            decorations = {key: value for key, value in record.items() if key not in _OWN_KEYS}
        identifier = record.get("hostIdentifier") or record.get("hostname") or (origin.host if origin else None)
        host = self._identity(identifier, decorations)
        query = text(record.get("name"))
        time = self.last_time = _time(record)
        ours = False
        rows = _rows(record)
        try:
            for row, action in rows:
                ours |= self._row(host, query, time, row, action)
        finally:  # one row that is broken takes nothing from those before it
            if ours:
                self._builder.add_sighting(host, time, decorations)
        if not rows and host.host and query:
            self._builder.add_empty_run(host, query, time)
        return ours

    def _identity(self, identifier: object, decorations: Record) -> HostIdentity:
        """The host of a line: most lines are of one that was read before."""
        names = identifier, decorations.get("host_uuid"), decorations.get("hostname")
        try:
            return self._identities[names]  # type: ignore[index] # what is no text is no key of it
        except (KeyError, TypeError):
            own, uuid, name = map(text, names)
            identity = HostIdentity.of(uuid or own, own, name or own)
            if all(each is None or type(each) is str for each in names):  # numbers could be made to collide
                self._identities[names] = identity  # type: ignore[index]
            return identity

    def _row(self, host: HostIdentity, query: str, time: int, row: object, action: str) -> bool:
        if type(row) is not dict:
            return False
        get = row.get
        control = get("control")
        if control is None or "benchmark" not in row:
            control = get("cis_id")
        if control is None or "status" not in row:
            if "benchmark" in row and "control" in row and "status" in row:
                raise RecordError("expected a control in a verdict, found null")
            return self._extension_state(host, query, time, row, action)
        if not host.host:
            raise RecordError(f"expected hostIdentifier or hostname in a verdict of {text(control)}, found neither")
        cells = (
            get("benchmark", ""),
            get("version", ""),
            control,
            get("target", ""),
            get("status", ""),
            get("reason", ""),
            get("evidence", ""),
            get("next_boot", ""),
            get("title", ""),
            get("level", ""),
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
        """A row of the query whether the extension is loaded. It always returns one, so removals say nothing."""
        if "loaded" not in row or not _LOADED.search(query) or not host.host:
            return False
        if action != "removed":
            self._builder.add_extension_state(host, time, 0 if text(row["loaded"]) in ("", "0") else 1)
        return True

    def _status(self, record: Record) -> bool:
        """A line of osqueryd's status log as its loggers for TLS, Kinesis and Kafka write it."""
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

    def _status_text(self, content: str, origin: Origin) -> Kind:
        """A text in an envelope, which may be a line of a status log, with a header of syslog or without."""
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

    def _bare_row(self, columns: Record, origin: Origin) -> Kind:
        """A row of Elastic's Osquery Manager, whose document names host, time, query and action."""
        document = origin.record
        meta = document.get("osquery_meta")
        action = text(meta.get("action")) if isinstance(meta, dict) else "snapshot"
        query = text(document.get("query_name") or document.get("action_id"))
        host = document.get("host")
        unique = text(host.get("id")) if isinstance(host, dict) else ""
        name, named_time = origin.host, origin.time
        identity = HostIdentity.of(name, unique or name, name)
        time = self._undated if named_time is None else named_time
        if not self._row(identity, query, time, columns, _ACTIONS.get(action, "added")):
            return Kind.UNKNOWN
        self._builder.add_sighting(identity, time)
        self.dated_by_file += named_time is None
        return Kind.OURS

    def _live(self, record: Record) -> Kind:
        """A line of `fleetctl query`: the rows of one host, or the error."""
        host, rows, error = record.get("host"), record.get("rows"), record.get("error")
        if not isinstance(host, str):
            return Kind.UNKNOWN
        if isinstance(rows, list) and [each for each in rows if self._exported(text(host), each, None) is Kind.OURS]:
            return Kind.OURS
        if isinstance(error, str) and error and record.keys() <= _LIVE_KEYS:
            self._builder.add_query_failure(_named(text(host)), "", "", text(error), self._undated)
            return Kind.OURS
        return Kind.UNKNOWN

    def _exported(self, name: str, row: object, fetched: object) -> Kind:
        host = _named(name)
        time = fetched if isinstance(fetched, int) else self._undated
        if isinstance(fetched, str) and fetched:
            time = _IMPOSSIBLE_TIME if (found := moment(fetched)) is None else found
        if not self._row(host, "", time, row, "snapshot"):
            return Kind.OTHER
        self._builder.add_sighting(host, time)
        self.dated_by_file += not fetched
        return Kind.OURS


def _rows(record: Record) -> list[tuple[object, str]]:
    """The rows of a line of osqueryd, and what each is: of a snapshot, added or removed."""
    columns, snapshot, changes = record.get("columns"), record.get("snapshot"), record.get("diffResults")
    found: list[tuple[object, str]] = [(row, "snapshot") for row in snapshot] if type(snapshot) is list else []
    if type(columns) is dict:
        found.append((columns, _ACTIONS.get(str(record.get("action")), "added")))
    if type(changes) is dict:
        for action in ("removed", "added"):
            rows = changes.get(action)
            found += [(row, action) for row in rows] if isinstance(rows, list) else ()
    return found


def _at(record: Record, path: Sequence[str]) -> object:
    found: object = record
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _text_at(record: Record, path: Sequence[str]) -> str:
    found = _at(record, path)
    return text(found) if isinstance(found, str) else ""


def _moment_of(value: object) -> int | None:
    """A time of an envelope: RFC 3339, or a number of seconds since 1970 or of parts of them, also as text."""
    if isinstance(value, str):
        if not value[:20].replace(".", "", 1).isdecimal():
            return moment(value)
        value = float(value[:20])
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    for unit in (1, 10**3, 10**6, 10**9):
        if value < _LARGEST_SECONDS * unit:
            return int(value // unit)
    return None


_NOWHERE = Origin({})


def _named(name: str) -> HostIdentity:
    """A host of an export, which has a name and nothing else."""
    return HostIdentity.of(name, "", name)


def _time(record: Record) -> int:
    """`unixTime`, as a number or, in old agents, as text; else `calendarTime`, which is always in English."""
    value = record.get("unixTime")
    if type(value) is int:
        return min(max(value, _IMPOSSIBLE_TIME), LAST)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return min(int(value[:15]), LAST)
    if isinstance(value, float) and abs(value) < LAST:  # which not a number is not
        return int(value)
    words = text(record.get("calendarTime")).split()
    try:
        _, month, day, hours, year, *_ = words
        date = clock.strptime(f"{year} {_MONTHS.index(month) + 1} {day} {hours}", "%Y %m %d %H:%M:%S")
    except ValueError:
        return _IMPOSSIBLE_TIME
    return calendar.timegm(date)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

"""What a record of a log says: osqueryd's own lines, what others wrap around them, and Fleet's exports.

A row is known by its columns, whatever its query is called: `benchmark`, `control` and `status`, or the older `cis_id`
and `status`. The shapes are those that osquery 5.23 writes, each seen in captured logs; those of Fleet and of what
ships logs are taken from their documentation.
"""

from __future__ import annotations

import calendar
import re
import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from auditrules.report.ingest.envelopes import unwrap
from auditrules.report.ingest.json_lines import UnreadableRecord
from auditrules.report.ingest.table_builder import HostIdentity, Observation, TableBuilder, text
from auditrules.report.times import LAST

Record = Mapping[str, Any]

_DEEPEST = 4  # envelopes within envelopes

# Keys of a line of osqueryd that are no decoration where decorations stand beside them.
_OWN_KEYS = frozenset(
    {
        *("action", "calendarTime", "columns", "counter", "decorations", "diffResults", "epoch", "hostIdentifier"),
        *("name", "numerics", "snapshot", "unixTime"),
        *("@timestamp", "@version", "agent", "ecs", "event", "fileset", "host", "input", "log", "message", "path"),
        *("service", "tags", "type"),
    }
)
_FAILED = re.compile(r"Error executing scheduled query (?P<query>.+?): (?P<message>.*)", re.DOTALL)
_KILLED = re.compile(r"Scheduled query may have failed: (?P<query>.+)", re.DOTALL)
_LIVE_KEYS = frozenset({"host", "rows", "error"})
_LOADED = re.compile(r"audit_rules_extension(?:_loaded)?\Z")
_NO_TIME = 0
_ACTIONS = {"snapshot": "snapshot", "removed": "removed"}
_CACHED_ROWS = 20_000  # most rows say what one before them said


class RecordError(ValueError):
    """A record that has the shape of ours and cannot be one; says what was expected and what was found."""


class RecordReader:
    """Reads records into tables. `undated` is the time of those that have none: the file's own."""

    def __init__(self, builder: TableBuilder, undated: int, on_broken: Callable[[RecordError], None]) -> None:
        """Add to `builder`; `on_broken` is called for a record among others that cannot be read: the others count."""
        self._builder, self._undated, self._on_broken = builder, undated, on_broken
        self.dated_by_file = 0
        self._identities: dict[tuple[object, ...], HostIdentity] = {}
        self._observations: dict[tuple[object, ...], Observation] = {}

    def read(self, record: object, depth: int = 0) -> bool:
        """Add what a record says; returns False where that is nothing of our controls. Raises `RecordError`."""
        if isinstance(record, list):
            return depth < _DEEPEST and self._each(record, depth + 1)
        if not isinstance(record, dict):
            raise RecordError(f"expected a JSON object, found {type(record).__name__}")
        get = record.get
        if type(get("snapshot")) is list or type(get("columns")) is dict or type(get("diffResults")) is dict:
            return self._fleet_row(record) if "host_name" in record else self._logged(record)
        if "severity" in record and self._status(record):
            return True
        if depth < _DEEPEST and self._each(unwrap(record), depth + 1):
            return True
        results = record.get("results")
        if isinstance(results, list):  # a report of Fleet's API
            return self._each(results, depth + 1)
        return self._live(record)

    def _each(self, inner: Iterable[object], depth: int) -> bool:
        """Take records that came in one; one that is broken costs none of the others."""
        ours = False
        for record in inner:
            try:
                if isinstance(record, UnreadableRecord):
                    self._on_broken(RecordError(record.cause))
                else:
                    ours |= self.read(record, depth)
            except RecordError as error:  # noqa: PERF203 - one costs none of the others
                self._on_broken(error)
        return ours

    def read_failure(self, identity: HostIdentity, folder: str, message: str, time: int) -> bool:
        """Add what a line of a status log says, if it is of a query that failed."""
        failure = parse_failure(message)
        if not failure:
            return False
        query = text(failure["query"].strip())
        cause = text(failure["message"].strip()) if failure.re is _FAILED else "osqueryd was stopped while it ran"
        self._builder.add_query_failure(identity, folder, query, cause, time)
        return True

    def read_csv_row(self, columns: Sequence[str], host: int, line: Sequence[str]) -> bool:
        """Add a row of a CSV export, of which the column `host` is the host's name. Raises `RecordError`."""
        if len(line) != len(columns):
            raise RecordError(f"expected {len(columns)} cells, found {len(line)}")
        row = dict(zip(columns, line, strict=True))
        return self._exported(text(line[host]), row, row.get("last_fetched"))

    def _logged(self, record: Record) -> bool:
        """A line of osqueryd's results or snapshots: one row, a run, or the changes of a run."""
        decorations = record.get("decorations")
        if type(decorations) is not dict:
            decorations = {key: value for key, value in record.items() if key not in _OWN_KEYS}
        identifier = record.get("hostIdentifier") or record.get("host_identifier") or record.get("hostname")
        host = self._identity(identifier, decorations)
        query = text(record.get("name"))
        time = _time(record)
        ours = False
        columns = record.get("columns")
        snapshot = record.get("snapshot")
        changes = record.get("diffResults")
        try:
            if type(columns) is dict:
                ours = self._row(host, query, time, columns, _ACTIONS.get(str(record.get("action")), "added"))
            if type(snapshot) is list:
                for row in snapshot:
                    ours |= self._row(host, query, time, row, "snapshot")
            if type(changes) is dict:
                snapshot = []
                for action in ("removed", "added"):
                    rows = changes.get(action)
                    for row in rows if isinstance(rows, list) else ():
                        snapshot.append(row)
                        ours |= self._row(host, query, time, row, action)
        finally:  # one row that is broken takes nothing from those before it
            if ours:
                self._builder.add_sighting(host, time, decorations)
        if not ours and snapshot == [] and host.host and query:
            self._builder.add_empty_run(host, query, time)
        return ours

    def _identity(self, identifier: object, decorations: Record) -> HostIdentity:
        """The host of a line: most lines are of one that was read before."""
        names = identifier, decorations.get("host_uuid"), decorations.get("hostname")
        try:
            return self._identities[names]
        except KeyError:
            own = text(identifier)
            identity = self._identities[names] = HostIdentity(text(names[1]) or own, own, text(names[2]) or own)
            return identity
        except TypeError:  # a name that is an object or a list
            own = text(identifier)
            return HostIdentity(text(names[1]) or own, own, text(names[2]) or own)

    def _row(self, host: HostIdentity, query: str, time: int, row: object, action: str) -> bool:
        if type(row) is not dict:
            return False
        cells = _cells(row)
        if cells[2] is None or "benchmark" not in row:
            cells = (*cells[:2], row.get("cis_id"), *cells[3:])
        if cells[2] is None or (cells[4] is None and "status" not in row):
            if "benchmark" in row and "control" in row and "status" in row:
                raise RecordError("expected a control in a verdict, found null")
            return self._extension_state(host, query, time, row, action)
        if not host.host:
            raise RecordError(f"expected hostIdentifier or hostname in a verdict of {text(cells[2])}, found neither")
        try:
            observation = self._observations.get(cells)
        except TypeError:  # a value that is an object or a list
            observation = Observation.of([*map(text, cells)])
        if observation is None:
            if len(self._observations) >= _CACHED_ROWS:
                self._observations.clear()
            observation = self._observations[cells] = Observation.of([*map(text, cells)])
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
        identifier = text(record.get("hostIdentifier") or record.get("hostname"))
        decorations = record.get("decorations")
        host = self._identity(identifier, decorations if type(decorations) is dict else record)
        return self.read_failure(host, "", text(record.get("message")), _time(record))

    def _fleet_row(self, record: Record) -> bool:
        """A result of `GET /api/v1/fleet/reports/:id/report`: one row of one host, the newest run only."""
        columns = record.get("columns")
        return isinstance(columns, dict) and self._exported(
            text(record["host_name"]), columns, record.get("last_fetched")
        )

    def _live(self, record: Record) -> bool:
        """A line of `fleetctl query`: the rows of one host, or the error."""
        host, rows, error = record.get("host"), record.get("rows"), record.get("error")
        if not isinstance(host, str):
            return False
        ours = isinstance(rows, list) and sum([self._exported(text(host), row, None) for row in rows]) > 0
        if isinstance(error, str) and error and record.keys() <= _LIVE_KEYS:
            self._builder.add_query_failure(_named(text(host)), "", "", text(error), self._undated)
            return True
        return ours

    def _exported(self, name: str, row: object, fetched: object) -> bool:
        host = _named(name)
        time = _moment(fetched) if isinstance(fetched, str) and fetched else self._undated
        ours = self._row(host, "", time, row, "snapshot")
        if ours:
            self._builder.add_sighting(host, time)
            self.dated_by_file += not fetched
        return ours


def parse_failure(message: str) -> re.Match[str] | None:
    """Return what a message of osqueryd says of a query that failed; None where it says nothing of one."""
    return _FAILED.match(message) or _KILLED.match(message)


def _named(name: str) -> HostIdentity:
    """A host of an export, which has a name and nothing else."""
    return HostIdentity(name, name, name)


def _cells(row: Record) -> tuple[object, ...]:
    """The columns that `Observation.of` takes."""
    get = row.get
    return (
        get("benchmark"),
        get("version"),
        get("control"),
        get("target"),
        get("status"),
        get("reason"),
        get("evidence"),
        get("next_boot"),
        get("title"),
        get("level"),
    )


def _time(record: Record) -> int:
    """`unixTime`, as a number or, in old agents, as text; else `calendarTime`, which is always in English."""
    value = record.get("unixTime")
    if type(value) is int:
        return min(max(value, _NO_TIME), LAST)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return min(int(value[:15]), LAST)
    if isinstance(value, float) and abs(value) < LAST:  # which not a number is not
        return int(value)
    words = text(record.get("calendarTime")).split()
    try:
        _, month, day, hours, year, *_ = words
        date = clock.strptime(f"{year} {_MONTHS.index(month) + 1} {day} {hours}", "%Y %m %d %H:%M:%S")
    except ValueError:
        return _NO_TIME
    return calendar.timegm(date)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _moment(value: str) -> int:
    """A time as Fleet writes it, RFC 3339 in UTC."""
    try:
        return calendar.timegm(clock.strptime(value[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return _NO_TIME

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

from auditrules.report.ingest.decoding import Torn
from auditrules.report.ingest.envelopes import unwrapped
from auditrules.report.ingest.rows import Rows, Said, Speaker, text
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
_KINDS = {"snapshot": "snapshot", "removed": "removed"}
_MOST_SAID = 20_000  # rows that are known again, which most are


class RecordError(ValueError):
    """A record that has the shape of ours and cannot be one; says what was expected and what was found."""


class Records:
    """Sorts records into rows. `undated` is the time of those that have none, the file's own."""

    def __init__(self, rows: Rows, undated: int, broken: Callable[[RecordError], None]) -> None:
        """Add to `rows`; `broken` is told of a record among others that cannot be read, the others of which count."""
        self._rows, self._undated, self._broken = rows, undated, broken
        self.dated_by_file = 0
        self._speakers: dict[tuple[object, ...], Speaker] = {}
        self._said: dict[tuple[object, ...], Said] = {}

    def take(self, record: object, depth: int = 0) -> bool:
        """Add what a record says; False where that is nothing of our controls. Raises `RecordError`."""
        if isinstance(record, list):
            return depth < _DEEPEST and self._each(record, depth + 1)
        if not isinstance(record, dict):
            raise RecordError(f"expected a JSON object, found {type(record).__name__}")
        get = record.get
        if type(get("snapshot")) is list or type(get("columns")) is dict or type(get("diffResults")) is dict:
            return self._fleet_row(record) if "host_name" in record else self._logged(record)
        if "severity" in record and self._status(record):
            return True
        if depth < _DEEPEST and self._each(unwrapped(record), depth + 1):
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
                if isinstance(record, Torn):
                    self._broken(RecordError(record.cause))
                else:
                    ours |= self.take(record, depth)
            except RecordError as error:  # noqa: PERF203 - one costs none of the others
                self._broken(error)
        return ours

    def failed(self, speaker: Speaker, folder: str, message: str, time: int) -> bool:
        """Add what a line of a status log says, if it tells of a query that failed."""
        failure = told(message)
        if not failure:
            return False
        query = text(failure["query"].strip())
        cause = text(failure["message"].strip()) if failure.re is _FAILED else "osqueryd was stopped while it ran"
        self._rows.failure(speaker, folder, query, cause, time)
        return True

    def exported(self, columns: Sequence[str], host: int, line: Sequence[str]) -> bool:
        """Add a line of a CSV export, of which one column is the host's name. Raises `RecordError`."""
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
        speaker = self._speaker(identifier, decorations)
        query = text(record.get("name"))
        time = _time(record)
        ours = False
        columns = record.get("columns")
        snapshot = record.get("snapshot")
        changes = record.get("diffResults")
        try:
            if type(columns) is dict:
                ours = self._row(speaker, query, time, columns, _KINDS.get(str(record.get("action")), "added"))
            if type(snapshot) is list:
                for row in snapshot:
                    ours |= self._row(speaker, query, time, row, "snapshot")
            if type(changes) is dict:
                snapshot = []
                for kind in ("removed", "added"):
                    rows = changes.get(kind)
                    for row in rows if isinstance(rows, list) else ():
                        snapshot.append(row)
                        ours |= self._row(speaker, query, time, row, kind)
        finally:  # one row that is broken takes nothing from those before it
            if ours:
                self._rows.spoke(speaker, time, decorations)
        if not ours and snapshot == [] and speaker.host and query:
            self._rows.empty_run(speaker, query, time)
        return ours

    def _speaker(self, identifier: object, decorations: Record) -> Speaker:
        """Who speaks: most lines are of somebody who has spoken before."""
        names = identifier, decorations.get("host_uuid"), decorations.get("hostname")
        try:
            return self._speakers[names]
        except KeyError:
            own = text(identifier)
            speaker = self._speakers[names] = Speaker(text(names[1]) or own, own, text(names[2]) or own)
            return speaker
        except TypeError:  # a name that is an object or a list
            return Speaker(text(names[1]) or text(identifier), text(identifier), text(names[2]) or text(identifier))

    def _row(self, speaker: Speaker, query: str, time: int, row: object, kind: str) -> bool:
        if type(row) is not dict:
            return False
        said = _values(row)
        if said[2] is None or "benchmark" not in row:
            said = (*said[:2], row.get("cis_id"), *said[3:])
        if said[2] is None or (said[4] is None and "status" not in row):
            if "benchmark" in row and "control" in row and "status" in row:
                raise RecordError("expected a control in a verdict, found null")
            return self._is_loaded(speaker, query, time, row, kind)
        if not speaker.host:
            raise RecordError(f"expected hostIdentifier or hostname in a verdict of {text(said[2])}, found neither")
        try:
            known = self._said.get(said)
        except TypeError:  # a value that is an object or a list
            known = Said.of([*map(text, said)])
        if known is None:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            known = self._said[said] = Said.of([*map(text, said)])
        self._rows.verdict(speaker, query, time, kind, known)
        return True

    def _is_loaded(self, speaker: Speaker, query: str, time: int, row: Record, kind: str) -> bool:
        """A row of the query that asks whether the extension is there. It always has one: removals tell nothing."""
        if "loaded" not in row or not _LOADED.search(query) or not speaker.host:
            return False
        if kind != "removed":
            self._rows.loaded(speaker, time, 0 if text(row["loaded"]) in ("", "0") else 1)
        return True

    def _status(self, record: Record) -> bool:
        """A line of osqueryd's status as TLS, Kinesis and Kafka have it."""
        identifier = text(record.get("hostIdentifier") or record.get("hostname"))
        decorations = record.get("decorations")
        speaker = self._speaker(identifier, decorations if type(decorations) is dict else record)
        return self.failed(speaker, "", text(record.get("message")), _time(record))

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
            self._rows.failure(Speaker(text(host), text(host), text(host)), "", "", text(error), self._undated)
            return True
        return ours

    def _exported(self, name: str, row: object, fetched: object) -> bool:
        speaker = Speaker(name, name, name)
        time = _moment(fetched) if isinstance(fetched, str) and fetched else self._undated
        ours = self._row(speaker, "", time, row, "snapshot")
        if ours:
            self._rows.spoke(speaker, time)
            self.dated_by_file += not fetched
        return ours


def told(message: str) -> re.Match[str] | None:
    """Give what a message of osqueryd tells of a query that failed."""
    return _FAILED.match(message) or _KILLED.match(message)


def _values(row: Record) -> tuple[object, ...]:
    """The columns that `Said.of` takes."""
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

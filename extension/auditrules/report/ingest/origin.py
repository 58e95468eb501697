"""Finds the host and the time that an envelope gives for the line in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditrules.report.ingest.status_log import moment
from auditrules.report.ingest.table_builder import text

Record = Mapping[str, Any]

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


class Origin:
    """The host and time from nested envelopes. If an envelope gives none, the one around it counts."""

    __slots__ = ("_outer", "record")

    def __init__(self, record: Record, outer: Origin | None = None) -> None:
        """Take an envelope, and the one around it."""
        self.record, self._outer = record, outer

    @property
    def host(self) -> str:
        """The name of the host; empty: none is given."""
        names = (_text_at(self.record, path) for path in _HOST_KEYS)
        return next(filter(None, names), self._outer.host if self._outer else "")

    @property
    def time(self) -> int | None:
        """The time in Unix seconds; None: none is given."""
        times = (_moment_of(_value_at(self.record, path)) for path in _TIME_KEYS)
        found = next((time for time in times if time is not None), None)
        return self._outer.time if found is None and self._outer else found


def _value_at(record: Record, path: Sequence[str]) -> object:
    found: object = record
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _text_at(record: Record, path: Sequence[str]) -> str:
    found = _value_at(record, path)
    return text(found) if isinstance(found, str) else ""


def _moment_of(value: object) -> int | None:
    """Parse a time of an envelope: RFC 3339, or seconds or fractions of seconds since 1970, as number or text."""
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


NOWHERE = Origin({})
"""The origin of a record without an envelope."""

"""Reads status logs of osqueryd: the files of glog, and the lines of its loggers for syslog and standard output.

A date of glog, or of traditional syslog, is in the host's local time, without a zone and without a year.
"""

from __future__ import annotations

import calendar
import re
import time as clock
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import NamedTuple

from auditrules.report.times import DAY, LAST

GLOG = re.compile(rb"(?P<severity>[IWEF])(?P<date>\d{4} \d\d:\d\d:\d\d)\.\d+ +\d+ [^ \]]+\] (?P<message>.*)", re.DOTALL)
"""A line of glog: `E1123 08:00:05.411630 26132 scheduler.cpp:118] message`."""
LOGGER = re.compile(rb"severity=\d+ location=\S*:\d+ message=(?P<message>.*)", re.DOTALL)
"""A line of osqueryd's loggers for syslog and standard output (plugins/logger/syslog_logger.cpp)."""
_PRIORITY = rb"(?:<\d{1,3}>)?"
SYSLOG = re.compile(
    _PRIORITY + rb"(?P<date>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) (?P<tag>[^\s:\[]+)(?:\[\d+\])?: ?"
)
"""The header of traditional syslog (RFC 3164)."""
SYSLOG_DATED = re.compile(
    _PRIORITY
    + rb"(?:1 )?(?P<date>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) (?P<host>\S+) (?P<tag>[^\s:\[]+)"
    rb"(?:(?:\[\d+\])?: ?| \S+ \S+ (?:-|\[.*?\]) ?)"
)
"""The header of syslog with a full date: RFC 5424, and rsyslog's own format for files."""

_FAILED = re.compile(r"Error executing scheduled query (?P<query>.+?): (?P<message>.*)", re.DOTALL)
_KILLED = re.compile(r"Scheduled query may have failed: (?P<query>.+)", re.DOTALL)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONE = 900  # seconds of which all offsets of zones in use are multiples
_EAST, _WEST = 14 * 3600, 12 * 3600
_EARLY, _LATE = 5, 45  # seconds between the last line's time and the file's: glog keeps lines for 30


class StatusError(ValueError):
    """A line of a status log has no valid date."""


class FailedQuery(NamedTuple):
    """A query that failed, by a message."""

    query: str
    cause: str


class FailureLine(NamedTuple):
    """A line of a status log that reports a failed query."""

    time: int
    machine: str
    failure: FailedQuery


class Header(NamedTuple):
    """The header of a line of syslog. `local` is a time without a zone, `time` one with it."""

    host: str
    osquery: bool
    local: int | None
    time: int | None
    length: int


def parse_failure(message: str) -> FailedQuery | None:
    """Parse a message of osqueryd about a failed query; None if it is about something else."""
    failed = _FAILED.match(message)
    if failed:
        return FailedQuery(failed["query"].strip(), failed["message"].strip())
    killed = _KILLED.match(message)
    return FailedQuery(killed["query"].strip(), "osqueryd was stopped while it ran") if killed else None


def status_message(content: bytes) -> str | None:
    """Return the message of a line of a status log, without its header; None if it is no such line."""
    found = GLOG.match(content) or LOGGER.match(content)
    return found["message"].decode("utf-8", "backslashreplace") if found else None


def moment(text: str) -> int | None:
    """Parse a time of RFC 3339 into Unix seconds. Without a zone it is UTC. None: it is no time."""
    try:
        found = datetime.fromisoformat(_plain_fraction(text.strip().replace("Z", "+00:00")))
        time = int((found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp())
    except (ValueError, OverflowError):
        return None
    return time if 0 <= time <= LAST else None


def _plain_fraction(text: str) -> str:
    """Rewrite a time for Python 3.10, which reads fractions of three or six digits only, and zones with a colon."""
    text = re.sub(r"\.\d+", "", text)
    return re.sub(r"([+-]\d\d)(\d\d)\Z", r"\1:\2", text)


class StatusLog:
    """The status lines of a file that was last written at `modified`, Unix seconds; nothing is later than `latest`.

    A file of glog is written when its last line is, so the two times show the offset of the host's zone; lines of
    syslog that hold a result show that of theirs. Where nothing does, as of a copy with a time of its own, a failure
    counts from the latest moment at which it can have been: a pass must not hide that the query failed afterwards.
    """

    def __init__(self, modified: int, latest: int) -> None:
        """Start without a line."""
        self._modified, self._latest = modified, latest
        self._last: int | None = None
        self._glog: list[FailureLine] = []
        self._syslog: list[FailureLine] = []
        self._dated: list[FailureLine] = []
        self._offsets: dict[str, int] = {}

    def add_glog(self, line: re.Match[bytes], machine: str, year: int | None = None) -> bool:
        """Read a line of glog. Returns False if it is not about a failed query. Raises `StatusError`.

        Without a `year` it is the one in which the line is not later than the file.
        """
        time = self._in_year(f"{line['date'].decode()}", "%m%d %H:%M:%S", year)
        self._last = time
        return self._add(self._glog, time, machine, line["message"].decode("utf-8", "backslashreplace"))

    def add_syslog(self, header: Header, message: str) -> bool:
        """Read a message of syslog. Returns False if it is not about a failed query."""
        if header.time is not None:
            return self._add(self._dated, header.time, header.host, message)
        return self._add(self._syslog, header.local or self._modified, header.host, message)

    def add_dated(self, time: int | None, machine: str, message: str) -> bool:
        """Read a message with a time in UTC. Without a time it is as new as the file."""
        return self._add(self._dated, self._modified if time is None else time, machine, message)

    def learn_offset(self, header: Header, time: int) -> None:
        """Note the offset of a host's time zone, from a result with a known time. The latest result counts."""
        if header.local is not None:
            offset = round((time - header.local) / _ZONE) * _ZONE
            if -_EAST <= offset <= _WEST:
                self._offsets[header.host] = max(offset, self._offsets.get(header.host, offset))

    def header(self, content: bytes) -> Header | None:
        """Parse the header of a line of syslog; None: it has none."""
        found = SYSLOG.match(content)
        local = time = None
        if found:
            month, day, hours = found["date"].decode().split()
            if month not in _MONTHS:
                return None
            try:
                local = self._in_year(f"{_MONTHS.index(month) + 1} {day} {hours}", "%m %d %H:%M:%S", None)
            except StatusError:
                return None
        else:
            found = SYSLOG_DATED.match(content)
            if not found:
                return None
            time = moment(found["date"].decode())
        host = found["host"].decode("utf-8", "backslashreplace")
        return Header(host, b"osquery" in found["tag"].lower(), local, time, found.end())

    def failures(self, *, ended: bool) -> Iterator[FailureLine]:
        """Return the failures with their times in UTC. `ended`: the last line that was read is the last of the file."""
        offset = _offset(self._last, self._modified) if ended and self._last is not None else None
        for each in self._glog:
            yield each._replace(time=self._utc(each.time, offset))
        for each in self._syslog:
            yield each._replace(time=self._utc(each.time, self._offsets.get(each.machine)))
        yield from self._dated

    def _utc(self, local: int, offset: int | None) -> int:
        return min(local + _WEST, self._modified, self._latest) if offset is None else local + offset

    def _add(self, lines: list[FailureLine], time: int, machine: str, message: str) -> bool:
        failure = parse_failure(message)
        if failure:
            lines.append(FailureLine(time, machine, failure))
        return failure is not None

    def _in_year(self, date: str, form: str, year: int | None) -> int:
        known = clock.gmtime(self._modified).tm_year if year is None else year
        time = _seconds(known, date, form)
        if year is None and time > self._modified + _EAST + DAY:
            time = _seconds(known - 1, date, form)
        return time


def _seconds(year: int, date: str, form: str) -> int:
    try:
        return calendar.timegm(clock.strptime(f"{year} {date}", f"%Y {form}"))
    except ValueError:
        raise StatusError("expected a month, a day and a time of day") from None


def _offset(last: int, modified: int) -> int | None:
    offset = (modified - last + _EARLY) // _ZONE * _ZONE
    exact = -_EARLY <= modified - last - offset <= _LATE
    return offset if exact and -_EAST <= offset <= _WEST else None

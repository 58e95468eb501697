"""Status logs of osqueryd as glog writes them: their dates are in the host's local time, and name no zone."""

from __future__ import annotations

import calendar
import re
import time as clock
from collections.abc import Iterator
from typing import NamedTuple

from auditrules.report.ingest.records import RecordError, parse_failure
from auditrules.report.times import DAY

LINE = re.compile(rb"(?P<severity>[IWEF])(?P<date>\d{4} \d\d:\d\d:\d\d)\.\d+ +\d+ [^ \]]+\] (?P<message>.*)", re.DOTALL)

_ZONE = 900  # seconds of which all offsets of zones in use are multiples
_EAST, _WEST = 14 * 3600, 12 * 3600
_EARLY, _LATE = 5, 45  # seconds between the last line's time and the file's: glog keeps lines for 30


class QueryFailure(NamedTuple):
    """A query that failed, as a line says it; `time` is local."""

    time: int
    machine: str
    message: str


class StatusLog:
    """The lines of a file that was last written at `modified`, Unix seconds; nothing is later than `latest`.

    A file is written when its last line is, so the two times show the offset of the host's zone. Where they don't, as
    of a copy with a time of its own, a failure counts from the latest moment at which it can have been: a pass must not
    hide that the query failed afterwards.
    """

    def __init__(self, modified: int, latest: int) -> None:
        """Start without a line."""
        self._modified, self._latest = modified, latest
        self._last: int | None = None
        self._failures: list[QueryFailure] = []

    def add_line(self, status: re.Match[bytes], machine: str, year: int | None = None) -> bool:
        """Take a line; returns False where it says nothing of a failed query. Raises `RecordError`.

        Without a `year` it is the one in which the line is not later than the file.
        """
        known = clock.gmtime(self._modified).tm_year if year is None else year
        time = _seconds(known, status)
        if year is None and time > self._modified + _EAST + DAY:
            time = _seconds(known - 1, status)
        self._last = time
        message = status["message"].decode("utf-8", "backslashreplace")
        if not parse_failure(message):
            return False
        self._failures.append(QueryFailure(time, machine, message))
        return True

    def failures(self, *, ended: bool) -> Iterator[QueryFailure]:
        """Return the failures with their times in UTC; `ended` if the last line that was taken is the file's last."""
        offset = _offset(self._last, self._modified) if ended and self._last is not None else None
        for each in self._failures:
            latest = min(each.time + _WEST, self._modified, self._latest)
            yield each._replace(time=latest if offset is None else each.time + offset)


def _seconds(year: int, status: re.Match[bytes]) -> int:
    try:
        return calendar.timegm(clock.strptime(f"{year} {status['date'].decode()}", "%Y %m%d %H:%M:%S"))
    except ValueError:
        raise RecordError("expected a month, a day and a time of day") from None


def _offset(last: int, modified: int) -> int | None:
    offset = (modified - last + _EARLY) // _ZONE * _ZONE
    exact = -_EARLY <= modified - last - offset <= _LATE
    return offset if exact and -_EAST <= offset <= _WEST else None

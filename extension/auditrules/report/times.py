"""Writes times and days as text. Times are Unix seconds; days begin at midnight, UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

DAY = 86_400
"""Seconds."""
LAST = 253_402_300_799
"""9999-12-31 23:59:59, the last second of Python's calendar."""
EARLIEST = 1_414_540_800
"""2014-10-29, when osquery was first published: an earlier time is impossible."""

CLOCK_AHEAD = 3600
"""Seconds by which the clock of a host may be ahead of ours: a later time is impossible."""

_UNITS = ((7 * DAY, "week"), (3600, "hour"), (60, "minute"))
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc(at: int) -> str:
    """Write a time as ISO 8601, in UTC; as @SECONDS if a wrong clock put it beyond the calendar.

    >>> utc(1_795_435_200), utc(10**15)
    ('2026-11-23T12:00:00Z', '@1000000000000000')
    """
    try:
        moment = _EPOCH + timedelta(seconds=at)
    except OverflowError:
        return f"@{at}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + "Z"  # %Y does not fill up years before 1000


def utc_minute(at: int) -> str:
    """Write a time for people, to the minute, in UTC; as @SECONDS if it is beyond the calendar.

    >>> utc_minute(1_795_435_200), utc_minute(10**15)
    ('2026-11-23 12:00', '@1000000000000000')
    """
    date, _, time = utc(at).partition("T")
    return f"{date} {time[:5]}" if time else date


def day(at: int) -> str:
    """The day of a time, as YYYY-MM-DD. Raises OverflowError beyond the calendar."""
    return (_EPOCH + timedelta(seconds=at)).date().isoformat()


def duration(seconds: int) -> str:
    """Write a duration as a whole number of the largest possible unit.

    >>> duration(26 * 3600), duration(60), duration(90)
    ('26 hours', '1 minute', '90 seconds')
    """
    for size, unit in _UNITS:
        if seconds and not seconds % size:
            count = seconds // size
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"

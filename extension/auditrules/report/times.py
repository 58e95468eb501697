"""Moments and days as text. Moments are Unix seconds, days begin at midnight, UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

DAY = 86_400
"""Seconds."""
LAST = 253_402_300_799
"""9999-12-31 23:59:59, the last second that a calendar of Python's has."""
EARLIEST = 1_414_540_800
"""2014-10-29, when osquery was first published: no row is older, whatever its clock says."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc(at: int) -> str:
    """A moment as ISO 8601, in UTC; as @SECONDS where no calendar reaches: a host's clock says what it likes.

    >>> utc(1_795_435_200), utc(10**15)
    ('2026-11-23T12:00:00Z', '@1000000000000000')
    """
    try:
        moment = _EPOCH + timedelta(seconds=at)
    except OverflowError:
        return f"@{at}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + "Z"  # %Y does not fill up years before 1000


def day(at: int) -> str:
    """The day of a moment, as YYYY-MM-DD. Raises OverflowError where no calendar reaches."""
    return (_EPOCH + timedelta(seconds=at)).date().isoformat()

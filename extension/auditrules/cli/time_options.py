"""Parses the times of `auditrules report`: how long results count, and the window of the report."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import datetime, timezone

from auditrules.cli.command import Problem
from auditrules.report.times import DAY, LAST, utc

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_DURATION = re.compile(r"(?P<number>\d{1,9})(?P<unit>[smhdw])\Z")


def duration(text: str) -> int:
    """Parse `90m`, `26h` or `7d` into seconds."""
    found = _DURATION.match(text)
    if not found or not int(found["number"]):
        raise argparse.ArgumentTypeError(f"expected a number of s, m, h, d or w, such as 26h, found {text!r}")
    return int(found["number"]) * _UNITS[found["unit"]]


def moment(text: str) -> Callable[[int], int]:
    """Parse a date or an age into a function from the present moment to the moment that is meant."""
    if _DURATION.match(text):
        age = duration(text)
        return lambda now: _dated(text, now - age)
    try:
        found = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-11-23 or 2026-11-23T12:00, in UTC, or an age such as 7d, found {text!r}"
        ) from None
    found = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    return lambda _: _dated(text, int(found.timestamp()))


def _dated(text: str, moment: int) -> int:
    if not 0 <= moment <= LAST:
        raise Problem(f"expected a time in the years 1970 to 9999, or an age that begins there, found {text}")
    return moment


def window(options: argparse.Namespace, now: int) -> tuple[int | None, int | None]:
    """Give --since and --until as moments. Raises Problem if the window is empty; without --until it ends now."""
    until: int | None = None if options.until is None else options.until(now)
    if options.since is None:
        return None, until
    end = now if until is None else until
    since: int = options.since(end)
    if since > end:
        found, limit = map(utc, (since, end))
        what = "now" if until is None else "--until"
        raise Problem(f"expected a time for --since that is not after {what}, {limit}, found {found}")
    return since, until

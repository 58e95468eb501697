"""What a report says in sentences: why nothing is known of a verdict, what is odd about a host, what to beware of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from auditrules.present import visible
from auditrules.report.evaluate.engine import Result
from auditrules.report.inputs import Question
from auditrules.report.model import Host, HostState, Reading, Verdict
from auditrules.report.times import DAY, EARLIEST

_MOST_NAMED = 5  # of many, that a sentence names
_HOUR = 3600

_WHY = {
    "missing": "the inventory names it, and no log does",
    "no_rows": "no row of it was logged: its query returns nothing there, or does not run",
    "gone": "its query runs there, and returns nothing any more",
    "extension_missing": "the extension is not loaded there",
    "clock_wrong": "the clock of the host is wrong: nobody knows when it said this",
}


class Notes:
    """Sentences of a report that is made for the moment `until`."""

    def __init__(self, names: Result, clocks: Result, until: int, max_age: int) -> None:
        """Take what `names` and `clocks` tell."""
        self._max_age = max_age
        self._until = until
        self._of_host: dict[str, list[str]] = defaultdict(list)
        self._failing: dict[str, str] = {}
        self._fleet: list[str] = []
        self._names(names)
        self._clocks(clocks)

    def why(self, given: str, seen: int | None, query: str, message: str) -> str:
        """Say why nothing is known."""
        if given == "query_failed":
            return f"{query or 'the query'} failed: {message}"
        if given == "stale":
            age = duration(self._max_age)
            return f"last said {moment(seen)}, more than {age} ago" if seen else f"nothing was said for {age}"
        if given == "clock_wrong" and seen:
            return f"last said {moment(seen)}; more was said at a time that cannot be, and nobody knows which is newer"
        return _WHY[given]

    def fails(self, key: str, why: str) -> None:
        """Note why nothing more is known of a host; the first reason is enough."""
        self._failing.setdefault(key, why)

    def host(self, key: str) -> str:
        """Say what is odd about a host; empty for nothing."""
        failing = [self._failing[key]] if key in self._failing else []
        return "; ".join([*failing, *self._of_host.get(key, ())])

    def fleet(
        self,
        question: Question,
        reading: Reading,
        verdicts: Sequence[Verdict],
        hosts: Sequence[Host],
        *,
        snapshot: bool,
    ) -> Iterator[str]:
        """Say what must be known before a number is believed."""
        yield from question.problems
        if not hosts:
            yield _nothing(reading)
            return
        yield from self._fleet
        unknown = Counter(verdict.logged for verdict in verdicts if verdict.reason == "unknown_status")
        if unknown:
            words = _some([visible(word) for word in sorted(unknown)])
            number = _many(sum(unknown.values()), "verdict has", "verdicts have")
            yield f"{number} a status that is none, and counts as unknown: {words}"
        stale = sum(host.state is HostState.STALE for host in hosts)
        if stale:
            age = duration(self._max_age)
            yield (
                f"{_many(stale, 'host has', 'hosts have')} said nothing of a control for more than {age} before "
                f"{moment(self._until)}: what they said last counts as unknown"
            )
            if not snapshot:
                yield (
                    "no snapshot was read, and a query that only logs changes is silent while nothing changes: read "
                    "osqueryd.snapshots.log too, or give a larger --max-age"
                )
        if reading.broken:
            yield f"{_many(reading.broken, 'line', 'lines')} could not be read, and may have held verdicts"
        if reading.unreadable:
            yield f"{_many(len(reading.unreadable), 'file', 'files')} could not be read, or not to the end"
        if reading.dated_by_file:
            number = _many(reading.dated_by_file, "verdict has", "verdicts have")
            yield f"{number} no time of {_its(reading.dated_by_file)} file, which a copy makes newer"
        column = question.grouped_by
        if column and not any(host.group for host in hosts):
            yield f"no host has {visible(column)}: expected a decoration or a column of the inventory to group by"

    def _names(self, rows: Sequence[tuple[str, str, str, int | None]]) -> None:
        renamed: dict[str, list[tuple[str, int | None]]] = defaultdict(list)
        sharing: dict[str, list[str]] = defaultdict(list)
        for what, key, name, last in rows:
            if what == "renamed":
                renamed[key].append((name, last))
            else:
                sharing[name].append(key)
        for key, names in renamed.items():
            for name, last in names[:-1]:
                self._of_host[key].append(f"was called {visible(name)}" + (f" until {moment(last)}" if last else ""))
        for name, keys in sharing.items():
            shown = _some([visible(key) for key in keys])
            self._fleet.append(
                f"{len(keys)} hosts share the identifier {visible(name)}; host_uuid or name tells them apart: {shown}"
            )
            for key in keys:
                others = _many(len(keys) - 1, "other", "others")
                self._of_host[key].append(f"shares the identifier {visible(name)} with {others}")

    def _clocks(self, rows: Sequence[tuple[str, int, int, int]]) -> None:
        for key, number, least, most in rows:
            clock = "behind" if most < EARLIEST else "ahead"
            said = most if clock == "ahead" else least
            self._of_host[key].append(
                f"its clock was {clock}: {_many(number, 'line says', 'lines say')} a time such as {moment(said)}"
            )
        if rows:
            self._fleet.append(
                f"{_many(len(rows), 'host has', 'hosts have')} a clock that is wrong: what is dated before 2014 or in "
                "the future is no verdict, and makes a pass unknown that it contradicts"
            )


def moment(time: int | None) -> str:
    """Write a time in UTC, to the minute."""
    return "" if time is None else datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def duration(seconds: int) -> str:
    """Write a duration in the largest unit that it is a whole number of.

    >>> duration(26 * 3600), duration(60), duration(90)
    ('26 hours', '1 minute', '90 seconds')
    """
    for size, unit in ((DAY * 7, "week"), (_HOUR, "hour"), (60, "minute")):
        if seconds and not seconds % size:
            return _many(seconds // size, unit, f"{unit}s")
    return _many(seconds, "second", "seconds")


def _nothing(reading: Reading) -> str:
    if not reading.files:
        return "no file was found there"
    if reading.unreadable and not reading.broken:
        files = _many(len(reading.unreadable), "file", "files")
        return f"no verdict was found, and {files} could not be read: {visible(reading.unreadable[0].cause)}"
    lines = _many(reading.lines, "line", "lines")
    where = f"{lines} of {_many(reading.files, 'file', 'files')}"
    if reading.passed_over and not reading.broken:
        return f"no verdict was found in {where}: they are osquery's, and none is of a query of ours"
    return f"no verdict was found in {where}: {reading.passed_over} of other queries, {reading.broken} no log lines"


def _many(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _its(number: int) -> str:
    return (
        "its own and is taken to be as new as its" if number == 1 else "their own and are taken to be as new as their"
    )


def _some(texts: Sequence[str]) -> str:
    rest = len(texts) - _MOST_NAMED
    return ", ".join(texts[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")

"""Writes the sentences of a report: why a verdict is unknown, remarks on a host, and warnings about the data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from auditrules.report.evaluate.engine import ResultRows
from auditrules.report.evaluate.expressions import MOST_TARGETS
from auditrules.report.inputs import ReportRequest
from auditrules.report.model import HostState, HostSummary, Reading, Verdict
from auditrules.report.times import EARLIEST, duration, utc_minute
from auditrules.text import visible

_MOST_NAMED = 5  # names in a sentence

_WHY = {
    "missing": "the inventory names it, and no log does",
    "no_rows": "no row of it was logged: its query returns nothing there, or does not run",
    "gone": "its query runs there, and no longer returns a row",
    "extension_missing": "the extension is not loaded there",
    "clock_wrong": "the clock of the host is wrong: nobody knows when it reported this",
}

# By kind of note: of the fleet, and of each of its hosts.
_SHARED = {
    "shared_identifier": (
        "{count} hosts share the identifier {text}; host_uuid or name tells them apart",
        "shares the identifier {text} with {others}",
    ),
    "shared_host_uuid": (
        "{count} hosts share the host_uuid {text}, as clones do; {rule} apart",
        "shares the host_uuid {text} with {others}",
    ),
    "same_name": (
        "{count} hosts are called {text}; host_uuid or the host identifier tells them apart",
        "is called {text} like {others}",
    ),
}
_RULES = {
    "identifier": "the host identifier tells them",
    "identifier and name": "the host identifier and the name tell them",
}


class ObservedTimes(NamedTuple):
    """The times of the results in a report."""

    last: int | None
    """The last one; None: there are no results."""
    has_snapshot: bool
    """Whether any result is of a snapshot."""
    later: int | None
    """The first one, if all are later than the report."""


class Notes:
    """The sentences of a report for the moment `until`."""

    def __init__(self, names: ResultRows, clocks: ResultRows, unread: Iterable[str], until: int, max_age: int) -> None:
        """`names`, `clocks`: results of `host_name_notes` and `wrong_clocks`. `unread`: hosts of unreadable lines."""
        self._unread = {host.lower() for host in unread}
        self._max_age = max_age
        self._until = until
        self._of_host: dict[str, list[str]] = defaultdict(list)
        self._failing: dict[str, str] = {}
        self._fleet: list[str] = []
        self._names(names)
        self._clocks(clocks)

    def explain(self, override_reason: str, seen: int | None, query: str, message: str) -> str:
        """Say why a verdict is unknown in spite of its last observation, made at `seen`."""
        if override_reason == "query_failed":
            return f"{query or 'the query'} failed: {message}"
        if override_reason == "stale":
            age = duration(self._max_age)
            return f"last reported {moment(seen)}, more than {age} ago" if seen else f"nothing was reported for {age}"
        if override_reason == "clock_wrong" and seen:
            return (
                f"last reported {moment(seen)}; something else was reported at an impossible time, and nobody knows "
                "which is newer"
            )
        if override_reason == "too_many_targets":
            number = _many(int(message), "more target was", "more targets were")
            return f"{number} named than the {MOST_TARGETS} that have a verdict each"
        return _WHY[override_reason]

    def add_failure(self, key: str, why: str) -> None:
        """Note why a host fails to report. Only the first reason is kept."""
        self._failing.setdefault(key, why)

    def host(self, key: str, name: str) -> str:
        """Write the remarks on a host; empty: there are none."""
        failing = [self._failing[key]] if key in self._failing else []
        unread = ["a line of it could not be read: verdicts may be missing"] if self._is_unread(key, name) else []
        return "; ".join([*failing, *self._of_host.get(key, ()), *unread])

    def _is_unread(self, key: str, name: str) -> bool:
        return bool(self._unread) and not self._unread.isdisjoint(
            {key.lower(), name.lower(), name.lower().partition(".")[0]}
        )

    def fleet(
        self,
        request: ReportRequest,
        reading: Reading,
        verdicts: Sequence[Verdict],
        hosts: Sequence[HostSummary],
        observed: ObservedTimes,
    ) -> Iterator[str]:
        """Yield the warnings about the data, a sentence each."""
        yield from request.problems
        if observed.later is not None and reading.rows:
            number = _many(reading.rows, "verdict is", "verdicts are")
            yield (
                f"no result is of {moment(self._until)} or before: {number} later, the first of "
                f"{moment(observed.later)}: give a later --until, such as {_argument(observed.later)}"
            )
        elif not hosts:
            yield _nothing(reading)
        if not hosts:
            return
        yield from self._fleet
        yield from _of_verdicts(verdicts)
        yield from self._of_age(hosts, observed)
        yield from _of_reading(reading)
        column = request.grouped_by
        if column and not any(host.group for host in hosts):
            yield f"no host has {visible(column)}: expected a decoration or a column of the inventory to group by"

    def _of_age(self, hosts: Sequence[HostSummary], observed: ObservedTimes) -> Iterator[str]:
        age = duration(self._max_age)
        last = observed.last
        if last is not None and self._until - last > self._max_age:
            yield (
                f"every result is older than {age} and counts as unknown, the last is of {moment(last)}: for what was "
                f"known then, give --until {_argument(last)}"
            )
        stale = sum(host.state is HostState.STALE for host in hosts)
        if stale:
            yield (
                f"{_many(stale, 'host has', 'hosts have')} reported nothing of a control for more than {age} before "
                f"{moment(self._until)}: old results count as unknown"
            )
            if not observed.has_snapshot:
                yield (
                    "no snapshot was read, and a differential query logs nothing while nothing changes: read "
                    "osqueryd.snapshots.log too, or give a larger --max-age"
                )

    def _names(self, rows: Sequence[tuple[str, str, str, str, int | None]]) -> None:
        renamed: dict[str, list[tuple[str, int | None]]] = defaultdict(list)
        sharing: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for note, key, text, rule, last in rows:
            if note == "renamed":
                renamed[key].append((text, last))
            else:
                sharing[note, text][key] = rule
        for key, names in renamed.items():
            for name, last in names[:-1]:
                self._of_host[key].append(f"was called {visible(name)}" + (f" until {moment(last)}" if last else ""))
        for (note, text), rules in sharing.items():
            sentence, of_host = _SHARED[note]
            others = _many(len(rules) - 1, "other", "others")
            rule = max(rules.values())
            self._fleet.append(
                sentence.format(count=len(rules), text=visible(text), rule=_RULES.get(rule, ""))
                + f": {_some([visible(key) for key in rules])}"
            )
            for key in rules:
                self._of_host[key].append(of_host.format(text=visible(text), others=others))

    def _clocks(self, rows: Sequence[tuple[str, int, int, int]]) -> None:
        for key, lines, first, last in rows:
            clock = "behind" if last < EARLIEST else "ahead"
            example = last if clock == "ahead" else first
            self._of_host[key].append(
                f"its clock was {clock}: {_many(lines, 'line has', 'lines have')} a time such as {moment(example)}"
            )
        if rows:
            self._fleet.append(
                f"{_many(len(rows), 'host has', 'hosts have')} a wrong clock: results dated before 2014 or in the "
                "future do not count, and a pass that they contradict is unknown"
            )


def moment(time: int | None) -> str:
    """Write a time in UTC, to the minute; empty for none."""
    return "" if time is None else f"{utc_minute(time)} UTC"


def _of_verdicts(verdicts: Sequence[Verdict]) -> Iterator[str]:
    unknown = Counter(verdict.logged for verdict in verdicts if verdict.reason == "unknown_status")
    if unknown:
        words = _some([visible(word) for word in sorted(unknown)])
        number = _many(sum(unknown.values()), "verdict has", "verdicts have")
        yield f"{number} an unknown status word, and {_one(unknown.total(), 'counts', 'count')} as unknown: {words}"
    crowded = {verdict.host for verdict in verdicts if verdict.reason == "too_many_targets"}
    if crowded:
        yield (
            f"{_many(len(crowded), 'host names', 'hosts name')} more than {MOST_TARGETS} targets of one control: those "
            "named last have a verdict each, and the others are unknown: "
            f"{_some([visible(key) for key in sorted(crowded)])}"
        )


def _of_reading(reading: Reading) -> Iterator[str]:
    if reading.broken:
        of = f" of {_some(reading.broken_hosts)}" if reading.broken_hosts else ""
        yield f"{_many(reading.broken, 'line', 'lines')} could not be read, and may have held verdicts{of}"
    if reading.unreadable:
        yield f"{_many(len(reading.unreadable), 'file', 'files')} could not be read, or not to the end"
    if reading.dated_by_file:
        number = _many(reading.dated_by_file, "verdict has", "verdicts have")
        yield f"{number} no time, and the time of the file counts: a copy of the file makes them look newer"


def _argument(time: int) -> str:
    """Write a time for --until, rounded up to a minute."""
    return utc_minute(time + 59).replace(" ", "T")


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
    return (
        f"no verdict was found in {where}: {_many(reading.passed_over, 'line', 'lines')} of other queries, "
        f"{_many(reading.broken, 'unreadable line', 'unreadable lines')}"
    )


def _many(number: int, one: str, many: str) -> str:
    return f"{number} {_one(number, one, many)}"


def _one(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _some(texts: Sequence[str]) -> str:
    rest = len(texts) - _MOST_NAMED
    return ", ".join(texts[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")

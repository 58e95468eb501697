"""osqueryd's schedule over simulated days: which query runs when, what is kept of it, and what is logged.

After osquery/dispatcher/scheduler.cpp, config/packs.cpp and core/query.cpp of osquery 5.23.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.core.logger import Form, Item, Log, Row, StatusLog, escaped

Ask = Callable[[str], Sequence[Row]]
"""A query to its rows, NULL as an empty cell; raises `QueryError`."""

_BETWEEN = 0.001  # of a second between two messages: nothing here is measured


class QueryError(Exception):
    """The message that osquery's SQL ends a query with."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of osqueryd that decide what runs and under which name; times in seconds."""

    host_identifier: str
    schedule_epoch: int = 0
    schedule_splay_percent: int = 10
    pack_delimiter: str = "_"
    pack_refresh_interval: int = 3600
    form: Form = field(default_factory=Form)


@dataclass
class Kept:
    """osqueryd's database, as far as the schedule keeps something there; it outlives the process."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Query:
    name: str
    """Under which it is logged."""
    sql: str
    interval: int
    snapshot: bool
    removed: bool
    startup_priority: int | None


@dataclass
class _Pack:
    discovery: Sequence[str]
    queries: Sequence[_Query]
    active: bool = False
    asked: int | None = None


class Osqueryd:
    """One process of osqueryd, from its start on. Its clock `now` is moved by `run`, and stands in between."""

    def __init__(
        self,
        flags: Flags,
        packs: Mapping[str, Mapping[str, Any]],
        ask: Ask,
        logs: tuple[Log, StatusLog],
        *,
        decorations: Mapping[str, str],
        kept: Kept,
        start: int,
    ) -> None:
        self._flags = flags
        self.ask = ask
        self._log, self._status = logs
        self._decorations = decorations
        self.kept = kept
        self.now = start
        self._said = 0  # messages in this second
        self._packs = [
            _Pack(content.get("discovery", ()), tuple(self._queries(name, content))) for name, content in packs.items()
        ]
        for query in sorted(self._due(lambda each: each.startup_priority is not None), key=_priority):
            self._launch(query)

    def run(self, until: int) -> None:
        """Run what is due from the second after the clock's to `until`."""
        times = sorted(
            {
                moment
                for pack in self._packs
                for query in pack.queries
                for moment in range(self.now - self.now % query.interval + query.interval, until + 1, query.interval)
            }
        )
        for moment in times:
            self.now, self._said = moment, 0
            for query in self._due(lambda each: self.now % each.interval == 0):
                self._launch(query)
        self.now, self._said = until, 0

    def _queries(self, pack: str, content: Mapping[str, Any]) -> Iterator[_Query]:
        delimiter = self._flags.pack_delimiter
        for name, query in sorted(content["queries"].items()):
            yield _Query(
                delimiter.join(("pack", pack, name)),
                query["query"],
                self._splayed(name, query["interval"]),
                query.get("snapshot", False),
                query.get("removed", True),
                query.get("startup_priority"),
            )

    def _splayed(self, name: str, interval: int) -> int:
        """Give the interval that the host keeps for a query; osquery draws it, here it is the same in every run."""
        most = interval * self._flags.schedule_splay_percent // 100
        drawn = hashlib.sha256(f"{self._flags.host_identifier} {name}".encode()).digest()
        return interval - most + int.from_bytes(drawn[:4], "big") % (2 * most + 1)

    def _due(self, wanted: Callable[[_Query], bool]) -> Iterator[_Query]:
        for pack in self._packs:
            queries = [query for query in pack.queries if wanted(query)]
            if queries and self._executes(pack):
                yield from queries

    def _executes(self, pack: _Pack) -> bool:
        if pack.asked is None or self.now - pack.asked >= self._flags.pack_refresh_interval:
            pack.active, pack.asked = all(map(self.ask, pack.discovery)), self.now
        return pack.active

    def _launch(self, query: _Query) -> None:
        try:
            rows = tuple(dict(sorted(row.items())) for row in self.ask(query.sql))
        except QueryError as error:
            self._tell("ERROR", "scheduler.cpp:128", f"Error executing scheduled query {query.name}: {error}")
            return
        if query.snapshot:
            self._log.write(self._item(query, snapshot=rows))
            return
        self._differ(query, [escaped(row) for row in rows])

    def _differ(self, query: _Query, rows: list[Row]) -> None:
        kept, name, epoch = self.kept, query.name, self._flags.schedule_epoch
        initial = kept.epochs.get(name) != epoch
        if name not in kept.epochs:
            self._tell("INFO", "query.cpp:119", f"Storing initial results for new scheduled query: {name}")
        elif initial:
            self._tell("INFO", "query.cpp:123", f"New Epoch {epoch} for scheduled query {name}")
        before = [] if initial else kept.rows[name]
        added, removed = _less(rows, before), sorted(_less(before, rows), key=_cells)
        if not (initial or added or removed):
            return
        kept.rows[name], kept.epochs[name] = rows, epoch
        kept.counters[name] = 0 if initial else kept.counters[name] + 1
        gone = removed if query.removed else ()
        if initial or added or gone:
            self._log.write(self._item(query, counter=kept.counters[name], removed=tuple(gone), added=tuple(added)))

    def _item(self, query: _Query, **said: Any) -> Item:
        flags = self._flags
        return Item(
            query.name, flags.host_identifier, self.now, flags.schedule_epoch, decorations=self._decorations, **said
        )

    def _tell(self, level: str, place: str, message: str) -> None:
        self._said += 1
        self._status.write(level, self.now + self._said * _BETWEEN, self._status.pid + 1, place, message)


def _priority(query: _Query) -> int:
    return query.startup_priority or 0


def _cells(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple(row.items())


def _less(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """Give the rows without those of the others, each as often as it is there."""
    left = Counter(map(_cells, others))
    kept = []
    for row in rows:
        key = _cells(row)
        if left[key]:
            left[key] -= 1
        else:
            kept.append(row)
    return kept

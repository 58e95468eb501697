"""An osquery pack as a value. It can be written as a file, and checked for what osquery or other tools refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from auditrules.values import dataclass

HOUR = 3600  # seconds
DAY = 24 * HOUR

LONGEST_INTERVAL = 604_800  # a week, in seconds; osquery drops a query with more (core/packs.cpp)
_RESERVED_STARTS = ("query.", "cache.", "config_views.")
_RESERVED_ENDS = ("epoch", "counter")
_NAME = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Query:
    """One scheduled query; `interval` in seconds."""

    name: str
    sql: str
    interval: int
    description: str
    value: str
    snapshot: bool = False
    removed: bool = True
    startup_priority: int | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack; its name is the stem of its file."""

    name: str
    platform: str
    version: str  # the oldest osquery
    discovery: tuple[str, ...]
    queries: tuple[Query, ...]

    def text(self) -> str:
        """The content of the pack's file: JSON without comments, which other tools do not read."""
        whole: dict[str, object] = {"platform": self.platform, "version": self.version}
        if self.discovery:
            whole["discovery"] = list(self.discovery)
        whole["queries"] = {query.name: _query(query) for query in self.queries}
        return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"

    def problems(self) -> Iterator[str]:
        """Say what osquery or other tools would refuse."""
        if not _NAME.fullmatch(self.name):
            # In glob mode osquery puts the stem through a path with dots as separators.
            yield f"pack {self.name}: expected lower-case words with - or _ between, and no dot"
        names = [query.name for query in self.queries]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"query {name}: the name is there twice"
        for query in self.queries:
            yield from _problems(query)


def _problems(query: Query) -> Iterator[str]:
    if not _NAME.fullmatch(query.name):
        yield f"query {query.name}: expected lower-case words with _ between"
    if query.name.startswith(_RESERVED_STARTS) or query.name.endswith(_RESERVED_ENDS):
        yield f"query {query.name}: osquery keeps names that end in epoch or counter for itself"
    if not 1 <= query.interval <= LONGEST_INTERVAL:
        yield f"query {query.name}: expected an interval from 1 to {LONGEST_INTERVAL} seconds, found {query.interval}"
    if not query.sql.rstrip().endswith(";"):
        yield f"query {query.name}: expected a semicolon at its end"
    if query.snapshot and not query.removed:
        yield f"query {query.name}: a snapshot has no removed rows"


def _query(query: Query) -> dict[str, object]:
    known: dict[str, object] = {"query": query.sql, "interval": query.interval}
    if query.snapshot:
        known["snapshot"] = True
    elif not query.removed:
        known["removed"] = False
    if query.startup_priority is not None:
        known["startup_priority"] = query.startup_priority
    return {**known, "description": query.description, "value": query.value}

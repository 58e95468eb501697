"""Logs that a real osqueryd wrote, read back into what it had to say: of tests/corpus/osquery-logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.core.logger import RESULTS, SNAPSHOTS, Form, Item, Row, escaped

FOLDER = Path(__file__).parents[1] / "corpus" / "osquery-logs"
FORMS = {
    "1-default": Form(),
    "2-batch": Form(logger_event_type=False),
    "3-snapshot-events": Form(logger_snapshot_event_type=True),
    "5-decorations-top-level": Form(decorations_top_level=True),
    "6-delimiter-slash": Form(),
}
DECORATIONS = ("host_uuid", "hostname")


def item(line: str) -> Item:
    """Read a line of results or snapshots."""
    said: dict[str, Any] = json.loads(line)
    decorations = said.get("decorations") or {name: said[name] for name in DECORATIONS}
    rows: dict[str, tuple[Row, ...]]
    if "diffResults" in said:
        rows = {action: tuple(said["diffResults"][action]) for action in ("removed", "added")}
    else:
        rows = {said["action"]: tuple(said["snapshot"]) if "snapshot" in said else (said["columns"],)}
    return Item(
        said["name"], said["hostIdentifier"], said["unixTime"], said["epoch"], said["counter"], decorations, **rows
    )


def items(host: Path, name: str) -> list[Item]:
    """Read a file of a host; one that was never written holds nothing."""
    path = host / name
    return [item(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


@dataclass(frozen=True)
class History:
    """What a host's queries gave, as its logs tell: of each query the moments from which on it gave other rows."""

    moments: dict[str, list[tuple[int, tuple[Row, ...]]]]

    @classmethod
    def of(cls, host: Path) -> History:
        """Read it: a differential tells of a change at once, a snapshot has the rows as they were."""
        snapshots, results = items(host, SNAPSHOTS), items(host, RESULTS)
        raw = {_key(escaped(row)): row for each in snapshots for row in each.snapshot or ()}
        found = [(each.time, 1, each.name.removesuffix("_snapshot"), each.snapshot or ()) for each in snapshots]
        found += [(each.time, 0, each.name, tuple(raw.get(_key(row), row) for row in each.added)) for each in results]
        moments: dict[str, list[tuple[int, tuple[Row, ...]]]] = {}
        for time, _, name, rows in sorted(found, key=lambda each: each[:2]):
            moments.setdefault(name, []).append((time, rows))
        return cls(moments)

    def rows(self, name: str, now: int) -> tuple[Row, ...]:
        """Give what a query gave at a moment."""
        before = [rows for time, rows in self.moments.get(name, ()) if time <= now]
        return before[-1] if before else ()


def _key(row: Row) -> str:
    return json.dumps(row, sort_keys=True)


def status_files() -> Iterator[Path]:
    """Give the files in which every line of a process stands."""
    yield from sorted(FOLDER.rglob("osqueryd.INFO.*"))

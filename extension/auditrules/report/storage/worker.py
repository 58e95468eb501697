"""What a process that reads does: parts of files into rows, and the rows into parts of the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditrules.report.ingest.part import Outcome, Part
from auditrules.report.ingest.reader import read
from auditrules.report.ingest.rows import Rows
from auditrules.report.times import DAY, EARLIEST, day

_UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Task:
    """What one process reads in one go, and where it writes it."""

    name: str
    parts: tuple[Part, ...]
    folder: Path
    by_day: bool
    latest: int


def run(task: Task) -> list[Outcome]:
    """Read the parts of a task, and write their rows as parts of the store."""
    rows = Rows(EARLIEST, task.latest)
    outcomes = [read(part, rows) for part in task.parts]
    for name, table in rows.tables().items():
        if name == "verdicts" and task.by_day:
            for date, of_day in _days(table, task.latest):
                _write(of_day, task.folder / name / f"day={date}" / f"{task.name}.parquet")
        else:
            _write(table, task.folder / name / f"{task.name}.parquet")
    return outcomes


def _days(table: pa.Table, latest: int) -> Iterator[tuple[str, pa.Table]]:
    """Give the rows of each day; those whose time cannot be have none."""
    times = table["time"]
    dated = pc.and_(pc.greater_equal(times, EARLIEST), pc.less_equal(times, latest))
    days = pc.if_else(dated, pc.divide(times, DAY), -1)
    for number in sorted(pc.unique(days).to_pylist()):
        yield _UNDATED if number < 0 else day(number * DAY), table.filter(pc.equal(days, number))


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    pq.write_table(table, new)
    new.replace(path)

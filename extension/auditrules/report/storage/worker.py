"""The work of a process that reads logs: it reads parts of files into tables, and writes these as Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditrules.report.ingest.part import Advance, FilePart, PartResult
from auditrules.report.ingest.reader import read_part
from auditrules.report.ingest.table_builder import TableBuilder
from auditrules.report.storage.registry import sync
from auditrules.report.times import DAY, EARLIEST, day

_UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class ReadTask:
    """The parts that one process reads at once, and the place of the results."""

    name: str
    """The beginning of the names of the Parquet files. No two tasks have the same."""
    parts: tuple[FilePart, ...]
    folder: Path
    kept: bool
    """The store is kept: observations go into a folder for each day, and survive a loss of power."""
    latest: int
    """The latest possible time, Unix seconds."""


def run_task(task: ReadTask, advance: Advance) -> list[PartResult]:
    """Read the parts of a task, and write the tables as Parquet files. Raises `OSError` if they can't be written."""
    builder = TableBuilder(EARLIEST, task.latest)
    results = [read_part(part, builder, advance) for part in task.parts]
    for name, table in builder.tables().items():
        if name == "observations" and task.kept:
            for date, of_day in _days(table, task.latest):
                _write(of_day, task.folder / name / f"day={date}" / f"{task.name}.parquet", task)
        else:
            _write(table, task.folder / name / f"{task.name}.parquet", task)
    return results


def _days(table: pa.Table, latest: int) -> Iterator[tuple[str, pa.Table]]:
    """Split rows by day. Rows with an impossible time are of the day `undated`."""
    times = table["time"]
    dated = pc.and_(pc.greater_equal(times, EARLIEST), pc.less_equal(times, latest))
    days = pc.if_else(dated, pc.divide(times, DAY), -1)
    for number in sorted(pc.unique(days).to_pylist()):
        yield _UNDATED if number < 0 else day(number * DAY), _trimmed(table.filter(pc.equal(days, number)))


def _trimmed(table: pa.Table) -> pa.Table:
    """Take out of the dictionaries what no row has."""
    for place, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type):
            whole = column.combine_chunks()
            used = whole.indices.dictionary_encode()
            trimmed = pa.DictionaryArray.from_arrays(used.indices, whole.dictionary.take(used.dictionary))
            table = table.set_column(place, table.column_names[place], trimmed)
    return table


def _write(table: pa.Table, path: Path, task: ReadTask) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Digests that all differ make no dictionary, and texts are to be read as texts, not as Arrow's dictionaries.
    alike = [name for name in table.column_names if name != "row_digest"]
    pq.write_table(table, path, use_dictionary=alike, store_schema=False)
    if task.kept:
        sync(path)
        sync(path.parent)

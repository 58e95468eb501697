"""Compacts a store: the many small files of a table, or of a day of it, become one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from auditrules.report.ingest.log_files import SourceError
from auditrules.report.storage.registry import sync
from auditrules.report.storage.store import Store
from auditrules.report.tables import LOG_TABLES

MOST_SMALL = 200
"""A store with more small files than this, beyond one for each table and day, is compacted by itself."""

_SMALL = 8 * 1024 * 1024  # bytes: a larger file is read as fast alone as with others
_BATCH = 16_384  # rows that are read at once
MOST_ROWS, _MOST_BYTES = 131_072, 64 * 1024 * 1024  # of a row group, in memory

_Summing = Callable[[pa.Table], pa.Table]


def is_due(store: Store) -> bool:
    """Whether a store has so many small files that it should be compacted."""
    return store.kept and sum(len(files) - 1 for _, files in _groups(store, _SMALL)) > MOST_SMALL


def compact(store: Store, *, whole: bool) -> None:
    """Merge the small files of each table and day into one; if `whole`, the large ones, too.

    What a report says stays the same. The old files go when the new ones are on the disk, so there has to be room for
    both. Raises `OSError` where there is none, and `SourceError` where a file cannot be read.
    """
    groups = list(_groups(store, None if whole else _SMALL))
    if not groups:
        return
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to load

    with store.writing() as name:
        for number, (table, files) in enumerate(groups):
            new = files[0].with_name(f"{name}-{number}.parquet")
            with pq.ParquetWriter(new, LOG_TABLES[table]) as writer:
                for part in _summed(_SUMS[table], files) if table in _SUMS else _joined(files):
                    writer.write_table(part)
            sync(new)
            sync(new.parent)
        store.registry.outline = None
        store.registry.replaced = [str(path.relative_to(store.folder)) for _, files in groups for path in files]
    store.tidy()


def _groups(store: Store, below: int | None) -> Iterator[tuple[str, list[Path]]]:
    """Find the files to merge: at least two of a table and a folder, each smaller than `below` bytes."""
    for table, files in store.files().items():
        by_folder: dict[Path, list[Path]] = defaultdict(list)
        for path in files:
            if below is None or path.stat().st_size < below:
                by_folder[path.parent].append(path)
        yield from ((table, each) for each in by_folder.values() if len(each) > 1)


def _joined(files: Sequence[Path]) -> Iterator[pa.Table]:
    """Read the rows of files, in parts that fit into memory."""
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for path in files:
        for batch in _batches(path):
            batches.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= MOST_ROWS or size >= _MOST_BYTES:
                yield pa.Table.from_batches(batches)
                batches, rows, size = [], 0, 0
    if batches:
        yield pa.Table.from_batches(batches)


def _summed(sum_up: _Summing, files: Sequence[Path]) -> Iterator[pa.Table]:
    """Read the rows of files, with the rows of one subject summed up into one."""
    total: pa.Table | None = None
    for part in _joined(files):
        total = sum_up(part if total is None else pa.concat_tables([total, part]))
    if total is not None:
        yield total


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to load

    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH)
    except pa.ArrowException as error:
        raise SourceError(f"{path}: this part of the store cannot be read, and nothing was changed: {error}") from error


def _sum(table: str, **kinds: str) -> _Summing:
    """Sum up rows that differ only in some columns. `kinds` says how the values of these are combined."""
    names = LOG_TABLES[table].names
    alike = [name for name in names if name not in kinds]

    def sum_up(rows: pa.Table) -> pa.Table:
        # Some versions of pyarrow put the columns that are alike behind the others.
        grouped = rows.group_by(alike, use_threads=False).aggregate(list(kinds.items()))
        found = grouped.rename_columns([*alike, *kinds] if grouped.column_names[0] == alike[0] else [*kinds, *alike])
        return found.select(names).cast(LOG_TABLES[table])

    return sum_up


_newest = _sum("decorations", value="first", last_time="first")


def _newest_decorations(rows: pa.Table) -> pa.Table:
    return _newest(rows.sort_by([("last_time", "descending"), ("value", "ascending")]))


_SUMS: Mapping[str, _Summing] = MappingProxyType(
    {
        "query_targets": _sum("query_targets", row_count="sum"),
        "sightings": _sum("sightings", first_time="min", last_time="max"),
        "decorations": _newest_decorations,
    }
)
"""The tables of which a report needs only the sums. Otherwise they would grow with every run."""

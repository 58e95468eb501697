"""Runs the SQL of a report in DuckDB, within this process. No other module imports duckdb."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from auditrules.report.errors import ReportError
from auditrules.report.evaluate import queries
from auditrules.report.evaluate.engine import ResultRows
from auditrules.report.evaluate.expressions import PARAMETERS, with_parameters
from auditrules.report.tables import LOG_TABLES, STRING

MEMORY = "1GB"
"""The memory of DuckDB. Beyond it, DuckDB writes to its own folder."""

WRONG_OPTIMIZERS = ("top_n_window_elimination",)
"""Optimizers of DuckDB that are turned off. In release 1.5.6 this one confuses columns of a join that have different
types if a query selects row_number() = 1: "Failed to cast expression to type", depending on the order of the rows.
Releases from 1.5.0 on have it; in 2.0.1 no query failed by it."""

_Value = TypeVar("_Value")

FEW_BYTES = 128 * 1024  # of Parquet, some 10,000 rows, over which planning takes longer than reading and judging
_INTERRUPT_INTERVAL = 0.05  # seconds between two interruptions
_SAMPLE, _FEW = 1000, 100  # values of a column that are looked at, and how many distinct ones are few


class DuckDb:
    """DuckDB within this process. It reads the files of one folder, and no others.

    If the files are small, all steps become tables, in one thread, as a view is planned anew each time it is read. The
    one row of `parameters` is written into the SQL: to join it would take a fifth of the time of a small report.
    """

    def __init__(self, folder: Path, scratch: Path, threads: int) -> None:
        """Read Parquet files in `folder`, and write data that does not fit into memory to `scratch`."""
        self._few = sum(file.stat().st_size for file in folder.rglob("*.parquet")) <= FEW_BYTES
        self._connection = duckdb.connect(
            config={
                "allow_community_extensions": "false",
                "allow_unsigned_extensions": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": MEMORY,
                "preserve_insertion_order": "false",
                "temp_directory": str(scratch),
                "threads": 1 if self._few else threads,
            }
        )
        self._connection.execute("SET allowed_directories = [$folder, $scratch]", _directories(folder, scratch))
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute(
            "SET disabled_optimizers = $names", {"names": ",".join(_wrong_optimizers(self._connection))}
        )
        self._connection.execute("SET lock_configuration = true")
        self._worker = ThreadPoolExecutor(1)
        self._pending: list[tuple[Future[Any], duckdb.DuckDBPyConnection]] = []
        self._parameters: Mapping[str, str | int] = {}
        self._instead: dict[str, str] = {}
        self._outline = "TABLE"

    def add_logs(self, files: Mapping[str, Sequence[Path]]) -> None:
        """Take the Parquet files of each table; a table may have none."""
        for name, schema in LOG_TABLES.items():
            paths = files.get(name, ())
            if paths:
                relation = self._read(paths)
                (relation.create if self._few else relation.create_view)(name)
            else:
                self.set_table(name, schema.empty_table())

    def _read(self, paths: Sequence[Path]) -> duckdb.DuckDBPyRelation:
        return self._connection.read_parquet([*map(str, paths)], hive_partitioning=False)

    def set_table(self, name: str, table: pa.Table) -> None:
        """Take a small table as it is, in the place of one of that name."""
        relation = self._connection.from_arrow(table)
        self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        relation.create(name)  # a view of it would be this connection's alone
        if name == PARAMETERS:
            self._parameters = next(iter(table.to_pylist()), {})

    def add_outline(self, file: Path | None, fresh: Sequence[Path]) -> None:
        """Let the report go through an outline and what it is not of, the `fresh` files, instead of all observations.

        The outline is in a file, or a table that `create` made.
        """
        self._outline = "TABLE" if file is None else "VIEW"
        if file is not None:
            self._read([file]).create_view("outline")
        if fresh:
            self._read(fresh).create_view("fresh_observations")
        else:
            self._connection.execute("CREATE VIEW fresh_observations AS SELECT * FROM observations WHERE 1 = 0")
        self._instead = {"outlined": "outline_and_fresh", "counted_observations": "outline_and_whole_series"}

    def drop_outline(self) -> None:
        """Let the report go through all observations again."""
        self._instead = {}
        self._connection.execute("DROP VIEW fresh_observations")
        self._connection.execute(f"DROP {self._outline} outline")

    def write(self, name: str, file: Path) -> None:
        """Write a table as a Parquet file. Raises `OSError` where that cannot be."""
        quoted = str(file).replace("'", "''")
        try:
            self._connection.execute(f"COPY {name} TO '{quoted}' (FORMAT parquet)")
        except duckdb.IOException as error:
            number = errno.ENOSPC if os.strerror(errno.ENOSPC) in str(error) else errno.EIO
            raise OSError(number, os.strerror(number)) from error

    def create(self, name: str) -> None:
        """Run a step, and keep its result as a table of its name."""
        self._create(self._connection, name)

    def create_async(self, name: str) -> Callable[[], None]:
        """Start a step. Returns the function that waits until its table exists."""
        return self._begin(lambda connection: self._create(connection, name))

    def fetch(self, name: str) -> ResultRows:
        """Return the result of a question."""
        return self._fetch(self._connection, name)

    def fetch_async(self, *names: str) -> Callable[[], list[ResultRows]]:
        """Start questions. Returns the function that waits for their results."""
        return self._begin(lambda connection: [self._fetch(connection, name) for name in names])

    def _begin(self, work: Callable[[duckdb.DuckDBPyConnection], _Value]) -> Callable[[], _Value]:
        """Run `work` on the worker's thread, after everything that was started there before."""
        cursor = self._connection.cursor()
        future = self._worker.submit(work, cursor)
        self._pending.append((future, cursor))
        return future.result

    def _create(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        # In one statement: as a relation first it would be planned twice, which takes longer than to run it on few
        # rows.
        with _named_errors(name):
            kind = "VIEW" if queries.is_view(name) and not self._few else "TABLE"
            connection.execute(f"CREATE {kind} {name} AS {self._text(name)}")

    def _fetch(self, connection: duckdb.DuckDBPyConnection, name: str) -> ResultRows:
        with _named_errors(name):
            if name not in queries.LONG:
                return connection.execute(self._text(name)).fetchall()
            columns = connection.sql(self._text(name)).to_arrow_table().columns  # takes half as long as row by row
            return list(zip(*map(_values, columns), strict=True))

    def _text(self, name: str) -> str:
        return with_parameters(queries.text(self._instead.get(name, name)), self._parameters)

    def close(self) -> None:
        """Release everything, and interrupt queries that still run."""
        for future, cursor in self._pending:
            future.cancel()
            while not future.done():
                cursor.interrupt()  # a query that has not quite begun ignores it
                wait([future], _INTERRUPT_INTERVAL)
        self._worker.shutdown()
        self._connection.close()


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column. If few are distinct, equal texts are one object, which is faster to compare."""
    values: list[Any] = column.to_pylist()
    if column.type != STRING or len(set(values[:_SAMPLE])) > _FEW:
        return values
    known: dict[str | None, str | None] = {}
    return list(map(known.setdefault, values, values))


@contextmanager
def _named_errors(name: str) -> Iterator[None]:
    """Add the name of the query to an error: memory or the disk may be full, or a part of the store damaged."""
    try:
        yield
    except duckdb.Error as error:
        raise ReportError(f"the query {name} failed: {error}") from error


def _wrong_optimizers(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return those of WRONG_OPTIMIZERS that this release has, as it refuses unknown names."""
    names = connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()
    return [name for (name,) in names if name in WRONG_OPTIMIZERS]


def _directories(folder: Path, scratch: Path) -> dict[str, str]:
    return {"folder": f"{folder.resolve()}/", "scratch": f"{scratch.resolve()}/"}

"""What runs the queries of a report: DuckDB, and whatever else has the same tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb
import pyarrow as pa

from auditrules.report.errors import ReportError
from auditrules.report.evaluate import queries
from auditrules.report.tables import LOGGED, STRING

Result = list[tuple[Any, ...]]
"""The rows that a query gives."""

MEMORY = "1GB"
"""How much DuckDB keeps in memory before it writes to its own folder."""

_Value = TypeVar("_Value")

_MOMENT = 0.05  # seconds between two interruptions
_SOME, _FEW = 1000, 100  # values that are looked at, and how many of them are few


class Engine(Protocol):
    """Runs the queries of `auditrules.report.evaluate.queries` over the tables of a report."""

    def logged(self, parts: Mapping[str, Sequence[Path]]) -> None:
        """Take the Parquet files of each table of `tables.LOGGED`; a table may have none."""

    def given(self, name: str, table: pa.Table) -> None:
        """Take a small table as it is, in the place of one of that name."""

    def make(self, name: str) -> None:
        """Keep the result of a query as a table of its name."""

    def make_aside(self, name: str) -> Callable[[], None]:
        """Begin with what `make` does; what is given waits until the table is there."""

    def rows(self, name: str) -> Result:
        """Give the result of a query."""

    def rows_aside(self, *names: str) -> Callable[[], list[Result]]:
        """Begin with queries of which the results are wanted later; what is given gives them, and may wait for them."""


class DuckDb:
    """DuckDB within this process: it reads the files of one folder, and nothing else."""

    def __init__(self, folder: Path, scratch: Path, threads: int) -> None:
        """Read Parquet files in `folder`, and write what does not fit into memory to `scratch`."""
        self._connection = duckdb.connect(
            config={
                "allow_community_extensions": "false",
                "allow_unsigned_extensions": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": MEMORY,
                "preserve_insertion_order": "false",
                "temp_directory": str(scratch),
                "threads": threads,
            }
        )
        self._connection.execute("SET allowed_directories = [$folder, $scratch]", _paths(folder, scratch))
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        self._aside = ThreadPoolExecutor(1)
        self._asked: list[tuple[Future[Any], duckdb.DuckDBPyConnection]] = []

    def logged(self, parts: Mapping[str, Sequence[Path]]) -> None:
        """Take the Parquet files of each table; a table may have none."""
        for name, schema in LOGGED.items():
            files = [str(path) for path in parts.get(name, ())]
            if files:
                self._connection.read_parquet(files, hive_partitioning=False).create_view(name)
            else:
                self.given(name, schema.empty_table())

    def given(self, name: str, table: pa.Table) -> None:
        """Take a small table as it is, in the place of one of that name."""
        relation = self._connection.from_arrow(table)
        self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        relation.create(name)  # a view of it would be this connection's alone

    def make(self, name: str) -> None:
        """Keep the result of a query as a table of its name."""
        _make(self._connection, name)

    def make_aside(self, name: str) -> Callable[[], None]:
        """Begin with what `make` does; what is given waits until the table is there."""
        return self._begin(lambda connection: _make(connection, name))

    def rows(self, name: str) -> Result:
        """Give the result of a query."""
        return _rows(self._connection, name)

    def rows_aside(self, *names: str) -> Callable[[], list[Result]]:
        """Begin with queries of which the results are wanted later."""
        return self._begin(lambda connection: [_rows(connection, name) for name in names])

    def _begin(self, work: Callable[[duckdb.DuckDBPyConnection], _Value]) -> Callable[[], _Value]:
        """Do something beside all else, though after what was begun before."""
        cursor = self._connection.cursor()
        future = self._aside.submit(work, cursor)
        self._asked.append((future, cursor))
        return future.result

    def close(self) -> None:
        """Let go of everything, also of queries of which nobody wants the results any more."""
        for future, cursor in self._asked:
            future.cancel()
            while not future.done():
                cursor.interrupt()  # which a query that has not quite begun does not hear
                wait([future], _MOMENT)
        self._aside.shutdown()
        self._connection.close()


def _make(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    # In one statement: as a relation first it would be planned twice, which takes longer than to run it on few rows.
    with _told(name):
        connection.execute(f"CREATE {'VIEW' if queries.is_view(name) else 'TABLE'} {name} AS {queries.text(name)}")


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> Result:
    with _told(name):
        if name not in queries.LONG:
            return connection.execute(queries.text(name)).fetchall()
        columns = connection.sql(queries.text(name)).to_arrow_table().columns  # half as long on the way as row by row
        return list(zip(*map(_values, columns), strict=True))


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Give the values of a column; where few texts are often there, each is one value, sooner compared and freed."""
    values: list[Any] = column.to_pylist()
    if column.type != STRING or len(set(values[:_SOME])) > _FEW:
        return values
    known: dict[str | None, str | None] = {}
    return list(map(known.setdefault, values, values))


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say of which query an error is: memory or the disk may be full, or a part of the store damaged."""
    try:
        yield
    except duckdb.Error as error:
        raise ReportError(f"the query {name} failed: {error}") from error


def _paths(folder: Path, scratch: Path) -> dict[str, str]:
    return {"folder": f"{folder.resolve()}/", "scratch": f"{scratch.resolve()}/"}

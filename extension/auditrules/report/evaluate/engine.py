"""The interface of engines that run the SQL of a report: DuckDB and Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

ResultRows = list[tuple[Any, ...]]
"""The rows that a query returns."""


class Engine(Protocol):
    """Runs the steps and questions of `auditrules.report.evaluate.queries` over the tables of a report."""

    def add_logs(self, files: Mapping[str, Sequence[Path]]) -> None:
        """Take the Parquet files of each table of `tables.LOG_TABLES`; a table may have none."""

    def set_table(self, name: str, table: pa.Table) -> None:
        """Take a small table as it is, in the place of one of that name."""

    def create(self, name: str) -> None:
        """Run a step, and keep its result as a table of its name."""

    def create_async(self, name: str) -> Callable[[], None]:
        """Start a step. Returns the function that waits until its table exists."""

    def fetch(self, name: str) -> ResultRows:
        """Return the result of a question."""

    def fetch_async(self, *names: str) -> Callable[[], list[ResultRows]]:
        """Start questions. Returns the function that waits for their results."""

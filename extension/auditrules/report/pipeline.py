"""A report from end to end: read the logs, and let an engine judge what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from types import MappingProxyType

from auditrules.report.errors import ReportError
from auditrules.report.evaluate.engine import DuckDb, Engine
from auditrules.report.evaluate.judge import judge
from auditrules.report.inputs import Question
from auditrules.report.model import Reading, Report
from auditrules.report.storage.store import store as opened_store
from auditrules.report.storage.update import Bar, cores, fill, no_bar


def _duckdb(folder: Path, scratch: Path) -> AbstractContextManager[Engine]:
    return closing(DuckDb(folder, scratch, cores()))


def _spark(_folder: Path, _scratch: Path) -> AbstractContextManager[Engine]:
    from auditrules.report.evaluate.spark_engine import Spark  # noqa: PLC0415 - pyspark is not in every installation

    return closing(Spark())


ENGINES: Mapping[str, Callable[[Path, Path], AbstractContextManager[Engine]]] = MappingProxyType(
    {"duckdb": _duckdb, "spark": _spark}
)
"""By name: what opens an engine for the Parquet files of one folder, with another to write to."""


def fleet(
    paths: Sequence[str], question: Question, *, store: str | None = None, engine: str = "duckdb", bar: Bar = no_bar
) -> Report:
    """Read logs and make a report of them.

    With a `store`, a folder, what was read is kept there, and only what is new is read. A store that has an address,
    such as s3a://bucket/store, is only read, and by Spark. Raises `ReportError`.
    """
    if store is not None and "://" in store:
        return _lake(paths, question, store, engine)
    with opened_store(store) as kept:
        reading = fill(kept, paths, question.now, bar)
        with ENGINES[engine](kept.folder, kept.scratch()) as running:
            running.logged(kept.parts())
            report = judge(running, question, reading)
        kept.counted = [report.reading.rows, report.reading.repeated]
        kept.save()
        return report


def _lake(paths: Sequence[str], question: Question, store: str, engine: str) -> Report:
    """Make a report of a store that is elsewhere, as it is."""
    if engine != "spark":
        raise ReportError(f"{store}: expected a folder: a store with an address is read with --engine spark")
    if paths:
        raise ReportError(f"{store}: expected no logs beside a store with an address, which is only read: {paths[0]}")
    from auditrules.report.evaluate.spark_engine import Spark  # noqa: PLC0415 - pyspark is not in every installation

    with closing(Spark()) as running:
        running.lake(store)
        return judge(running, question, Reading(0, 0, 0, 0, 0, 0, (), ()))

"""Makes a report from end to end: reads the logs into a store, and evaluates the store with an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from auditrules.report.errors import ReportError
from auditrules.report.evaluate.duckdb_engine import DuckDb
from auditrules.report.evaluate.engine import Engine
from auditrules.report.evaluate.outline import use_outline
from auditrules.report.evaluate.report import build_report
from auditrules.report.ingest.log_files import SourceError
from auditrules.report.inputs import ReportRequest
from auditrules.report.model import Reading, Report
from auditrules.report.storage.compaction import compact, is_due
from auditrules.report.storage.store import Store, open_store
from auditrules.report.storage.update import ProgressBar, cpu_count, no_progress, update_store


def _duckdb(folder: Path, scratch: Path) -> AbstractContextManager[Engine]:
    return closing(DuckDb(folder, scratch, cpu_count()))


def _spark(_folder: Path, _scratch: Path) -> AbstractContextManager[Engine]:
    from auditrules.report.evaluate.spark_engine import Spark  # noqa: PLC0415 - pyspark is not in every installation

    return closing(Spark())


ENGINES: Mapping[str, Callable[[Path, Path], AbstractContextManager[Engine]]] = MappingProxyType(
    {"duckdb": _duckdb, "spark": _spark}
)
"""The functions that open an engine, by name: with a folder of Parquet files, and a folder to write to."""


def make_report(
    paths: Sequence[str],
    request: ReportRequest,
    *,
    store: str | None = None,
    engine: str = "duckdb",
    progress: ProgressBar = no_progress,
) -> Report:
    """Read logs and make a report of them.

    With a `store`, a folder, what was read is kept there, and only what is new is read; too many files are made few. A
    store that has an address, such as s3a://bucket/store, is only read, and by Spark. Raises `ReportError`.
    """
    if store is not None and "://" in store:
        return _report_of_address(paths, request, store, engine)
    try:
        with open_store(store) as opened:
            reading = update_store(opened, paths, request.now, progress)
            with ENGINES[engine](opened.folder, opened.scratch()) as running:
                running.add_logs(opened.files())
                outline = partial(use_outline, running, opened, request) if isinstance(running, DuckDb) else tuple
                report = build_report(running, request, reading, outline)
            opened.registry.row_counts = [report.reading.rows, report.reading.repeated]
            opened.save()
            opened.remove_outlines()
            return _tidied(opened, report)
    except OSError as error:
        place = error.filename or store or "the temporary folder"
        raise ReportError(f"{place}: cannot be written: {error.strerror or error}") from error


def compact_store(folder: str) -> None:
    """Merge the files of each table and day of a store into one. If it raises `ReportError`, the store is unchanged."""
    try:
        with open_store(folder) as opened:
            compact(opened, whole=True)
    except OSError as error:
        raise ReportError(f"{folder}: cannot be compacted, and is as it was: {error.strerror or error}") from error


def _tidied(store: Store, report: Report) -> Report:
    """Compact a store if that is due. Without enough room the store stays as it is, and a note says so."""
    if is_due(store):
        try:
            compact(store, whole=False)
        except (OSError, SourceError) as error:
            cause = (isinstance(error, OSError) and error.strerror) or error
            note = f"{store.folder}: its many small files could not be made few, and are as they were: {cause}"
            return replace(report, notes=(*report.notes, note))
    return report


def _report_of_address(paths: Sequence[str], request: ReportRequest, store: str, engine: str) -> Report:
    """Make a report of a store with an address, without reading logs."""
    if engine != "spark":
        raise ReportError(f"{store}: expected a folder: a store with an address is read with --engine spark")
    if paths:
        raise ReportError(f"{store}: expected no logs beside a store with an address, which is only read: {paths[0]}")
    from auditrules.report.evaluate.spark_engine import Spark  # noqa: PLC0415 - pyspark is not in every installation

    with closing(Spark()) as running:
        running.add_store(store)
        return build_report(running, request, Reading(0, 0, 0, 0, 0, 0, (), ()))

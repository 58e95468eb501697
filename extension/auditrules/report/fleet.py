"""A report from end to end: read the logs, and let an engine judge what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType

from auditrules.report.engine import DuckDb, Engine
from auditrules.report.given import Question
from auditrules.report.judge import judge
from auditrules.report.model import Report
from auditrules.report.reading import Bar, cores, fill, no_bar
from auditrules.report.store import store as opened_store


@contextmanager
def _duckdb(folder: Path, scratch: Path) -> Iterator[Engine]:
    engine = DuckDb(folder, scratch, cores())
    try:
        yield engine
    finally:
        engine.close()


ENGINES: Mapping[str, Callable[[Path, Path], AbstractContextManager[Engine]]] = MappingProxyType({"duckdb": _duckdb})
"""By name: what opens an engine for the Parquet files of one folder, with another to write to."""


def fleet(
    paths: Sequence[str], question: Question, *, store: str | None = None, engine: str = "duckdb", bar: Bar = no_bar
) -> Report:
    """Read logs and make a report of them.

    With a `store`, a folder, what was read is kept there, and only what is new is read. Raises `ReportError`.
    """
    with opened_store(store) as kept:
        reading = fill(kept, paths, question.now, bar)
        with ENGINES[engine](kept.folder, kept.scratch()) as running:
            running.logged(kept.parts())
            report = judge(running, question, reading)
        kept.counted = [report.reading.rows, report.reading.repeated]
        kept.save()
        return report

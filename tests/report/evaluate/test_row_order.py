"""A report depends on what the rows are, not on their order, their numbers, or how an engine goes about it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from _pytest.mark import ParameterSet

from auditrules.report.evaluate import duckdb_engine
from auditrules.report.evaluate.duckdb_engine import DuckDb
from auditrules.report.evaluate.report import build_report
from auditrules.report.model import Report
from tests.report.evaluate import logged
from tests.report.evaluate.logged import NOTHING, REQUESTS

pytestmark = pytest.mark.engine


def judged(folder: Path, tables: Mapping[str, pa.Table], question: str) -> Report:
    parts = logged.written(folder / "tables", tables)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    engine = DuckDb(folder, scratch, 1)
    try:
        engine.add_logs(parts)
        return build_report(engine, REQUESTS[question], NOTHING)
    finally:
        engine.close()


@cache
def as_logged(seed: int, question: str) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        return judged(Path(folder), logged.tables(seed), question)


def each_question(cases: Sequence[int | str], more: Iterable[int] = ()) -> list[ParameterSet]:
    """Give the product of cases and questions; without `full`, each of them once, and none of `more` cases."""
    once = {(case, question) for case, question in zip(cases, REQUESTS, strict=False)}
    return [
        pytest.param(case, question, marks=() if (case, question) in once else pytest.mark.full)
        for case in (*cases, *more)
        for question in REQUESTS
    ]


@pytest.mark.parametrize(("seed", "question"), each_question(range(4)))
def test_rows_in_another_order_give_the_same_report(tmp_path: Path, seed: int, question: str) -> None:
    rng = random.Random(seed)  # noqa: S311 - an order, no secret
    tables = logged.tables(seed)
    turned = {name: table.take(rng.sample(range(len(table)), len(table))) for name, table in tables.items()}
    assert judged(tmp_path, turned, question) == as_logged(seed, question)


@pytest.mark.parametrize(("numbers", "question"), each_question(list(logged.DIGESTS)[1:]))
def test_numbers_that_tell_nobody_apart_give_the_same_report(tmp_path: Path, question: str, numbers: str) -> None:
    seed = list(REQUESTS).index(question)
    others = logged.with_digests(logged.tables(seed), logged.DIGESTS[numbers])
    assert judged(tmp_path, others, question) == as_logged(seed, question)


@pytest.mark.parametrize(("seed", "question"), each_question(range(4), more=range(6, 10)))
def test_what_is_planned_for_many_rows_gives_the_same_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, question: str
) -> None:
    expected = as_logged(seed, question)
    monkeypatch.setattr(duckdb_engine, "FEW_BYTES", 0)
    assert judged(tmp_path, logged.tables(seed), question) == expected

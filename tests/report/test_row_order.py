"""A report hangs on what the rows are, and not on the order in which they are stored or an engine gives them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from auditrules.report.engine import DuckDb
from auditrules.report.judge import judge
from auditrules.report.model import Report
from tests.report import logged
from tests.report.logged import NOTHING, QUESTIONS

pytestmark = pytest.mark.engine


def judged(folder: Path, parts: Mapping[str, Sequence[Path]], question: str) -> Report:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    engine = DuckDb(folder, scratch, 1)
    try:
        engine.logged(parts)
        return judge(engine, QUESTIONS[question], NOTHING)
    finally:
        engine.close()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("seed", range(4))
def test_rows_in_another_order_give_the_same_report(tmp_path: Path, seed: int, question: str) -> None:
    rng = random.Random(seed)  # noqa: S311 - an order, no secret
    given = logged.written(tmp_path / "given", seed)
    turned = logged.written(tmp_path / "turned", seed, lambda count: rng.sample(range(count), count))
    assert judged(tmp_path, turned, question) == judged(tmp_path, given, question)

"""DuckDB as an engine: what is asked aside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from auditrules.report.errors import ReportError
from auditrules.report.evaluate import queries
from auditrules.report.evaluate.engine import DuckDb
from auditrules.report.tables import GIVEN


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDb]:
    with closing(DuckDb(tmp_path, tmp_path, 1)) as opened:
        opened.logged({})
        yield opened


def _inventory(engine: DuckDb, name: str) -> None:
    engine.given("speakers", pa.table({"key": [name], "name": [name]}))
    engine.given("inventory", GIVEN["inventory"].empty_table())


def test_what_is_asked_aside_is_answered_in_its_order(engine: DuckDb) -> None:
    _inventory(engine, "web-1")
    assert engine.rows_aside("hosts_named", "counted")() == [[("web-1", "web-1")], [(0, 0)]]


def test_what_is_made_aside_is_there_when_it_was_waited_for(engine: DuckDb) -> None:
    engine.given(
        "heard", pa.table({"host": ["a"], "identifier": ["a"], "name": ["web-1"], "first_time": [1], "last_time": [2]})
    )
    engine.given("aliases", pa.table({"host": ["a"], "name": ["web-1"], "key": ["b"]}))
    engine.given("inventory", GIVEN["inventory"].empty_table())
    engine.make_aside("speakers")()
    assert engine.rows("hosts_named") == [("b", "web-1")]


def test_what_cannot_be_made_aside_is_told_to_who_waits_for_it(engine: DuckDb) -> None:
    wait = engine.make_aside("speakers")
    with pytest.raises(ReportError, match=r"^the query speakers failed: "):
        wait()


def test_what_is_given_takes_the_place_of_what_was(engine: DuckDb) -> None:
    _inventory(engine, "web-1")
    _inventory(engine, "web-2")
    assert engine.rows("hosts_named") == [("web-2", "web-2")]


def test_a_query_that_fails_aside_is_told_to_who_waits_for_it(engine: DuckDb) -> None:
    wait = engine.rows_aside("trend")
    with pytest.raises(ReportError, match=r"^the query trend failed: "):
        wait()


def test_what_is_asked_aside_ends_with_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def long(_: str) -> str:
        begun.set()
        return "SELECT count(*) FROM range(1000000) AS a CROSS JOIN range(1000000) AS b WHERE a.range <> b.range"

    monkeypatch.setattr(queries, "text", long)
    engine = DuckDb(tmp_path, tmp_path, 1)
    wait = engine.rows_aside("trend")
    begun.wait()
    engine.close()
    with pytest.raises(ReportError, match=r"^the query trend failed: .*[Ii]nterrupt"):
        wait()

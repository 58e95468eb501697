"""DuckDB as an engine: what is asked aside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from auditrules.report.errors import ReportError
from auditrules.report.evaluate import queries
from auditrules.report.evaluate.duckdb_engine import WRONG_OPTIMIZERS, DuckDb
from auditrules.report.tables import REQUEST_TABLES


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDb]:
    with closing(DuckDb(tmp_path, tmp_path, 1)) as opened:
        opened.add_logs({})
        yield opened


def _inventory(engine: DuckDb, name: str) -> None:
    engine.set_table("host_names", pa.table({"key": [name], "name": [name]}))
    engine.set_table("inventory", REQUEST_TABLES["inventory"].empty_table())


def test_what_is_asked_aside_is_answered_in_its_order(engine: DuckDb) -> None:
    _inventory(engine, "web-1")
    engine.set_table("parameters", REQUEST_TABLES["parameters"].empty_table())
    assert engine.fetch_async("selectable_hosts", "observation_counts")() == [[("web-1", "web-1")], [(0, 0, None)]]


def test_what_is_made_aside_is_there_when_it_was_waited_for(engine: DuckDb) -> None:
    engine.set_table(
        "host_sightings",
        pa.table({"host": ["a"], "identifier": ["a"], "name": ["web-1"], "first_time": [1], "last_time": [2]}),
    )
    engine.set_table(
        "host_aliases", pa.table({"host": ["a"], "identifier": ["a"], "name": ["web-1"], "key": ["b"], "rule": [""]})
    )
    engine.set_table("inventory", REQUEST_TABLES["inventory"].empty_table())
    engine.create_async("host_names")()
    assert engine.fetch("selectable_hosts") == [("b", "web-1")]


def test_optimizers_that_are_wrong_are_off_where_there_are_any(engine: DuckDb, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name for (name,) in duckdb.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
    monkeypatch.setattr(queries, "text", lambda _: "SELECT current_setting('disabled_optimizers')")
    [(off,)] = engine.fetch("any")
    assert set(filter(None, off.split(","))) == known & set(WRONG_OPTIMIZERS)


def test_what_cannot_be_made_aside_is_told_to_who_waits_for_it(engine: DuckDb) -> None:
    wait = engine.create_async("host_names")
    with pytest.raises(ReportError, match=r"^the query host_names failed: "):
        wait()


def test_what_is_given_takes_the_place_of_what_was(engine: DuckDb) -> None:
    _inventory(engine, "web-1")
    _inventory(engine, "web-2")
    assert engine.fetch("selectable_hosts") == [("web-2", "web-2")]


def test_a_query_that_fails_aside_is_told_to_who_waits_for_it(engine: DuckDb) -> None:
    wait = engine.fetch_async("trend")
    with pytest.raises(ReportError, match=r"^the query trend failed: "):
        wait()


def test_what_is_asked_aside_ends_with_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def long(_: str) -> str:
        begun.set()
        return "SELECT count(*) FROM range(1000000) AS a CROSS JOIN range(1000000) AS b WHERE a.range <> b.range"

    monkeypatch.setattr(queries, "text", long)
    engine = DuckDb(tmp_path, tmp_path, 1)
    wait = engine.fetch_async("trend")
    begun.wait()
    engine.close()
    with pytest.raises(ReportError, match=r"^the query trend failed: .*[Ii]nterrupt"):
        wait()

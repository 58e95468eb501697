"""Logs by which one host could stall the report of a fleet: work grows with the rows, and what is bounded is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditrules.report.evaluate import duckdb_engine, queries
from auditrules.report.evaluate.duckdb_engine import DuckDb
from auditrules.report.evaluate.expressions import MOST_OWNERS, MOST_TARGETS
from auditrules.report.model import Counts
from auditrules.status import Status
from tests.report.logs import HOUR, NOON, Line, added, failed, report_of, row, run, said, snapshot

pytestmark = pytest.mark.engine

QUERY = "pack_cis-docker_cis_docker_1_2_3"
ALL = "pack_cis-docker_cis_docker_all_snapshot"
START = NOON - 8 * HOUR


def _target(number: int, word: str = "pass", control: str = "1.2.3") -> Line:
    return row(word, control, f"/target/{number}")


def _a_run_each(count: int) -> Iterator[Line]:
    for number in range(count):
        yield snapshot("a", START + number, _target(number), row())


def _two_queries_in_turns(count: int) -> Iterator[Line]:
    for number in range(0, count, 2):
        yield snapshot("a", START + number, row(), _target(number), name="one_snapshot")
        yield snapshot("a", START + number, _target(number + 1), row(target="/b"), name="two_snapshot")


def _added_and_removed(count: int) -> Iterator[Line]:
    for number in range(0, count, 2):
        yield added("a", START + number, _target(number % 3))
        yield added("a", START + number + 1, _target(number % 3), "removed")


def _two_controls_a_run(count: int) -> Iterator[Line]:
    for number in range(count):
        yield snapshot("a", START + number, row(control=f"{number}.1"), row(control=f"{number}.2"), name=ALL)


def _two_controls_a_query(count: int) -> Iterator[Line]:
    for number in range(count):
        yield snapshot("a", START + number, row(), row(control="1.2.4"), name=f"q{number}_snapshot")
        yield snapshot("a", START + count + number, row(control="1.2.4"), row(control="9"), name=f"q{number}_snapshot")


def _a_version_a_run(count: int) -> Iterator[Line]:
    for number in range(count):
        rows = (row(control=each, version=f"9.{number}") for each in ("1.2.3", "1.2.4"))
        yield snapshot("a", START + number, *rows, name=ALL)


def _hosts_of_one_name(count: int) -> Iterator[Line | str]:
    for number in range(count):
        yield snapshot(f"h{number}", START + number, row(), decorations={"hostname": "web"})
        yield (
            f"Nov 23 08:00:00 web.d{number} osqueryd[7]: severity=2 location=scheduler.cpp:118 "
            f"message=Error executing scheduled query {QUERY}: no such table: audit_rules"
        )


HOSTILE: dict[str, Callable[[int], Iterator[Line | str]]] = {
    each.__name__.removeprefix("_"): each
    for each in (
        _a_run_each,
        _two_queries_in_turns,
        _added_and_removed,
        _two_controls_a_run,
        _two_controls_a_query,
        _a_version_a_run,
        _hosts_of_one_name,
    )
}


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(lines, marks=() if name in ("a_run_each", "hosts_of_one_name") else pytest.mark.full, id=name)
        for name, lines in HOSTILE.items()
    ],
)
def test_twice_the_rows_are_twice_the_work(
    lines: Callable[[int], Iterator[Line | str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is how many rows all operators of all steps return, which no clock and no other process changes."""
    handled: list[int] = []

    def create(engine: DuckDb, connection: Any, name: str) -> None:
        if queries.is_view(name):
            connection.execute(f"CREATE VIEW {name} AS {engine._text(name)}")  # whose work is that of its readers
            return
        sql = f"EXPLAIN (ANALYZE, FORMAT json) CREATE TABLE {name} AS {engine._text(name)}"
        ((_, profile),) = connection.execute(sql).fetchall()
        handled.append(_returned(json.loads(profile)))

    monkeypatch.setattr(DuckDb, "_create", create)
    monkeypatch.setattr(duckdb_engine, "FEW_BYTES", 0)  # as of many rows
    work = []
    for count in (250, 500):
        handled.clear()
        report_of(tmp_path, *lines(count))
        work.append(sum(handled))
    assert 1.2 * work[0] < work[1] < 2.5 * work[0]


def _returned(operator: dict[str, Any]) -> int:
    rows = operator.get("intermediate_rows", operator.get("operator_cardinality", 0))
    return int(rows) + sum(map(_returned, operator.get("operator") or operator.get("children") or ()))


def test_of_too_many_targets_those_that_fail_have_a_verdict_and_the_rest_is_one_unknown(tmp_path: Path) -> None:
    targets = [_target(number, "fail" if number == MOST_TARGETS + 5 else "pass") for number in range(MOST_TARGETS + 7)]
    report = report_of(tmp_path, snapshot("a", NOON - HOUR, *targets), snapshot("b", NOON - HOUR, row()))
    of_a = [each for each in report.verdicts if each.host == "uuid-a"]
    assert [each.target for each in of_a if each.status is Status.FAIL] == [f"/target/{MOST_TARGETS + 5}"]
    (rest,) = (each for each in of_a if each.status is Status.UNKNOWN)
    assert (rest.target, rest.reason) == ("", "too_many_targets")
    assert rest.evidence == f"7 more targets were named than the {MOST_TARGETS} that have a verdict each"
    assert len(of_a) == MOST_TARGETS + 1
    assert report.counts == Counts(passed=1, failed=1) == report.trend[-1].counts
    (note,) = report.notes
    assert note == (
        f"1 host names more than {MOST_TARGETS} targets of one control: those named last have a verdict each, and the "
        "others are unknown: uuid-a"
    )


def test_too_many_targets_of_which_none_fails_are_no_pass(tmp_path: Path) -> None:
    report = report_of(tmp_path, snapshot("a", NOON - HOUR, *map(_target, range(MOST_TARGETS + 1))))
    assert report.counts == Counts(unknown=1) == report.trend[-1].counts


def test_targets_that_are_gone_are_not_too_many(tmp_path: Path) -> None:
    lines = [snapshot("a", NOON - 2 * HOUR, *map(_target, range(MOST_TARGETS + 5))), snapshot("a", NOON - HOUR, row())]
    assert said(report_of(tmp_path, *lines)) == [("a", "1.2.3", "pass", "covered")]


def test_a_target_that_is_gone_does_not_come_back_where_its_query_fails(tmp_path: Path) -> None:
    lines = [
        snapshot("a", NOON - 3 * HOUR, row(), _target(1)),
        snapshot("a", NOON - 2 * HOUR, row()),
        failed("a", NOON - HOUR, QUERY),
    ]
    assert [(each.target, each.reason) for each in report_of(tmp_path, *lines).verdicts] == [
        ("/usr/bin/dockerd", "query_failed")
    ]


def test_where_every_target_is_gone_a_failure_is_told(tmp_path: Path) -> None:
    lines = [
        snapshot("a", NOON - 3 * HOUR, row(), _target(1)),
        {**run("a", NOON - 2 * HOUR, f"{QUERY}_snapshot"), "snapshot": [], "action": "snapshot"},
        failed("a", NOON - HOUR, QUERY),
    ]
    assert said(report_of(tmp_path, *lines)) == [("a", "1.2.3", "unknown", "query_failed")]


def test_a_machine_whose_name_too_many_hosts_have_is_a_host_of_its_own(tmp_path: Path) -> None:
    report = report_of(tmp_path, *_hosts_of_one_name(MOST_OWNERS + 1))
    failing = {each.host for each in report.verdicts if each.reason == "query_failed"}
    assert failing == {f"web.d{number}" for number in range(MOST_OWNERS + 1)}

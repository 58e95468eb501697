"""Queries that carry many controls in one snapshot, such as `cis_docker_all_snapshot` of the packs."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditrules.benchmarks import CIS_DOCKER, Benchmark
from tests.report.logs import HOUR, NOON, Line, added, failed, report_of, row, run, said, snapshot

pytestmark = pytest.mark.engine

ALL = "pack_cis-docker_cis_docker_all_snapshot"


def _all(host: str, time: int, *rows: Line, name: str = ALL) -> Line:
    return {"snapshot": list(rows), "action": "snapshot", **run(host, time, name)}


def _both(word: str = "pass") -> tuple[Line, Line]:
    return row(word), row(word, "1.2.4", "/var/lib/docker")


def _reported(folder: Path, *lines: Line, controls: tuple[str, ...] = ("1.2.3", "1.2.4")) -> list[tuple[str, str, str]]:
    return [each[1:] for each in sorted(said(report_of(folder, *lines, controls=controls)))]


def test_each_row_of_one_snapshot_is_the_verdict_of_its_control(tmp_path: Path) -> None:
    lines = [_all("a", NOON - HOUR, row(), row("fail", "1.2.4", "/var/lib/docker"))]
    assert _reported(tmp_path, *lines) == [("1.2.3", "pass", "covered"), ("1.2.4", "fail", "no_rule")]


@pytest.mark.parametrize("older", [True, False])
def test_of_both_forms_the_newest_counts_and_once(tmp_path: Path, older: bool) -> None:
    whole, own = (NOON - 2 * HOUR, NOON - HOUR) if older else (NOON - HOUR, NOON - 2 * HOUR)
    lines = [_all("a", whole, *_both("fail")), snapshot("a", own, row())]
    found = _reported(tmp_path, *lines, controls=("1.2.3",))
    assert found == [("1.2.3", "pass", "covered") if older else ("1.2.3", "fail", "no_rule")]


@pytest.mark.parametrize("older", [True, False])
def test_a_target_that_the_newer_form_no_longer_names_is_not_counted_beside_the_one_that_it_names(
    tmp_path: Path, older: bool
) -> None:
    whole, own = (NOON - 2 * HOUR, NOON - HOUR) if older else (NOON - HOUR, NOON - 2 * HOUR)
    other = row("pass" if older else "fail", target="/usr/local/bin/dockerd")
    lines = [
        _all("a", whole, row("fail" if older else "pass"), row("pass", "1.2.4", "/var/lib/docker")),
        snapshot("a", own, other),
    ]
    assert _reported(tmp_path, *lines, controls=("1.2.3",)) == [("1.2.3", "pass", "covered")]


def test_a_failed_query_of_many_controls_makes_each_of_them_unknown(tmp_path: Path) -> None:
    lines = [_all("a", NOON - 2 * HOUR, *_both()), failed("a", NOON - HOUR, ALL)]
    assert _reported(tmp_path, *lines) == [
        ("1.2.3", "unknown", "query_failed"),
        ("1.2.4", "unknown", "query_failed"),
    ]


def test_it_makes_no_control_unknown_that_another_query_reported_since(tmp_path: Path) -> None:
    lines = [
        _all("a", NOON - 3 * HOUR, *_both()),
        failed("a", NOON - 2 * HOUR, ALL),
        added("a", NOON - HOUR, row()),
    ]
    assert _reported(tmp_path, *lines) == [("1.2.3", "pass", "covered"), ("1.2.4", "unknown", "query_failed")]


def test_it_makes_no_control_unknown_that_the_host_last_had_from_another_query(tmp_path: Path) -> None:
    lines = [
        _all("a", NOON - 4 * HOUR, *_both()),
        _all("a", NOON - 3 * HOUR, row()),
        snapshot("a", NOON - 2 * HOUR, row("pass", "1.2.4", "/var/lib/docker")),
        failed("a", NOON - HOUR, ALL),
    ]
    assert _reported(tmp_path, *lines) == [("1.2.3", "unknown", "query_failed"), ("1.2.4", "pass", "covered")]


@pytest.mark.parametrize(
    ("name", "benchmark"),
    [(ALL, CIS_DOCKER[0]), ("pack/ours/cis_docker_latest_all_snapshot", CIS_DOCKER[-1])],
    ids=["cis-docker", "cis-docker-latest"],
)
def test_a_failed_query_that_never_returned_a_row_is_of_all_controls_of_its_pack(
    tmp_path: Path, name: str, benchmark: object
) -> None:
    lines = [failed("a", NOON - HOUR, name)]
    assert isinstance(benchmark, Benchmark)
    found = {each.control for each in report_of(tmp_path, *lines).verdicts if each.reason == "query_failed"}
    assert found == {each.id for each in benchmark.controls}


def test_a_control_that_a_later_snapshot_of_the_query_leaves_out_is_no_longer_current(tmp_path: Path) -> None:
    lines = [_all("a", NOON - 2 * HOUR, *_both()), _all("a", NOON - HOUR, row())]
    assert _reported(tmp_path, *lines) == [("1.2.3", "pass", "covered"), ("1.2.4", "unknown", "gone")]


def test_a_control_that_comes_back_is_current_again(tmp_path: Path) -> None:
    lines = [
        _all("a", NOON - 3 * HOUR, *_both()),
        _all("a", NOON - 2 * HOUR, row()),
        _all("a", NOON - HOUR, *_both()),
    ]
    assert _reported(tmp_path, *lines) == [("1.2.3", "pass", "covered"), ("1.2.4", "pass", "covered")]


def test_a_control_that_another_query_still_reports_stays_current(tmp_path: Path) -> None:
    lines = [
        _all("a", NOON - 4 * HOUR, *_both()),
        snapshot("a", NOON - 3 * HOUR, row("pass", "1.2.4", "/var/lib/docker")),
        _all("a", NOON - 2 * HOUR, row()),
    ]
    assert _reported(tmp_path, *lines) == [("1.2.3", "pass", "covered"), ("1.2.4", "pass", "covered")]


def test_what_the_query_of_one_host_leaves_out_says_nothing_of_another(tmp_path: Path) -> None:
    lines = [
        _all("a", NOON - 2 * HOUR, *_both()),
        _all("b", NOON - HOUR, row()),
        snapshot("b", NOON - HOUR, row("pass", "1.2.4", "/var/lib/docker")),
    ]
    assert {each[2] for each in said(report_of(tmp_path, *lines, controls=("1.2.4",)))} == {"pass"}


def test_it_is_left_out_also_where_only_that_control_is_asked_for(tmp_path: Path) -> None:
    lines = [_all("a", NOON - 2 * HOUR, *_both()), _all("a", NOON - HOUR, row())]
    assert _reported(tmp_path, *lines, controls=("1.2.4",)) == [("1.2.4", "unknown", "gone")]


def test_a_version_that_the_query_no_longer_reports_is_replaced_by_the_one_that_it_reports(tmp_path: Path) -> None:
    newer = [{**each, "version": "1.8.0", "control": f"1.{each['control'][2:]}"} for each in _both()]
    lines = [_all("a", NOON - 2 * HOUR, *_both("fail")), _all("a", NOON - HOUR, *newer)]
    assert {each.version for each in report_of(tmp_path, *lines).verdicts} == {"1.8.0"}


def test_a_version_that_another_query_still_reports_is_not_replaced(tmp_path: Path) -> None:
    newer = [{**each, "version": "1.8.0", "control": f"1.{each['control'][2:]}"} for each in _both()]
    lines = [
        _all("a", NOON - 3 * HOUR, *_both()),
        _all("a", NOON - 2 * HOUR, *newer),
        snapshot("a", NOON - HOUR, row("fail")),
    ]
    assert ("1.2.3", "fail", "no_rule") in [each[1:] for each in said(report_of(tmp_path, *lines))]

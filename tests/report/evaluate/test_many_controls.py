"""Queries that carry many controls in one snapshot, such as `cis_docker_all_snapshot` of the packs."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditrules.benchmarks import CIS_DOCKER, Benchmark
from auditrules.report.model import Report
from tests.report.evaluate.among import Fleets, part
from tests.report.logs import HOUR, NOON, Line, added, failed, report_of, row, run, said, snapshot

pytestmark = pytest.mark.engine

FLEETS = Fleets()
ALL = "pack_cis-docker_cis_docker_all_snapshot"


def _all(host: str, time: int, *rows: Line, name: str = ALL) -> Line:
    return {"snapshot": list(rows), "action": "snapshot", **run(host, time, name)}


def _both(word: str = "pass") -> tuple[Line, Line]:
    return row(word), row(word, "1.2.4", "/var/lib/docker")


def _reported(fleet: Report, *controls: str) -> list[tuple[str, str, str]]:
    """Give control, status and reason of each verdict, on some controls or on all."""
    return [each[1:] for each in sorted(said(fleet)) if not controls or each[1] in controls]


@FLEETS.among(_all("a", NOON - HOUR, row(), row("fail", "1.2.4", "/var/lib/docker")))
def test_each_row_of_one_snapshot_is_the_verdict_of_its_control(fleet: Report) -> None:
    assert _reported(fleet) == [("1.2.3", "pass", "covered"), ("1.2.4", "fail", "no_rule")]


# By whether the snapshot of many controls is the older one: when it was taken, and when that of one control.
FORMS = {"True": (NOON - 2 * HOUR, NOON - HOUR), "False": (NOON - HOUR, NOON - 2 * HOUR)}


@FLEETS.each(
    "expected",
    {
        older: ([_all("a", whole, *_both("fail")), snapshot("a", own, row())], expected)
        for (older, (whole, own)), expected in zip(
            FORMS.items(), (("1.2.3", "pass", "covered"), ("1.2.3", "fail", "no_rule")), strict=True
        )
    },
)
def test_of_both_forms_the_newest_counts_and_once(fleet: Report, expected: tuple[str, str, str]) -> None:
    assert _reported(fleet, "1.2.3") == [expected]


@FLEETS.each(
    "",
    {
        older: (
            [
                _all("a", whole, row(of_whole), row("pass", "1.2.4", "/var/lib/docker")),
                snapshot("a", own, row(of_own, target="/usr/local/bin/dockerd")),
            ],
        )
        for (older, (whole, own)), (of_whole, of_own) in zip(
            FORMS.items(), (("fail", "pass"), ("pass", "fail")), strict=True
        )
    },
)
def test_a_target_that_the_newer_form_no_longer_names_is_not_counted_beside_the_one_that_it_names(
    fleet: Report,
) -> None:
    assert _reported(fleet, "1.2.3") == [("1.2.3", "pass", "covered")]


@FLEETS.among(_all("a", NOON - 2 * HOUR, *_both()), failed("a", NOON - HOUR, ALL))
def test_a_failed_query_of_many_controls_makes_each_of_them_unknown(fleet: Report) -> None:
    assert _reported(fleet) == [
        ("1.2.3", "unknown", "query_failed"),
        ("1.2.4", "unknown", "query_failed"),
    ]


@FLEETS.among(
    _all("a", NOON - 3 * HOUR, *_both()),
    failed("a", NOON - 2 * HOUR, ALL),
    added("a", NOON - HOUR, row()),
)
def test_it_makes_no_control_unknown_that_another_query_reported_since(fleet: Report) -> None:
    assert _reported(fleet) == [("1.2.3", "pass", "covered"), ("1.2.4", "unknown", "query_failed")]


@FLEETS.among(
    _all("a", NOON - 4 * HOUR, *_both()),
    _all("a", NOON - 3 * HOUR, row()),
    snapshot("a", NOON - 2 * HOUR, row("pass", "1.2.4", "/var/lib/docker")),
    failed("a", NOON - HOUR, ALL),
)
def test_it_makes_no_control_unknown_that_the_host_last_had_from_another_query(fleet: Report) -> None:
    assert _reported(fleet) == [("1.2.3", "unknown", "query_failed"), ("1.2.4", "pass", "covered")]


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


@FLEETS.among(
    _all("a", NOON - 2 * HOUR, *_both()),
    _all("a", NOON - HOUR, row()),
)
def test_a_control_that_a_later_snapshot_of_the_query_leaves_out_is_no_longer_current(fleet: Report) -> None:
    assert _reported(fleet) == [("1.2.3", "pass", "covered"), ("1.2.4", "unknown", "gone")]


@FLEETS.among(
    _all("a", NOON - 3 * HOUR, *_both()),
    _all("a", NOON - 2 * HOUR, row()),
    _all("a", NOON - HOUR, *_both()),
)
def test_a_control_that_comes_back_is_current_again(fleet: Report) -> None:
    assert _reported(fleet) == [("1.2.3", "pass", "covered"), ("1.2.4", "pass", "covered")]


@FLEETS.among(
    _all("a", NOON - 4 * HOUR, *_both()),
    snapshot("a", NOON - 3 * HOUR, row("pass", "1.2.4", "/var/lib/docker")),
    _all("a", NOON - 2 * HOUR, row()),
)
def test_a_control_that_another_query_still_reports_stays_current(fleet: Report) -> None:
    assert _reported(fleet) == [("1.2.3", "pass", "covered"), ("1.2.4", "pass", "covered")]


@FLEETS.among(
    _all("a", NOON - 2 * HOUR, *_both()),
    _all("b", NOON - HOUR, row()),
    snapshot("b", NOON - HOUR, row("pass", "1.2.4", "/var/lib/docker")),
)
def test_what_the_query_of_one_host_leaves_out_says_nothing_of_another(fleet: Report) -> None:
    assert {status for control, status, _ in _reported(fleet) if control == "1.2.4"} == {"pass"}


def test_it_is_left_out_also_where_only_that_control_is_asked_for(tmp_path: Path) -> None:
    lines = [_all("a", NOON - 2 * HOUR, *_both()), _all("a", NOON - HOUR, row())]
    fleet = report_of(tmp_path, *lines, controls=("1.2.4",))
    assert _reported(fleet) == [("1.2.4", "unknown", "gone")]


NEWER = [{**each, "version": "1.8.0", "control": f"1.{each['control'][2:]}"} for each in _both()]


@FLEETS.among(_all("a", NOON - 2 * HOUR, *_both("fail")), _all("a", NOON - HOUR, *NEWER))
def test_a_version_that_the_query_no_longer_reports_is_replaced_by_the_one_that_it_reports(fleet: Report) -> None:
    assert {each.version for each in fleet.verdicts} == {"1.8.0"}


@FLEETS.among(
    _all("a", NOON - 3 * HOUR, *_both()), _all("a", NOON - 2 * HOUR, *NEWER), snapshot("a", NOON - HOUR, row("fail"))
)
def test_a_version_that_another_query_still_reports_is_not_replaced(fleet: Report) -> None:
    assert ("1.2.3", "fail", "no_rule") in _reported(fleet)


@pytest.mark.full
@pytest.mark.parametrize("number", FLEETS.numbers())
def test_a_fleet_is_among_others_what_it_is_alone(number: int, all_fleets: Report, tmp_path: Path) -> None:
    assert part(all_fleets, number) == part(report_of(tmp_path, *FLEETS.lines(number)), number)

"""What the lines of a host come to."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.report.errors import ReportError
from auditrules.report.evaluate.filters import FilterError, KnownControl
from auditrules.report.inputs import Inventory, read_inventory
from auditrules.report.model import ChangeKind, Counts, HostState, Report, Waiver, WaiverState
from auditrules.report.present.html import render as page
from auditrules.report.present.terminal import render as terminal
from auditrules.status import Status
from tests.laws import law
from tests.report.evaluate.among import Fleets, part
from tests.report.logs import (
    DAY,
    HOUR,
    NOON,
    VERSION,
    Line,
    added,
    failed,
    loaded,
    report,
    report_of,
    row,
    run,
    said,
    snapshot,
    write,
)
from tests.sampled import numbered, sampled

pytestmark = pytest.mark.engine

FLEETS = Fleets()
"""Those of all tests below that ask a report of nothing but its logs."""


def _snapshot(word: str, host: str, time: int) -> Line:
    return snapshot(host, time, row(word))


def _added(word: str, host: str, time: int) -> Line:
    return added(host, time, row(word))


def _failed(query: str, host: str, time: int) -> Line:
    return failed(host, time, query)


def _loaded(number: int, host: str, time: int) -> Line:
    return loaded(host, time, number)


QUERY = "pack_cis-docker_cis_docker_1_2_3"
OTHER_TARGET = row("fail", target="/usr/local/bin/dockerd")

# What is logged of one host and control, and what it counts as at noon: status and reason.
CASES: dict[str, tuple[list[Line], tuple[str, str]]] = {
    "a fresh snapshot counts": ([snapshot("a", NOON - HOUR, row())], ("pass", "covered")),
    "a fresh change counts": ([added("a", NOON - HOUR, row("fail"))], ("fail", "no_rule")),
    "the newest row counts, whatever comes first in the log": (
        [snapshot("a", NOON - 60, row("fail")), snapshot("a", NOON - 120, row())],
        ("fail", "no_rule"),
    ),
    "a word that is older than the age is stale": ([snapshot("a", NOON - 27 * HOUR, row())], ("unknown", "stale")),
    "a word that is as old as the age is not": ([snapshot("a", NOON - 26 * HOUR, row())], ("pass", "covered")),
    "a query that failed since then makes it unknown": (
        [snapshot("a", NOON - 2 * HOUR, row()), failed("a", NOON - HOUR, QUERY)],
        ("unknown", "query_failed"),
    ),
    "so does its twin": (
        [snapshot("a", NOON - 2 * HOUR, row()), failed("a", NOON - HOUR, f"{QUERY}_snapshot")],
        ("unknown", "query_failed"),
    ),
    "a query that failed before then does not": (
        [failed("a", NOON - 2 * HOUR, QUERY), snapshot("a", NOON - HOUR, row())],
        ("pass", "covered"),
    ),
    "nor does another query that failed": (
        [snapshot("a", NOON - 2 * HOUR, row()), failed("a", NOON - HOUR, "pack_ours_uptime")],
        ("pass", "covered"),
    ),
    "an extension that is lost makes it unknown": (
        [snapshot("a", NOON - 2 * HOUR, row()), loaded("a", NOON - HOUR, 0)],
        ("unknown", "extension_missing"),
    ),
    "one that is back at once does not": (
        [snapshot("a", NOON - 2 * HOUR, row()), loaded("a", NOON - HOUR, 0), loaded("a", NOON - HOUR + 2, 1)],
        ("pass", "covered"),
    ),
    "one that is back after hours has not said that it passes": (
        [snapshot("a", NOON - 9 * HOUR, row()), loaded("a", NOON - 8 * HOUR, 0), loaded("a", NOON - HOUR, 1)],
        ("unknown", "extension_missing"),
    ),
    "a snapshot without rows makes it unknown": (
        [snapshot("a", NOON - 2 * HOUR, row()), snapshot("a", NOON - HOUR)],
        ("unknown", "gone"),
    ),
    "so does a row that is removed": (
        [added("a", NOON - 2 * HOUR, row()), added("a", NOON - HOUR, row(), "removed")],
        ("unknown", "gone"),
    ),
    "a row that is removed and added again is a change": (
        [
            added("a", NOON - 2 * HOUR, row()),
            added("a", NOON - HOUR, row("fail")),
            added("a", NOON - HOUR, row(), "removed"),
        ],
        ("fail", "no_rule"),
    ),
    "another target that decides takes the place of one that is removed": (
        [
            added("a", NOON - 2 * HOUR, OTHER_TARGET),
            added("a", NOON - HOUR, row()),
            added("a", NOON - HOUR, OTHER_TARGET, "removed"),
        ],
        ("pass", "covered"),
    ),
    "so it does of one that the next snapshot does not name": (
        [snapshot("a", NOON - 2 * HOUR, OTHER_TARGET), snapshot("a", NOON - HOUR, row())],
        ("pass", "covered"),
    ),
    "or the snapshot of its twin": (
        [added("a", NOON - 2 * HOUR, OTHER_TARGET), snapshot("a", NOON - HOUR, row())],
        ("pass", "covered"),
    ),
    "within one second a change is newer than a snapshot": (
        [added("a", NOON - HOUR, row("fail")), snapshot("a", NOON - HOUR, row())],
        ("fail", "no_rule"),
    ),
    "a status that nobody knows is unknown": (
        [snapshot("a", NOON - HOUR, row("maybe"))],
        ("unknown", "unknown_status"),
    ),
    "one that is not written as it should be is one that nobody knows": (
        [snapshot("a", NOON - HOUR, row("PASS"))],
        ("unknown", "unknown_status"),
    ),
    "a clock of 1970 makes it unknown": ([snapshot("a", 12, row())], ("unknown", "clock_wrong")),
    "as does one of next year": ([snapshot("a", NOON + 400 * DAY, row())], ("unknown", "clock_wrong")),
    "so does no time at all": ([{**snapshot("a", 0, row()), "calendarTime": ""}], ("unknown", "clock_wrong")),
    "a failure that nobody can date makes a pass unknown": (
        [snapshot("a", 12, row("fail")), snapshot("a", NOON - HOUR, row())],
        ("unknown", "clock_wrong"),
    ),
    "so does one of next year": (
        [snapshot("a", NOON - 2 * HOUR, row()), snapshot("a", NOON + 400 * DAY, row("fail"))],
        ("unknown", "clock_wrong"),
    ),
    "so does a run without rows that nobody can date": (
        [snapshot("a", NOON - 2 * HOUR, row()), snapshot("a", NOON + 400 * DAY)],
        ("unknown", "clock_wrong"),
    ),
    "so does a query that failed nobody knows when": (
        [snapshot("a", NOON - 2 * HOUR, row()), failed("a", 12, QUERY)],
        ("unknown", "clock_wrong"),
    ),
    "so does a pass that was removed nobody knows when": (
        [snapshot("a", NOON - 2 * HOUR, row()), added("a", 12, row(), "removed")],
        ("unknown", "clock_wrong"),
    ),
    "a failure that was removed nobody knows when does not": (
        [snapshot("a", NOON - 2 * HOUR, row()), added("a", 12, row("fail"), "removed")],
        ("pass", "covered"),
    ),
    "nor does an extension that came late at a boot of 1970": (
        [snapshot("a", NOON - 2 * HOUR, row()), loaded("a", 12, 0), loaded("a", NOON - 3 * HOUR, 1)],
        ("pass", "covered"),
    ),
    "a word that agrees does not": (
        [snapshot("a", 12, row()), snapshot("a", NOON - HOUR, row())],
        ("pass", "covered"),
    ),
    "a failure stays one, whatever is said at a time that cannot be": (
        [snapshot("a", 12, row()), snapshot("a", NOON - HOUR, row("fail"))],
        ("fail", "no_rule"),
    ),
    "a clock that is a little ahead is right": ([snapshot("a", NOON + 60, row())], ("pass", "covered")),
}


@pytest.fixture(scope="module")
def every_case(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Give the report of a fleet in which each case is a host, of the case's name."""
    lines = [
        {**line, "hostIdentifier": name, "decorations": {"host_uuid": name, "hostname": name}}
        for name, (lines, _) in CASES.items()
        for line in lines
    ]
    return report_of(tmp_path_factory.mktemp("every"), *lines)


@pytest.mark.parametrize("case", CASES)
def test_what_a_host_logs_comes_to(case: str, every_case: Report) -> None:
    assert [each for each in said(every_case) if each[0] == case] == [(case, "1.2.3", *CASES[case][1])]


@pytest.mark.full
@pytest.mark.parametrize(("lines", "expected"), CASES.values(), ids=CASES)
def test_what_a_host_logs_comes_to_without_other_hosts(
    lines: list[Line], expected: tuple[str, str], tmp_path: Path
) -> None:
    assert said(report_of(tmp_path, *lines)) == [("a", "1.2.3", *expected)]


def test_the_trend_ends_with_what_is_counted(every_case: Report) -> None:
    assert every_case.trend[-1].counts == every_case.counts == every_case.host_counts
    assert every_case.counts.total == len(CASES)


@FLEETS.among(snapshot("a", NOON - HOUR, row(), OTHER_TARGET))
def test_each_of_two_targets_of_one_run_has_its_own_status(fleet: Report) -> None:
    assert [(each.target, each.status) for each in fleet.verdicts] == [
        ("/usr/local/bin/dockerd", Status.FAIL),
        ("/usr/bin/dockerd", Status.PASS),
    ]
    assert fleet.counts == Counts(failed=1)


@FLEETS.among(snapshot("a", NOON - 2 * HOUR, row(), OTHER_TARGET), snapshot("a", NOON - HOUR, row()))
def test_a_target_that_a_snapshot_names_no_more_is_gone(fleet: Report) -> None:
    assert said(fleet) == [("a", "1.2.3", "pass", "covered")]
    assert [(each.kind, each.before, each.after) for each in fleet.changes] == [(ChangeKind.OTHER, "fail", "gone")]


# Lines of two targets, the first of which fails and which nothing says to be gone.
TWO_TARGETS: dict[str, list[Line]] = {
    "without a removal": [added("a", NOON - 2 * HOUR, OTHER_TARGET), added("a", NOON - HOUR, row())],
    "in batches without a removal": [
        {**run("a", NOON - age * HOUR, QUERY), "diffResults": {"added": [each], "removed": []}}
        for age, each in ((2, OTHER_TARGET), (1, row()))
    ],
    "of two queries with snapshots": [
        snapshot("a", NOON - 2 * HOUR, OTHER_TARGET, name="one_snapshot"),
        snapshot("a", NOON - HOUR, row(), name="two_snapshot"),
    ],
    "of two queries, one without snapshots": [
        added("a", NOON - 2 * HOUR, OTHER_TARGET, name="one"),
        snapshot("a", NOON - HOUR, row(), name="two_snapshot"),
    ],
    "of two queries, one of which gave nothing in between": [
        snapshot("a", NOON - 3 * HOUR, OTHER_TARGET, name="one_snapshot"),
        snapshot("a", NOON - 3 * HOUR, row(), name="two_snapshot"),
        snapshot("a", NOON - 2 * HOUR, name="two_snapshot"),
        snapshot("a", NOON - HOUR, row(), name="two_snapshot"),
    ],
}


@FLEETS.each("", {name: (lines,) for name, lines in TWO_TARGETS.items()})
def test_a_target_of_which_nothing_says_that_it_is_gone_still_fails(fleet: Report) -> None:
    assert [(each.target, each.status) for each in fleet.verdicts] == [
        ("/usr/local/bin/dockerd", Status.FAIL),
        ("/usr/bin/dockerd", Status.PASS),
    ]
    assert fleet.counts == Counts(failed=1)


def changed(old: Line, new: Line) -> list[Line]:
    """Make what osqueryd logs of a run in which one row took the place of another."""
    return [added("a", NOON - HOUR, old, "removed"), added("a", NOON - HOUR, new)]


# Rows that take each other's place: since when the last has its status, in hours before noon.
REPLACED = {
    "by other evidence": (row(evidence="one rule"), row(evidence="another rule"), 5),
    "by another reason": (row("fail", reason="no_rule"), row("fail", reason="conditional"), 5),
    "by another target": (row(), row(target="/usr/local/bin/dockerd"), 5),
    "by another status": (row("fail"), row("pass"), 1),
}


@FLEETS.each(
    "new, hours",
    {
        f"{turned}-{name}": (
            [added("a", NOON - 5 * HOUR, old), *(reversed(changed(old, new)) if turned else changed(old, new))],
            new,
            hours,
        )
        for turned in (False, True)
        for name, (old, new, hours) in REPLACED.items()
    },
)
def test_since_is_when_the_status_began_whatever_else_changed(fleet: Report, new: Line, hours: int) -> None:
    (verdict,) = fleet.verdicts
    assert verdict.since == NOON - hours * HOUR
    assert verdict.evidence == new["evidence"]


@FLEETS.among(
    added("a", NOON - 5 * HOUR, row()), added("a", NOON - 3 * HOUR, row(), "removed"), added("a", NOON, row())
)
def test_since_of_a_row_that_was_gone_for_a_while_is_when_it_came_back(fleet: Report) -> None:
    (verdict,) = fleet.verdicts
    assert verdict.since == NOON


def test_a_target_that_was_named_later_is_left_out(tmp_path: Path) -> None:
    lines = [snapshot("a", NOON - 2 * HOUR, row()), snapshot("a", NOON - HOUR, row(), OTHER_TARGET)]
    assert said(report_of(tmp_path, *lines, until=NOON - 2 * HOUR)) == [("a", "1.2.3", "pass", "covered")]


@FLEETS.among(snapshot("a", NOON - HOUR, row()), failed("a", 12, QUERY))
def test_a_failure_at_a_time_that_cannot_be_is_told(fleet: Report) -> None:
    (host,) = fleet.hosts
    assert host.note == "its clock was behind: 1 line has a time such as 1970-01-01 00:00 UTC"


def test_a_control_that_a_host_never_spoke_of_is_unknown(tmp_path: Path) -> None:
    fleet = report_of(
        tmp_path, *(snapshot("a", NOON, row(control=each)) for each in ("1.2.3", "1.2.4")), snapshot("b", NOON, row())
    )
    assert ("b", "1.2.4", "unknown", "no_rows") in said(fleet)


def test_one_host_makes_no_control_for_the_others(tmp_path: Path) -> None:
    fleet = report_of(
        tmp_path, *(snapshot(each, NOON, row()) for each in "abc"), snapshot("c", NOON, row(control="9.9.9"))
    )
    assert [each[:2] for each in said(fleet)] == [("a", "1.2.3"), ("b", "1.2.3"), ("c", "1.2.3"), ("c", "9.9.9")]


@FLEETS.among(snapshot("a", NOON, row()), snapshot("b", NOON, row(control="1.1.3", version="1.8.0")))
def test_a_host_of_another_benchmark_is_asked_for_that_one_alone(fleet: Report) -> None:
    assert [(each.version, each.counts.total) for each in fleet.controls] == [("1.2.0", 1), ("1.8.0", 1)]


def test_title_and_level_are_our_own_words_where_we_have_them(tmp_path: Path) -> None:
    (verdict,) = report_of(tmp_path, snapshot("a", NOON, row(title="<b>", level="9"))).verdicts
    assert (verdict.title, verdict.level) == ("Auditing for the Docker daemon executable is configured", "1")


def test_a_query_that_always_failed_is_known_by_its_name(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, failed("a", NOON - HOUR, "pack/team-3/CIS Docker 1.2.0 - 1.2.4 evidence"))
    (verdict,) = (each for each in fleet.verdicts if each.reason == "query_failed")
    assert (verdict.host, verdict.control, verdict.status) == ("uuid-a", "1.2.4", Status.UNKNOWN)
    assert verdict.evidence == ("pack/team-3/CIS Docker 1.2.0 - 1.2.4 evidence failed: no such table: audit_rules")


QUERIES_OF_ANOTHER: dict[str, tuple[Line, int]] = {
    "with more rows": ({"name": QUERY}, 10),
    "whose name is the query and a part of the message": ({"name": f"{QUERY}: no such table"}, 1),
    "of another host's name": ({"name": QUERY, "decorations": {"host_uuid": "evil", "hostname": "a"}}, 10),
}


@FLEETS.each(
    "",
    {
        name: (
            [
                snapshot("a", NOON - HOUR, row()),
                *(snapshot("evil", NOON - age, row(control="9.9"), **line) for age in range(count)),
                failed("a", NOON - 60, QUERY),
            ],
        )
        for name, (line, count) in QUERIES_OF_ANOTHER.items()
    },
)
def test_rows_of_another_host_do_not_hide_that_a_query_failed(fleet: Report) -> None:
    (verdict,) = (each for each in fleet.verdicts if (each.host, each.control) == ("uuid-a", "1.2.3"))
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, "query_failed")


def test_a_version_that_another_host_makes_up_does_not_hide_that_a_query_failed(tmp_path: Path) -> None:
    made_up = row(benchmark="A Benchmark", version="0.1")
    fleet = report_of(
        tmp_path,
        snapshot("evil", NOON - 60, made_up),
        snapshot("a", NOON - HOUR, row(), name="another"),
        failed("a", NOON - 60, QUERY),
    )
    (verdict,) = (each for each in fleet.verdicts if (each.host, each.version) == ("uuid-a", VERSION))
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, "query_failed")


@FLEETS.each(
    "",
    {
        name: (
            [
                snapshot("a", NOON - HOUR, row()),
                *(snapshot("evil", NOON - age, row(), name="theirs") for age in range(10)),
                line,
                {**line, "hostIdentifier": "b"},
            ],
        )
        for name, line in (
            ("gone", snapshot("a", NOON - 60, name="theirs")),
            ("failed", failed("a", NOON - 60, "theirs")),
        )
    },
)
def test_a_host_makes_no_query_of_others_one_of_a_control(fleet: Report) -> None:
    assert said(fleet) == [("a", "1.2.3", "pass", "covered"), ("evil", "1.2.3", "pass", "covered")]


ALL_CONTROLS = snapshot("a", NOON - HOUR, row(), row(control="1.2.4", target="/var/lib/docker"), name="all_controls")


@FLEETS.each(
    "",
    {
        "gone": ([ALL_CONTROLS, snapshot("a", NOON - 60, name="all_controls")],),
        "failed": ([ALL_CONTROLS, failed("a", NOON - 60, "all_controls")],),
    },
)
def test_what_happens_to_a_query_of_many_controls_happens_to_each(fleet: Report) -> None:
    assert {each.status for each in fleet.verdicts} == {Status.UNKNOWN}
    assert len(fleet.verdicts) == 2


@FLEETS.among(snapshot("a", NOON - HOUR, row()), failed("a", NOON, QUERY))
def test_a_host_where_a_query_fails_says_so(fleet: Report) -> None:
    (host,) = fleet.hosts
    assert (host.state, host.note) == (HostState.FAILING, f"{QUERY} failed: no such table: audit_rules")


@FLEETS.among(
    *(snapshot("a", NOON - hours * HOUR, row(status)) for hours, status in ((3, "fail"), (2, "pass"), (1, "pass")))
)
def test_since_is_when_the_status_began(fleet: Report) -> None:
    (verdict,) = fleet.verdicts
    assert (verdict.since, verdict.seen) == (NOON - 2 * HOUR, NOON - HOUR)


def test_a_stale_verdict_is_unknown_since_its_age_ran_out(tmp_path: Path) -> None:
    (verdict,) = report_of(tmp_path, snapshot("a", NOON - 3 * HOUR, row()), max_age=HOUR).verdicts
    assert (verdict.since, verdict.seen, verdict.logged) == (NOON - 2 * HOUR, NOON - 3 * HOUR, "pass")


def test_a_host_that_fell_silent_is_a_change(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", NOON - 3 * HOUR, row()), max_age=HOUR)
    (change,) = fleet.changes
    assert (change.kind, change.at, change.before, change.after) == (
        ChangeKind.GONE_SILENT,
        NOON - 2 * HOUR,
        "pass",
        "unknown",
    )


KINDS = {
    ("pass", "fail"): ChangeKind.NEWLY_FAILING,
    ("unknown", "fail"): ChangeKind.NEWLY_FAILING,
    ("fail", "pass"): ChangeKind.FIXED,
    ("fail", "not_applicable"): ChangeKind.FIXED,
    ("fail", "unknown"): ChangeKind.OTHER,
    ("unknown", "pass"): ChangeKind.OTHER,
}


@FLEETS.each(
    "kind",
    {
        f"{before}, {after}": ([snapshot("a", NOON - 60, row(before)), snapshot("a", NOON, row(after))], kind)
        for (before, after), kind in KINDS.items()
    },
)
def test_a_change_is_named_by_what_it_leads_to(fleet: Report, kind: ChangeKind) -> None:
    assert [(each.kind, each.at) for each in fleet.changes] == [(kind, NOON)]


@FLEETS.among(added("a", NOON - 60, row(evidence="a\\x0Ab")), snapshot("a", NOON, row(evidence="a\nb")))
def test_other_evidence_is_no_change(fleet: Report) -> None:
    assert fleet.changes == ()
    assert fleet.verdicts[0].evidence == "a\nb"


def test_changes_before_the_window_are_not_told(tmp_path: Path) -> None:
    lines = [
        snapshot("a", NOON - hours * HOUR, row(status)) for hours, status in ((3, "pass"), (2, "fail"), (1, "pass"))
    ]
    fleet = report_of(tmp_path, *lines, since=NOON - HOUR)
    assert [each.kind for each in fleet.changes] == [ChangeKind.FIXED]
    assert (fleet.start, fleet.end) == (NOON - HOUR, NOON - HOUR)


def test_what_was_logged_later_is_left_out(tmp_path: Path) -> None:
    lines = [
        snapshot("a", NOON - 2 * HOUR, row("fail")),
        snapshot("a", NOON - HOUR, row()),
        snapshot("b", NOON - 60, row()),
    ]
    fleet = report_of(tmp_path, *lines, until=NOON - 2 * HOUR)
    assert said(fleet) == [("a", "1.2.3", "fail", "no_rule")]
    assert [host.name for host in fleet.hosts] == ["a.example.net"]


def test_each_day_of_the_trend_is_judged_by_what_was_known_then(tmp_path: Path) -> None:
    lines = [
        snapshot("a", NOON - 3 * DAY, row("fail")),
        snapshot("a", NOON - 2 * DAY, row()),
        snapshot("a", NOON, row()),
    ]
    fleet = report_of(tmp_path, *lines)
    assert [(each.day, each.counts) for each in fleet.trend] == [
        ("2026-11-20", Counts(failed=1)),
        ("2026-11-21", Counts(passed=1)),
        ("2026-11-22", Counts(unknown=1)),
        ("2026-11-23", Counts(passed=1)),
    ]


@pytest.mark.parametrize("until", [NOON, NOON + DAY // 2 - 30], ids=["at noon", "half a minute before midnight"])
def test_the_trend_ends_with_a_host_whose_clock_is_a_little_ahead(until: int, tmp_path: Path) -> None:
    lines = [snapshot("a", until + 60, row()), snapshot("b", until, row(), row(control="1.2.4"))]
    fleet = report_of(tmp_path, *lines, now=until)
    assert fleet.trend[-1].counts == fleet.counts == Counts(passed=3, unknown=1)


def test_a_clock_of_1970_does_not_lengthen_the_trend(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", 12, row()), snapshot("b", NOON, row()))
    assert [each.day for each in fleet.trend] == ["2026-11-23"]


def test_a_wrong_clock_is_told(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", 12, row()), max_age=60 * 365 * DAY)
    assert fleet.notes[0] == (
        "1 host has a wrong clock: results dated before 2014 or in the future do not count, and a pass that they "
        "contradict is unknown"
    )
    assert fleet.hosts[0].note == "its clock was behind: 1 line has a time such as 1970-01-01 00:00 UTC"


def inventory(*names: str, **labels: str) -> Inventory:
    return Inventory(tuple((name,) for name in names), dict.fromkeys(names, labels), ("host", *labels))


def test_a_host_of_the_inventory_that_no_log_names_is_missing(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", NOON, row()), inventory=inventory("a", "b"))
    assert said(fleet) == [("b", "1.2.3", "unknown", "missing"), ("a", "1.2.3", "pass", "covered")]
    assert [host.state for host in fleet.hosts] == [HostState.MISSING, HostState.REPORTING]


@sampled("name", numbered(["a", "A", "a.example.net", "uuid-a"]), one_in=2)
def test_the_inventory_may_use_any_name_of_a_host(name: str, tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", NOON, row()), inventory=inventory(name))
    assert [host.state for host in fleet.hosts] == [HostState.REPORTING]


def test_the_inventory_may_name_the_domain_that_a_host_leaves_out(tmp_path: Path) -> None:
    lines = [snapshot("a", NOON, row(), decorations={"host_uuid": "u", "hostname": "a"})]
    fleet = report_of(tmp_path, *lines, inventory=inventory("a.example.net"))
    assert [host.state for host in fleet.hosts] == [HostState.REPORTING]


def test_of_two_domains_of_the_inventory_neither_is_a_host_without_one(tmp_path: Path) -> None:
    lines = [snapshot("a", NOON, row(), decorations={"host_uuid": "u", "hostname": "a"})]
    fleet = report_of(tmp_path, *lines, inventory=inventory("a.prod.x", "a.dev.x"))
    assert [host.state for host in fleet.hosts] == [HostState.MISSING, HostState.MISSING, HostState.REPORTING]


def test_a_host_of_the_inventory_that_spoke_only_later_is_missing(tmp_path: Path) -> None:
    fleet = report_of(
        tmp_path,
        snapshot("a", NOON - 2 * HOUR, row()),
        snapshot("b", NOON, row()),
        inventory=inventory("a", "b"),
        until=NOON - HOUR,
    )
    assert said(fleet) == [("b", "1.2.3", "unknown", "missing"), ("a", "1.2.3", "pass", "covered")]


@FLEETS.among(
    snapshot("same", NOON, row(), decorations={"host_uuid": "one", "hostname": "one"}),
    snapshot("same", NOON, row("fail"), decorations={"host_uuid": "two", "hostname": "two"}),
)
def test_hosts_of_one_identifier_are_kept_apart_by_host_uuid(fleet: Report) -> None:
    assert said(fleet) == [("two", "1.2.3", "fail", "no_rule"), ("one", "1.2.3", "pass", "covered")]
    assert fleet.notes == ("2 hosts share the identifier same; host_uuid or name tells them apart: one, two",)
    assert fleet.hosts[0].note == "shares the identifier same with 1 other"


@FLEETS.among(
    *(
        snapshot("x", NOON - age, row(status), decorations={"host_uuid": "u", "hostname": name})
        for age, name, status in ((40, "one", "fail"), (30, "two", "pass"), (20, "one", "fail"), (10, "two", "pass"))
    )
)
def test_names_that_take_turns_under_one_key_are_two_hosts(fleet: Report) -> None:
    assert said(fleet) == [("u (one)", "1.2.3", "fail", "no_rule"), ("u (two)", "1.2.3", "pass", "covered")]


def cloned(identifier: str, time: int, status: str, name: str = "web-1") -> Line:
    return snapshot(identifier, time, row(status), decorations={"host_uuid": "u", "hostname": name})


# What machines of one host_uuid report: identifier, seconds before noon, status and name of each line.
CLONES: dict[str, tuple[tuple[tuple[Any, ...], ...], tuple[str, ...]]] = {
    "that take turns": (
        (("i-1", 40, "fail"), ("i-2", 30, "pass"), ("i-1", 20, "fail"), ("i-2", 10, "pass")),
        ("i-1", "i-2"),
    ),
    "of which each reported once": ((("i-1", 40, "fail"), ("i-2", 30, "pass")), ("i-1", "i-2")),
    "that report at once": ((("i-1", 40, "fail"), ("i-2", 40, "pass")), ("i-1", "i-2")),
    "two of which have one identifier": (
        (("i-1", 40, "fail", "a"), ("i-1", 30, "pass", "b"), ("i-2", 20, "pass", "a")),
        ("i-1, a", "i-1, b", "i-2"),
    ),
}


@FLEETS.each(
    "expected",
    {
        name: ([cloned(identifier, NOON - age, *more) for identifier, age, *more in lines], expected)
        for name, (lines, expected) in CLONES.items()
    },
)
def test_clones_are_told_apart_by_their_identifier(fleet: Report, expected: tuple[str, ...]) -> None:
    assert sorted(host.key for host in fleet.hosts) == [f"u ({each})" for each in expected]
    assert (fleet.host_counts.failed, fleet.host_counts.passed) == (1, len(expected) - 1)
    assert any(note.startswith(f"{len(expected)} hosts share the host_uuid u, as clones do; ") for note in fleet.notes)


@FLEETS.among(cloned("i-1", NOON - 60 * HOUR, "fail"), cloned("i-2", NOON - HOUR, "pass"))
def test_a_host_that_got_another_identifier_long_ago_is_one_host(fleet: Report) -> None:
    assert said(fleet) == [("u", "1.2.3", "pass", "covered")]


@FLEETS.among(*(snapshot(each, NOON, row(), decorations={"hostname": "web-1"}) for each in ("i-1", "i-2")))
def test_hosts_of_one_name_are_told_apart_and_noted(fleet: Report) -> None:
    assert [(host.key, host.note) for host in fleet.hosts] == [
        ("i-1", "is called web-1 like 1 other"),
        ("i-2", "is called web-1 like 1 other"),
    ]
    assert fleet.notes == ("2 hosts are called web-1; host_uuid or the host identifier tells them apart: i-1, i-2",)


@FLEETS.among(
    *(
        snapshot("x", NOON - age, row(), decorations={"host_uuid": "u", "hostname": name})
        for age, name in ((40 * HOUR, "old.example.net"), (30 * HOUR, "old"), (20, "new.example.net"))
    )
)
def test_a_host_that_was_renamed_is_one_host(fleet: Report) -> None:
    (host,) = fleet.hosts
    assert (host.name, host.note) == (
        "new.example.net",
        "was called old.example.net until 2026-11-21 20:00 UTC; was called old until 2026-11-22 06:00 UTC",
    )


# Names that one host_uuid has, in seconds before noon: who is kept apart.
SHARED = {
    "whose names are in two domains": ((40, "n.prod.x"), (30, "n.dev.x"), (20, "n.prod.x"), (10, "n.dev.x")),
    "who were both heard within the age": ((90, "n.prod.x"), (30, "n.dev.x")),
    "who were first heard within the same second": ((30, "n.prod.x"), (30, "n.dev.x")),
}


def under_one_uuid(age: int, name: str) -> Line:
    status = "fail" if "prod" in name else "pass"
    return snapshot("x", NOON - age, row(status), decorations={"host_uuid": "u", "hostname": name})


@FLEETS.each("", {case: ([under_one_uuid(*each) for each in names],) for case, names in SHARED.items()})
def test_hosts_of_one_host_uuid_are_two(fleet: Report) -> None:
    assert said(fleet) == [("u (n.prod.x)", "1.2.3", "fail", "no_rule"), ("u (n.dev.x)", "1.2.3", "pass", "covered")]


@FLEETS.among(
    *(
        snapshot("x", NOON - age, row(), decorations={"host_uuid": "u", "hostname": name})
        for age, name in ((40, "n.prod.x"), (30, "n"), (20, "n.prod.x"), (10, "n"))
    )
)
def test_a_name_with_and_without_its_domain_is_one_host(fleet: Report) -> None:
    assert [host.key for host in fleet.hosts] == ["u"]


def test_a_host_that_is_called_localhost_is_not_another_of_that_name(tmp_path: Path) -> None:
    fleet = report_of(
        tmp_path,
        snapshot("a", NOON, row(), decorations={"host_uuid": "u", "hostname": "localhost"}),
        snapshot("localhost", NOON - 60, row("fail"), decorations={}),
    )
    assert said(fleet) == [("localhost", "1.2.3", "fail", "no_rule"), ("u", "1.2.3", "pass", "covered")]


def status_file(folder: Path, machine: str, message: str) -> Path:
    """Write a status file of osqueryd that tells at 11:30 of something that failed."""
    folder.mkdir(exist_ok=True)
    header = f"Log file created at: 2026/11/23 11:00:00\nRunning on machine: {machine}\n"
    return write(folder / "osqueryd.WARNING.20261123-110000.7", [f"{header}W1123 11:30:00.000000 7 s.cpp:1] {message}"])


# Hosts by host_uuid and name, the machine of the status file, and those that are unknown by it.
MACHINES = {
    "a short name of a long one": ({"u": "web-1.example.net"}, "web-1", ["u"]),
    "a long name of a short one": ({"u": "web-1"}, "web-1.example.net", ["u"]),
    "a name of two hosts": ({"u": "localhost", "v": "localhost"}, "localhost", ["u", "v"]),
    "a short name of two hosts": ({"u": "n.prod.x", "v": "n.dev.x"}, "n", ["u", "v"]),
    "a name in another domain": ({"u": "n.prod.x", "v": "n.dev.x"}, "n.prod.x", ["u"]),
}


@sampled(("names", "machine", "unknown"), MACHINES, one_in=3)
def test_a_failure_of_a_status_file_is_of_every_host_of_that_name(
    names: dict[str, str], machine: str, unknown: list[str], tmp_path: Path
) -> None:
    status = status_file(
        tmp_path / "s", machine, f"Error executing scheduled query {QUERY}: no such table: audit_rules"
    )
    log = write(
        tmp_path / "osqueryd.results.log",
        [
            snapshot(host, NOON - HOUR, row(), decorations={"host_uuid": host, "hostname": name})
            for host, name in names.items()
        ],
    )
    fleet = report(log, status)
    assert sorted(host.key for host in fleet.hosts if host.status is Status.UNKNOWN) == unknown
    assert {host.key for host in fleet.hosts} == names.keys()


WITH_COLON = "pack/Global/CIS: Docker 1.2.3"


@FLEETS.among(snapshot("a", NOON - 2 * HOUR, row(), name=WITH_COLON), failed("a", NOON - HOUR, WITH_COLON))
def test_a_query_that_has_a_colon_in_its_name_fails_like_others(fleet: Report) -> None:
    (verdict,) = fleet.verdicts
    assert (verdict.reason, verdict.evidence) == ("query_failed", f"{WITH_COLON} failed: no such table: audit_rules")


def bare(identifier: str, age: int, status: str) -> Line:
    return snapshot(identifier, NOON - age, row(status), decorations={})


def named(identifier: str, age: int, status: str, name: str = "h1") -> Line:
    return snapshot(identifier, NOON - age, row(status), decorations={"host_uuid": "u", "hostname": name})


# A host without host_uuid, and one with, in whatever order: the verdict of neither hides the other's.
CLASHES: dict[str, tuple[list[Line], list[tuple[str, str]]]] = {
    "a name, taken later": ([bare("h1", 40, "fail"), named("x", 20, "pass")], [("h1", "fail"), ("u", "pass")]),
    "a name, taken before": ([named("x", 40, "fail"), bare("h1", 20, "pass")], [("h1", "pass"), ("u", "fail")]),
    "a name, in turns": (
        [bare("h1", 40, "fail"), named("x", 30, "pass"), bare("h1", 20, "fail"), named("x", 10, "pass")],
        [("h1", "fail"), ("u", "pass")],
    ),
    "a name with a domain": (
        [bare("h1.x.net", 40, "fail"), named("x", 20, "pass", "h1.x.net")],
        [("h1.x.net", "fail"), ("u", "pass")],
    ),
    "a name, of a host that has fallen silent": (
        [bare("h1", 40 * HOUR, "fail"), named("x", 20, "pass")],
        [("h1", "unknown"), ("u", "pass")],
    ),
    "an identifier, taken later": ([bare("h1", 40, "fail"), named("h1", 20, "pass")], [("h1", "fail"), ("u", "pass")]),
    "an identifier, in turns": (
        [bare("h1", 90 * HOUR, "fail"), named("h1", 80 * HOUR, "pass"), bare("h1", 70 * HOUR, "fail")],
        [("h1", "unknown"), ("u", "unknown")],
    ),
    "an identifier of two others": (
        [
            bare("h1", 40 * HOUR, "fail"),
            named("h1", 20, "pass"),
            snapshot("h1", NOON, row(), decorations={"host_uuid": "v"}),
        ],
        [("h1", "unknown"), ("u", "pass"), ("v", "pass")],
    ),
}


@FLEETS.each("expected", CLASHES)
def test_a_host_without_host_uuid_is_no_other_that_is_called_so(fleet: Report, expected: list[tuple[str, str]]) -> None:
    assert sorted((host.key, host.status.value) for host in fleet.hosts) == expected
    assert any("h1" in note and "tells them apart" in note for note in fleet.notes)


@FLEETS.among(bare("h1", 40 * HOUR, "fail"), named("h1", 20, "pass", "n"))
def test_a_host_that_got_its_host_uuid_later_is_one_host(fleet: Report) -> None:
    assert said(fleet) == [("u", "1.2.3", "pass", "covered")]


def test_an_export_of_names_is_of_hosts_of_their_own(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text(
        "host_name,benchmark,version,control,status,last_fetched\n"
        "h1,CIS Docker Benchmark,1.2.0,1.2.3,pass,2026-11-23T11:59:00Z\n"
    )
    fleet = report(write(tmp_path / "a.log", [named("x", 60, "fail")]), export)
    assert sorted((host.key, host.status.value, host.identified_by) for host in fleet.hosts) == [
        ("h1", "pass", "name"),
        ("u", "fail", "host_uuid"),
    ]


@FLEETS.among(named("x", 2 * HOUR, "pass"), {**failed("x", NOON - HOUR, QUERY), "decorations": {}})
def test_a_failure_without_host_uuid_is_of_the_hosts_of_its_identifier(fleet: Report) -> None:
    assert said(fleet) == [("u", "1.2.3", "unknown", "query_failed")]


def test_what_tells_each_host_apart_is_said(tmp_path: Path) -> None:
    lines = [cloned("i-1", NOON - 40, "fail"), cloned("i-2", NOON - 30, "pass"), bare("h1", 20, "pass")]
    log = write(tmp_path / "a.log", [*lines, snapshot("b", NOON, row())])
    (tmp_path / "hosts.csv").write_text("host\nnowhere\n")
    fleet = report(log, inventory=read_inventory(str(tmp_path / "hosts.csv")))
    assert {host.key: host.identified_by for host in fleet.hosts} == {
        "u (i-1)": "host_uuid and host identifier",
        "u (i-2)": "host_uuid and host identifier",
        "h1": "host identifier",
        "uuid-b": "host_uuid",
        "nowhere": "inventory",
    }
    text = "2 by host_uuid and host identifier, 1 by host identifier, 1 by host_uuid"
    assert f"told apart: {text}" in terminal(fleet, 120, colour=False)
    assert text in page(fleet)


@FLEETS.among(
    snapshot("a", NOON - 60, row("fail")),
    snapshot("uuid-a", NOON, row(), decorations={"host_uuid": "thief", "hostname": "uuid-a"}),
)
def test_nobody_takes_the_place_of_a_host_by_a_name(fleet: Report) -> None:
    assert said(fleet) == [("a", "1.2.3", "fail", "no_rule"), ("thief", "1.2.3", "pass", "covered")]


def test_hosts_are_grouped_by_a_decoration(tmp_path: Path) -> None:
    lines = [
        snapshot(name, NOON, row(status), decorations={"host_uuid": name, "environment": group})
        for name, status, group in (("a", "pass", "production"), ("b", "fail", "production"), ("c", "pass", "test"))
    ]
    fleet = report_of(tmp_path, *lines, snapshot("d", NOON, row()), grouped_by="environment")
    assert [(each.group, each.hosts, each.counts.passed, each.counts.failed) for each in fleet.groups] == [
        ("", 1, 1, 0),
        ("production", 2, 1, 1),
        ("test", 1, 1, 0),
    ]


def test_hosts_are_grouped_by_a_column_of_the_inventory(tmp_path: Path) -> None:
    fleet = report_of(
        tmp_path, snapshot("a", NOON, row()), inventory=inventory("a", "b", owner="storage"), grouped_by="owner"
    )
    assert [(each.group, each.hosts) for each in fleet.groups] == [("storage", 2)]


def test_a_column_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FilterError, match=r"\(host_uuid, hostname\), found enviroment"):
        report_of(tmp_path, snapshot("a", NOON, row()), grouped_by="enviroment")


def test_a_column_that_no_host_of_the_report_has_is_told(tmp_path: Path) -> None:
    lines = [snapshot("a", NOON, row()), snapshot("b", NOON, row(), decorations={"host_uuid": "b", "site": "x"})]
    fleet = report_of(tmp_path, *lines, grouped_by="site", hosts=("uuid-a",))
    assert fleet.notes == ("no host has site: expected a decoration or a column of the inventory to group by",)


def test_only_what_is_asked_for_is_reported(tmp_path: Path) -> None:
    lines = [snapshot(host, NOON, row(control=control)) for host in "ab" for control in ("1.2.3", "1.2.4")]
    fleet = report_of(tmp_path, *lines, hosts=("b*",), controls=("1.2.4",))
    assert said(fleet) == [("b", "1.2.4", "pass", "covered")]


def waiver(**changed: str) -> Waiver:
    plain = Waiver(hosts="a*", control="1.2.*", reason="r", owner="o", expires="2026-11-23")
    return replace(plain, **changed)  # type: ignore[arg-type]


WAIVERS = {
    "one that holds": (waiver(), Counts(failed=1, waived=1), WaiverState.ACTIVE),
    "one by the host's key": (waiver(hosts="uuid-a"), Counts(failed=1, waived=1), WaiverState.ACTIVE),
    "one that held until yesterday": (waiver(expires="2026-11-22"), Counts(failed=1), WaiverState.EXPIRED),
    "one of another control": (waiver(control="1.2.4"), Counts(failed=1), WaiverState.UNUSED),
    "one of another host": (waiver(hosts="b"), Counts(failed=1), WaiverState.UNUSED),
}


@sampled(("given", "counts", "state"), WAIVERS, one_in=2)
def test_a_waiver_is_told_beside_the_failure(given: Waiver, counts: Counts, state: WaiverState, tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", NOON, row("fail")), waivers=(given,))
    assert (fleet.counts, fleet.host_counts, fleet.trend[-1].counts) == (counts, counts, counts)
    assert [each.state for each in fleet.waivers] == [state]
    (verdict,) = fleet.verdicts
    assert (verdict.status, verdict.waived) == (Status.FAIL, state is WaiverState.ACTIVE)


def test_a_host_that_passes_needs_no_waiver(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", NOON, row()), waivers=(waiver(),))
    assert (fleet.verdicts[0].waiver, fleet.waivers[0].state) == (None, WaiverState.UNUSED)


def test_without_snapshots_silence_is_explained(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, added("a", NOON - 3 * DAY, row()))
    assert fleet.notes[-1] == (
        "no snapshot was read, and a differential query logs nothing while nothing changes: read "
        "osqueryd.snapshots.log too, or give a larger --max-age"
    )


def test_a_status_that_nobody_knows_is_told(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, snapshot("a", NOON, row("maybe\x1b")))
    assert fleet.notes == ("1 verdict has an unknown status word, and counts as unknown: maybe\\x1b",)


def test_rows_that_are_of_no_control_are_passed_over(tmp_path: Path) -> None:
    pipeline = {**run("a", NOON, "pack_audit-rules_audit_pipeline"), "snapshot": [{"status": "pass", "reason": "read"}]}
    fleet = report_of(tmp_path, snapshot("a", NOON, row()), {**pipeline, "action": "snapshot"})
    assert (fleet.reading.rows, fleet.reading.passed_over) == (1, 1)


WORDS = ["fail", "unknown", "pass", "not_applicable"]
MAKERS: dict[str, Callable[[str, int], Line]] = {
    **{f"snapshot of {word}": partial(_snapshot, word) for word in WORDS},
    **{f"change to {word}": partial(_added, word) for word in WORDS},
    "empty snapshot": snapshot,
    "failure": partial(_failed, QUERY),
    "extension lost": partial(_loaded, 0),
    "extension back": partial(_loaded, 1),
}
EVENTS = st.lists(
    st.tuples(st.sampled_from(sorted(MAKERS)), st.sampled_from("ab"), st.integers(NOON - 3 * DAY, NOON)),
    min_size=1,
    max_size=12,
)


@given(EVENTS, st.randoms())
@law(0.08)
def test_order_and_repetition_of_lines_change_nothing(
    events: list[tuple[str, str, int]], chance: random.Random
) -> None:
    lines = [MAKERS[what](host, time) for what, host, time in events]
    shuffled = [*lines, *lines]
    chance.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        one, other = report_of(Path(folder), *lines), report_of(Path(folder), *shuffled)
    assert replace(one, reading=other.reading) == other
    assert one.trend[-1].counts == one.counts
    assert one.reading.rows == other.reading.rows


def test_a_control_of_ours_that_one_host_has_is_asked_of_all(tmp_path: Path) -> None:
    fleet = report_of(
        tmp_path, *(snapshot(each, NOON, row()) for each in "abc"), snapshot("c", NOON, row(control="1.2.4"))
    )
    assert [each.counts for each in fleet.controls] == [Counts(passed=3), Counts(passed=1, unknown=2)]


def test_hosts_of_which_nothing_but_failures_is_known_are_unknown(tmp_path: Path) -> None:
    log = write(tmp_path / "live.json", [{"host": "a", "error": "no such table: audit_rules"}])
    os.utime(log, (NOON, NOON))
    fleet = report(log, controls=("1.2.3",))
    assert {(each.control, each.status, each.reason) for each in fleet.verdicts} == {
        ("1.2.3", Status.UNKNOWN, "query_failed")
    }


def test_what_a_host_said_of_a_version_that_it_left_is_left_out(tmp_path: Path) -> None:
    fleet = report_of(
        tmp_path,
        snapshot("a", NOON - 3 * DAY, row("fail")),
        snapshot("a", NOON - HOUR, row(control="1.1.3", version="1.8.0")),
    )
    assert [(each.version, each.status) for each in fleet.verdicts] == [("1.8.0", Status.PASS)]
    assert [host.state for host in fleet.hosts] == [HostState.REPORTING]
    assert fleet.trend[-1].counts == fleet.counts == Counts(passed=1)
    assert fleet.trend[0].counts == Counts(failed=1)


TYPOS = {
    "a control": (
        {"controls": ("1.2.33",), "benchmarks": ("cis-docker:0.1",)},
        "expected a control of CIS Docker Benchmark 0.1 for --control, of those known or in the logs (9.8), found",
    ),
    "a family": (
        {"families": ("dokcer",)},
        "expected a family for --family (",
    ),
    "a level": (
        {"levels": ("L3",), "benchmarks": ("cis-docker:0.1",)},
        "expected a level of CIS Docker Benchmark 0.1 for --level (1), found L3",
    ),
    "a control of another level": (
        {"levels": ("2",), "controls": ("1.2.3",), "benchmarks": ("cis-docker:1.2.0",)},
        "expected a level of CIS Docker Benchmark 1.2.0 for --level (1), found 2",
    ),
    "a version": (
        {"benchmarks": ("cis-docker:0.2",)},
        "expected a version of CIS Docker Benchmark out of 0.1, 1.2.0, ",
    ),
}


@pytest.mark.parametrize(("asked", "said"), TYPOS.values(), ids=TYPOS)
def test_what_is_asked_for_and_is_nowhere_is_an_error(asked: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ReportError) as raised:
        report_of(tmp_path, snapshot("a", NOON, row("fail", control="9.8", version="0.1")), **asked)
    assert str(raised.value).startswith(said)


# The filters by what the catalogue says of a control

CHOSEN: dict[str, tuple[dict[str, tuple[str, ...]], list[str]]] = {
    "a level": ({"levels": ("1",)}, ["1.1.3"]),
    "two levels": ({"levels": ("1", "2")}, ["1.1.3", "1.1.7"]),
    "a family": ({"families": ("docker",)}, ["1.1.3", "1.1.7"]),
    "a level and a control": ({"levels": ("2",), "controls": ("1.1.7", "1.1.3")}, ["1.1.7"]),
}


@sampled(("asked", "controls"), CHOSEN, one_in=2)
def test_controls_are_chosen_by_what_the_catalogue_says_of_them(
    asked: dict[str, Any], controls: list[str], tmp_path: Path
) -> None:
    lines = [snapshot("a", NOON, row(control=each, version="1.8.0", level="of a host")) for each in ("1.1.3", "1.1.7")]
    fleet = report_of(tmp_path, *lines, benchmarks=("cis-docker:1.8.0",), **asked)
    assert [each.control for each in fleet.controls if each.counts.passed] == controls
    assert {each.family for each in fleet.controls} == {"docker"}


LEVELS = [
    ("L1 server, L1 workstation", "L1", True),
    ("L1 server, L1 workstation", "l1 Workstation", True),
    ("L2 server", "L2 server", True),
    ("L2 server", "server", False),
    ("CAT II", "CAT I", False),
    ("CAT I", "CAT", True),
    ("", "1", False),
]


@pytest.mark.parametrize(("level", "asked", "found"), LEVELS)
def test_a_level_is_chosen_by_its_first_words(level: str, asked: str, found: bool) -> None:
    assert KnownControl("", "", "", "", level).is_at(asked) is found


# The report of all fleets


def test_the_trend_ends_with_what_is_counted_of_all_fleets(all_fleets: Report) -> None:
    assert all_fleets.trend[-1].counts == all_fleets.counts


@pytest.mark.full
@pytest.mark.parametrize("number", FLEETS.numbers())
def test_a_fleet_is_among_others_what_it_is_alone(number: int, all_fleets: Report, tmp_path: Path) -> None:
    assert part(all_fleets, number) == part(report_of(tmp_path, *FLEETS.lines(number)), number)

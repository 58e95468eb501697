"""What coverage and targets come to, as SQL: the tables are given here, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.benchmarks import BENCHMARKS, CONTROLS
from auditrules.benchmarks.control import Benchmark
from auditrules.benchmarks.remediation import ADVICE
from auditrules.check import COLUMNS, Status
from auditrules.packs import CHECKS, Check
from auditrules.packs.verdict import whole
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.table import Table
from auditrules.sql.database import Database
from auditrules.tables.schemas import AUDIT_TARGETS
from tests.core import tables as core
from tests.fixtures.hosts import BARE, DOCKER, Look, saved
from tests.fixtures.judged import (
    DARK,
    FILE,
    FULL,
    LETTERS,
    LINE,
    NONE,
    PATH,
    REMEDY,
    RULE,
    STATUS,
    Covered,
    Host,
    Target,
)

CHECK = next(each for each in CHECKS if (each.version, each.id) == ("1.2.0", "1.2.3"))


def judged(host: Host, sql: str = CHECK.query) -> dict[str, object]:
    with Database(host.tables()) as database:
        result = database.query(sql)
    (row,) = result.rows
    assert result.columns == (*COLUMNS, "grep_verdict")
    assert None not in row
    return dict(zip(result.columns, row, strict=True))


def verdict(*targets: Target, **status: str) -> dict[str, object]:
    return judged(Host(targets, {**STATUS, **status}))


# The status of a target


@pytest.mark.parametrize(
    ("now", "status", "reason"),
    [
        (Covered("rwxa"), "pass", "covered"),
        (Covered("wxa", reason="permissions_missing"), "pass", "covered"),
        (Covered("wxa", unknown="r"), "pass", "covered"),
        (Covered("wxa", conditional="r"), "pass", "covered"),
        (Covered("wa", conditional="r", reason="conditional"), "fail", "permissions_missing"),
        (Covered(conditional="r", reason="conditional"), "fail", "no_rule"),
        (NONE, "fail", "no_rule"),
        (Covered("wa", reason="permissions_missing"), "fail", "permissions_missing"),
        (Covered("rwa", reason="permissions_missing"), "fail", "permissions_missing"),
        (Covered("wa", "x", reason="conditional"), "fail", "conditional"),
        (Covered("", "rwxa", reason="conditional"), "fail", "conditional"),
        (Covered("", "w", "rxa", reason="conditional"), "fail", "conditional"),
        (Covered("w", unknown="xa", reason="mounted_after_load"), "unknown", "mounted_after_load"),
        (DARK, "unknown", "unreadable"),
        (Covered(reason="task_never"), "fail", "task_never"),
        (Covered(reason="disabled"), "fail", "disabled"),
    ],
)
def test_the_letters_decide(now: Covered, status: str, reason: str) -> None:
    row = verdict(Target(now, now))
    assert (row["status"], row["reason"], row["next_boot"]) == (status, reason, status)


@given(st.lists(st.sampled_from(("recorded", "conditional", "unrecorded", "unknown")), min_size=4, max_size=4))
def test_a_pass_is_every_required_letter_recorded(places: list[str]) -> None:
    needed = dict(zip(LETTERS, places, strict=True))
    recorded, conditional, unknown = (
        "".join(letter for letter, at in needed.items() if at == place)
        for place in ("recorded", "conditional", "unknown")
    )
    now = Covered(recorded, conditional, unknown, reason="x")
    needed.pop("r")
    if {"conditional", "unrecorded"} & set(needed.values()):
        expected = "fail"
    else:
        expected = "unknown" if "unknown" in needed.values() else "pass"
    assert verdict(Target(now))["status"] == expected


def test_a_directory_needs_no_execution() -> None:
    assert verdict(Target(Covered("wa", reason="permissions_missing"), required="wa"))["status"] == "pass"


@pytest.mark.parametrize("reason", ["absent", "not_installed"])
def test_a_target_that_is_not_wanted_is_not_applicable_whatever_the_rules(reason: str) -> None:
    for now in (FULL, NONE, DARK):
        row = verdict(Target(now, now, reason=reason))
        assert (row["status"], row["reason"], row["next_boot"]) == ("not_applicable", reason, "not_applicable")


def test_a_target_that_is_not_known_is_unknown_whatever_the_rules() -> None:
    for now in (FULL, NONE):
        row = verdict(Target(now, now, reason="unreadable", error="nobody could look"))
        assert (row["status"], row["reason"], row["evidence"]) == ("unknown", "unreadable", "nobody could look")


def test_a_path_that_nothing_is_said_of_is_unknown() -> None:
    row = judged(Host((Target(reason="absent"), Target(path=""))))
    assert (row["status"], row["reason"], row["target"], row["next_boot"]) == ("unknown", "unreadable", PATH, "unknown")


# The worst of a control's targets


WORST = (
    (Target(NONE, NONE), "fail"),
    (Target(DARK, DARK), "unknown"),
    (Target(), "pass"),
    (Target(reason="absent"), "not_applicable"),
)


@pytest.mark.parametrize("one", range(4))
@pytest.mark.parametrize("other", range(4))
def test_the_worst_target_is_the_controls(one: int, other: int) -> None:
    first, second = replace(WORST[one][0]), replace(WORST[other][0], path="/opt/bin/dockerd")
    row = verdict(first, second)
    assert (row["status"], row["next_boot"]) == (WORST[min(one, other)][1],) * 2
    assert row["target"] == (PATH if one <= other else "/opt/bin/dockerd")


def test_of_two_targets_that_are_as_bad_the_benchmarks_own_is_named() -> None:
    other = Target(NONE, NONE, path="/a/dockerd")
    assert verdict(other, Target(NONE, NONE))["target"] == PATH


def test_further_targets_that_do_not_pass_are_told() -> None:
    others = (Target(NONE, NONE, path="/b"), Target(DARK, DARK, path="/a"), Target(path="/c"))
    row = verdict(Target(NONE, NONE), *others)
    assert row["evidence"] == (
        f"no rule of the kernel records {PATH}; not recorded: wxa; also /b: fail (no_rule), /a: unknown (unreadable)"
    )


# The next boot


def test_what_boot_does_not_load_fails_after_it() -> None:
    row = verdict(Target(FULL, Covered(reason="not_loaded_at_boot")))
    assert (row["status"], row["next_boot"], row["remediation"]) == ("pass", "fail", "")
    assert row["evidence"] == f"{FILE}; after the next boot: fail (not_loaded_at_boot)"


def test_what_boot_loads_passes_after_it() -> None:
    row = verdict(Target(NONE, FULL))
    assert (row["status"], row["next_boot"], row["remediation"]) == ("fail", "pass", REMEDY)


def test_the_next_boot_has_a_worst_target_of_its_own() -> None:
    row = verdict(Target(NONE, FULL), Target(FULL, NONE, path="/opt/dockerd"))
    assert (row["status"], row["target"], row["next_boot"]) == ("fail", PATH, "fail")


# Evidence


def test_evidence_names_rule_and_file() -> None:
    assert verdict(Target())["evidence"] == FILE


def test_the_snapshots_evidence_names_the_line_too_and_nothing_else_differs() -> None:
    host = Host((Target(),))
    assert judged(host, CHECK.snapshot_query) == {**judged(host), "evidence": LINE}


@pytest.mark.parametrize(
    ("now", "evidence"),
    [
        (Covered("wa", reason="permissions_missing"), f"{FILE}; not recorded: x"),
        (Covered("", "wxa", reason="conditional", conditions="auid>=1000 only"),
         f"{FILE}; not always recorded: wxa; auid>=1000 only"),
        (Covered("wxa", conditions="not: execveat,not: 32-bit calls"), f"{FILE}; not: execveat, not: 32-bit calls"),
        (Covered("w", unknown="xa", reason="conditional"), f"{FILE}; not known: xa"),
        (Covered("w", "x", "a", reason="conditional"), f"{FILE}; not always recorded: x; not known: a"),
        (NONE, f"no rule of the kernel records {PATH}; not recorded: wxa"),
        (Covered(reason="disabled"), f"{FILE}; not recorded: wxa"),
    ],
)  # fmt: skip
def test_evidence_tells_what_is_not_recorded(now: Covered, evidence: str) -> None:
    assert verdict(Target(now, now))["evidence"] == evidence


@pytest.mark.parametrize(
    ("status", "evidence"),
    [
        ({"state": "no_permission", "error": "Operation not permitted"},
         "the rules of the kernel are not known: Operation not permitted"),
        ({"state": "", "error": ""}, "the rules of the kernel are not known"),
    ],
)  # fmt: skip
def test_evidence_tells_why_rules_are_not_known(status: dict[str, str], evidence: str) -> None:
    assert verdict(Target(DARK, DARK), **status)["evidence"] == evidence


def test_evidence_of_what_is_not_applicable_tells_where_was_looked() -> None:
    assert str(verdict(Target(reason="not_installed"))["evidence"]).startswith("no Docker daemon at /usr/bin/dockerd, ")
    assert verdict(Target(reason="absent"))["evidence"] == f"nothing at {PATH}, and nothing is wanted then"


# Remediation


def test_a_pass_needs_no_remediation() -> None:
    assert [verdict(each)["remediation"] for each, _ in WORST] == [REMEDY, ADVICE["unreadable"].text, "", ""]


@pytest.mark.parametrize("reason", ADVICE)
def test_what_stands_in_the_way_is_told_before_the_line(reason: str) -> None:
    advice = ADVICE[reason]
    now = Covered(unknown=LETTERS if reason in ("unreadable", "remote_filesystem") else "", reason=reason)
    expected = f"{advice.text} {REMEDY}" if advice.and_line else advice.text
    assert verdict(Target(now, now))["remediation"] == expected


# What the benchmark's own grep says


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("-w /usr/bin/dockerd -p rwxa -k docker",), "pass"),
        (("-w /usr/bin/dockerd-rootless.sh -p rwxa -k docker",), "pass"),
        (("-w /etc/passwd -p wa -k see_/usr/bin/dockerd",), "pass"),
        (("-w /usr/bin -p rwxa -k bins",), "fail"),
        (("-w /usr/bin/Dockerd -p rwxa",), "fail"),
        ((), "fail"),
    ],
)
def test_the_grep_of_the_benchmark_is_told_beside_the_verdict(texts: tuple[str, ...], expected: str) -> None:
    row = judged(Host((Target(),), texts=texts))
    assert (row["status"], row["grep_verdict"]) == ("pass", expected)


def test_where_rules_are_not_known_the_grep_says_nothing() -> None:
    row = judged(Host((Target(DARK, DARK),), {"state": "no_permission"}, (RULE,)))
    assert row["grep_verdict"] == "unknown"


def test_only_the_daemons_control_has_the_grep() -> None:
    told = [(each.version, each.id) for each in CHECKS if "grep_verdict" in each.query]
    assert told == [(each.version, each.controls[0].id) for each in BENCHMARKS]


# Every control


@pytest.mark.parametrize("check", CHECKS, ids=lambda each: f"{each.version}-{each.id}")
def test_every_control_asks_each_table_once(check: Check) -> None:
    control = check.control
    cells = {"version": control.version, "control": control.id, "path": control.subject.path}
    host = Host((Target(path=control.subject.path, required=control.required),))
    tables = host.tables()

    def rows(context: Context) -> Iterable[Row]:
        return [{**row, **cells} for row in tables[1].rows(context)]

    with Database((tables[0], Table(AUDIT_TARGETS, rows), *tables[2:])) as database:
        result = database.query(check.query)
    row = dict(zip(result.columns, result.rows[0], strict=True))
    assert (row["benchmark"], row["version"], row["control"]) == (control.benchmark, control.version, control.id)
    assert (row["title"], row["level"], row["target"]) == (control.title, control.level, control.subject.path)
    assert row["status"] in {status.value for status in Status}
    assert set(host.calls.values()) == {1}


@pytest.mark.parametrize("targets", [(Target(),), (Target(NONE, NONE), Target(path="/x"), Target(path=""))], ids=len)
def test_osquerys_tables_say_the_same_in_as_many_calls_one_for_each_path(targets: tuple[Target, ...]) -> None:
    host = Host(targets)
    expected = list(judged(host).values())
    once = dict(host.calls)
    host.calls.clear()
    database = core.Database()
    for table in host.tables():
        database.attach(table.schema.name, core.local(table))
    assert [list(row) for row in database.query(CHECK.query.rstrip().rstrip(";"))] == [expected]
    paths = len({target.path for target in targets} - {""})
    assert (
        dict(host.calls) == once == {"audit_coverage": paths, "audit_targets": 1, "audit_status": 1, "audit_rules": 1}
    )


def test_there_is_a_check_for_each_control() -> None:
    assert [each.control for each in CHECKS] == list(CONTROLS)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.version)
@pytest.mark.parametrize("folder", [DOCKER, BARE], ids=lambda each: each.name)
def test_one_query_of_all_controls_says_what_their_own_queries_say(benchmark: Benchmark, folder: Path) -> None:
    lines = ("-w /usr/bin/dockerd -p rwxa", "-a never,exit -F path=/usr/bin/runc -F perm=x", "-w /etc/docker -p w")
    look = Look.at(folder).with_listing(saved(*lines))
    own = [{"grep_verdict": None, **row} for each in benchmark.controls for row in look.rows(Check(each).query)]
    together = look.rows(whole(benchmark.controls))
    assert len(own) == len(benchmark.controls)
    assert sorted(together, key=_control) == sorted(own, key=_control)


def _control(row: Mapping[str, object]) -> str:
    return str(row["control"])


def test_the_query_of_all_controls_asks_each_table_once() -> None:
    controls = BENCHMARKS[0].controls
    host = Host((Target(path=controls[0].subject.path),))
    with Database(host.tables()) as database:
        database.query(whole(controls))
    assert dict(host.calls) == {"audit_coverage": 1, "audit_targets": 1, "audit_status": 1, "audit_rules": 1}

"""What requirements and coverage come to: the verdict of a control, from answers that are given here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.auditctl.kernel_answer import AnswerState
from auditrules.benchmarks.kinds.path import LEFT_OUT
from auditrules.benchmarks.remediation import ADVICE, AuditState, load_again
from auditrules.benchmarks.requirement import Judged
from auditrules.benchmarks.targets import Target as Wanted
from auditrules.benchmarks.targets import TargetOrigin
from auditrules.benchmarks.verdict import ControlVerdict, judge_control
from auditrules.status import Status
from tests.fixtures.judged import (
    DAEMON,
    DARK,
    DIRECTORY,
    FILE,
    FULL,
    LETTERS,
    LINE,
    NONE,
    PATH,
    RULE,
    Covered,
    Target,
    judged,
    judged_target,
    remedy,
)

REMEDY = remedy(DAEMON, PATH)


def verdict(*targets: Target) -> ControlVerdict:
    return judged(targets)


def statuses(*targets: Target) -> tuple[str, str, str]:
    found = judged(targets)
    return found.status.value, found.reason, found.next_boot.value


# The status of a requirement


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
    assert statuses(Target(now, now)) == (status, reason, status)


@given(st.lists(st.sampled_from(("recorded", "conditional", "unrecorded", "unknown")), min_size=4, max_size=4))
def test_a_pass_is_every_required_letter_recorded(places: list[str]) -> None:
    needed = dict(zip(LETTERS, places, strict=True))
    recorded, conditional, unknown = (
        "".join(letter for letter, at in needed.items() if at == place)
        for place in ("recorded", "conditional", "unknown")
    )
    now = Covered(recorded, conditional, unknown, reason="conditional")
    needed.pop("r")
    if {"conditional", "unrecorded"} & set(needed.values()):
        expected = "fail"
    else:
        expected = "unknown" if "unknown" in needed.values() else "pass"
    assert verdict(Target(now)).status.value == expected


def test_a_directory_needs_no_execution() -> None:
    wanted = Wanted("/etc/docker", TargetOrigin.BENCHMARK, "/etc/docker")
    answer = Covered("wa", reason="permissions_missing").answer("/etc/docker", "kernel")
    found = judged_target(DIRECTORY, wanted, "kernel", answer)
    assert (found.status, found.missing) == (Status.PASS, "")


@pytest.mark.parametrize("reason", ["absent", "not_installed"])
def test_a_target_that_is_not_wanted_is_not_applicable_whatever_the_rules(reason: str) -> None:
    for now in (FULL, NONE, DARK):
        assert statuses(Target(now, now, reason=reason)) == ("not_applicable", reason, "not_applicable")


def test_a_target_that_is_not_known_is_unknown_whatever_the_rules() -> None:
    for now in (FULL, NONE):
        found = verdict(Target(now, now, reason="unreadable", error="nobody could look"))
        assert (found.status.value, found.reason, found.evidence) == ("unknown", "unreadable", "nobody could look")


def test_a_path_that_nothing_is_said_of_is_unknown() -> None:
    assert statuses(Target(reason="absent"), Target(path="")) == ("unknown", "unreadable", "unknown")
    assert verdict(Target(reason="absent"), Target(path="")).target == PATH


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
    found = verdict(first, second)
    assert (found.status.value, found.next_boot.value) == (WORST[min(one, other)][1],) * 2
    assert found.target == (PATH if one <= other else "/opt/bin/dockerd")


def test_of_two_targets_that_are_as_bad_the_benchmarks_own_is_named() -> None:
    other = Target(NONE, NONE, path="/a/dockerd")
    assert verdict(other, Target(NONE, NONE)).target == PATH


def test_further_targets_that_do_not_pass_are_told() -> None:
    others = (Target(NONE, NONE, path="/b"), Target(DARK, DARK, path="/a"), Target(path="/c"))
    assert verdict(Target(NONE, NONE), *others).evidence == (
        f"no rule of the kernel records {PATH}; not recorded: wxa; also /b: fail (no_rule), /a: unknown (unreadable)"
    )


# The next boot


def test_what_boot_does_not_load_fails_after_it() -> None:
    found = verdict(Target(FULL, Covered(reason="not_loaded_at_boot")))
    assert (found.status.value, found.next_boot.value, found.remediation) == ("pass", "fail", "")
    assert found.evidence == f"{FILE}; after the next boot: fail (not_loaded_at_boot)"


def test_what_boot_loads_passes_after_it_and_is_to_be_loaded() -> None:
    found = verdict(Target(NONE, FULL))
    assert (found.status.value, found.next_boot.value) == ("fail", "pass")
    assert found.evidence.endswith("; after the next boot: pass")
    assert found.remediation == load_again(PATH, locked=False)


def test_locked_rules_are_loaded_by_a_reboot() -> None:
    found = judged((Target(NONE, FULL),), AuditState(AnswerState.OK, locked=True))
    assert found.remediation == load_again(PATH, locked=True)
    assert "Reboot" in found.remediation


def test_the_next_boot_has_a_worst_target_of_its_own() -> None:
    found = verdict(Target(NONE, FULL), Target(FULL, NONE, path="/opt/dockerd"))
    assert (found.status.value, found.target, found.next_boot.value) == ("fail", PATH, "fail")


# Evidence


def test_evidence_names_rule_and_file() -> None:
    assert verdict(Target()).evidence == FILE


def test_the_evidence_with_lines_names_the_line() -> None:
    assert verdict(Target()).evidence_lines == LINE


@pytest.mark.parametrize(
    ("now", "evidence"),
    [
        (Covered("wa", reason="permissions_missing"), f"{FILE}; not recorded: x"),
        (Covered("", "wxa", reason="conditional", conditions=("auid>=1000 only",)),
         f"{FILE}; not always recorded: wxa; auid>=1000 only"),
        (Covered("wxa", conditions=("except execveat", "except 32-bit calls")),
         f"{FILE}; except execveat, except 32-bit calls"),
        (Covered("w", unknown="xa", reason="conditional"), f"{FILE}; not known: xa"),
        (Covered("w", "x", "a", reason="conditional"), f"{FILE}; not always recorded: x; not known: a"),
        (NONE, f"no rule of the kernel records {PATH}; not recorded: wxa"),
        (Covered(reason="disabled"), f"{FILE}; not recorded: wxa"),
    ],
)  # fmt: skip
def test_evidence_tells_what_is_not_recorded(now: Covered, evidence: str) -> None:
    assert verdict(Target(now, now)).evidence == evidence


@pytest.mark.parametrize(
    ("status", "evidence"),
    [
        (AuditState(AnswerState.NO_PERMISSION, "Operation not permitted"),
         "the rules of the kernel are not known: Operation not permitted"),
        (AuditState(AnswerState.NOT_ASKED), "the rules of the kernel are not known"),
    ],
)  # fmt: skip
def test_evidence_tells_why_rules_are_not_known(status: AuditState, evidence: str) -> None:
    assert judged((Target(DARK, DARK),), status).evidence == evidence


def test_evidence_of_what_is_not_applicable_tells_where_was_looked() -> None:
    assert verdict(Target(reason="not_installed")).evidence.startswith("no Docker daemon at /usr/bin/dockerd, ")
    assert verdict(Target(reason="absent")).evidence == f"nothing at {PATH}, so the control does not apply"


# Remediation


def test_a_pass_needs_no_remediation() -> None:
    assert [verdict(each).remediation for each, _ in WORST] == [REMEDY, ADVICE["unreadable"].text, "", ""]


@pytest.mark.parametrize("reason", [each for each in ADVICE if each != LEFT_OUT])  # a reason of no coverage
def test_what_stands_in_the_way_is_told_before_the_line(reason: str) -> None:
    advice = ADVICE[reason]
    now = Covered(unknown=LETTERS if reason in ("unreadable", "remote_filesystem") else "", reason=reason)
    expected = f"{advice.text} {REMEDY}" if advice.and_line else advice.text
    assert verdict(Target(now, now)).remediation == expected


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
    found = judged((Target(),), rules=texts)
    assert (found.status.value, found.grep_verdict) == ("pass", expected)


def test_where_rules_are_not_known_the_grep_says_nothing() -> None:
    assert judged((Target(DARK, DARK),), AuditState(AnswerState.NO_PERMISSION), (RULE,)).grep_verdict == "unknown"


def test_only_the_daemons_control_has_the_grep() -> None:
    own = Wanted("/etc/docker", TargetOrigin.BENCHMARK, "/etc/docker")
    found: dict[str, list[Judged]] = {
        each: [judged_target(DIRECTORY, own, each, FULL.answer("/etc/docker", each))] for each in ("kernel", "boot")
    }
    assert judge_control(DIRECTORY, found, AuditState(AnswerState.OK), (RULE,)).grep_verdict == ""


# What is missing


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (FULL, ""),
        (NONE, "wxa"),
        (Covered("wa"), "x"),
        (Covered("w", "x"), "xa"),
        (Covered("w", unknown="xa"), "xa"),
        (None, "wxa"),
    ],
)
def test_missing_are_the_letters_that_keep_it_from_passing(now: Covered | None, missing: str) -> None:
    assert Target(now).judged("kernel").missing == missing

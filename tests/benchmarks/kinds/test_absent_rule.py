"""A rule that keeps every task from being audited is not in force, by whatever words it was written."""

from __future__ import annotations

import pytest

from auditrules.benchmarks.fields import BenchmarkError
from tests.fixtures.audited import audited
from tests.fixtures.requirements import judge, outcome, requirement

NO_TASK_NEVER = requirement("absent_rule", action="never", list="task")
ABSENT, PRESENT = ("pass", "absent"), ("fail", "present")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], ABSENT),
        (["-a always,task"], ABSENT),
        (["-a never,exit -S all"], ABSENT),
        (["-a never,task"], PRESENT),
        (["-a task,never"], PRESENT),
        (["-A never,task -F uid=5"], PRESENT),
        (["-w /etc/docker -p wa", "-a never,task"], PRESENT),
    ],
)
@pytest.mark.parametrize("source", ["kernel", "boot"])
def test_a_rule_of_the_list_with_the_action_fails(source: str, rules: list[str], expected: tuple[str, str]) -> None:
    assert outcome(judge(NO_TASK_NEVER, audited(rules), source)) == expected


def test_the_rule_is_named_with_its_place() -> None:
    found = judge(NO_TASK_NEVER, audited(["-b 64", "-a task,never"]))
    assert found.evidence_lines == "-a never,task in /etc/audit/rules.d/a.rules:2, /etc/audit/audit.rules:4"
    assert found.missing == "no rule never,task"
    assert "-a never,task" in found.remedy.text


def test_now_and_the_next_boot_are_judged_apart() -> None:
    on = audited(["-a never,task"], [])
    assert outcome(judge(NO_TASK_NEVER, on)) == PRESENT
    assert outcome(judge(NO_TASK_NEVER, on, "boot")) == ABSENT


def test_rules_that_are_not_known_are_unknown() -> None:
    assert outcome(judge(NO_TASK_NEVER, audited(known=False))) == ("unknown", "unreadable")


def test_another_list_is_an_error() -> None:
    with pytest.raises(BenchmarkError, match="list: expected one of user, task"):
        requirement("absent_rule", action="never", list="entry")

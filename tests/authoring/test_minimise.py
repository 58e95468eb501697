"""A set with fewer rules that records the same: a law, and what is left out and merged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.access_difference import RulesInForce
from auditrules.audit.coverage.decision import ON
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Action, FilterList, Rule
from auditrules.authoring.minimise import minimised
from auditrules.authoring.rule_order import moved_on
from auditrules.values import replace
from tests.audit.coverage.random_rules import HOST, OTHERS, accesses, subjects
from tests.authoring.test_effects import recorded
from tests.authoring.test_record_effects import MESSAGES, RECORDS, let_through
from tests.authoring.test_rule_order import RULES
from tests.laws import law

FILES = FileSystem(HOST)


def left_of(*lines: str) -> list[str]:
    rules = load_rules("".join(f"{line}\n" for line in ["-i", *lines]).encode(), HOST).rules
    found = minimised(rules, FILES, moved_on(HOST))
    assert found.changes == ()
    return [render(rule) for rule in found.rules]


@law(0.25, derandomize=True)
@given(lines=RULES, made=st.lists(accesses(), min_size=1, max_size=10))
def test_fewer_rules_record_the_same(lines: list[str], made: list[Access]) -> None:
    rules = load_rules("".join(f"{line}\n" for line in ["-i", *lines]).encode(), HOST).rules
    found = minimised(rules, FILES, moved_on(HOST))
    assert found.changes == ()
    before, after = (RulesInForce(RuleSet(each, RuleResolver(FILES, fresh=True)), ON) for each in (rules, found.rules))
    for access in made:
        assert recorded(before, access) is recorded(after, access)


@law(0.25, derandomize=True)
@given(lines=RULES, made=st.lists(accesses(), min_size=1, max_size=10))
def test_fewer_rules_record_with_the_same_key(lines: list[str], made: list[Access]) -> None:
    rules = load_rules("".join(f"{line}\n" for line in ["-i", *lines]).encode(), HOST).rules
    found = minimised(rules, FILES, moved_on(HOST))
    for keys in {rule.keys() for rule in rules}:
        sides = ([with_others_silent(rule, keys) for rule in some] for some in (rules, found.rules))
        before, after = (RulesInForce(RuleSet(each, RuleResolver(FILES, fresh=True)), ON) for each in sides)
        for access in made:
            assert recorded(before, access) is recorded(after, access)


def with_others_silent(rule: Rule, keys: tuple[str, ...]) -> Rule:
    """The rule, or where it writes another key one that decides the same and records nothing."""
    if rule.list is not FilterList.EXIT or rule.keys() == keys:
        return rule
    return replace(rule, action=Action.NEVER)


A = "-a always,exit -F arch=b64 -S open -F key=k"
CASES: tuple[tuple[list[str], list[str]], ...] = (
    ([A], [A]),
    ([A, "-a always,exit -F arch=b64 -S close -k k"], ["-a always,exit -F arch=b64 -S open,close -F key=k"]),
    (
        [A, "-a never,exit -F arch=b64 -S openat -F auid=5", "-a always,exit -F arch=b64 -S close -k k"],
        ["-a always,exit -F arch=b64 -S open,close -F key=k"],
    ),
    ([A, "-a always,exit -F arch=b64 -S open -F auid=5 -k x"], [A]),
    (
        ["-w /etc/docker -p w -k d", "-w /etc/docker -p a -k d"],
        ["-a always,exit -S all -F dir=/etc/docker -F perm=wa -F key=d"],
    ),
    (["-a never,exit -F arch=b64 -S open", A], []),
    (["-a always,exit -F arch=b64 -S open -F auid>5 -F auid<3", A], [A]),
)


@pytest.mark.parametrize(("lines", "wanted"), CASES)
def test_what_decides_nothing_is_left_out_and_what_can_be_one_is(lines: list[str], wanted: list[str]) -> None:
    assert left_of(*lines) == wanted


@pytest.mark.parametrize(
    "lines",
    [
        ["-a always,exit -S all -F path=/etc/docker -F auid=5 -F key=k", "-a always,exit -S all -F path=/etc/docker"],
        ["-a always,exit -S all -F auid=5 -F key=k", "-a always,exit -S all -F key=every"],
    ],
)
def test_a_rule_stays_that_gives_records_another_key(lines: list[str]) -> None:
    assert left_of(*lines) == lines


KEPT = (
    "-a never,user -F uid=3",
    "-a always,user -F uid=4",
    "-a always,task -F uid=9",
    "-a always,exit -S all -F dir=/etc/docker -F perm=wa -F key=d",
    "-a always,exclude -F msgtype=PATH",
    "-a always,exclude -F msgtype=USER_LOGIN",
    "-a never,exclude -F msgtype=CRYPTO_KEY_USER",
    "-a always,exclude -F msgtype=CWD -F uid=5",
    "-a never,filesystem -F fstype=tracefs",
)


@pytest.mark.parametrize("line", KEPT)
def test_a_rule_stays_of_whatever_list_it_is(line: str) -> None:
    assert line in left_of(*KEPT)


def test_rules_of_every_list_stay_in_their_order() -> None:
    assert left_of(*KEPT) == [*KEPT]


def test_a_rule_of_io_uring_stays() -> None:
    host = replace(HOST, version=(4, 0, 5))
    rules = load_rules(b"-a always,io_uring -S openat -F key=k\n", host).rules
    assert minimised(rules, FILES, moved_on(HOST)).rules == rules != ()


@pytest.mark.parametrize("line", [each for each in KEPT if ",exit" not in each])
def test_of_equal_rules_one_stays(line: str) -> None:
    assert left_of(line, f"-A {line.removeprefix('-a ')}") == [line]


def test_a_rule_that_excludes_less_than_an_earlier_one_is_left_out() -> None:
    assert left_of("-a always,exclude -F msgtype=PATH", "-a never,exclude -F msgtype=PATH -F uid=5") == [
        "-a always,exclude -F msgtype=PATH"
    ]


def test_a_rule_that_excludes_less_than_a_later_one_stays() -> None:
    lines = ["-a always,exclude -F msgtype=PATH -F uid=5", "-a always,exclude -F msgtype=PATH"]
    assert left_of(*lines) == lines


@law(1, derandomize=True)
@given(lines=st.lists(st.one_of(MESSAGES, OTHERS), min_size=1, max_size=8, unique=True), record=RECORDS, who=subjects())
def test_fewer_rules_let_through_the_same_records(lines: list[str], record: int, who: Credentials) -> None:
    rules = load_rules("".join(f"{line}\n" for line in ["-i", *lines]).encode(), HOST).rules
    found = minimised(rules, FILES, moved_on(HOST))
    assert found.changes == ()
    before, after = (RuleSet(each, RuleResolver(FILES, fresh=True)) for each in (rules, found.rules))
    assert let_through(before, record, who) is let_through(after, record, who)


def test_a_rule_of_another_key_keeps_its_calls_apart() -> None:
    lines = (A, "-a always,exit -F arch=b64 -S close -F auid=5 -k x", "-a always,exit -F arch=b64 -S close -k k")
    assert left_of(*lines)[0] == A

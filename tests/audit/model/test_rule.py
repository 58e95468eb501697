"""The values: what equals what, and what a rule says of itself."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from auditrules.audit.model.rule import (
    PATH_OR_DIR,
    Action,
    Comparison,
    Condition,
    Field,
    FilterList,
    Operator,
    Rule,
    letters,
    same,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, SyscallMask
from tests.fixtures.work import calls

PERM = Field("perm", Operator.EQUAL, 1)
KEY = Field("key", Operator.EQUAL, "k")


def rule(*fields: Condition, action: Action = Action.ALWAYS, syscalls: int = ALL_SYSCALLS) -> Rule:
    return Rule(FilterList.EXIT, action, SyscallMask(syscalls), fields)


def path(name: str, value: str = "/x", operator: Operator = Operator.EQUAL) -> Field:
    return Field(name, operator, value)


UID = Comparison("uid", Operator.EQUAL, "euid")
PAIRS: list[tuple[str, Rule, Rule, bool]] = [
    ("equal", rule(path("path"), PERM), rule(path("path"), PERM), True),
    ("path and dir", rule(path("path"), PERM), rule(path("dir"), PERM), False),
    ("path and undecided", rule(path("path"), PERM), rule(path(PATH_OR_DIR), PERM), True),
    ("dir and undecided", rule(path("dir"), PERM), rule(path(PATH_OR_DIR), PERM), True),
    ("both undecided", rule(path(PATH_OR_DIR), PERM), rule(path(PATH_OR_DIR), PERM), True),
    ("undecided and another path", rule(path("path", "/y"), PERM), rule(path(PATH_OR_DIR), PERM), False),
    ("undecided and another operator", rule(path("path", "/x", Operator.NOT_EQUAL)), rule(path(PATH_OR_DIR)), False),
    ("undecided and exe", rule(path("exe")), rule(path(PATH_OR_DIR)), False),
    ("another key", rule(path("path"), PERM, KEY), rule(path("path"), PERM), False),
    ("another order", rule(PERM, KEY), rule(KEY, PERM), False),
    ("another action", rule(PERM), rule(PERM, action=Action.NEVER), False),
    ("other calls", rule(PERM), rule(PERM, syscalls=1), False),
    ("another list", rule(PERM), Rule(FilterList.EXCLUDE, Action.ALWAYS, ALL_SYSCALLS, (PERM,)), False),
    ("a comparison and a field", rule(UID), rule(PERM), False),
    ("equal comparisons", rule(UID), rule(UID), True),
    ("other comparisons", rule(UID), rule(Comparison("uid", Operator.NOT_EQUAL, "euid")), False),
]


@pytest.mark.parametrize(("one", "other", "wanted"), [case[1:] for case in PAIRS], ids=[case[0] for case in PAIRS])
def test_rules_are_the_same_both_ways(one: Rule, other: Rule, *, wanted: bool) -> None:
    assert same(one, other) is wanted
    assert same(other, one) is wanted


def test_sameness_does_not_carry_over() -> None:
    file, undecided, folder = (rule(path(name)) for name in ("path", PATH_OR_DIR, "dir"))
    assert same(file, undecided)
    assert same(undecided, folder)
    assert not same(file, folder)


WATCHES: list[tuple[str, Rule, bool]] = [
    ("path and perm", rule(path("path"), PERM), True),
    ("dir, perm and key", rule(path("dir"), PERM, KEY), True),
    ("an undecided path", rule(PERM, path(PATH_OR_DIR)), True),
    ("no perm", rule(path("path"), KEY), False),
    ("no path", rule(PERM, KEY), False),
    ("never", rule(path("path"), PERM, action=Action.NEVER), False),
    ("some calls only", rule(path("path"), PERM, syscalls=1), False),
    ("a further field", rule(path("path"), PERM, Field("uid", Operator.EQUAL, 0)), False),
    ("a comparison", rule(path("path"), PERM, UID), False),
    ("another list", Rule(FilterList.EXCLUDE, Action.ALWAYS, ALL_SYSCALLS, (path("path"), PERM)), False),
]


@pytest.mark.parametrize(("found", "wanted"), [case[1:] for case in WATCHES], ids=[case[0] for case in WATCHES])
def test_a_watch_is_what_w_can_say(found: Rule, *, wanted: bool) -> None:
    assert found.is_watch is wanted


@pytest.mark.parametrize(
    ("text", "keys"),
    [("a", ("a",)), ("a\x01b", ("a", "b")), ("a\x01", ("a",)), ("\x01\x01a", ("a",)), ("\x01", ()), ("", ())],
)
def test_empty_keys_are_none(text: str, keys: tuple[str, ...]) -> None:
    assert rule(Field("key", Operator.EQUAL, text)).keys() == keys


def test_a_rule_without_a_key_has_none() -> None:
    assert rule(PERM).keys() == ()


@pytest.mark.parametrize("name", ["path", "dir", PATH_OR_DIR])
def test_the_watched_field_is_a_path_decided_or_not(name: str) -> None:
    assert rule(UID, PERM, path(name)).watched() == path(name)


def test_an_exe_is_not_watched() -> None:
    assert rule(path("exe")).watched() is None


def test_a_value_is_that_of_the_first_field_of_the_name() -> None:
    found = rule(UID, Field("perm", Operator.EQUAL, 4), PERM)
    assert found.value("perm") == 4
    assert found.value("uid") is None


@pytest.mark.parametrize(("bits", "text"), [(0, ""), (1, "x"), (2, "w"), (4, "r"), (8, "a"), (15, "rwxa"), (10, "wa")])
def test_letters_come_in_the_order_rwxa(bits: int, text: str) -> None:
    assert letters(bits) == text


def test_a_changed_or_copied_rule_is_found_by_what_it_is_now() -> None:
    before = rule(path("path"), PERM)
    changed = replace(before, fields=(path("path", "/y"), UID))
    known = {rule(path("path", "/y"), UID): "changed", rule(path("path"), PERM): "before"}
    assert [known[each] for each in (changed, pickle.loads(pickle.dumps(changed)), before)] == [  # noqa: S301 - our own
        *("changed", "changed", "before")
    ]


def test_the_hash_of_a_rule_is_made_once() -> None:
    one, long = rule(PERM), rule(*(path("path", str(number)) for number in range(60)))
    assert calls(lambda: hash(long)) == calls(lambda: hash(one))

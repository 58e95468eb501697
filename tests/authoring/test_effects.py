"""What a change of rules changes, against the evaluator itself: accesses of which everything is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.access import ANYBODY, Access
from auditrules.audit.coverage.access_difference import RulesInForce, access_difference
from auditrules.audit.coverage.decision import ON, Auditing
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.authoring.call_effects import Direction, EffectChange
from auditrules.authoring.effects import effects, found_effects
from tests.audit.coverage.random_rules import HOST, accesses
from tests.authoring.test_rule_order import RULES
from tests.laws import law

FILES = FileSystem(HOST)


def in_force(lines: Sequence[str], auditing: Auditing = ON) -> RulesInForce:
    content = "".join(f"{line}\n" for line in ["-i", *lines]).encode()
    rules = load_rules(content, HOST).rules
    return RulesInForce(RuleSet(rules, RuleResolver(FILES, fresh=True)), auditing)


def recorded(side: RulesInForce, access: Access) -> bool:
    return decide(side.rules, access, side.auditing).recorded is Truth.YES


def by_anybody(access: Access) -> Access:
    """The access with nothing known of who makes it and how it ends, but where that decides about its names."""
    ends = any(each.removed or each.made for each in access.names)
    return replace(
        access,
        subject=ANYBODY,
        forker=ANYBODY,
        succeeded=access.succeeded if ends else None,
        result=None,
        arguments=(None, None, None, None),
    )


@law(6, derandomize=True)
@given(old=RULES, new=RULES, access=accesses())
def test_what_only_one_of_two_sets_records_is_a_difference(old: list[str], new: list[str], access: Access) -> None:
    before, after = in_force(old), in_force(new)
    was, is_ = recorded(before, access), recorded(after, access)
    found = access_difference(by_anybody(access), before, after, HOST.machine)
    if was and not is_:
        assert found.lost is not None or found.unsure
    if is_ and not was:
        assert found.gained is not None or found.unsure
    exact = access_difference(access, before, after, HOST.machine)
    assert (exact.lost is not None, exact.gained is not None, exact.unsure) == (was and not is_, is_ and not was, False)


@law(0.5, derandomize=True)
@given(old=RULES, taken=st.sets(st.integers(0, 7), min_size=1), made=st.lists(accesses(), min_size=1, max_size=10))
def test_rules_of_equal_effects_decide_alike(old: list[str], taken: set[int], made: list[Access]) -> None:
    new = [line for place, line in enumerate(old) if place not in taken]
    before, after = in_force(old), in_force(new)
    if effects(before, after, FILES) == ():
        for access in made:
            assert recorded(before, access) is recorded(after, access)


W = "-w /etc/docker -p wa -k d"
LOST, GAINED = Direction.LOST, Direction.GAINED
CASES: tuple[tuple[list[str], list[str], list[EffectChange]], ...] = (
    ([W], ["-a always,exit -F dir=/etc/docker -F perm=aw -F key=other"], []),
    ([W], ["-w /etc/docker -p w -k d", "-w /etc/docker -p a -k d"], []),
    (
        ["-w /usr/bin/dockerd -p rx"],
        ["-w /usr/bin/dockerd -p x"],
        [EffectChange(LOST, "/usr/bin/dockerd", "r", ())],
    ),
    (
        ["-w /usr/bin/dockerd -p x"],
        ["-w /usr/bin/dockerd -p x -F auid>=1000"],
        [EffectChange(LOST, "/usr/bin/dockerd", "x", (), ("except auid>=1000",))],
    ),
    (
        ["-a always,exit -F arch=b64 -S execve -F auid>=1000"],
        ["-a always,exit -F arch=b64 -S execve -F auid>=500"],
        [EffectChange(GAINED, "", "", ("execve",), ("except auid>=1000", "auid>=500 only"))],
    ),
    (
        ["-a always,exit -F arch=b64 -S mount,umount2"],
        ["-a always,exit -F arch=b64 -S mount"],
        [EffectChange(LOST, "", "", ("umount2",))],
    ),
    (
        ["-a always,exit -F arch=b32 -S mount"],
        [],
        [EffectChange(LOST, "", "", ("mount (32-bit)",))],
    ),
    (
        ["-a always,exit -F arch=b64 -S stat -F path=/usr/bin/dockerd"],
        [],
        [EffectChange(LOST, "/usr/bin/dockerd", "", ("stat",))],
    ),
    (
        ["-a always,exit -F arch=b64 -S utime -F path=/usr/bin/dockerd"],
        [],
        [EffectChange(LOST, "/usr/bin/dockerd", "", ("utime",))],
    ),
    (
        ["-a always,exit -F arch=b64 -S open"],
        ["-a never,task", "-a always,exit -F arch=b64 -S open"],
        [EffectChange(LOST, "", "", ("open to read", "open to write", "open to read and write"))],
    ),
)


@pytest.mark.parametrize(("old", "new", "wanted"), CASES)
def test_effects_are_told_not_lines(old: list[str], new: list[str], wanted: list[EffectChange]) -> None:
    assert list(effects(in_force(old), in_force(new), FILES)) == wanted


@pytest.mark.parametrize(("old", "new", "wanted"), CASES)
def test_the_other_way_round_what_was_lost_is_gained(
    old: list[str], new: list[str], wanted: list[EffectChange]
) -> None:
    turned = {LOST: GAINED, GAINED: LOST}
    assert [
        (each.direction, each.path, each.letter, each.calls) for each in effects(in_force(new), in_force(old), FILES)
    ] == [(turned[each.direction], each.path, each.letter, each.calls) for each in wanted]


def test_auditing_that_is_switched_off_loses_all() -> None:
    on, off = in_force(["-a always,exit -S all"]), in_force(["-a always,exit -S all"], Auditing(0))
    assert {each.calls for each in effects(on, off, FILES)} == {("every call",), ("every call (32-bit)",)}


def test_the_path_of_a_rule_is_asked_first_and_all_else_as_well() -> None:
    lines = ["-w /etc/docker -p wa", "-a always,exit -F arch=b64 -S close", "-w /usr/bin/dockerd -p x"]
    old, new = in_force(lines), in_force([])
    asked = [*found_effects(old, new, FILES, first=old.rules.resolved[-1].rule)]
    assert asked[0].path == "/usr/bin/dockerd"
    assert sorted(map(str, asked)) == sorted(map(str, effects(old, new, FILES)))

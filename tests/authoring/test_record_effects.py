"""Which types of records two sets of rules keep away: cases, and a law by the kernel's own walk over the lists."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.access import Credentials
from auditrules.audit.coverage.access_difference import RulesInForce
from auditrules.audit.coverage.decision import ON, Auditing
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Action, Field, FilterList
from auditrules.authoring.call_effects import Direction
from auditrules.authoring.record_effects import OF_PROGRAMS, TYPES, RecordChange, record_changes
from auditrules.values import replace
from tests.audit.coverage.random_rules import HOST, subjects
from tests.audit.file_trees import facts
from tests.authoring.test_effects import in_force
from tests.laws import law

LOST, GAINED, UNSURE = Direction
X, U = "-a always,exclude -F ", "-a never,user -F "
SENT = "every type that programs send"


def changes(old: list[str], new: list[str]) -> list[RecordChange]:
    return [*record_changes(in_force(old), in_force(new), HOST.machine)]


CASES: tuple[tuple[list[str], list[str], list[RecordChange]], ...] = (
    ([], [], []),
    ([], [f"{X}msgtype=PATH"], [RecordChange(LOST, ("PATH",))]),
    ([], ["-a never,exclude -F msgtype=PATH"], [RecordChange(LOST, ("PATH",))]),
    ([f"{X}msgtype=PATH"], ["-a never,exclude -F msgtype=PATH"], []),
    ([], [f"{X}msgtype=PATH", f"{X}msgtype=USER_LOGIN"], [RecordChange(LOST, ("USER_LOGIN", "PATH"))]),
    ([], [f"{X}msgtype=PATH -F uid=5"], [RecordChange(LOST, ("PATH",), (), ("uid=5 only",))]),
    (
        [f"{X}msgtype=PATH -F uid=5"],
        [f"{X}msgtype=PATH"],
        [RecordChange(LOST, ("PATH",), (), ("except uid=5",))],
    ),
    ([f"{X}msgtype=PATH", f"{X}msgtype=CWD"], [f"{X}msgtype=CWD", f"{X}msgtype=PATH"], []),
    ([f"{X}msgtype=PATH", f"{X}msgtype=PATH -F uid=5"], [f"{X}msgtype=PATH"], []),
    ([], [f"{X}msgtype!=SYSCALL"], [RecordChange(LOST, ("every type",), ("SYSCALL",))]),
    ([], [f"{X}msgtype>=1300 -F msgtype<1310"], [RecordChange(LOST, ("1300 to 1309",))]),
    ([f"{X}msgtype>=1300"], [f"{X}msgtype>1300"], [RecordChange(GAINED, ("SYSCALL",))]),
    ([], [f"{X}auid=unset"], [RecordChange(LOST, ("every type",), (), ("auid=-1 only",))]),
    ([], [f"{X}msgtype=DAEMON_START"], []),
    ([], [f"{U}msgtype=USER_LOGIN"], [RecordChange(LOST, ("USER_LOGIN",))]),
    ([], [f"{U}msgtype=PATH"], []),
    ([], [f"{U}uid=0"], [RecordChange(LOST, (SENT,), (), ("uid=0 only",))]),
    ([], ["-a always,user -F uid=0"], []),
    ([f"{U}uid=0"], ["-a always,user -F uid=0", f"{U}uid=0"], [RecordChange(GAINED, (SENT,), (), ("uid=0 only",))]),
    ([f"{U}msgtype=USER_LOGIN"], [f"{X}msgtype=USER_LOGIN"], []),
    (
        [],
        ["-a never,filesystem -F fstype=tracefs"],
        [
            RecordChange(
                UNSURE, (), (), ("rules of the filesystem list differ, and what comes of that is not compared",)
            )
        ],
    ),
)


@pytest.mark.parametrize(("old", "new", "wanted"), CASES)
def test_the_types_are_told_that_are_kept_away(old: list[str], new: list[str], wanted: list[RecordChange]) -> None:
    assert changes(old, new) == wanted


@pytest.mark.parametrize(("old", "new", "wanted"), CASES)
def test_the_other_way_round_what_was_lost_is_gained(
    old: list[str], new: list[str], wanted: list[RecordChange]
) -> None:
    turned = {LOST: GAINED, GAINED: LOST, UNSURE: UNSURE}
    assert changes(new, old) == [replace(each, direction=turned[each.direction]) for each in wanted]


def test_auditing_that_is_off_takes_no_messages_but_one_type() -> None:
    on, off = in_force([]), in_force([], Auditing(0))
    assert record_changes(on, off, HOST.machine) == (RecordChange(LOST, (SENT,), ("USER_AVC",)),)
    assert record_changes(off, in_force([f"{U}msgtype=USER_LOGIN"], Auditing(0)), HOST.machine) == ()


def test_a_rule_that_can_not_be_read_makes_it_unknown() -> None:
    old, new = in_force([f"{X}msgtype=PATH"]), in_force([])
    old.rules.unread = 1
    (found,) = record_changes(old, new, HOST.machine)
    assert (found.direction, found.types, found.where) == (UNSURE, ("PATH",), ("a rule can't be read",))


def test_a_label_that_may_be_anybodys_makes_it_unknown() -> None:
    rules = load_rules(f"{X}subj_type=x\n".encode(), HOST).rules
    resolver = RuleResolver(FileSystem(facts(lsm=("selinux",))), fresh=True)
    old, new = (RulesInForce(RuleSet(each, resolver), ON) for each in (rules, ()))
    (found,) = record_changes(old, new, HOST.machine)
    assert (found.direction, found.types) == (UNSURE, ("every type",))
    assert found.where == ("whether subj_type=x can't be told",)
    assert record_changes(old, old, HOST.machine) == ()


def test_what_is_not_known_is_told_beside_what_is_gained() -> None:
    resolver = RuleResolver(FileSystem(facts(lsm=("selinux",))), fresh=True)
    with_label = f"{X}msgtype=PATH -F uid=6 -F subj_type"
    lines = f"{X}msgtype=PATH -F uid=5\n{with_label}=x\n", f"{with_label}=y\n"
    old, new = (RulesInForce(RuleSet(load_rules(each.encode(), HOST).rules, resolver), ON) for each in lines)
    assert [each.direction for each in record_changes(old, new, HOST.machine)] == [GAINED, UNSURE]


def test_of_too_many_rules_it_can_not_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditrules.authoring.record_effects.MOST_ASKED", 2)
    lines = [f"{X}msgtype={name} -F uid=5" for name in ("PATH", "CWD", "EXECVE")]
    assert changes(lines, []) == [
        RecordChange(GAINED, ("PATH", "CWD"), (), ("uid=5 only",)),
        RecordChange(UNSURE, ("EXECVE",), (), ("there are too many conditions to try them all",)),
    ]


# The kernel's own walk, for a subject of whom everything is known

NUMBERS: Mapping[str, int] = MappingProxyType({"PATH": 1302, "CWD": 1307, "USER_LOGIN": 1112, "SYSCALL": 1300})
MESSAGES = st.builds(
    "-a {},{}{}{}".format,
    st.sampled_from(["always", "never"]),
    st.sampled_from(["exclude", "exclude", "user"]),
    st.builds(
        " -F msgtype{}{}".format, st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), st.sampled_from([*NUMBERS])
    ),
    st.sampled_from(["", "", " -F uid=0", " -F uid!=0", " -F auid>=1000", " -F gid=998", " -F auid!=unset"]),
)
RECORDS = st.sampled_from([*NUMBERS.values(), 1301, 1303, 1111, 1113, 2100, 1006])
_HOLDS = {
    "=": int.__eq__,
    "!=": int.__ne__,
    ">": int.__gt__,
    ">=": int.__ge__,
    "<": int.__lt__,
    "<=": int.__le__,
}


def let_through(rules: RuleSet, record: int, who: Credentials) -> bool:
    """Whether a record of a type is written, as audit_filter says it: list by list, the first rule that matches."""
    lists = [FilterList.USER, FilterList.EXCLUDE] if record in OF_PROGRAMS else [FilterList.EXCLUDE]
    for name in lists:
        for resolved in rules.in_list(name):
            if all(_holds(each, resolved.exe and resolved.exe.identity, record, who) for each in resolved.rule.fields):
                if name is FilterList.EXCLUDE or resolved.rule.action is Action.NEVER:
                    return False
                break
    return True


def _holds(condition: object, program: object, record: int, who: Credentials) -> bool:
    assert isinstance(condition, Field)
    if condition.name == "exe":
        return (who.exe == program) is (condition.operator.value == "=")
    value = record if condition.name == "msgtype" else getattr(who, condition.name)
    assert isinstance(condition.value, int)
    return _HOLDS[condition.operator.value](value, condition.value)


LISTS = st.lists(MESSAGES, max_size=5, unique=True)


@law(10, derandomize=True)
@given(old=LISTS, new=LISTS, record=RECORDS, who=subjects())
def test_what_only_one_of_two_sets_lets_through_is_a_change(
    old: list[str], new: list[str], record: int, who: Credentials
) -> None:
    before, after = in_force(old), in_force(new)
    was, is_ = let_through(before.rules, record, who), let_through(after.rules, record, who)
    directions = {each.direction for each in record_changes(before, after, HOST.machine)}
    assert record in TYPES
    assert not (was and not is_) or LOST in directions
    assert not (is_ and not was) or GAINED in directions

"""Laws of what is asked for: what a broader rule, a split one, another order and a never rule can and can't change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.asked_rule import asked_conditions
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_coverage import evaluate_call
from auditrules.audit.coverage.decision import ON, CoverageStatus
from auditrules.audit.coverage.field_match import match_field
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.operations import OPERATIONS
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Action, FilterList, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from tests.audit.file_trees import DOCKER, facts, rules_of
from tests.laws import law

for_all = law(3, derandomize=True)

HOST = facts()
FILE_SYSTEM = FileSystem(HOST)
FILES = sorted(path for path, kind in DOCKER.items() if kind != "missing")
RECORDED, UNRECORDED = CoverageStatus.RECORDED, CoverageStatus.UNRECORDED

CONDITIONS = (
    *("auid>=1000", "auid!=unset", "auid=1000", "auid>=60000", "auid=0", "auid<1000", "uid=0", "uid!=0", "euid=0"),
    *("success=1", "success=0", "exit=-EACCES", "exit>=0", "exe=/usr/bin/dockerd", "obj_uid=0", "obj_uid!=0", "uid<5"),
    *("perm=a", "perm=wa", "filetype=file", "pid=1", "a0=0"),
)
PLACES = ("path=/etc/docker/daemon.json", "dir=/etc", "dir=/usr", "path=/usr/bin/dockerd", "path=/opt/dockerd")
NAMES = ("chmod", "unlink", "openat", "execve", "truncate", "setxattr")
MASKS = ("all", "chmod", "chmod,fchmod,fchmodat", "unlink,rename", "open,openat", "execve", "truncate", "setxattr")
ASKED = (
    ("auid>=1000", "auid!=unset"),
    ("auid!=unset",),
    (),
    ("exit=-EACCES", "auid>=1000", "auid!=unset"),
    ("success=1", "auid>=1000"),
    ("auid=0",),
    ("uid!=0",),
)
Parts = tuple[str, str, tuple[str, ...]]  # action and list, the calls, the conditions


def one_of_a_kind(condition: str) -> str:
    return condition.rstrip("0123456789").rstrip("=!<>") if condition.startswith(("exe", "perm")) else condition


_conditions = st.lists(st.sampled_from(CONDITIONS), max_size=3, unique_by=one_of_a_kind).map(tuple)
_placed = st.builds(lambda place, more: (place, *more), st.sampled_from(PLACES), _conditions)
_masks = st.sampled_from([f" -F arch=b64 -S {each}" for each in MASKS] + [" -S all"])
always = st.tuples(st.just("-a always,exit"), _masks, _conditions)
exits = st.tuples(st.sampled_from(["-a always,exit", "-a never,exit"]), _masks, _conditions | _placed)
nevers = st.tuples(st.just("-a never,exit"), _masks, _conditions | _placed)
others = st.sampled_from(
    [
        ("-a never,task", "", ("uid=0",)),
        ("-a never,task", "", ()),
        ("-a never,exclude", "", ("auid=1000",)),
        ("-a always,exclude", "", ("msgtype=SYSCALL",)),
        ("-a never,exclude", "", ("exe=/usr/bin/dockerd",)),
    ]
)
rule_lists = st.lists(st.one_of(always, always, exits, exits, others), max_size=4, unique=True)
asked_rules = st.sampled_from(ASKED)
names = st.sampled_from(NAMES)


def line(parts: Parts) -> str:
    action, calls, conditions = parts
    return f"{action}{calls}{''.join(f' -F {each}' for each in conditions)}"


def status(rules: Sequence[Parts], name: str, asked: Sequence[str]) -> CoverageStatus:
    lines = [line(each) for each in rules]
    assume(len(set(lines)) == len(lines))  # the kernel takes no rule twice
    host = AuditedHost(rules_of(lines, HOST), FILE_SYSTEM, ON, asked=asked_conditions(asked))
    return evaluate_call(name, "b64", host).status


@for_all
@given(rule_lists, always, rule_lists, names, asked_rules, st.integers(0, 2))
def test_a_broader_rule_loses_no_pass(
    before: list[Parts], rule: Parts, behind: list[Parts], name: str, asked: tuple[str, ...], drawn: int
) -> None:
    action, calls, conditions = rule
    assume(conditions)
    left = conditions[: drawn % len(conditions)] + conditions[drawn % len(conditions) + 1 :]
    if status([*before, rule, *behind], name, asked) is RECORDED:
        assert status([*before, (action, calls, left), *behind], name, asked) is RECORDED


@for_all
@given(rule_lists, always, rule_lists, names, asked_rules, st.sampled_from(["uid", "suid", "egid", "auid", "ppid"]))
def test_a_rule_split_in_two_changes_nothing(
    before: list[Parts], rule: Parts, behind: list[Parts], name: str, asked: tuple[str, ...], field: str
) -> None:
    action, calls, conditions = rule
    halves = [(action, calls, (*conditions, f"{field}{sign}7")) for sign in ("<", ">=")]
    assert status([*before, rule, *behind], name, asked) is status([*before, *halves, *behind], name, asked)


@for_all
@given(rule_lists, exits, rule_lists, names, asked_rules, st.randoms(use_true_random=False))
def test_the_order_of_fields_changes_nothing(
    before: list[Parts], rule: Parts, behind: list[Parts], name: str, asked: tuple[str, ...], chance: st.DrawFn
) -> None:
    action, calls, conditions = rule
    shuffled = list(conditions)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    other = list(asked)
    chance.shuffle(other)  # type: ignore[attr-defined]
    found = status([*before, rule, *behind], name, asked)
    assert found is status([*before, (action, calls, tuple(shuffled)), *behind], name, other)


@for_all
@given(rule_lists, nevers, names, asked_rules)
def test_a_never_rule_before_all_makes_no_fail_a_pass(
    rules: list[Parts], never: Parts, name: str, asked: tuple[str, ...]
) -> None:
    if status(rules, name, asked) is not RECORDED:
        assert status([never, *rules], name, asked) is not RECORDED


@for_all
@given(rule_lists, names, asked_rules, st.sampled_from(CONDITIONS[:11]))
def test_who_asks_for_less_loses_no_pass(rules: list[Parts], name: str, asked: tuple[str, ...], further: str) -> None:
    if status(rules, name, asked) is RECORDED:
        found = status(rules, name, (*asked, further))
        host = AuditedHost(rules_of([], HOST), FILE_SYSTEM, ON, asked=asked_conditions((*asked, further)))
        assert found is RECORDED or evaluate_call(name, "b64", host).nothing_asked


@st.composite
def accesses(draw: st.DrawFn) -> tuple[str, Access]:
    """Accesses of which everything is known."""
    name = draw(names)
    operation = next(each for each in OPERATIONS.values() if each.call == name)
    access = AuditNamesCollector(FILE_SYSTEM).access(operation, "x86_64", draw(st.sampled_from(FILES)), "")
    assert access is not None
    ids = st.sampled_from([0, 3, 5, 33, 1000, 1001, 60001])
    uid, gid = draw(ids), draw(ids)
    exe = FILE_SYSTEM.identity(FILE_SYSTEM.at(draw(st.sampled_from(FILES))))
    who = Credentials(
        *(draw(st.sampled_from([0, 1000, 1001, 60001, UNSET])), uid, draw(ids), uid, uid, gid, gid, gid, gid),
        groups=frozenset(),
        pid=4243,
        ppid=4242,
        sessionid=UNSET,
        pers=0,
        exe=exe,
    )
    succeeded = draw(st.booleans())
    result = 0 if succeeded else draw(st.sampled_from([-13, -1]))
    arguments = (draw(st.sampled_from([0, 7])), 0, 0, 0)
    return name, replace(access, subject=who, forker=who, succeeded=succeeded, result=result, arguments=arguments)


ASKING = ResolvedRule(Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS), -1)


@for_all
@given(rule_lists, accesses(), asked_rules)
def test_a_verdict_holds_for_each_call_that_is_asked_for(
    rules: list[Parts], made: tuple[str, Access], asked: tuple[str, ...]
) -> None:
    name, access = made
    assume(all(match_field(each, ASKING, access, None) is True for each in asked_conditions(asked)))
    found = status(rules, name, asked)
    said = decide(rules_of([line(each) for each in rules], HOST), access, ON).recorded
    if found in (RECORDED, UNRECORDED):
        assert said is (Truth.YES if found is RECORDED else Truth.NO)

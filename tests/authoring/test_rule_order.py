"""Rules that never decide: a law over random rules and accesses, and the cases behind it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.decision import ON, Decision
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from tests.audit.coverage.random_rules import ANY, DIRECTORIES, HOST, LETTERS, OTHERS, WATCHED, accesses
from tests.authoring.linted import found, linted
from tests.laws import law

NARROW = st.sampled_from(
    [
        *("-F auid=1000", "-F auid>=1000", "-F auid>=500", "-F auid!=unset", "-F uid=0", "-F uid!=0", "-F uid<1000"),
        *("-F success=1", "-F exit=-EACCES", "-F exe=/usr/bin/dockerd", "-C auid!=uid", "-F perm=wa", "-F perm=w"),
        *("-F gid=998", "-F obj_uid=0", "-F filetype=file", "-F pid>1", "-F a0=0"),
    ]
)
CALLS = st.sampled_from(
    ["all", "execve", "execve,execveat", "open,openat,unlink", "open,openat", "unlink,rename", "rename", "all"]
)


@st.composite
def alike(draw: st.DrawFn) -> str:
    """Rules of which many ask for a part of what others ask for."""
    action = draw(st.sampled_from(["always", "never"]))
    place = draw(
        st.one_of(st.just(""), st.builds(" -F path={}".format, WATCHED), st.builds(" -F dir={}".format, DIRECTORIES))
    )
    arch = draw(st.sampled_from(["", " -F arch=b64"]))
    calls = "" if " -F perm" in place else f" -S {draw(CALLS)}"
    conditions = draw(st.lists(NARROW, max_size=2, unique=True))
    letters = draw(st.one_of(st.just(""), st.builds(" -F perm={}".format, LETTERS)))
    return (
        f"-{draw(st.sampled_from('aaaaaA'))} {action},exit{arch}{calls}{place}{letters} {' '.join(conditions)}".strip()
    )


RULES = st.lists(st.one_of(alike(), alike(), alike(), ANY, OTHERS), min_size=2, max_size=8, unique=True)


def decision(lines: Sequence[str], access: Access) -> Decision:
    loaded = load_rules("".join(f"{line}\n" for line in ["-i", *lines]).encode(), HOST)
    return decide(RuleSet(loaded.rules, RuleResolver(FileSystem(HOST), fresh=True)), access, ON)


def told(found: Decision) -> list[tuple[object, ...]]:
    """What came of an access, without the places of the rules."""
    return [
        (each.cause, each.resolved and each.resolved.rule, each.keys, each.recorded, len(each.pending))
        for each in found.outcomes
    ]


@law(4, derandomize=True)
@given(lines=RULES, made=st.lists(accesses(), min_size=1, max_size=12))
def test_without_a_rule_that_never_decides_every_access_ends_as_before(lines: list[str], made: list[Access]) -> None:
    report = linted("".join(f"{line}\n" for line in ["-i", *lines]), HOST)
    void = {number - 2 for number, _ in found(report, "redundant", "unreachable", "never-matches")}
    left = [line for place, line in enumerate(lines) if place not in void]
    for access in made:
        before = told(decision(lines, access))
        assert told(decision(left, access)) == before
        for one in void:
            alone = [line for place, line in enumerate(lines) if place != one]
            assert told(decision(alone, access)) == before


W = "-w /etc/docker -p wa -k one"
HARD = "-w /etc/docker/daemon.json -p wa -k x"  # to which a hard link leads from elsewhere
CASES: tuple[tuple[list[str], list[tuple[int, str]]], ...] = (
    ([W, "-a always,exit -F dir=/etc/docker -F perm=w -F key=two"], [(2, "redundant")]),
    (["-a always,exit -F dir=/etc/docker -F perm=w -F key=two", W], []),
    ([W, "-a never,exit -F dir=/etc/docker -F perm=w"], [(2, "unreachable")]),
    (["-a never,exit -F dir=/etc/docker", W], [(2, "unreachable")]),
    (["-a never,exit -F dir=/etc -F perm=wa", "-a always,exit -F dir=/etc/docker -F perm=a"], [(2, "unreachable")]),
    (["-a never,exit -F dir=/etc -F perm=wa", W], []),  # if it is a file, a hard link leads to it from elsewhere
    (["-a never,exit -F dir=/", "-a always,exit -F dir=/etc/docker -F perm=a"], [(2, "unreachable")]),
    (["-w /etc/x -p wa -k a", "-w /etc/x -p w -k b"], [(2, "redundant")]),
    (["-a never,exit -F path=/etc/x", "-w /etc/x -p w -k b"], []),  # if it is a directory, path= is not all of it
    (["-a never,exit -F dir=/etcetera", W], []),
    (
        ["-a never,exit -F dir=/etc", "-w /etc/docker/daemon.json -p wa -k x"],
        [],
    ),  # a hard link leads to it from elsewhere
    (["-a never,exit -S all -F auid>=1000", f"{W} -F auid=1000"], [(2, "unreachable")]),
    (["-a never,exit -S all -F auid>=1000", f"{W} -F auid>=500"], []),
    (["-a never,exit -S all -F auid!=unset", f"{W} -F auid=1000"], [(2, "unreachable")]),
    (["-a never,exit -S all -F gid!=1", f"{W} -F gid=2"], []),  # a process has several groups
    (
        ["-a always,exit -S open -k a", "-a always,exit -S close -k a", "-a always,exit -S open,close -k b"],
        [(3, "redundant")],
    ),
    (["-a always,exit -S open -k a", "-a always,exit -S open,close -k b"], []),
    (["-a always,exit -F arch=b64 -S open -k a", "-a always,exit -S open -k b"], []),
    (["-a always,exit -S open -k a", "-a always,exit -F arch=b64 -S open -k b"], [(2, "redundant")]),
    (["-a always,exit -S open -k a", "-A always,exit -F arch=b64 -S open -k b"], []),
    (["-A never,exit -S open -k a", "-a always,exit -S open -k b"], [(2, "unreachable")]),
    (["-a always,exit -S open -k b", "-A never,exit -S open -k a"], [(1, "unreachable")]),
    (["-a always,exclude -F msgtype=CWD", "-a never,exclude -F msgtype=CWD -F uid=0"], [(2, "redundant")]),
    (["-a always,exclude -F msgtype=CWD -F uid=0", "-a never,exclude -F msgtype=CWD"], []),
    (["-a never,task -F uid=0", "-a never,task -F uid=0 -F gid=0"], [(2, "redundant")]),
    (["-a never,filesystem -F fstype=tracefs", "-a never,filesystem -F fstype=tracefs -F key=x"], [(2, "redundant")]),
    (["-a never,filesystem -F fstype=tracefs", "-a never,filesystem -F fstype!=tracefs"], []),
    (["-a always,exit -S all -F auid=alice -k a", "-a always,exit -S all -F auid=bob -k b"], []),
    (["-a always,exit -S all -F auid!=alice -k a", "-a always,exit -S all -F auid=7 -k b"], []),  # alice may be 7
)


@pytest.mark.parametrize(("lines", "wanted"), CASES)
def test_a_rule_that_never_decides_is_found_by_the_order_of_evaluation(
    lines: list[str], wanted: list[tuple[int, str]]
) -> None:
    report = linted("".join(f"{line}\n" for line in lines))
    assert found(report, "redundant", "unreachable") == wanted


def test_a_directory_behind_a_link_is_not_taken_to_be_in_another() -> None:
    report = linted("-a never,exit -F dir=/bin/\n-a always,exit -F dir=/bin/x -k k\n", HOST)
    assert found(report, "unreachable") == []

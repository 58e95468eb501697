"""How many rules the kernel asks at the end of a call, and what would save some: small sets, counted by hand."""

from __future__ import annotations

import pytest

from auditrules.audit.boot.load import load_rules
from auditrules.audit.model.host_facts import Facts
from auditrules.authoring.cost import MOST_CALLS, Saving, cost
from auditrules.authoring.finding import Cost
from auditrules.authoring.rule_shape import shape_of

OPEN = "-a always,exit -F arch=b64 -S open -F auid=5 -k k"
CLOSE = "-a always,exit -F arch=b64 -S close -F auid=5 -k k"
NEVER = "-a never,exit -F arch=b64 -S read"
ALL = "-a always,exit -F arch=b64 -S all -F auid=5 -k k"
DIR = "-a always,exit -F dir=/etc/docker -F perm=wa -k k"


def of(*lines: str, machine: str = "x86_64") -> tuple[Cost, Saving]:
    loaded = load_rules("".join(f"{line}\n" for line in lines).encode(), Facts(machine=machine))
    assert not loaded.refused
    return cost([shape_of(rule) for rule in loaded.rules], machine)


# Rules, and how many of the exit list are looked at, compared at every call, kept with an inode, or either.
COUNTS: tuple[tuple[list[str], tuple[int, int, int, int]], ...] = (
    ([], (0, 0, 0, 0)),
    ([OPEN], (1, 0, 0, 0)),
    ([ALL], (1, 1, 0, 0)),
    ([DIR], (1, 1, 0, 0)),
    (["-a always,exit -F path=/etc/passwd -F perm=wa -k k"], (0, 0, 1, 0)),
    (["-a always,exit -F arch=b64 -S open -F inode=5 -F auid=5"], (0, 0, 1, 0)),
    (["-a always,exit -F arch=b64 -S open -F inode!=5 -F auid=5"], (1, 0, 0, 0)),
    (["-w /etc/docker -p wa -k k"], (0, 0, 0, 1)),
    (["-a never,task -F auid=5"], (0, 0, 0, 0)),
    (["-a always,exclude -F msgtype=CWD"], (0, 0, 0, 0)),
    ([OPEN, ALL, DIR, NEVER], (4, 2, 0, 0)),
)


@pytest.mark.parametrize(("lines", "counts"), COUNTS)
def test_rules_are_counted_by_where_the_kernel_keeps_them(lines: list[str], counts: tuple[int, int, int, int]) -> None:
    found, _ = of(*lines)
    assert (found.listed, found.always, found.on_inodes, found.undecided) == counts


# Rules, and the calls for which most of them are compared.
CALLS: tuple[tuple[list[str], list[tuple[str, int]]], ...] = (
    ([ALL], []),
    ([OPEN, CLOSE], [("open", 1), ("close", 1)]),
    ([OPEN, "-a always,exit -F arch=b64 -S open,close -F auid=6 -k k"], [("open", 2), ("close", 1)]),
    ([OPEN, ALL, DIR], [("open", 3)]),
    ([OPEN, "-a always,exit -F arch=b32 -S open -F auid=5 -k k"], [("open", 1), ("open (32-bit)", 1)]),
)


@pytest.mark.parametrize(("lines", "calls"), CALLS)
def test_the_calls_with_most_rules_are_named(lines: list[str], calls: list[tuple[str, int]]) -> None:
    assert [*of(*lines)[0].calls] == calls


def test_no_more_calls_are_named_than_a_reader_wants() -> None:
    names = ["open", "close", "read", "write", "chmod", "chown", "mkdir"]
    assert len(of(f"-a always,exit -F arch=b64 -S {','.join(names)} -F auid=5")[0].calls) == MOST_CALLS < len(names)


# Rules, and those that could be one with a rule above, with that rule.
MERGES: tuple[tuple[list[str], tuple[tuple[int, int], ...]], ...] = (
    ([OPEN, CLOSE], ((1, 0),)),
    ([OPEN, CLOSE, "-a always,exit -F arch=b64 -S read -F auid=5 -k k"], ((1, 0), (2, 0))),
    ([OPEN, CLOSE.replace("-k k", "-k other")], ()),
    ([OPEN, CLOSE.replace("auid=5", "auid=6")], ()),
    ([OPEN, CLOSE.replace("b64", "b32")], ()),
    ([OPEN, NEVER, CLOSE], ()),
    ([OPEN, "-w /etc/docker -p wa -k k", CLOSE], ((2, 0),)),
)


@pytest.mark.parametrize(("lines", "merge"), MERGES)
def test_rules_that_differ_in_their_calls_only_could_be_one(
    lines: list[str], merge: tuple[tuple[int, int], ...]
) -> None:
    found, saving = of(*lines)
    assert (saving.merge, found.merged_away) == (merge, len(merge))


# Rules, and how many could stand before one that is asked at every call.
EARLIER: tuple[tuple[list[str], int], ...] = (
    ([OPEN, ALL], 0),
    ([ALL, OPEN, CLOSE], 2),
    ([ALL, NEVER, OPEN], 0),
    ([ALL, NEVER, DIR, OPEN], 1),
)


@pytest.mark.parametrize(("lines", "earlier"), EARLIER)
def test_rules_that_name_calls_could_stand_before_one_that_names_none(lines: list[str], earlier: int) -> None:
    assert of(*lines)[0].earlier == earlier


def test_letters_could_be_the_calls_that_they_mean() -> None:
    found, saving = of("-a always,exit -F arch=b64 -F dir=/etc/docker -F perm=x -k k")
    assert (found.limited, saving.limit) == (1, ((0, ("execve", "execveat")),))


def test_a_rule_without_place_and_letters_can_not_be_limited() -> None:
    found, saving = of(OPEN, ALL, DIR)
    assert (found.limited, saving.always) == (1, (1,))


def test_a_call_is_named_as_the_machine_has_it() -> None:
    assert of("-a always,exit -S 56 -F auid=5", machine="aarch64")[0].calls == (("openat", 1),)
    assert of("-a always,exit -S 56 -F auid=5")[0].calls == (("clone", 1),)

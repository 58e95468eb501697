"""Rows that a table makes are kept, as the same objects, while what they are made of stays the same."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from auditrules.audit.kernel.rule_data import encode
from auditrules.audit.model.collected import File, Kernel, Netlink, Run, Sources
from auditrules.audit.model.rule import Action, FilterList, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.tables import build
from tests.fixtures.hosts import BARE, Given, Look, status

RULE = encode(Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS))


def netlink(*, lost: int, backlog: int) -> Kernel:
    return Kernel("netlink", netlink=Netlink((RULE,), struct.pack("=10I", 0, 1, 1, 7, 0, 64, lost, backlog, 0, 0)))


def auditctl(*, lost: int, backlog: int) -> Kernel:
    listing = Run(("/usr/sbin/auditctl", "-l"), 0, b"-w /etc -p wa\n")
    return Kernel(
        "auditctl",
        listing=listing,
        status=Run(("/usr/sbin/auditctl", "-s"), 0, status(lost=lost, backlog=backlog).encode()),
    )


def rules_of(*sources: Sources) -> list[list[Row]]:
    """Give the rows of `audit_rules` for one look after the other."""
    looks = iter(sources)
    table = build(Given(lambda: next(looks)))[0]
    return [list(table.rows(Context())) for _ in sources]


def kept(before: list[Row], after: list[Row]) -> list[bool]:
    return [one is other for one, other in zip(before, after, strict=False)]


WATCHES = ("-w /etc/docker -p wa -k docker", "-w /usr/bin/dockerd -p x -k docker")


def test_rows_of_rules_stay_the_same_objects_while_the_host_reads_the_same() -> None:
    look = Look.at(BARE).with_rules(*WATCHES)
    again = replace(look.with_rules(*WATCHES).sources, consumer=look.sources.consumer)
    assert set(kept(*rules_of(look.sources, again))) == {True}


def test_a_rule_more_leaves_the_rows_of_the_others_the_same_objects() -> None:
    look = Look.at(BARE)
    before, after = rules_of(look.with_rules(*WATCHES).sources, look.with_rules(*WATCHES, "-w /srv -p w").sources)
    assert (kept(before, after)[:2], len(after) - len(before)) == ([True, True], 1)


def test_a_rule_that_says_something_else_has_a_row_of_its_own() -> None:
    look = Look.at(BARE)
    before, after = rules_of(look.with_rules(WATCHES[0]).sources, look.with_rules(WATCHES[1]).sources)
    assert (kept(before, after)[1], after[1]["path"]) == (False, "/usr/bin/dockerd")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (netlink(lost=0, backlog=0), netlink(lost=9, backlog=3)),
        (auditctl(lost=0, backlog=0), auditctl(lost=9, backlog=3)),
    ],
    ids=["netlink", "auditctl"],
)
def test_what_the_kernel_counts_makes_no_row_of_rules_anew(first: Kernel, then: Kernel) -> None:
    before, after = rules_of(*(replace(Look.at(BARE).sources, kernel=kernel) for kernel in (first, then)))
    assert set(kept(before, after)) == {True}


def test_a_mode_that_auditctl_refuses_shows_at_once_though_the_file_reads_the_same() -> None:
    rules = File("/etc/audit/audit.rules", b"-w /etc/docker -p wa\n", mode=0o640, uid=0)
    sources = replace(Look.at(BARE).sources, kernel=auditctl(lost=0, backlog=0))
    looks = [replace(sources, audit_rules=file) for file in (rules, replace(rules, mode=0o666))]
    states = [[row["state"] for row in rows if row["source"] == "audit.rules"] for rows in rules_of(*looks)]
    assert states == [["missing"], ["unreached"]]


def test_what_the_kernel_counts_is_told_by_the_status_at_once() -> None:
    looks = iter([replace(Look.at(BARE).sources, kernel=netlink(lost=lost, backlog=0)) for lost in (0, 9)])
    table = build(Given(lambda: next(looks)))[1]
    assert [row["lost"] for _ in range(2) for row in table.rows(Context())] == ["0", "9"]

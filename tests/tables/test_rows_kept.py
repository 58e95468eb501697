"""Rows of `audit_rules` that are made once, on a host where a rule of the kernel or a line of a file changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from auditrules.audit.host_audit import HostAudit
from auditrules.audit.kernel.rule_data import encode
from auditrules.audit.model.collected import Kernel, Netlink, Sources
from auditrules.audit.model.rule import Action, Field, FilterList, Operator, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.plugin.row import rowid_of
from auditrules.tables import rules
from auditrules.tables.rules import RuleRows
from tests.fixtures.hosts import BARE, Look

PATHS = ("/srv/a", "/srv/b", "/srv/b", "/srv/c")


def written(paths: Iterable[str]) -> Sources:
    return Look.at(BARE).with_rules(*(f"-a always,exit -F path={path} -k k" for path in paths)).sources


AT_REST = written(PATHS)


def loaded(paths: Iterable[str]) -> Sources:
    made = (
        Rule(
            FilterList.EXIT,
            Action.ALWAYS,
            ALL_SYSCALLS,
            (Field("path", Operator.EQUAL, path), Field("key", Operator.EQUAL, "k")),
        )
        for path in paths
    )
    return replace(AT_REST, kernel=Kernel("netlink", netlink=Netlink(tuple(map(encode, made)), bytes(40))))


changes = pytest.mark.parametrize(
    "paths",
    [PATHS[:-1], (*PATHS, "/srv/d"), PATHS[::-1], ("/srv/b", *PATHS), ("/srv/a",), ()],
    ids=["a rule fewer", "a rule more", "another order", "one text three times", "one rule", "none"],
)


@changes
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_rows_after_a_change_of_a_file_are_those_of_a_first_look(paths: tuple[str, ...], machine: str) -> None:
    kept, earlier = RuleRows(), HostAudit(AT_REST)
    kept(earlier.drift)
    changed = written(paths)
    changed = replace(changed, facts=replace(changed.facts, machine=machine))
    later = HostAudit(changed, earlier)
    assert list(map(dict, kept(later.drift))) == list(map(dict, RuleRows()(HostAudit(changed).drift)))


@changes
def test_rows_after_a_change_of_the_kernel_are_those_of_a_first_look(paths: tuple[str, ...]) -> None:
    kept, earlier = RuleRows(), HostAudit(loaded(PATHS))
    kept(earlier.drift)
    later = HostAudit(loaded(paths), earlier)
    assert list(map(dict, kept(later.drift))) == list(map(dict, RuleRows()(HostAudit(loaded(paths)).drift)))


def test_a_change_of_the_kernel_makes_no_row_of_a_line_that_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    kept, earlier = RuleRows(), HostAudit(loaded(PATHS))
    before = kept(earlier.drift)

    def noted(identity: bytes) -> str:
        made.append(identity)
        return rowid_of(identity)

    monkeypatch.setattr(rules, "rowid_of", noted)
    later = HostAudit(loaded((*PATHS, "/srv/d")), earlier)
    after = kept(later.drift)
    assert {id(row) for row in before} <= {id(row) for row in after}
    assert {identity.split(b"\0")[0] for identity in made} == {b"kernel"}

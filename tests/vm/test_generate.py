"""The random cases themselves: no kernel is asked here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditrules.audit.boot.load import load_rules
from auditrules.audit.model.host_facts import Facts
from tests.vm.access.calls import CALLS
from tests.vm.access.fixture import NEW, TREE
from tests.vm.generate import FOCI, MOST_RULES, OPS, SECOND, cases
from tests.vm.shrink import shrunk

MANY = 2000
CASES = list(cases(3, MANY))
LINES = [line for case in CASES for line in case["rules"]]


def test_a_seed_and_a_number_are_the_same_case_always() -> None:
    assert list(cases(7, 50)) == list(cases(7, 60))[:50]


def test_another_seed_has_other_cases() -> None:
    assert list(cases(7, 50)) != list(cases(8, 50))


def test_all_accesses_come() -> None:
    made = {case["access"].get("op", case["access"]["kind"]) for case in CASES}
    assert made == {op for ops in OPS.values() for op in ops}


def test_every_access_is_one_that_can_be_made() -> None:
    assert {op for ops in OPS.values() for op in ops} <= CALLS.keys()


def test_rule_sets_have_one_to_six_rules() -> None:
    assert {len(case["rules"]) for case in CASES} == set(range(1, MOST_RULES + 1))


def test_all_shapes_of_rules_come() -> None:
    shapes = (
        *("-w ", "-A ", " path=", " dir=", " inode=", " exe=", " auid", " success=", " exit", " arch=b32", " -C "),
        *("never,exit", "exit,never", "never,task", "always,task", ",exclude", "never,filesystem", "never,user"),
    )
    missing = [shape for shape in shapes if not any(shape in line for line in LINES)]
    assert missing == []


def test_auditctl_itself_refuses_next_to_none() -> None:
    refused = [line for line in LINES if load_rules(line.replace("@INO", "7").encode() + b"\n", Facts()).refused]
    assert len(refused) < len(LINES) / 50


def test_an_access_is_to_what_is_there_or_is_cleared_away() -> None:
    outside = {"/etc/docker/none/x", "/etc/docker/daemon.json/x", "/mnt/b/new"}
    places = ("/usr/bin/../bin/", "/bin/", "/lib/", "/mnt/b/", "/srv/t/ld/", "/srv/t/lb/")
    names = {name for focus in FOCI for name in focus.names if not name.startswith(places)} | set(SECOND)
    assert names - TREE.keys() - set(NEW) - outside == set()


def test_a_case_is_shrunk_to_what_the_disagreement_hangs_on() -> None:
    rules = ["-w /a -k K1", "-a never,exit -S open -F path=/b -F uid=0 -k K2", "-w /c -p x"]
    subject = {"auid": 1000, "uid": 1000}
    row = {"rules": rules, "enabled": 1, "early": True, "access": {"path": "/b", "kind": "read", "as": subject}}

    def answered(asked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**case, "recorded": True} for case in asked]

    def disagrees(row: dict[str, Any]) -> bool:
        return any("never" in line and "uid=0" in line for line in row["rules"])

    (smallest,) = shrunk([row], answered, disagrees)
    assert smallest == {
        "rules": ["-a never,exit -F uid=0"],
        "enabled": 1,
        "access": {"path": "/b", "kind": "read", "as": {"auid": "unset", "uid": 0}},
        "recorded": True,
    }


def test_what_can_not_be_smaller_stays() -> None:
    row = {"rules": [], "enabled": 1, "access": {"path": "/b", "kind": "read", "as": {"auid": "unset", "uid": 0}}}
    assert shrunk([row], lambda _: [], lambda _: True) == [row]

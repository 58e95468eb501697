"""Verdicts on everybody: each case of who makes an access counts, and the work on them is bounded."""

from __future__ import annotations

from itertools import product

import pytest

from auditrules.audit.coverage.answer import Coverage, Reason
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.credential_cases import MOST_CASES, CredentialCases
from auditrules.audit.coverage.decision import ON, Cause, CoverageStatus
from auditrules.audit.coverage.operations import OPERATIONS
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.reference import accesses_of
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Condition
from tests.audit.file_trees import covered, facts, looked_at, rules_of
from tests.fixtures.work import calls as work

DOCKERD = "/usr/bin/dockerd"
ON_DOCKERD = f"-a always,exit -S all -F path={DOCKERD} -F perm=rwxa"
NEVER_ON_DOCKERD = f"-a never,exit -S all -F path={DOCKERD} -F perm=rwxa"
IDS = ("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "pid", "ppid", "sessionid", "pers")

# Eight rules that leave nobody out.
COMPLEMENTS = tuple(
    f"{ON_DOCKERD} -F auid{auid} -F uid{uid} -F euid{euid} -k all"
    for auid, uid, euid in product((">=1000", "<1000"), ("=0", "!=0"), ("=0", "!=0"))
)


def verdicts(found: Coverage) -> set[CoverageStatus]:
    return {each.status for each in found.permissions}


# rules, and the verdict on each permission
ON_EVERYBODY = (
    ("rules that complement each other", COMPLEMENTS, CoverageStatus.RECORDED),
    ("all of them but one", COMPLEMENTS[:-1], CoverageStatus.CONDITIONAL),
    ("a condition and its opposite", (f"{ON_DOCKERD} -F uid<5", f"{ON_DOCKERD} -F uid>=5"), CoverageStatus.RECORDED),
    ("a gap of one", (f"{ON_DOCKERD} -F uid<5", f"{ON_DOCKERD} -F uid>5"), CoverageStatus.CONDITIONAL),
    ("conditions that nobody meets", (f"{ON_DOCKERD} -F uid<5 -F uid>6",), CoverageStatus.UNRECORDED),
    (
        "ids compared, equal or not",
        (f"{ON_DOCKERD} -C uid=euid", f"{ON_DOCKERD} -C uid!=euid"),
        CoverageStatus.RECORDED,
    ),
    (
        "three ids compared, of which two are equal",
        (f"{ON_DOCKERD} -C auid!=uid", f"{ON_DOCKERD} -C uid!=euid", f"{ON_DOCKERD} -C auid=euid"),
        CoverageStatus.RECORDED,
    ),
    (
        "three ids compared, which may all differ",
        (f"{ON_DOCKERD} -C auid=uid", f"{ON_DOCKERD} -C uid=euid", f"{ON_DOCKERD} -C auid=euid"),
        CoverageStatus.CONDITIONAL,
    ),
    (
        "ids compared, and one of them with a number",
        (f"{ON_DOCKERD} -C uid=euid", f"{ON_DOCKERD} -F uid!=0", f"{ON_DOCKERD} -F euid!=0"),
        CoverageStatus.RECORDED,
    ),
    (
        "a group that may be a supplementary one",
        (f"{ON_DOCKERD} -F gid=5", f"{ON_DOCKERD} -F gid!=5"),
        CoverageStatus.RECORDED,
    ),
    ("arguments", (f"{ON_DOCKERD} -F a0=4", f"{ON_DOCKERD} -F a0!=4"), CoverageStatus.RECORDED),
    ("bits", (f"{ON_DOCKERD} -F a1&6", f"{ON_DOCKERD} -F a1!=0"), CoverageStatus.CONDITIONAL),
    ("programs", (f"{ON_DOCKERD} -F exe=/usr/bin/containerd", f"{ON_DOCKERD} -F uid=0"), CoverageStatus.CONDITIONAL),
    ("the exclude list, for some", (ON_DOCKERD, "-a always,exclude -F auid=1000"), CoverageStatus.CONDITIONAL),
    (
        "the exclude list, for all",
        (ON_DOCKERD, *(f"-a always,exclude -F uid{sign}0" for sign in ("=", "!="))),
        CoverageStatus.UNRECORDED,
    ),
    ("the task list, for some", (ON_DOCKERD, "-a never,task -F uid=0"), CoverageStatus.CONDITIONAL),
    ("never for some, and the rest", (f"{NEVER_ON_DOCKERD} -F uid=0", ON_DOCKERD), CoverageStatus.CONDITIONAL),
    ("never for nobody", (f"{NEVER_ON_DOCKERD} -F uid<5 -F uid>6", ON_DOCKERD), CoverageStatus.RECORDED),
)


@pytest.mark.parametrize(("rules", "verdict"), [row[1:] for row in ON_EVERYBODY], ids=[row[0] for row in ON_EVERYBODY])
def test_a_verdict_counts_each_case_of_who_makes_an_access(rules: tuple[str, ...], verdict: CoverageStatus) -> None:
    assert verdicts(covered(DOCKERD, *rules)) == {verdict}


MANY = tuple(f"-a always,exit -F arch=b64 -S all -F uid={3 * each} -F gid={5 * each}" for each in range(1, 200))


def test_rules_that_leave_nobody_out_decide_whatever_hundreds_of_others_say() -> None:
    assert verdicts(covered(DOCKERD, *COMPLEMENTS, *MANY)) == {CoverageStatus.RECORDED}


def test_of_hundreds_of_rules_some_record_and_some_do_not() -> None:
    assert verdicts(covered(DOCKERD, *MANY)) == {CoverageStatus.CONDITIONAL}


def test_more_cases_than_are_tried_are_unknown_with_a_reason() -> None:
    never = f"{NEVER_ON_DOCKERD} {' '.join(f'-F {name}!=7' for name in (*IDS, 'a0', 'a1', 'a2'))}"
    found = covered(DOCKERD, never, ON_DOCKERD)
    assert (verdicts(found), found.reason) == ({CoverageStatus.UNKNOWN}, Reason.TOO_MANY)


def cases(*lines: str) -> CredentialCases:
    """Give the cases that the conditions of rules distinguish for an open."""
    conditions: dict[tuple[Cause, Condition], ResolvedRule] = {}
    for resolved in rules_of(lines, facts()).resolved:
        conditions |= {(Cause.RULE, each): resolved for each in resolved.rule.fields}
    (access,) = accesses_of(OPERATIONS["open"], "x86_64", "6.1")
    return CredentialCases(conditions, access)


SMALL = "-a always,exit -S open"


def test_conditions_that_share_nothing_are_told_apart_by_their_answers_alone() -> None:
    found = cases(f"{SMALL} -F auid>=1000 -F auid!=unset -F uid=0")
    assert (found.complete, found.all.bit_length()) == (True, 3 * 2)  # auid below, from 1000, unset; uid 0 or not


def test_there_are_no_more_cases_than_the_most() -> None:
    found = cases(f"{SMALL} {' '.join(f'-F {name}=7' for name in (*IDS, 'a0', 'a1', 'a2', 'a3'))}")
    assert (found.complete, found.all.bit_length() <= MOST_CASES) == (False, True)


def test_ids_that_are_compared_take_few_values() -> None:
    found = cases(f"{SMALL} -C auid!=uid -C uid!=euid -C euid!=suid -F auid!=7")
    assert found.complete


def test_paths_without_rules_share_their_decisions() -> None:
    on = looked_at(facts(), ["/usr/bin/containerd", "/opt/other"])

    def made() -> AuditedHost:
        return AuditedHost(rules_of((f"{SMALL} -F uid=0", *COMPLEMENTS), on), FileSystem(on), ON)

    host, alone = made(), made()
    evaluate_path("/usr/bin/containerd", host)
    again = work(lambda: evaluate_path("/opt/other", host))
    assert again < work(lambda: evaluate_path("/opt/other", alone)) * 0.7

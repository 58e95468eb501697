"""What is asked of system calls and paths, against the kernel: where we say that all of it is recorded, each is."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.asked_rule import AskedRule, asked_conditions, asked_rule
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_coverage import evaluate_call
from auditrules.audit.coverage.decision import Auditing, Cause, CoverageStatus
from auditrules.audit.coverage.field_match import match_field
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.kernel import rule_data
from auditrules.audit.model.host_facts import DEFAULT_RELEASE, Facts, KernelBuild
from auditrules.audit.model.rule import Action, Condition, FilterList, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from tests.truth import coverage_cases

Row = dict[str, Any]

MACHINE = "x86_64"
# What accesses count as reference accesses of a letter; a rename may lead into a directory that a rule hides.
LETTERS = {
    **dict.fromkeys(("exec", "exec32"), "x"),
    **dict.fromkeys(("read", "open", "read32"), "r"),
    **dict.fromkeys(("write", "write32", "truncate", "truncate32", "unlink", "unlink32", "unlinkat"), "w"),
    **dict.fromkeys(("chmod", "chmod32", "fchmodat", "chown", "fchownat", "setxattr"), "a"),
}
OF_32_BITS = frozenset({"exec32", "read32", "write32", "truncate32", "unlink32", "chmod32"})

_ANY_RULE = ResolvedRule(Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS), -1)


def host_of(row: Row, asked: tuple[Condition, ...], *, compat: bool = False) -> AuditedHost:
    """The guest as a row tells of it, with the rules as the kernel holds them."""
    told = row["facts"]
    facts = Facts(
        machine=MACHINE,
        files=coverage_cases.files({**told["load"], **told["access"]}),
        lsm=tuple(told["lsm"].split(",")),
        mounts=coverage_cases.mounts(told["mounts"]),
        kernel=KernelBuild(row.get("kernel", DEFAULT_RELEASE)),
    )
    rules = [rule_data.decode(base64.b64decode(raw)) for raw in told["rules_in_force"]]
    files = FileSystem(facts)
    auditing = Auditing(told["status"]["enabled"])
    return AuditedHost(RuleSet(rules, RuleResolver(files, facts)), files, auditing, compat=compat, asked=asked)


def status_of(row: Row, asked: AskedRule) -> set[CoverageStatus]:
    """What we say of the calls that are asked for."""
    host = host_of(row, asked.conditions)
    return {evaluate_call(call.syscall, call.arch, host).status for call, why in asked.calls(MACHINE) if not why}


def disagreements(row: Row) -> Iterator[str]:
    """Where we say that all of what a row asks for is recorded, or that none of it is, and the kernel did otherwise."""
    for status, what in _statuses(row):
        if status is CoverageStatus.RECORDED and not row["recorded"]:
            yield f"{what}: recorded here, and the kernel recorded none"
        if status is CoverageStatus.UNRECORDED and row["recorded"] and not _by_itself(row):
            yield f"{what}: not recorded here, and the kernel recorded one by {row['by_key']}"


def _by_itself(row: Row) -> bool:
    """Whether the kernel recorded an access for a record of its own, such as that of a rule which went with its folder.

    What is asked for is what rules record; that this record comes is judged as the access itself.
    """
    outcomes = [each for decision in coverage_cases.Asked.of(row).decisions() for each in decision.outcomes]
    return {each.cause for each in outcomes if each.recorded} == {Cause.REPORTED}


def judged(row: Row) -> Iterator[CoverageStatus]:
    """What we say of each thing that a row asks for, if its access is one that is asked for."""
    return (status for status, _ in _statuses(row))


def _statuses(row: Row) -> Iterator[tuple[CoverageStatus, str]]:
    asked = row.get("asked")
    accesses = tuple(coverage_cases.Asked.of(row).accesses) if asked else ()
    if not asked or len(accesses) != 1:
        return
    (access,) = accesses
    conditions = asked_conditions(asked["fields"], asked.get("compare", ()))
    if all(match_field(condition, _ANY_RULE, access, None) is True for condition in conditions):
        yield from _of_access(row, access, conditions)


def _of_access(row: Row, access: Access, conditions: tuple[Condition, ...]) -> Iterator[tuple[CoverageStatus, str]]:
    arch = arches.listed(access.arch)
    said = ", ".join([*row["asked"]["fields"], *row["asked"].get("compare", ())])
    if syscalls.call_number(access.call, syscalls.machine_of(access.arch) or ""):
        asked = asked_rule([access.call], [arch], row["asked"]["fields"], row["asked"].get("compare", ()))
        found = evaluate_call(access.call, arch, host_of(row, asked.conditions))
        yield found.status, f"{access.call} {arch} {said} {found.conditions}"
    op = row["access"].get("op", row["access"]["kind"])
    letter = LETTERS.get(op)
    if letter and not row.get("history"):
        host = host_of(row, conditions, compat=op in OF_32_BITS)
        covered = evaluate_path(row["access"]["path"], host)
        folder = host.file_system.walk(row["access"]["path"]).type == "dir"
        for each in covered.permissions:
            # A letter of a directory is not recorded where what is in it is not, whatever is of the directory itself.
            if each.permission == letter and not (folder and each.status is CoverageStatus.UNRECORDED):
                yield each.status, f"{letter} of {row['access']['path']} {said} {covered.reason.value}"

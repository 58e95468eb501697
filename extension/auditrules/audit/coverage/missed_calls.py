"""The calls outside the reference that are not recorded although a letter is. They appear in conditions only."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from auditrules.audit.coverage.access import REMOVING, RENAMING
from auditrules.audit.coverage.access_targets import TargetAccesses, target_inside, target_of
from auditrules.audit.coverage.answer import Missed
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.coverage.field_match import ADDRESSED
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.operations import OPERATIONS, Operation, may_count_as
from auditrules.audit.coverage.reference import (
    EXECUTIONS,
    IO_URING,
    OF_TIMES,
    OUTSIDE,
    REFERENCE,
    AccessTarget,
    accesses_of,
)
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Truth, match
from auditrules.audit.filesystem.path_walk import below
from auditrules.audit.model.rule import Action, FilterList
from auditrules.values import replace

MOST_FOLDERS = 10  # directories of never rules with which a rename is tried
X32_MACHINE = "x86_64"  # the only machine with the x32 ABI

_OF_THEIR_OWN = REMOVING | RENAMING | EXECUTIONS | ADDRESSED  # calls that are judged by their names, too


class _Tried(NamedTuple):
    """A call to try, `counted` as in `reference.accesses_of`. `alike` is equal for calls that no rule tells apart."""

    operation: Operation
    alike: Hashable
    counted: bool


class _Outside(NamedTuple):
    """A call outside the reference: as it is, counted if the release does not decide, and by a 32-bit program."""

    call: _Tried
    counted: _Tried | None
    compat: _Tried


class _Plan(NamedTuple):
    """The calls to try for a letter. Of calls that no rule tells apart, most parts have one only."""

    outside: tuple[_Outside, ...]
    times: tuple[_Tried, ...]
    compat: tuple[_Tried, ...]
    x32: tuple[_Tried, ...]
    io_uring: tuple[_Tried, ...]


def missed_calls(permission: str, target: TargetAccesses, host: AuditedHost) -> Iterator[Missed]:
    """Calls outside the reference that are not recorded, or may not be."""
    kernel = host.file_system.facts.kernel
    plan = _plan(permission, host)
    compat = [*plan.compat]
    for each in plan.outside:
        if _recorded(each.call, target, host):
            compat.append(each.compat)
        else:
            untold = each.counted is not None and _recorded(each.counted, target, host)
            yield Missed(each.call.operation.call, known=not untold)
    if not _all_recorded(plan.times, target, host):
        yield Missed("changes of times")
    if not host.compat:
        if not _all_recorded(compat, target, host):
            yield Missed("32-bit calls")
        may_run = kernel.x32 is not False and host.machine == X32_MACHINE
        if may_run and not _all_recorded(plan.x32, target, host):
            yield Missed("x32 calls", known=kernel.x32 is True)
    if plan.io_uring and not _io_uring_recorded(plan.io_uring, target, host):
        yield Missed("io_uring")
    if permission == "w":
        yield from (Missed(f"renames from or into {folder}") for folder in _silent_folders(target.target, host))


def _plan(permission: str, host: AuditedHost) -> _Plan:
    release = host.file_system.facts.kernel.release
    plans: dict[Hashable, _Plan] = host.rules.shared.plans
    key = permission, host.machine, release
    if key not in plans:
        plans[key] = _planned(permission, host)
    return plans[key]


def _planned(permission: str, host: AuditedHost) -> _Plan:
    release = host.file_system.facts.kernel.release

    def tried(operation: Operation, *, counted: bool = False) -> _Tried:
        made = accesses_of(operation, host.machine, release, counted=counted)
        told_apart = tuple((each.arch, each.permissions.value, host.rules.in_masks(each.number)) for each in made)
        own = operation.call if operation.call in _OF_THEIR_OWN else operation.io_uring
        return _Tried(operation, (operation.collects, own, told_apart), counted)

    def each_once(operations: Iterable[Operation]) -> tuple[_Tried, ...]:
        return tuple({each.alike: each for each in map(tried, operations)}.values())

    def outside(operation: Operation) -> _Outside:
        possible = bool(may_count_as(operation, host.machine, release))
        counted = tried(operation, counted=True) if possible else None
        return _Outside(tried(operation), counted, tried(replace(operation, compat=True)))

    reference = [OPERATIONS[each] for each in REFERENCE[permission]]
    return _Plan(
        tuple(outside(OPERATIONS[each]) for each in OUTSIDE[permission]),
        each_once(OPERATIONS[each] for each in OF_TIMES if permission == "a"),
        each_once(replace(each, compat=True) for each in reference),
        each_once(replace(each, x32=True) for each in reference),
        each_once(OPERATIONS[each] for each in IO_URING[permission]),
    )


def _io_uring_recorded(tried: Iterable[_Tried], target: TargetAccesses, host: AuditedHost) -> bool:
    """Whether the exit or the io_uring list records what io_uring does; a never rule of the latter may silence it."""
    own = host.rules.in_list(FilterList.IO_URING)
    if any(each.rule.action is Action.NEVER for each in own):
        return False
    others = any(map(host.rules.in_list, (FilterList.TASK, FilterList.EXCLUDE, FilterList.FILESYSTEM)))
    trees = () if others else tuple(each for each in own if not each.by_inode)
    return all(_recorded(each, target, host) or _by_io_uring_list(each, target, host, trees) for each in tried)


def _by_io_uring_list(tried: _Tried, target: TargetAccesses, host: AuditedHost, rules: Iterable[ResolvedRule]) -> bool:
    """Whether rules of the io_uring list record each of the operations; they filter by the operation's own number."""
    return all(
        any(match(each, replace(access, number=number)).possible for each in rules)
        for access, _ in target.accesses(tried.operation, host)
        for number in tried.operation.io_uring
    )


def _silent_folders(target: AccessTarget, host: AuditedHost) -> Iterator[str]:
    """Directories elsewhere whose never rule silences a rename that leaves the target's directory, or replaces it."""
    collector = AuditNamesCollector(host.file_system)
    never = (
        each.tree or each.watch for each in host.rules.in_list(FilterList.EXIT) if each.rule.action is Action.NEVER
    )
    leads = {each.leads.path: each.leads for each in never if each and each.leads and not each.link}
    rename = _Tried(OPERATIONS["rename"], None, counted=False)
    for path, place in islice(leads.items(), MOST_FOLDERS):
        folder = place.entry is not None and place.entry.type == "dir" and not place.missing
        if folder and not below(path, target.folder.path):
            other = target_inside(target_of(place, collector, host))
            if not _recorded(rename, TargetAccesses(target, host.rules, other), host):
                yield path


def _all_recorded(tried: Iterable[_Tried], target: TargetAccesses, host: AuditedHost) -> bool:
    return all(_recorded(each, target, host) for each in tried)


def _recorded(tried: _Tried, target: TargetAccesses, host: AuditedHost) -> bool:
    """Whether a call is recorded for some subject at least; true also for a call that the host does not have."""
    found = target.recorded.get(tried.alike)
    if found is None:
        found = target.recorded[tried.alike] = _is_recorded(tried, target, host)
    return found


def _is_recorded(tried: _Tried, target: TargetAccesses, host: AuditedHost) -> bool:
    accesses = target.accesses(tried.operation, host, counted=tried.counted)
    if not host.asked:
        return all(
            decide(host.rules, access, host.auditing, on_names).recorded is not Truth.NO
            for access, on_names in accesses
        )
    judged = (host.evaluate(*each) for each in accesses)
    return all(each is None or each[0] is not CoverageStatus.UNRECORDED for each in judged)

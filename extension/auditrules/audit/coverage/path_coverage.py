"""Evaluates a path: for each of the permissions rwxa, whether accesses are recorded, by which rules, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from auditrules.audit.constants.kernel_releases import CHANGES
from auditrules.audit.coverage.access_targets import TargetAccesses, target_inside, target_of
from auditrules.audit.coverage.answer import (
    PERMISSIONS,
    CallCoverage,
    Closeness,
    Coverage,
    Missed,
    PermissionCoverage,
    Reason,
    path_error,
    reason_of,
    unknown_coverage,
)
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost, one_of_two
from auditrules.audit.coverage.decision import CoverageStatus, combine
from auditrules.audit.coverage.explain import nearest
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.missed_calls import missed_calls
from auditrules.audit.coverage.operations import OPERATIONS, CollectedNames
from auditrules.audit.coverage.reference import (
    ON_DIRECTORY,
    ON_LINK,
    REFERENCE,
)
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.filesystem.mounts import is_remote
from auditrules.audit.filesystem.path_walk import ResolvedPath, below
from auditrules.audit.model.rule import Action, FilterList
from auditrules.values import replace

# Links that the kernel does not follow by their text, but to the object behind them, such as a process' program.
MAGIC_LINK = re.compile(r"/+proc/+(?:\d+|self|thread-self)(?:/+task/+\d+)?/+(?:exe|root|cwd|fd|map_files|ns)(?:/|$)")

DECIDED_BY_RELEASE = frozenset(call for _, call in CHANGES)

_OF_CLOSENESS: Mapping[Closeness, Reason] = MappingProxyType(
    {
        Closeness.LINK: Reason.SYMLINK,
        Closeness.NOT_RECURSIVE: Reason.NOT_RECURSIVE,
        Closeness.PERMISSIONS: Reason.PERMISSIONS_MISSING,
        Closeness.NOTHING: Reason.NO_RULE,
    }
)


def evaluate_path(path: str, host: AuditedHost, letters: str = PERMISSIONS, *, link: bool = False) -> Coverage:
    """The coverage of a path, for these letters of rwxa.

    If nothing is at the path, it is judged as the file that would be made there. If it ends in a symbolic link, the
    link's target is judged, or with `link` the link itself, which can't be executed.
    """
    wrong = path_error(path)
    if wrong:
        return unknown_coverage(Reason.BAD_PATH, wrong)
    place = host.file_system.walk(path, follow=not link)
    if MAGIC_LINK.match(path):
        return unknown_coverage(Reason.UNREADABLE, "a link of /proc that leads elsewhere than its text says")
    mount = host.file_system.mount(place.path)
    if mount is not None and mount.point != "/" and is_remote(mount.fstype):
        error = f"{mount.point} is on {mount.fstype}, which may hang, so it is not touched"
        return unknown_coverage(Reason.REMOTE, error, resolved=place.full_path)
    if place.entry is None:
        return unknown_coverage(Reason.UNREADABLE, "the path could not be looked at", resolved=place.full_path)
    return _covered(place, host, letters)


def _covered(place: ResolvedPath, host: AuditedHost, letters: str) -> Coverage:
    collector = AuditNamesCollector(host.file_system)
    folder = place.entry is not None and place.entry.type == "dir" and not place.missing
    itself = target_of(place, collector, host)
    targets = (target_inside(target_inside(itself)), target_inside(itself), itself) if folder else (itself,)
    accesses = tuple(TargetAccesses(each, host.rules) for each in targets)
    reference = ON_LINK if place.type == "link" else REFERENCE
    permissions = tuple(
        _permission(each, reference[each], accesses, host)
        for each in PERMISSIONS
        if each in letters and reference[each]
    )
    if any(each.reason is Reason.NO_RULE for each in permissions):
        closeness, closest = nearest(host.rules.in_list(FilterList.EXIT), targets[0].file, place)
        hidden = closest is not None and host.rules.hides(targets[0].file)
        reason = Reason.FILESYSTEM_NEVER if hidden else _OF_CLOSENESS[closeness]
        permissions = tuple(
            replace(each, reason=reason, closest=closest, closeness=closeness)
            if each.reason is Reason.NO_RULE
            else each
            for each in permissions
        )
    by_release = any(missed.calls in DECIDED_BY_RELEASE for each in permissions for missed in each.missed)
    release = host.file_system.facts.kernel.release if by_release else ""
    covered = Coverage(permissions, place.full_path, not place.missing, release=release)
    return replace(covered, exceptions=tuple(_exceptions(place, covered, host))) if folder else covered


def _permission(
    permission: str, reference: tuple[str, ...], targets: tuple[TargetAccesses, ...], host: AuditedHost
) -> PermissionCoverage:
    inner, *others = targets
    tried = _calls(reference, inner, host)
    if not tried:
        return PermissionCoverage(
            permission, CoverageStatus.UNKNOWN, Reason.UNREADABLE
        )  # nobody knows the machine's system calls
    found = combine(call.status for call in tried)
    if found is not CoverageStatus.UNRECORDED and others:
        child, itself = others
        tried += [*_calls(reference, child, host), *_calls(ON_DIRECTORY[permission], itself, host)]
        found = combine(call.status for call in tried)
    missed: tuple[Missed, ...] = ()
    if found in (CoverageStatus.RECORDED, CoverageStatus.CONDITIONAL) and reference is REFERENCE[permission]:
        missed = tuple(missed_calls(permission, inner, host))
    reason = reason_of(found, (each for call in tried for each in call.decisions))
    return PermissionCoverage(permission, found, reason, tuple(tried), missed)


def _calls(names: Iterable[str], target: TargetAccesses, host: AuditedHost) -> list[CallCoverage]:
    """The calls that the machine has and that the host's request covers."""
    return [call for name in names if (call := _call(name, target, host)).accesses]


def _call(operation_name: str, target: TargetAccesses, host: AuditedHost) -> CallCoverage:
    operation = OPERATIONS[operation_name]
    if host.compat:
        operation = replace(operation, compat=True)
    accesses = tuple(target.accesses(operation, host))
    judged = [host.evaluate(*each) for each in accesses]
    for run in target.otherwise_run if operation.collects is CollectedNames.EXECUTION else ():
        others = (host.evaluate(*each) for each in run.accesses(operation, host))
        waits = Undetermined.INTERPRETER  # we do not open programs to find out which of two interpreters runs them
        judged = [one_of_two(one, other, waits) for one, other in zip(judged, others, strict=True)]
    asked = [(access, found) for (access, _), found in zip(accesses, judged, strict=True) if found is not None]
    status = combine(found for _, (found, _) in asked) if asked else CoverageStatus.UNKNOWN
    return CallCoverage(
        operation, status, tuple(access for access, _ in asked), tuple(decision for _, (_, decision) in asked)
    )


def _watched(resolved: ResolvedRule) -> str:
    """The path that a rule watches; empty if it watches none."""
    if resolved.tree is not None:
        return resolved.tree.folder
    if resolved.watch is None:
        return ""
    return resolved.watch.leads.path if resolved.watch.leads and not resolved.watch.link else resolved.watch.path


def _exceptions(folder: ResolvedPath, covered: Coverage, host: AuditedHost) -> Iterator[str]:
    """The paths below a recorded directory that are not recorded: those of never rules, and mount points."""
    always = [each.order for each in covered.deciding if each.rule.action is Action.ALWAYS]
    if not always:
        return
    for resolved in host.rules.in_list(FilterList.EXIT):
        watched = _watched(resolved)
        if resolved.rule.action is Action.NEVER and resolved.order < max(always) and below(watched, folder.path):
            yield watched
    marked = {part for each in covered.deciding if each.tree for part in each.tree.mounts}
    for mount in host.file_system.mounts_below(folder.path):
        if (mount.dev, mount.root) not in marked:
            yield mount.point

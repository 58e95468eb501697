"""The coverage of a path as a value: status, reason and decisions for each of the permissions rwxa."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from types import MappingProxyType

from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.decision import Cause, CoverageStatus, Decision, Outcome
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.operations import Operation
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.values import dataclass

PERMISSIONS = "rwxa"
LONGEST_PATH = 4096  # PATH_MAX, with the final NUL


class Reason(str, Enum):
    """The column `reason` of audit_coverage. If several reasons apply, the first in this order is reported."""

    BAD_PATH = "bad_path"
    UNREADABLE = "unreadable"
    REMOTE = "remote_filesystem"
    DISABLED = "disabled"
    TASK_NEVER = "task_never"
    EXCLUDED = "excluded"
    FILESYSTEM_NEVER = "filesystem_never"
    SUPPRESSED = "suppressed"
    MOUNTED = "mounted_after_load"
    REPLACED = "replaced"
    INTERPRETER = "interpreter"
    LABEL = "label"
    RELEASE = "kernel_release"
    TOO_MANY = "too_many_conditions"
    NOT_LOADED = "not_loaded_at_boot"
    SYMLINK = "symlink"
    NOT_RECURSIVE = "not_recursive"
    CONDITIONAL = "conditional"
    PERMISSIONS_MISSING = "permissions_missing"
    NO_RULE = "no_rule"
    COVERED = "covered"


class Closeness(Enum):
    """How close a rule comes to recording a path, the closest first."""

    PERMISSIONS = "on the path, for other accesses"
    LINK = "on a symbolic link that leads there"
    NOT_RECURSIVE = "on the directory's own name alone"
    NOTHING = "none"


RANK = {reason: rank for rank, reason in enumerate(Reason)}


_OF_CAUSE: Mapping[Cause, Reason] = MappingProxyType(
    {
        Cause.DISABLED: Reason.DISABLED,
        Cause.TASK: Reason.TASK_NEVER,
        Cause.EXCLUDED: Reason.EXCLUDED,
        Cause.RULE: Reason.SUPPRESSED,
        Cause.UNREADABLE: Reason.UNREADABLE,
    }
)
_OF_WHY: Mapping[Undetermined, Reason] = MappingProxyType(
    {
        Undetermined.UNREADABLE: Reason.UNREADABLE,
        Undetermined.MOUNTED: Reason.MOUNTED,
        Undetermined.REPLACED: Reason.REPLACED,
        Undetermined.INTERPRETER: Reason.INTERPRETER,
        Undetermined.LABEL: Reason.LABEL,
        Undetermined.RELEASE: Reason.RELEASE,
        Undetermined.TOO_MANY: Reason.TOO_MANY,
    }
)


@dataclass(frozen=True, slots=True)
class CallCoverage:
    """One system call of a permission: whether it is recorded, and the decisions behind that."""

    operation: Operation
    status: CoverageStatus
    accesses: tuple[Access, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """Calls outside the reference that are not recorded; if not `known`, it depends on the kernel whether they are."""

    calls: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class PermissionCoverage:
    """One permission of a path: whether its reference accesses are recorded, and why."""

    permission: str
    status: CoverageStatus
    reason: Reason
    calls: tuple[CallCoverage, ...] = ()
    missed: tuple[Missed, ...] = ()
    closest: ResolvedRule | None = None  # the rule that comes closest, where none matches
    closeness: Closeness = Closeness.NOTHING

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """All outcomes of its calls; a decision that several calls share counts once."""
        decisions = {id(decision): decision for call in self.calls for decision in call.decisions}
        return (each for decision in decisions.values() for each in decision.outcomes)

    @property
    def deciding(self) -> Iterator[ResolvedRule]:
        """The rules that decide. For an unrecorded permission, these are the rules that certainly suppress it."""
        missed = self.status is CoverageStatus.UNRECORDED
        return (each.resolved for each in self.outcomes if each.resolved is not None and not (missed and each.pending))


@dataclass(frozen=True)
class Coverage:
    """The coverage of a path.

    `resolved` is where the path leads; `exists` is None if that could not be seen. `release` is the kernel's release if
    it decided which calls are missed.
    """

    permissions: tuple[PermissionCoverage, ...]
    resolved: str = ""
    exists: bool | None = None
    exceptions: tuple[str, ...] = ()  # paths below a directory that are not recorded
    error: str = ""
    release: str = ""

    def with_status(self, wanted: CoverageStatus) -> str:
        """The permissions with a status, in the order rwxa."""
        return "".join(each.permission for each in self.permissions if each.status is wanted)

    @cached_property
    def reason(self) -> Reason:
        """The first reason of all permissions, in the order of `Reason`."""
        return min((each.reason for each in self.permissions), key=RANK.__getitem__)

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """All outcomes of all permissions."""
        return (each for permission in self.permissions for each in permission.outcomes)

    @cached_property
    def deciding(self) -> tuple[ResolvedRule, ...]:
        """The rules that decide, in the order of evaluation."""
        found = {each.order: each for permission in self.permissions for each in permission.deciding}
        return tuple(found[order] for order in sorted(found))


def unknown_coverage(reason: Reason, error: str = "", *, resolved: str = "", exists: bool | None = None) -> Coverage:
    """A coverage in which all permissions are unknown, for this reason."""
    return Coverage(
        tuple(PermissionCoverage(each, CoverageStatus.UNKNOWN, reason) for each in PERMISSIONS),
        resolved,
        exists,
        (),
        error,
    )


def path_error(path: str) -> str:
    """Why a text is no path that can be judged; empty if it can."""
    if not path.startswith("/"):
        return "expected an absolute path"
    if "\0" in path:
        return "expected a path, found a NUL in it"
    try:
        size = len(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return "expected a path in UTF-8"
    return f"expected a path of fewer than {LONGEST_PATH} bytes" if size >= LONGEST_PATH else ""


def reason_of(found: CoverageStatus, decisions: Iterable[Decision]) -> Reason:
    """The reason for the common status of accesses, from their decisions."""
    if found is CoverageStatus.RECORDED:
        return Reason.COVERED
    outcomes = [each for decision in decisions for each in decision.outcomes]
    if found is CoverageStatus.UNKNOWN:
        waits = {pending.why for each in outcomes for pending in each.pending}
        return min((_OF_WHY[why] for why in waits if why in _OF_WHY), key=RANK.__getitem__, default=Reason.UNREADABLE)
    certain = [
        _OF_CAUSE[each.cause] for each in outcomes if not each.recorded and not each.pending and each.cause in _OF_CAUSE
    ]
    if found is CoverageStatus.UNRECORDED and certain:
        return min(certain, key=RANK.__getitem__)
    return Reason.CONDITIONAL if found is CoverageStatus.CONDITIONAL else Reason.NO_RULE

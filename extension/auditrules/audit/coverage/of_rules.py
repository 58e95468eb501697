"""Public functions (exported by `auditrules.audit`): what a list of rules records of a path or a system call.

They need only rules and facts. Rules are evaluated in their order, as in the kernel's list.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditrules.audit.coverage.answer import Reason
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import Auditing, CoverageStatus
from auditrules.audit.coverage.explain import conditions
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.syscall_coverage import FIRST_LOGIN_USER, SyscallCoverage, evaluate_syscall
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import DEFAULT_FACTS, Facts
from auditrules.audit.model.rule import Rule
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class PathCoverage:
    """What rules record of a path, as in the columns of `audit_coverage`.

    `recorded`, `conditional`, `unrecorded` and `unknown` each have some of the permissions rwxa, in that order;
    together they are always rwxa. `conditions` say which accesses escape although their permission is recorded.
    `rules` are those that decide, in the order of evaluation. `error` says why nothing can be told.
    """

    path: str
    recorded: str
    conditional: str
    unrecorded: str
    unknown: str
    reason: Reason
    conditions: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    resolved_path: str = ""
    error: str = ""


def path_coverage(
    path: str, rules: Iterable[Rule], facts: Facts = DEFAULT_FACTS, *, enabled: int | None = 1
) -> PathCoverage:
    """What rules record of an absolute path.

    `facts.files` needs an entry for each step of the path, and of the paths in rules. A step without an entry is
    unknown, and so is the coverage that depends on it. `enabled` is as in `auditctl -s`.
    """
    found = evaluate_path(path, _host(rules, facts, enabled))
    return PathCoverage(
        path,
        recorded=found.with_status(CoverageStatus.RECORDED),
        conditional=found.with_status(CoverageStatus.CONDITIONAL),
        unrecorded=found.with_status(CoverageStatus.UNRECORDED),
        unknown=found.with_status(CoverageStatus.UNKNOWN),
        reason=found.reason,
        conditions=conditions(found, facts.machine, older=True),
        rules=tuple(each.rule for each in found.deciding),
        resolved_path=found.resolved,
        error=found.error,
    )


def syscall_coverage(  # noqa: PLR0913 - what a kernel's answer depends on, all but two by keyword
    name: str,
    rules: Iterable[Rule],
    facts: Facts = DEFAULT_FACTS,
    *,
    arch: str = "b64",
    enabled: int | None = 1,
    first_login_user: int = FIRST_LOGIN_USER,
) -> SyscallCoverage:
    """For whom rules record a system call, on any file.

    `arch` is b64 or b32 of `facts.machine`; `first_login_user` is UID_MIN of login.defs.

    Raises:
        UnknownSyscallError: the machine has no such call, or no such arch.
    """
    return evaluate_syscall(name, _host(rules, facts, enabled), arch, first_login_user)


def _host(rules: Iterable[Rule], facts: Facts, enabled: int | None) -> AuditedHost:
    file_system = FileSystem(facts)
    return AuditedHost(RuleSet(rules, RuleResolver(file_system, fresh=True)), file_system, Auditing(enabled))

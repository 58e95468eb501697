"""Decides for whom a system call is recorded on any file: everybody, login users, some, or nobody."""

from __future__ import annotations

from enum import Enum
from itertools import chain

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_coverage import CallAnswer, evaluate_call
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.model.rule import Action, Condition, Field, Operator, Rule
from auditrules.values import dataclass, replace

FIRST_LOGIN_USER = 1000  # UID_MIN of login.defs, if the host does not set it


class RecordedFor(str, Enum):
    """The column `recorded_for` of audit_syscalls: whose calls are recorded."""

    EVERYBODY = "everybody"
    LOGIN_USERS = "login_users"  # those whose auid is set and at least UID_MIN
    SOME = "some"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SyscallCoverage:
    """Whose calls are recorded, under which conditions, and by which rules, in the order of evaluation.

    `arch` is b64 or b32. `conditions` are texts such as `auid>=1000 only`.
    """

    syscall: str
    arch: str
    recorded_for: RecordedFor
    conditions: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the rules that record, each once."""
        recording = (rule.keys() for rule in self.rules if rule.action is Action.ALWAYS)
        return tuple(dict.fromkeys(chain.from_iterable(recording)))


def login_users(first: int) -> tuple[Condition, ...]:
    """The conditions of a rule on login users: auid is set, and at least `first`."""
    return Field("auid", Operator.GREATER_OR_EQUAL, first), Field("auid", Operator.NOT_EQUAL, UNSET)


def evaluate_syscall(
    name: str, host: AuditedHost, arch: str = "b64", first_login_user: int = FIRST_LOGIN_USER
) -> SyscallCoverage:
    """For whom a system call is recorded. `arch` is b64 or b32, as of the host's machine.

    Raises:
        UnknownSyscallError: the machine has no such call, or no such arch.
    """
    found = evaluate_call(name, arch, host)
    recorded_for = recorded_for_whom(name, arch, host, found, first_login_user)
    return SyscallCoverage(name, arch, recorded_for, found.conditions, tuple(each.rule for each in found.deciding))


def recorded_for_whom(
    name: str, arch: str, host: AuditedHost, everybody: CallAnswer, first_login_user: int
) -> RecordedFor:
    """Whose calls are recorded, given the answer for everybody's."""
    if everybody.elsewhere is not CoverageStatus.CONDITIONAL:
        return _ALL_ALIKE[everybody.elsewhere]
    users = replace(host, asked=(*host.asked, *login_users(first_login_user)))
    of_users = evaluate_call(name, arch, users).elsewhere
    return RecordedFor.LOGIN_USERS if of_users is CoverageStatus.RECORDED else RecordedFor.SOME


_ALL_ALIKE = {
    CoverageStatus.RECORDED: RecordedFor.EVERYBODY,
    CoverageStatus.UNRECORDED: RecordedFor.NOBODY,
    CoverageStatus.UNKNOWN: RecordedFor.UNKNOWN,
}

"""For whom a system call leaves a record, whatever file it is called on.

The evaluator is that of a path: the call is made on a file that no rule names. A rule that names a file (path, dir,
inode) records the call for some only, as not every call uses that file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.auditctl.normal_form import field_text
from auditrules.audit.constants import arches, syscalls
from auditrules.audit.coverage.access import Access, Credentials, Name
from auditrules.audit.coverage.access_coverage import AuditedHost, evaluate_access, with_subject
from auditrules.audit.coverage.decision import Cause, CoverageStatus, Decision, combine
from auditrules.audit.coverage.explain import outcome_conditions
from auditrules.audit.coverage.operations import OPENED, OPENS, CollectedNames, Operation, counts_as
from auditrules.audit.coverage.resolved_rules import RuleResolver
from auditrules.audit.coverage.rule_match import match
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.model.rule import PATH_NAMES, Action, Field, FilterList, Rule

FIRST_LOGIN_USER = 1000  # UID_MIN of login.defs, where a host does not say otherwise


class RecordedFor(str, Enum):
    """Whose calls leave a record."""

    EVERYBODY = "everybody"
    LOGIN_USERS = "login_users"  # all whose auid is set and at least UID_MIN
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


class UnknownSyscallError(ValueError):
    """A system call that the machine does not have, or an arch that it does not run; the message says which."""


def evaluate_syscall(
    name: str, host: AuditedHost, arch: str = "b64", first_login_user: int = FIRST_LOGIN_USER
) -> SyscallCoverage:
    """For whom a system call is recorded. `arch` is b64 or b32, as of the host's machine.

    Raises:
        UnknownSyscallError: the machine has no such call, or no such arch.
    """
    number = arches.number(arch, host.machine) if arch in {"b64", "b32"} else None
    if number is None:
        raise UnknownSyscallError(f"expected an arch of {host.machine}, b64 or b32, found {arch!r}")
    machine = arches.machine_of(number, host.machine)
    if syscalls.number(name, machine) is None:
        raise UnknownSyscallError(f"expected a system call of {machine}, found {name!r}")
    made = tuple(with_subject(access, host.who) for access in _accesses(name, machine))
    elsewhere = replace(host, rules=_without_places(host))
    judged = [evaluate_access(elsewhere.rules, access, host.auditing) for access in made]
    found = combine(each for each, _ in judged)
    deciding = [rule for _, decision in judged for rule in _deciding(decision, found)]
    on_places = [] if found is CoverageStatus.RECORDED else list(_on_places(host, made[0], judged[0][1]))
    conditions = [text for _, decision in judged for text in _conditions(decision, found, host.machine)]
    conditions += [f"{field_text(field, host.machine)} only" for rule in on_places for field in _path_fields(rule)]
    return SyscallCoverage(
        name,
        arch,
        _recorded_for(found, made, elsewhere, first_login_user, some=bool(on_places)),
        tuple(dict.fromkeys(conditions)),
        tuple(each.rule for each in host.rules.resolved if each.rule in (*deciding, *on_places)),
    )


def _without_places(host: AuditedHost) -> RuleSet:
    """The rules that name no file: those that a call on a file which no rule names may match."""
    rules = (each.rule for each in host.rules.resolved if not (each.by_inode or each.tree))
    return RuleSet(rules, RuleResolver(host.file_system, fresh=True), host.rules.unread)


def _accesses(name: str, machine: str) -> Iterator[Access]:
    """The calls on a file that no rule names: one for each access mode of a call that opens."""
    number = syscalls.number(name, machine)
    if number is None:
        return
    file = Name("", ("any",))
    for mode in OPENED if name in OPENS else (None,):
        permissions = counts_as(Operation(name, CollectedNames.FILE, mode), machine)
        yield Access(name, number, syscalls.ARCHES[machine], permissions, (file,))


def _recorded_for(
    found: CoverageStatus, made: tuple[Access, ...], host: AuditedHost, first_login_user: int, *, some: bool
) -> RecordedFor:
    if found is CoverageStatus.RECORDED:
        return RecordedFor.EVERYBODY
    if found is CoverageStatus.UNKNOWN:
        return RecordedFor.UNKNOWN
    if found is CoverageStatus.UNRECORDED:
        return RecordedFor.SOME if some else RecordedFor.NOBODY
    users = [Credentials(auid=auid) for auid in _login_users(host, first_login_user)]
    by_users = (
        evaluate_access(host.rules, with_subject(each, user), host.auditing)[0] for user in users for each in made
    )
    return RecordedFor.LOGIN_USERS if all(each is CoverageStatus.RECORDED for each in by_users) else RecordedFor.SOME


def _login_users(host: AuditedHost, first: int) -> Iterator[int]:
    """One auid of each kind that the rules tell apart, from the first login user's to the last that is set."""
    named = {
        condition.value
        for each in host.rules.resolved
        for condition in each.rule.fields
        if isinstance(condition, Field) and condition.name == "auid" and isinstance(condition.value, int)
    }
    near = {first, UNSET - 1, *(value + step for value in named for step in (-1, 0, 1))}
    return (auid for auid in sorted(near) if first <= auid < UNSET)


def _deciding(decision: Decision, found: CoverageStatus) -> Iterator[Rule]:
    for outcome in decision.outcomes:
        if outcome.resolved is not None and not (found is CoverageStatus.UNRECORDED and outcome.pending):
            yield outcome.resolved.rule


def _conditions(decision: Decision, found: CoverageStatus, machine: str) -> Iterator[str]:
    if found is CoverageStatus.CONDITIONAL:
        for outcome in decision.outcomes:
            yield from outcome_conditions(outcome, machine)


def _on_places(host: AuditedHost, access: Access, elsewhere: Decision) -> Iterator[Rule]:
    """The always rules that record such a call on the file that they name, where nothing before them decides."""
    sure = next((outcome for outcome in elsewhere.outcomes if not outcome.pending), None)
    if sure is not None and sure.cause not in (Cause.NO_RULE, Cause.RULE):
        return  # auditing is off, or a rule of another list keeps every record out
    for each in host.rules.of(FilterList.EXIT):
        if sure is not None and sure.resolved is not None and each.rule == sure.resolved.rule:
            return
        if each.rule.action is Action.ALWAYS and (each.by_inode or each.tree):
            anywhere = tuple(field for field in each.rule.fields if field not in _path_fields(each.rule))
            if match(replace(each, rule=replace(each.rule, fields=anywhere)), access).possible:
                yield each.rule


def _path_fields(rule: Rule) -> tuple[Field, ...]:
    fields = (field for field in rule.fields if isinstance(field, Field))
    return tuple(field for field in fields if field.name in PATH_NAMES | {"inode"})

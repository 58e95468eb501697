"""Matches one condition of a rule against an access: yes, no, or which fact is missing.

The tests are those of audit_filter_rules, audit_match_perm and audit_field_compare in kernel/auditsc.c of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditrules.audit.coverage.access import Access, Credentials, Name
from auditrules.audit.coverage.match_result import OPERATORS, MatchResult, Undetermined, compare, compare_ids
from auditrules.audit.coverage.name_match import (
    OF_NAME,
    depends_on_names,
    match_file_type,
    match_name,
    match_owner,
    match_path,
)
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.model.rule import PATH_NAMES, Comparison, Condition, Field, Operator

# Fields that are a number of the task, and attributes of `Credentials`.
_OF_TASK = frozenset({"auid", "uid", "euid", "suid", "fsuid", "sgid", "fsgid", "pid", "ppid", "sessionid", "pers"})
_WITH_GROUPS = frozenset({"gid", "egid"})  # which match a supplementary group as well
_ARGUMENTS = {"a0": 0, "a1": 1, "a2": 2, "a3": 3}
CALL_FIELDS = frozenset({"success", "exit", *_ARGUMENTS})  # the fields on a call's arguments and result
SUBJECT_LABELS = frozenset({"subj_user", "subj_role", "subj_type", "subj_sen", "subj_clr"})
LABELS = frozenset(
    {
        *SUBJECT_LABELS,
        *("obj_user", "obj_role", "obj_type", "obj_lev_low", "obj_lev_high"),
    }
)


def match_field(condition: Condition, resolved: ResolvedRule, access: Access, name: Name | None) -> MatchResult:
    """Match one condition of an exit rule. `name` is the name at whose inode the kernel keeps the rule, if it does."""
    if isinstance(condition, Comparison):
        if depends_on_names(condition):
            return match_owner(condition, access)
    elif condition.name in PATH_NAMES:
        return match_path(resolved, access, name)
    elif (answer := _BY_FIELD.get(condition.name)) is not None:
        return answer(condition, resolved, access, name)
    return of_task(condition, resolved, access.subject, Undetermined.UNREADABLE)


def of_task(
    condition: Condition, resolved: ResolvedRule, subject: Credentials, other: MatchResult | None = None
) -> MatchResult:
    """Match a condition on the task. `other` is the answer for any other condition; None means no."""
    if isinstance(condition, Comparison):
        return _related(condition, subject, other or False)
    if condition.name in _OF_TASK:
        value = getattr(subject, condition.name)
        return Undetermined.SUBJECT if value is None else compare(value, condition)
    answer = _BY_TASK.get(condition.name)
    return (other or False) if answer is None else answer(condition, resolved, subject)


def _related(condition: Comparison, subject: Credentials, other: MatchResult) -> MatchResult:
    """Compare two ids of the task."""
    if not hasattr(subject, condition.left) or not hasattr(subject, condition.right):
        return other
    left, right = getattr(subject, condition.left), getattr(subject, condition.right)
    return Undetermined.SUBJECT if left is None or right is None else compare_ids(left, condition.operator, right)


def _group(condition: Field, _resolved: ResolvedRule, subject: Credentials) -> MatchResult:
    value: int | None = getattr(subject, condition.name)
    if value is None:
        return Undetermined.SUBJECT
    same = compare(value, condition)
    # As in the kernel: only = and != consider the supplementary groups.
    if condition.operator is Operator.EQUAL and not same:
        return Undetermined.SUBJECT if subject.groups is None else condition.value in subject.groups
    if condition.operator is Operator.NOT_EQUAL and same:
        return Undetermined.SUBJECT if subject.groups is None else condition.value not in subject.groups
    return same


def _exe(condition: Field, resolved: ResolvedRule, subject: Credentials) -> MatchResult:
    if resolved.exe is None or not resolved.exe.known:
        return Undetermined.UNREADABLE
    if resolved.exe.late:
        return Undetermined.MOUNTED
    if resolved.exe.moved:
        return Undetermined.REPLACED
    if subject.exe is None:
        return Undetermined.SUBJECT
    return (subject.exe == resolved.exe.identity) is (condition.operator is Operator.EQUAL)


def _label(condition: Field, resolved: ResolvedRule, _subject: Credentials) -> MatchResult:
    if resolved.labelled is False:
        return False
    # AppArmor has labels of subjects only, and matches them by subj_role only.
    return Undetermined.LABEL if resolved.labelled or condition.name == "subj_role" else False


def _arch(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    return compare(access.arch, condition)


def _perm(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    return bool(int(condition.value) & access.permissions)


def _success(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    if access.unfinished:
        return False
    if access.succeeded is None:
        return Undetermined.SUBJECT
    # The kernel compares its own words: 1 for success, 2 for failure.
    return OPERATORS[condition.operator](1 if access.succeeded else 2, 1 if condition.value else 2)


def _exit(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    if access.unfinished:
        return False
    return Undetermined.SUBJECT if access.result is None else compare(access.result, condition)


def _argument(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    value = access.arguments[_ARGUMENTS[condition.name]]
    return Undetermined.SUBJECT if value is None else compare(value, condition)


# Calls with a socket address, which may be of any family.
ADDRESSED = frozenset(
    {
        *("connect", "bind", "accept", "accept4", "sendto", "sendmsg", "sendmmsg"),
        *("recvfrom", "recvmsg", "recvmmsg", "getsockname", "getpeername", "socketcall"),
    }
)


def _family(_condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    return Undetermined.SUBJECT if access.call in ADDRESSED else False


_BY_FIELD: Mapping[str, Callable[[Field, ResolvedRule, Access, Name | None], MatchResult]] = MappingProxyType(
    {
        "arch": _arch,
        "perm": _perm,
        "success": _success,
        "exit": _exit,
        **dict.fromkeys(_ARGUMENTS, _argument),
        "filetype": match_file_type,
        "saddr_fam": _family,
        **dict.fromkeys(OF_NAME, match_name),
    }
)

_BY_TASK: Mapping[str, Callable[[Field, ResolvedRule, Credentials], MatchResult]] = MappingProxyType(
    {
        "key": lambda _condition, _resolved, _subject: True,
        "exe": _exe,
        **dict.fromkeys(_WITH_GROUPS, _group),
        **dict.fromkeys(LABELS, _label),
    }
)

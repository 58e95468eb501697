"""Whether one condition of a rule holds for an access: yes, no, or what it waits for.

The tests are those of audit_filter_rules, audit_match_perm and audit_field_compare in kernel/auditsc.c of Linux 6.1.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.constants.names import FILE_TYPES
from auditrules.audit.coverage.access import Access, Credentials, Name
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.filesystem.mounts import MAGIC
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import PATH_NAMES, Comparison, Condition, Field, Operator

_WORD = 0xFFFFFFFF


class Undetermined(str, Enum):
    """What a condition waits for that may hold: something that differs between subjects, or a fact of the host."""

    SUBJECT = "subject"
    UNREADABLE = "unreadable"  # a rule or a path that could not be read
    MOUNTED = "mounted_after_load"
    REPLACED = "replaced"  # what a rule is on since a directory was made anew, or the order of rules on a file
    INTERPRETER = "interpreter"  # what a program is run by
    LABEL = "label"  # of a security module
    RATE_LIMIT = "rate_limit"  # how many records came in the same second
    TOO_MANY = "too_many_conditions"  # on who makes the access, to try them all


MatchResult = bool | Undetermined  # of one condition: yes, no, or which fact is missing

_COMPARE: Mapping[Operator, Callable[[int, int], bool]] = MappingProxyType(
    {
        Operator.EQUAL: operator.eq,
        Operator.NOT_EQUAL: operator.ne,
        Operator.GREATER: operator.gt,
        Operator.GREATER_OR_EQUAL: operator.ge,
        Operator.LESS: operator.lt,
        Operator.LESS_OR_EQUAL: operator.le,
        Operator.BIT_MASK: lambda left, right: bool(left & right),
        Operator.BIT_TEST: lambda left, right: left & right == right,
    }
)

# Fields that are a number of the task, by the name of the same in `Credentials`.
_OF_TASK = frozenset({"auid", "uid", "euid", "suid", "fsuid", "sgid", "fsgid", "pid", "ppid", "sessionid", "pers"})
_WITH_GROUPS = frozenset({"gid", "egid"})  # which match a supplementary group as well
_OF_NAME = frozenset({"obj_uid", "obj_gid", "devmajor", "devminor", "inode"})
_DEVICES = frozenset({"devmajor", "devminor"})
_OTHER_NUMBERS = frozenset({MAGIC["btrfs"], MAGIC["overlay"]})  # stat(2) tells others than the kernel compares
_ARGUMENTS = {"a0": 0, "a1": 1, "a2": 2, "a3": 3}
CALL_FIELDS = frozenset({"success", "exit", *_ARGUMENTS})  # fields that tell how a call was made, and how it ended
SUBJECT_LABELS = frozenset({"subj_user", "subj_role", "subj_type", "subj_sen", "subj_clr"})
LABELS = frozenset(
    {
        *SUBJECT_LABELS,
        *("obj_user", "obj_role", "obj_type", "obj_lev_low", "obj_lev_high"),
    }
)


def match_field(condition: Condition, resolved: ResolvedRule, access: Access, name: Name | None) -> MatchResult:
    """Answer one condition of a rule of the exit list; `name` is the one by whose inode the rule was found."""
    if isinstance(condition, Comparison):
        return _compared(condition, access)
    if condition.name in PATH_NAMES:
        return _on_path(resolved, access, name)
    answer = _BY_FIELD.get(condition.name)
    if answer is not None:
        return answer(condition, resolved, access, name)
    return of_task(condition, resolved, access.subject, Undetermined.UNREADABLE)


def depends_on_names(condition: Condition) -> bool:
    """Whether a condition is about the names that a call used, and not only on the call, its caller and its result."""
    if isinstance(condition, Comparison):
        return condition.right in _VALUE_OF
    return condition.name in PATH_NAMES or condition.name in _OF_NAME or condition.name == "filetype"


def of_task(
    condition: Condition, resolved: ResolvedRule, subject: Credentials, other: MatchResult | None = None
) -> MatchResult:
    """Answer a condition on the task alone; `other` is the answer for any that is not, no where nothing is said."""
    if isinstance(condition, Comparison):
        return _related(condition, subject, other or False)
    if condition.name in _OF_TASK:
        value = getattr(subject, condition.name)
        return Undetermined.SUBJECT if value is None else compare(value, condition)
    answer = _BY_TASK.get(condition.name)
    return (other or False) if answer is None else answer(condition, resolved, subject)


def _related(condition: Comparison, subject: Credentials, other: MatchResult) -> MatchResult:
    """One of the task's ids against another."""
    if not hasattr(subject, condition.left) or not hasattr(subject, condition.right):
        return other
    left, right = getattr(subject, condition.left), getattr(subject, condition.right)
    return Undetermined.SUBJECT if left is None or right is None else _ids(left, condition.operator, right)


def compare(value: int, condition: Field) -> bool:
    """Compare a number as the kernel does, unsigned and in 32 bits (audit_comparator)."""
    return isinstance(condition.value, int) and _COMPARE[condition.operator](value & _WORD, condition.value)


def _ids(left: int, sign: Operator, right: int) -> bool:
    """Users and groups know no bit operators (audit_uid_comparator)."""
    return sign not in (Operator.BIT_MASK, Operator.BIT_TEST) and _COMPARE[sign](left, right)


def _group(condition: Field, _resolved: ResolvedRule, subject: Credentials) -> MatchResult:
    value: int | None = getattr(subject, condition.name)
    if value is None:
        return Undetermined.SUBJECT
    same = compare(value, condition)
    # As in the kernel: only = and != ask the supplementary groups.
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
    # AppArmor knows labels of subjects only, and those under one name.
    return Undetermined.LABEL if resolved.labelled or condition.name == "subj_role" else False


def _on_path(resolved: ResolvedRule, access: Access, name: Name | None) -> MatchResult:
    if resolved.tree is not None:
        return _in_tree(resolved, access)
    watch = resolved.watch
    if watch is None or name is None or (name.made and access.succeeded is False):
        return False
    if not watch.known or not name.known:
        return _same_text(watch.path, name)
    follows = access.rebound.get(watch.dentry, watch.identity) if watch.follows else watch.identity
    if follows is None or follows != name.identity:
        return False
    if watch.late:
        return Undetermined.MOUNTED
    # Whether a watch that does not follow its name is still on this file is not known.
    known = not watch.moved and (watch.follows or watch.replaced is not None)
    return True if known else Undetermined.REPLACED


def _same_text(path: str, name: Name) -> MatchResult:
    """The answer for a path of which the inode is not known: only an equal text matches."""
    return True if path == name.path else Undetermined.UNREADABLE


def _in_tree(resolved: ResolvedRule, access: Access) -> MatchResult:
    tree = resolved.tree
    if tree is None or not tree.known:
        return Undetermined.UNREADABLE
    if access.succeeded is True and any(each.identity == tree.marked for each in access.removed_folders):
        return False  # the rule went with its directory
    held = [tree.contains(each) for each in access.names]
    if True in held:
        return Undetermined.REPLACED if tree.moved else True
    if None in held:
        return Undetermined.MOUNTED
    return Undetermined.INTERPRETER if any(not each.known for each in access.names) else False


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
    return _COMPARE[condition.operator](1 if access.succeeded else 2, 1 if condition.value else 2)


def _exit(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    if access.unfinished:
        return False
    return Undetermined.SUBJECT if access.result is None else compare(access.result, condition)


def _argument(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    value = access.arguments[_ARGUMENTS[condition.name]]
    return Undetermined.SUBJECT if value is None else compare(value, condition)


def _filetype(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    there = (each for each in access.names if each.identity is not None)
    types = [_file_type(each.entry) for each in there if not (each.made and access.succeeded is False)]
    if None in types and condition.value not in types:
        return Undetermined.UNREADABLE
    return (condition.value in types) is (condition.operator is Operator.EQUAL)


def _file_type(entry: Entry | None) -> int | None:
    if entry is None:
        return None
    return FILE_TYPES.get({"char": "character"}.get(entry.type, entry.type), 0)


# Calls that have a socket's address, which may be of any family.
ADDRESSED = frozenset(
    {
        *("connect", "bind", "accept", "accept4", "sendto", "sendmsg", "sendmmsg"),
        *("recvfrom", "recvmsg", "recvmmsg", "getsockname", "getpeername", "socketcall"),
    }
)


def _family(_condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    return Undetermined.SUBJECT if access.call in ADDRESSED else False


def _named(condition: Field, _resolved: ResolvedRule, access: Access, name: Name | None) -> MatchResult:
    """A condition on a name: on the one by which the rule was found, else on any."""
    values = [_VALUE_OF[condition.name](each, access) for each in ((name,) if name is not None else access.names)]
    # A device file's own number counts as well; that of any other file is 0.
    values += [0] * (bool(values) and condition.name in _DEVICES)
    if any(value is not None and compare(value, condition) for value in values):
        return True
    return Undetermined.UNREADABLE if None in values else False


def _inode_of(name: Name, access: Access) -> int | None:
    if name.identity is None or (name.made and access.succeeded is False):
        return UNSET if name.known else None
    return name.entry.ino or None if name.entry and name.magic not in _OTHER_NUMBERS else None


def _owner_of(name: Name, access: Access) -> int | None:
    return _owned(name, access, name.entry.uid if name.entry else None, access.subject.fsuid)


def _group_of(name: Name, access: Access) -> int | None:
    return _owned(name, access, name.entry.gid if name.entry else None, access.subject.fsgid)


def _owned(name: Name, access: Access, owner: int | None, maker: int | None) -> int | None:
    """Whose a file is: that of one who makes it, root's in the kernel's eyes where nothing was made."""
    if not name.made:
        return owner
    if access.succeeded is None:
        return None
    return (maker if owner is None else owner) if access.succeeded else 0


def _device(part: int) -> Callable[[Name, Access], int | None]:
    def of(name: Name, _access: Access) -> int | None:
        known = name.entry is not None and name.entry.dev and name.magic not in _OTHER_NUMBERS
        return int(name.entry.dev.split(":")[part]) if name.entry and known else None

    return of


_VALUE_OF: Mapping[str, Callable[[Name, Access], int | None]] = MappingProxyType(
    {
        "inode": _inode_of,
        "obj_uid": _owner_of,
        "obj_gid": _group_of,
        "devmajor": _device(0),
        "devminor": _device(1),
    }
)


def _compared(condition: Comparison, access: Access) -> MatchResult:
    """One of the task's ids against another, or against the owner of any name."""
    if condition.right not in _VALUE_OF:
        return _related(condition, access.subject, Undetermined.UNREADABLE)
    left: int | None = getattr(access.subject, condition.left)
    if left is None:
        return Undetermined.SUBJECT if access.names else False
    owners = [_VALUE_OF[condition.right](each, access) for each in access.names]
    if any(owner is not None and _ids(left, condition.operator, owner) for owner in owners):
        return True
    return Undetermined.UNREADABLE if None in owners else False


_BY_FIELD: Mapping[str, Callable[[Field, ResolvedRule, Access, Name | None], MatchResult]] = MappingProxyType(
    {
        "arch": _arch,
        "perm": _perm,
        "success": _success,
        "exit": _exit,
        **dict.fromkeys(_ARGUMENTS, _argument),
        "filetype": _filetype,
        "saddr_fam": _family,
        **dict.fromkeys(_OF_NAME, _named),
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

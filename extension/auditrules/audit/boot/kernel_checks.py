"""Checks whether the kernel accepts a rule that auditctl sends, and why not.

From kernel/auditfilter.c, audit_watch.c, audit_tree.c and audit_fsnotify.c of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditrules.audit.auditctl.field_values import MOST_NAME_BYTES, UNSET
from auditrules.audit.constants.fields import EQUALITIES, FIELDS, FieldKind
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import (
    PATH_NAMES,
    PATH_OR_DIR,
    SYSCALL_LISTS,
    Comparison,
    Field,
    FilterList,
    Operator,
    Rule,
)
from auditrules.audit.model.text import encode

FAMILIES = 46  # AF_MAX of Linux 6.1
BIT_OPERATORS = frozenset({Operator.BIT_MASK, Operator.BIT_TEST})
ALL_OPERATORS = frozenset({"a0", "a1", "a2", "a3", "pers", "devminor"})
ONLY_EQUALITIES = frozenset(
    {
        *("subj_user", "subj_role", "subj_type", "obj_user", "obj_role", "obj_type"),
        *PATH_NAMES,
        *("key", "arch", "fstype", "perm", "filetype", "field_compare", "exe"),
    },
)
_PLACES = PATH_NAMES | {"inode"}  # a rule may have one of them


def refusal(rule: Rule, facts: Facts) -> str | None:
    """Why the kernel refuses the rule; None if it accepts it, as far as the facts tell."""
    fields = _fields(rule)
    for check in CHECKS:
        reason = check(rule, fields, facts)
        if reason is not None:
            return reason
    return None


def _fields(rule: Rule) -> list[Field]:
    return [condition for condition in rule.fields if isinstance(condition, Field)]


def _name(field: Field) -> str:
    return "path" if field.name == PATH_OR_DIR else field.name


def _list_takes_field(rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    for field in fields:
        if field.name == "msgtype" and rule.list not in (FilterList.EXCLUDE, FilterList.USER):
            return "msgtype only on the exclude and user lists"
        if field.name == "fstype" and rule.list is not FilterList.FILESYSTEM:
            return "fstype only on the filesystem list"
        if rule.list is FilterList.FILESYSTEM and field.name not in ("fstype", "key"):
            return f"no {_name(field)} on the filesystem list"
        if field.name == "perm" and rule.list is FilterList.IO_URING:
            return "no perm on the io_uring list"
        if field.name in _PLACES and rule.list not in SYSCALL_LISTS:
            return f"{_name(field)} only on the exit list"
    return None


def _operator_fits(_rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    for field in fields:
        unset = field.name == "auid" and field.value == UNSET
        if (field.name in ONLY_EQUALITIES or unset) and field.operator not in EQUALITIES:
            return f"{_name(field)} with = or != only"
        if field.name not in ALL_OPERATORS and field.operator in BIT_OPERATORS:
            return f"no bit operators with {_name(field)}"
        if field.name in PATH_NAMES and field.operator is not Operator.EQUAL:
            return f"{_name(field)} with = only"
        if field.name == "inode" and field.operator not in EQUALITIES:
            return "inode with = or != only"
    return None


def _value_fits(_rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    for field in fields:
        kind = FIELDS[field.name].kind if field.name in FIELDS else FieldKind.PATH
        if kind in (FieldKind.USER, FieldKind.GROUP) and field.value == UNSET and field.name != "auid":
            return f"a valid id for {field.name}"
        if field.name == "saddr_fam" and isinstance(field.value, int) and field.value >= FAMILIES:
            return f"a family below {FAMILIES}"
        if kind is FieldKind.PATH and isinstance(field.value, str):
            reason = _path_fits(field.name, field.value)
            if reason is not None:
                return reason
    return None


def _path_fits(name: str, path: str) -> str | None:
    if not path.startswith("/"):
        return "an absolute path"
    if name in ("path", "exe") and path.endswith("/"):
        return f"{name} without a slash at its end"
    if name in ("path", "exe") and path.rpartition("/")[2] in (".", ".."):
        return f"{name} without a dot or two as its last name"
    if any(len(encode(part)) > MOST_NAME_BYTES for part in path.split("/")):
        return f"names of at most {MOST_NAME_BYTES} bytes in a path"
    return None


def _one_of_a_kind(_rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    names = [field.name for field in fields]
    if sum(name in _PLACES for name in names) > 1:
        return "one of path, dir and inode in a rule"
    return next((f"one {name} in a rule" for name in ("exe", "key") if names.count(name) > 1), None)


def absence(rule: Rule, facts: Facts) -> str | None:
    """A path that must exist for the rule and does not, as a reason; else None. The kernel tests this last."""
    return _absence(rule, _fields(rule), facts)


def _absence(_rule: Rule, fields: Sequence[Field], facts: Facts) -> str | None:
    file_system = FileSystem(facts)
    for field in fields:
        if not isinstance(field.value, str):
            continue
        if field.name == "dir" and file_system.walk(field.value, follow=False).missing:
            return f"a dir that exists: there is no directory {field.value}"
        if field.name in ("path", "exe"):
            above = field.value.rpartition("/")[0] or "/"
            folder = file_system.walk(above).type
            if folder == "missing":
                return f"a path whose directory exists: there is no directory {above}"
            if folder not in ("dir", None):
                return "a path below a directory"
    return None


def _label_known(_rule: Rule, fields: Sequence[Field], facts: Facts) -> str | None:
    if facts.lsm is None or "apparmor" not in facts.lsm:
        return None
    # AppArmor tests only subj_role, against its own labels, and a SELinux role is none of them (apparmor/audit.c).
    # Which labels are loaded is not known here, except that `unconfined` always is.
    for field in fields:
        if field.name == "subj_role" and field.operator in EQUALITIES and field.value != "unconfined":
            return "a label that AppArmor has loaded"
    return None


def _comparable(rule: Rule, _fields: Sequence[Field], _facts: Facts) -> str | None:
    for condition in rule.fields:
        if not isinstance(condition, Comparison):
            continue
        if condition.operator not in EQUALITIES:
            return "-C with = or != only"
        if rule.list is FilterList.FILESYSTEM:
            return "no -C on the filesystem list"
    return None


CHECKS: tuple[Callable[[Rule, Sequence[Field], Facts], str | None], ...] = (
    _list_takes_field,
    _operator_fits,
    _value_fits,
    _one_of_a_kind,
    _comparable,
    _label_known,
    _absence,
)

"""Checks whether the kernel accepts a rule that auditctl sends, and why not.

From kernel/auditfilter.c, audit_watch.c, audit_tree.c and audit_fsnotify.c of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from auditrules.audit.auditctl.field_values import MOST_NAME_BYTES, UNSET
from auditrules.audit.constants.fields import EQUALITIES, FIELDS, FieldKind
from auditrules.audit.filesystem.path_types import PathTypes
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
_KEPT = 1024  # cached reasons: most rules have fields of the same few names


class KernelChecks:
    """The kernel's checks on one host. Results of an `earlier` host that depend on the rule alone are reused."""

    def __init__(self, facts: Facts, types: PathTypes | None = None, earlier: KernelChecks | None = None) -> None:
        self.facts = facts
        self._types = types or PathTypes(facts)
        self.alone: dict[Rule, str | None] = {}  # the reason by rule, as far as no file matters
        self._before = earlier.alone if earlier is not None and earlier.facts.lsm == facts.lsm else {}

    def refusal(self, rule: Rule) -> str | None:
        """Why the kernel refuses the rule; None if it accepts it, as far as the facts tell."""
        if rule not in self.alone:
            self.alone[rule] = self._before[rule] if rule in self._before else self._refused(rule)
        return self.alone[rule] or self.absence(rule)

    def _refused(self, rule: Rule) -> str | None:
        """Why the kernel refuses the rule whatever files there are."""
        fields = _fields(rule)
        return next(filter(None, (check(rule, fields, self.facts) for check in CHECKS)), None)

    def absence(self, rule: Rule) -> str | None:
        """A path that must exist for the rule and does not, as a reason; else None. The kernel tests this last."""
        for field in rule.fields:
            if isinstance(field, Comparison) or not isinstance(field.value, str):
                continue
            if field.name == "dir" and self._types.at(field.value, follow=False) == "missing":
                return f"a dir that exists: there is no directory {field.value}"
            if field.name in ("path", "exe"):
                above = field.value.rpartition("/")[0] or "/"
                folder = self._types.at(above)
                if folder == "missing":
                    return f"a path whose directory exists: there is no directory {above}"
                if folder not in ("dir", None):
                    return "a path below a directory"
        return None


def _fields(rule: Rule) -> list[Field]:
    return [condition for condition in rule.fields if isinstance(condition, Field)]


def _list_takes_field(rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    return next(filter(None, [_only_elsewhere(rule.list, field.name) for field in fields]), None)


@lru_cache(_KEPT)
def _only_elsewhere(filter_list: FilterList, name: str) -> str | None:
    """Why a list takes no field of this name, or None."""
    if name == "msgtype" and filter_list not in (FilterList.EXCLUDE, FilterList.USER):
        return "msgtype only on the exclude and user lists"
    if name == "fstype" and filter_list is not FilterList.FILESYSTEM:
        return "fstype only on the filesystem list"
    if filter_list is FilterList.FILESYSTEM and name not in ("fstype", "key"):
        return f"no {_shown(name)} on the filesystem list"
    if name == "perm" and filter_list is FilterList.IO_URING:
        return "no perm on the io_uring list"
    if name in _PLACES and filter_list not in SYSCALL_LISTS:
        return f"{_shown(name)} only on the exit list"
    return None


def _operator_fits(_rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    fits = [_other_operator(each.name, each.operator, each.value == UNSET) for each in fields]
    return next(filter(None, fits), None)


@lru_cache(_KEPT)
def _other_operator(name: str, operator: Operator, unset: bool) -> str | None:  # noqa: FBT001 - what the cache tells apart
    """Why a field of this name takes no such operator, with the value that stands for no user or another, or None."""
    if (name in ONLY_EQUALITIES or (name == "auid" and unset)) and operator not in EQUALITIES:
        return f"{_shown(name)} with = or != only"
    if name not in ALL_OPERATORS and operator in BIT_OPERATORS:
        return f"no bit operators with {_shown(name)}"
    if name in PATH_NAMES and operator is not Operator.EQUAL:
        return f"{_shown(name)} with = only"
    if name == "inode" and operator not in EQUALITIES:
        return "inode with = or != only"
    return None


def _shown(name: str) -> str:
    return "path" if name == PATH_OR_DIR else name


def _value_fits(_rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    for field in fields:
        kind = FIELDS[field.name].kind if field.name in FIELDS else FieldKind.PATH
        if isinstance(field.value, str):
            reason = _path_fits(field.name, field.value) if kind is FieldKind.PATH else None
            if reason is not None:
                return reason
        elif field.value == UNSET and kind in (FieldKind.USER, FieldKind.GROUP) and field.name != "auid":
            return f"a valid id for {field.name}"
        elif field.name == "saddr_fam" and field.value >= FAMILIES:
            return f"a family below {FAMILIES}"
    return None


def _path_fits(name: str, path: str) -> str | None:
    if not path.startswith("/"):
        return "an absolute path"
    if name in ("path", "exe") and path.endswith("/"):
        return f"{name} without a slash at its end"
    if name in ("path", "exe") and path.rpartition("/")[2] in (".", ".."):
        return f"{name} without a dot or two as its last name"
    raw = encode(path)
    if len(raw) > MOST_NAME_BYTES and max(map(len, raw.split(b"/"))) > MOST_NAME_BYTES:
        return f"names of at most {MOST_NAME_BYTES} bytes in a path"
    return None


def _one_of_a_kind(_rule: Rule, fields: Sequence[Field], _facts: Facts) -> str | None:
    names = [field.name for field in fields]
    if sum(map(_PLACES.__contains__, names)) > 1:
        return "one of path, dir and inode in a rule"
    return next((f"one {name} in a rule" for name in ("exe", "key") if names.count(name) > 1), None)


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
)

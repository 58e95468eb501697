"""Matches conditions on the names that a call uses: path, file type, owner, inode or device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.constants.names import FILE_TYPES
from auditrules.audit.coverage.access import Access, Name
from auditrules.audit.coverage.match_result import MatchResult, Undetermined, compare, compare_ids
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.filesystem.mounts import MAGIC
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import PATH_NAMES, Comparison, Condition, Field, Operator

OF_NAME = frozenset({"obj_uid", "obj_gid", "devmajor", "devminor", "inode"})  # the fields of a name's inode
_DEVICES = frozenset({"devmajor", "devminor"})
_OTHER_NUMBERS = frozenset({MAGIC["btrfs"], MAGIC["overlay"]})  # here stat(2) and the kernel's filter numbers differ


def depends_on_names(condition: Condition) -> bool:
    """Whether a condition is about the names that a call uses, not about the call, its subject or its result."""
    if isinstance(condition, Comparison):
        return condition.right in _VALUE_OF
    return condition.name in PATH_NAMES or condition.name in OF_NAME or condition.name == "filetype"


def match_path(resolved: ResolvedRule, access: Access, name: Name | None) -> MatchResult:
    """Match a condition on a path or directory. `name` is the name at whose inode the kernel keeps the rule."""
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
    # It is not known whether a watch that does not follow its name is still on this file.
    known = not watch.moved and (watch.follows or watch.replaced is not None)
    return True if known else Undetermined.REPLACED


def _same_text(path: str, name: Name) -> MatchResult:
    """The answer for a path whose inode is not known: only an equal path matches."""
    return True if path == name.path else Undetermined.UNREADABLE


def _in_tree(resolved: ResolvedRule, access: Access) -> MatchResult:
    tree = resolved.tree
    if tree is None or not tree.known:
        return Undetermined.UNREADABLE
    if access.succeeded is True and any(each.identity == tree.marked for each in access.removed_folders):
        return False  # the kernel dropped the rule with its directory
    held = [tree.contains(each) for each in access.names]
    if True in held:
        return Undetermined.REPLACED if tree.moved else True
    if None in held:
        return Undetermined.MOUNTED
    return Undetermined.INTERPRETER if any(not each.known for each in access.names) else False


def match_file_type(condition: Field, _resolved: ResolvedRule, access: Access, _name: Name | None) -> MatchResult:
    """Match a condition on the file type of any name."""
    there = (each for each in access.names if each.identity is not None)
    types = [_file_type(each.entry) for each in there if not (each.made and access.succeeded is False)]
    if None in types and condition.value not in types:
        return Undetermined.UNREADABLE
    return (condition.value in types) is (condition.operator is Operator.EQUAL)


def _file_type(entry: Entry | None) -> int | None:
    if entry is None:
        return None
    return FILE_TYPES.get({"char": "character"}.get(entry.type, entry.type), 0)


def match_name(condition: Field, _resolved: ResolvedRule, access: Access, name: Name | None) -> MatchResult:
    """Match a condition on a name's inode: on `name`, at whose inode the kernel keeps the rule, else on any name."""
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
    """The owner of a file: for a made one its maker, or root (0) if the call failed and made none."""
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


def match_owner(condition: Comparison, access: Access) -> MatchResult:
    """Compare an id of the task with the owner of any name."""
    left: int | None = getattr(access.subject, condition.left)
    if left is None:
        return Undetermined.SUBJECT if access.names else False
    owners = [_VALUE_OF[condition.right](each, access) for each in access.names]
    if any(owner is not None and compare_ids(left, condition.operator, owner) for owner in owners):
        return True
    return Undetermined.UNREADABLE if None in owners else False

"""Chooses the files on which a system call is evaluated: files that no rule names, and those of `never` rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product
from types import MappingProxyType

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.constants.names import FILE_TYPES
from auditrules.audit.coverage.access import Name
from auditrules.audit.coverage.access_targets import TargetAccesses, target_inside, target_of
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.operations import CollectedNames
from auditrules.audit.coverage.reference import AccessTarget
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.filesystem.path_walk import ResolvedPath, name, parent
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import Comparison, Condition
from auditrules.values import replace

MOST_FILES = 64  # kinds of files that are tried if rules distinguish files by owner, type or device

ANY_FILE = Name("", ("any",), (("any",),), Entry("file"), None, 0, (("any folder",), "*/"))

# Calls that act on a link itself, and do not follow it.
TAKES_LINK = frozenset({CollectedNames.NAME, CollectedNames.REMOVAL, CollectedNames.RENAME, CollectedNames.EXCHANGE})

_TYPES = {number: {"character": "char"}.get(name, name) for name, number in FILE_TYPES.items()}
_LAST = {"devmajor": 1 << 12, "devminor": 1 << 20}  # the limits of a device's numbers

# The fields by which rules distinguish files: the value tried if no rule has one, and values tried beside the rules'.
_TOLD_APART: Mapping[str, tuple[int, tuple[int, ...]]] = MappingProxyType(
    {
        "filetype": (FILE_TYPES["file"], (FILE_TYPES["file"], FILE_TYPES["dir"])),
        "obj_uid": (0, (0, 1000)),
        "obj_gid": (0, (0, 1000)),
        "inode": (1, (1,)),
        "devmajor": (8, (8,)),
        "devminor": (1, (1,)),
    }
)


def kinds_of_files(conditions: Iterable[Condition]) -> tuple[tuple[Name, ...], bool]:
    """One file of each kind that the conditions distinguish, and whether these are all kinds."""
    kinds = product(*(_values(name, tuple(conditions)) for name in _TOLD_APART))
    files = tuple(
        replace(ANY_FILE, entry=Entry(_TYPES[kind], dev=f"{major}:{minor}", ino=ino, uid=uid, gid=gid))
        for kind, uid, gid, ino, major, minor in islice(kinds, MOST_FILES)
    )
    return files, next(kinds, None) is None


def _values(name: str, conditions: Iterable[Condition]) -> tuple[int, ...]:
    """Values of a field that produce every answer of the conditions on it."""
    usual, others = _TOLD_APART[name]
    found: list[int] = []
    for condition in conditions:
        if isinstance(condition, Comparison):
            found += others if condition.right == name else ()
        elif condition.name == name and isinstance(condition.value, int):
            near = (condition.value - 1, condition.value, condition.value + 1)
            found += [*others, *(each for each in near if _may_be(name, each))]
    return tuple(dict.fromkeys(found)) or (usual,)


def _may_be(name: str, value: int) -> bool:
    return value in _TYPES if name == "filetype" else 0 <= value < _LAST.get(name, UNSET)


def targets_of(never: ResolvedRule, host: AuditedHost, takes: CollectedNames) -> Iterator[TargetAccesses]:
    """The targets of calls on the file of a rule on a path or inode; for a directory also a file inside."""
    collector = AuditNamesCollector(host.file_system)
    if never.tree is not None:
        if never.tree.link or (isinstance(never.tree.marked, tuple) and never.tree.marked[0] == "gone"):
            return
        itself = target_of(host.file_system.walk(never.tree.path, follow=False), collector, host)
        targets: tuple[AccessTarget, ...] = (target_inside(itself), itself)
    elif never.watch is not None:
        if isinstance(never.watch.identity, tuple) and never.watch.identity[0] == "gone":
            return
        if never.watch.link and takes not in TAKES_LINK:
            return
        place = _named(never.watch.path, host)
        found = target_of(place, collector, host)
        identity = never.watch.identity if never.watch.known else found.file.identity
        there = replace(found.file, path=never.watch.path, identity=identity, dentry=never.watch.dentry, known=True)
        targets = (replace(found, file=there),)
    else:
        file = replace(ANY_FILE, identity=("inode", never.inode), entry=Entry("file", ino=never.inode or 0))
        targets = (AccessTarget(file, replace(ANY_FILE, entry=Entry("dir")), ANY_FILE),)
    yield from (TargetAccesses(each, host.rules) for each in targets)


def _named(path: str, host: AuditedHost) -> ResolvedPath:
    """The entry with this name; a link at the end is not followed."""
    folder = host.file_system.walk(parent(path))
    if folder.entry is None or folder.missing:
        return ResolvedPath(path, None)
    return host.file_system.at(f"{folder.path.rstrip('/')}/{name(path)}")

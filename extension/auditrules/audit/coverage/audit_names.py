"""Collects the names that a system call uses, with their inodes, in the kernel's order (its audit_names).

As audit_inode and audit_inode_child of kernel/auditsc.c collect them in Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from auditrules.audit.constants import syscalls
from auditrules.audit.coverage.access import Access, Name
from auditrules.audit.coverage.operations import CollectedNames, Operation, counts_as, machine_of
from auditrules.audit.filesystem.path_walk import FileSystem, ResolvedPath, name, parent
from auditrules.audit.model.host_facts import MOST_LINKS, Entry, Mount
from auditrules.values import dataclass, replace

MOST_INTERPRETERS = 5  # a script's interpreter may be a script (BINPRM_MAX_RECURSION), and the last has a loader
NOTHING_THERE = Entry("missing", dev="0:0", uid=0, gid=0)  # the values of a name that the kernel leaves zeroed


def unreached(path: str) -> Name:
    """A name that the call uses, but for which the kernel found no inode, or did not look for one."""
    return Name(path, None, entry=NOTHING_THERE)


Permit = Callable[[Entry, int], bool]  # whether a directory grants these permission bits

SEARCH, WRITE = 1, 2


@dataclass(frozen=True, slots=True)
class AuditNamesCollector:
    """Collects the names of calls in a file system.

    `permits` says what the caller may do in a directory; None: everything. `twice`: the security module TOMOYO is
    active, so an execution looks up its file a second time, without following a link at the end. `opened` is the name
    in /proc of an open file, which is then looked up. `cached`: what exists is in the kernel's cache of names, so a
    call that may create a file does not look at the directory (from CREATES_BY_CACHE on).
    """

    file_system: FileSystem
    permits: Permit | None = None
    twice: bool = False
    opened: Name | None = None
    cached: bool = False

    def access(self, operation: Operation, machine: str, path: str, other: str = "") -> Access | None:
        """A call by any subject, which may succeed or fail. None if the machine has no such call."""
        called = machine_of(operation, machine)
        number = syscalls.call_number(operation.call, called) if called else None
        if called is None or number is None:
            return None
        names = tuple(self._names(operation, path, other))
        permissions = counts_as(operation, called, self.file_system.facts.kernel.release)
        return Access(operation.call, number, syscalls.ARCHES[called], permissions, names)

    def _names(self, operation: Operation, path: str, other: str) -> Iterator[Name]:
        match operation.collects:
            case CollectedNames.FILE | CollectedNames.DESCRIPTOR | CollectedNames.NAME:
                found = self._existing_name(self._walk(path, follow=operation.collects is not CollectedNames.NAME))
                yield replace(found, named=operation.collects is not CollectedNames.DESCRIPTOR)
            case CollectedNames.NOTHING:
                return
            case CollectedNames.EXECUTION | CollectedNames.OPEN_EXECUTION:
                yield from self._executed(path, is_open=operation.collects is CollectedNames.OPEN_EXECUTION)
            case CollectedNames.RENAME:
                yield from self._renamed(self._walk(path, follow=False), self._walk(other, follow=False))
            case CollectedNames.EXCHANGE:
                yield from self._exchanged(self._walk(path, follow=False), self._walk(other, follow=False))
            case CollectedNames.LINK:
                yield from self._linked(self._walk(path, follow=False), self._walk(other, follow=False))
            case CollectedNames.FOLDER:
                place = self._walk(path)
                yield (
                    self._existing_name(place)
                    if place.entry and place.entry.type == "dir"
                    else unreached(place.full_path)
                )
            case CollectedNames.CREATION:
                yield from self._opened(operation, path)
            case CollectedNames.NEW | CollectedNames.REMOVAL:
                yield from self._in_folder(operation, self._walk(path, follow=False))

    def _opened(self, operation: Operation, path: str) -> Iterator[Name]:
        """A call that may make a file collects the directory of each link at the end, then that of the file."""
        place = self._walk(path, follow=False)
        for _ in range(MOST_LINKS):
            if place.missing or place.entry is None or place.entry.type != "link":
                break
            if not self.cached:
                yield from self._folder_name(place)
            target = place.entry.target
            place = self._walk(target if target.startswith("/") else f"{parent(place.path)}/{target}", follow=False)
        if self.cached and not place.missing:
            yield self.name(place)
        else:
            yield from self._in_folder(operation, place)

    def _in_folder(self, operation: Operation, place: ResolvedPath) -> Iterator[Name]:
        yield from self._folder_name(place)
        if place.missing and operation.collects is not CollectedNames.REMOVAL:
            if not place.unresolved:
                yield self._created_name(place, operation.makes)
        elif operation.collects is CollectedNames.CREATION:
            yield self.name(place)
        elif operation.collects is CollectedNames.REMOVAL and not place.missing:
            yield self._last(place)
        # A call that makes a name collects nothing for a name that exists.

    def _last(self, place: ResolvedPath) -> Name:
        """A name that the call takes away. The kernel does not cross a mount on it, so the inode is the one below."""
        found = self.name(place, removed=True)
        mount = self.file_system.mount(place.path)
        if mount is None or mount.point != place.path or place.path == "/":
            return found
        folder = self.name(self.file_system.at(parent(place.path)))
        hidden = ("hidden", found.dentry)
        return replace(found, identity=hidden, ancestry=(hidden, *folder.ancestry), entry=None, location=None)

    def _walk(self, path: str, *, follow: bool = True) -> ResolvedPath:
        permits = self.permits
        return self.file_system.walk(
            path, follow=follow, searches=None if permits is None else lambda folder: permits(folder, SEARCH)
        )

    def name(self, place: ResolvedPath, *, removed: bool = False, made: bool = False) -> Name:
        """The name of a resolved path, even if nothing is there."""
        mount = self.file_system.mount(place.path)
        return Name(
            place.full_path,
            self.file_system.identity(place),
            tuple(self.file_system.ancestry(place)),
            place.entry,
            self.file_system.location(place.path),
            mount.magic if mount else None,
            None
            if place.unresolved
            else (self.file_system.identity(self.file_system.at(parent(place.path))), name(place.path)),
            removed=removed,
            made=made,
            known=place.entry is not None,
        )

    def _existing_name(self, place: ResolvedPath) -> Name:
        return unreached(place.full_path) if place.missing else self.name(place)

    def _folder_name(self, place: ResolvedPath) -> Iterator[Name]:
        yield unreached(place.full_path) if place.unresolved else self.name(self.file_system.at(parent(place.path)))

    def _created_name(self, place: ResolvedPath, kind: str) -> Name:
        entry = Entry(kind, dev=self._entry(parent(place.path)).dev)
        return replace(self.name(place, made=True), entry=entry, known=True)

    def _renamed(self, source: ResolvedPath, target: ResolvedPath) -> Iterator[Name]:
        """A rename's names. The compiled kernel collects the second argument first."""
        yield unreached(target.full_path) if source.unresolved else next(self._folder_name(target))
        yield from self._folder_name(source)
        same = not target.missing and self.file_system.identity(source) == self.file_system.identity(target)
        if source.missing or target.unresolved or same or self._mount(source) != self._mount(target):
            return
        moved = self._last(source)
        yield moved
        if self.permits is not None and not self.permits(self._entry(parent(source.path)), SEARCH | WRITE):
            return  # refused before the other name is collected
        there = self.name(target, made=target.missing)
        if not target.missing:
            yield there
        yield replace(
            there,
            identity=moved.identity,
            entry=moved.entry,
            ancestry=(moved.identity, *there.ancestry[1:]),
            made=True,
            known=True,
        )

    def _exchanged(self, source: ResolvedPath, target: ResolvedPath) -> Iterator[Name]:
        names = tuple(islice(self._renamed(source, target), 3))
        yield from names[:2]
        if len(names) == 2 or target.missing:  # noqa: PLR2004 - both directories
            return
        (moved,), there = names[2:], self._last(target)
        yield from (moved, there)
        yield replace(there, identity=moved.identity, entry=moved.entry, removed=False, made=True)
        yield replace(moved, identity=there.identity, entry=there.entry, removed=False, made=True)

    def _linked(self, source: ResolvedPath, target: ResolvedPath) -> Iterator[Name]:
        found = self._existing_name(source)
        if source.missing:  # so that the kernel does not look at the directory
            yield from (unreached(target.full_path), found)
            return
        yield from self._folder_name(target)
        yield found
        possible = target.missing and not target.unresolved
        if possible and self._mount(source) == self._mount(target):
            yield replace(self.name(target, made=True), identity=found.identity, entry=found.entry, known=True)

    def _mount(self, place: ResolvedPath) -> Mount | None:
        return self.file_system.mount(parent(place.path))

    def _entry(self, path: str) -> Entry:
        return self.file_system.at(path).entry or Entry("dir")

    def _executed(self, path: str, *, is_open: bool) -> Iterator[Name]:
        place = self._walk(path)
        yield self._existing_name(place)
        if self.twice and not place.missing:
            yield self.opened or self._existing_name(self._walk(path, follow=False))
        for interpreter in self.interpreters(place):
            if is_open and not _is_loader(interpreter.path):
                return  # BINPRM_FLAGS_PATH_INACCESSIBLE of fs/binfmt_script.c and fs/binfmt_misc.c
            yield self._existing_name(interpreter)

    def interpreters(self, place: ResolvedPath) -> Iterator[ResolvedPath]:
        """The interpreters that run a program: a script's, that one's if it is a script, and the last one's loader."""
        for _ in range(MOST_INTERPRETERS):
            interpreter = place.entry.interpreter if place.entry else None
            if not interpreter or not interpreter.startswith("/"):
                return
            place = self._walk(interpreter)
            yield place


def program(collector: AuditNamesCollector, path: str) -> ResolvedPath:
    """The program that a task has after an execution: for a script its interpreter, but never a loader."""
    place = collector.file_system.walk(path)
    for interpreter in collector.interpreters(place):
        if not _is_loader(interpreter.path):
            place = interpreter
    return place


def _is_loader(path: str) -> bool:
    """Whether a path is named like a dynamic loader, the only interpreter that a binary program has."""
    return name(path).startswith("ld") and ".so" in name(path)

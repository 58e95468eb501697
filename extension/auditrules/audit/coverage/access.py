"""An access as the kernel's filters see it: a system call, the names that it uses, their inodes, and its caller."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import zip_longest

from auditrules.audit.filesystem.path_walk import Identity
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import Permission
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of the task that makes an access, as they are when the call ends. None: any, or not known.

    Ids are unsigned and below 2**32, as the kernel compares them; an unset auid or session is 4294967295. `groups` are
    the supplementary ones. `exe` is the inode of the program that the task runs.
    """

    auid: int | None = None
    uid: int | None = None
    euid: int | None = None
    suid: int | None = None
    fsuid: int | None = None
    gid: int | None = None
    egid: int | None = None
    sgid: int | None = None
    fsgid: int | None = None
    groups: frozenset[int] | None = None
    pid: int | None = None
    ppid: int | None = None
    sessionid: int | None = None
    pers: int | None = None
    exe: Identity | None = None


ANYBODY = Credentials()

REMOVING = frozenset({"rmdir", "unlinkat"})  # the calls that can remove a directory
RENAMING = frozenset({"rename", "renameat", "renameat2"})  # the calls that can replace an empty directory


@dataclass(frozen=True, slots=True)
class Name:
    """One name that a call uses, with its inode: an `audit_names` of the kernel, which becomes a PATH record.

    `ancestry` are the inode and the directories above it in its file system, empty if the kernel found no inode.
    `dentry` is the name itself: the directory's inode and the last name. If the call succeeds, a `removed` name is
    taken away, and a `made` name is given this inode. `known` is false if the inode can't be told. `named` is false for
    an open file that the call gets by a descriptor. `late` are the mount points at and above it that may be younger
    than the rules; the rule set fills them in.
    """

    path: str
    identity: Identity | None
    ancestry: tuple[Identity, ...] = ()
    entry: Entry | None = None
    location: tuple[str, str] | None = None  # device, and path in its file system
    magic: int | None = None  # of its file system's superblock
    dentry: Hashable = None
    removed: bool = False
    made: bool = False
    known: bool = True
    named: bool = True
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """One system call on a file.

    `arch` is the AUDIT_ARCH_* number; `permissions` are those as which the call counts in a perm field; `names` are in
    the kernel's order. `result` is the return value (an error is negative); `succeeded` is None if the call may succeed
    or fail. `arguments` are the first four, None if not known. `forker` is the task that forked this one; `early`: the
    fork was before the rules were loaded; `context`: auditing had been enabled by then. A `reported` call makes the
    kernel write a record of its own, with the whole event, unless a rule says never: such as a hard link refused by
    fs.protected_hardlinks (AUDIT_ANOM_LINK). An `unfinished` call has no result yet: it has made some names, and is
    about to take one away.
    """

    call: str
    number: int
    arch: int
    permissions: Permission
    names: tuple[Name, ...]
    subject: Credentials = ANYBODY
    forker: Credentials = ANYBODY
    result: int | None = None
    succeeded: bool | None = None
    arguments: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    early: bool = False
    context: bool = True
    reported: bool = False
    unfinished: bool = False

    def on(self, names: tuple[Name, ...], subject: Credentials | None = None, *, unfinished: bool = False) -> Access:
        """The same call on these names, by this subject if one is given. Far cheaper than `dataclasses.replace`."""
        return Access(
            *(self.call, self.number, self.arch, self.permissions, names, subject or self.subject, self.forker),
            *(self.result, self.succeeded, self.arguments, self.early, self.context, self.reported, unfinished),
        )

    @property
    def removed_folders(self) -> tuple[Name, ...]:
        """The directories that a successful call deletes: it removes them, or renames another to their name."""
        if self.call in REMOVING:
            return tuple(each for each in self.names if each.removed)
        if self.call not in RENAMING:
            return ()
        made = {each.dentry for each in self.names if each.made}
        there = (each for each in self.names if not each.made and not each.removed and each.dentry in made)
        return tuple(each for each in there if each.entry is not None and each.entry.type == "dir")

    @property
    def rebound(self) -> Mapping[Hashable, Identity | None]:
        """The new inode of each name that the call has removed or made (None: none), which watches on it follow."""
        return {} if self.succeeded is False else rebound(self.names, unfinished=self.unfinished)


def rebound(names: Iterable[Name], *, unfinished: bool = False) -> Mapping[Hashable, Identity | None]:
    """The new inode, by dentry, of each name that a call removes or makes; None: none. Watches follow it.

    The kernel takes a name away, then makes one; an exchange does both once more, the other way round (fsnotify_move of
    vfs_rename in fs/namei.c). An unfinished call has not yet taken away the next name.
    """
    removed = [each.dentry for each in names if each.removed]
    made = [each for each in names if each.made and each.dentry is not None]
    found: dict[Hashable, Identity | None] = {}
    for taken, new in zip_longest(removed[: len(made)] if unfinished else removed, made):
        if taken is not None:
            found[taken] = None
        if new is not None:
            found[new.dentry] = new.identity
    return found

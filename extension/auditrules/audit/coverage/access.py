"""An access as the kernel's filters see it: a system call, the names that it used, their inodes, and who made it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import zip_longest

from auditrules.audit.filesystem.path_walk import Identity
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import Permission
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who makes an access, with the credentials that the task has when the call ends. None: any, or not known.

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
RENAMING = frozenset({"rename", "renameat", "renameat2"})  # those that can put another in place of an empty one


@dataclass(frozen=True, slots=True)
class Name:
    """One name that a call used, with its inode: an `audit_names` of the kernel, of which each becomes a PATH record.

    `ancestry` are the inode and the directories above it in its file system, empty where no inode was reached.
    `dentry` is the name itself, as the directory's inode and the last name. `removed` says that the call takes the name
    away, `made` that it puts its inode there, both where it succeeds. `known` is false for a name of which nobody can
    tell the inode, `named` for an open file, which the call got by its descriptor. `late` are the mount points at and
    above it of which it is not known whether they were there when the rules were loaded: who has the rules fills it in.
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

    `arch` is the AUDIT_ARCH_* number, `permissions` what the call counts as in a perm field, `names` in the kernel's
    order. `result` is what it returns (an error as a negative number) and `succeeded` whether it did what it was asked,
    None where both may be. `arguments` are the first four, None where not known. `forker` is the one who forked the
    task, `early` says that this was before the rules were loaded, `context` that auditing had been enabled by then.
    `reported` calls make a record of their own, with which comes the whole event unless a rule says never: a hard link
    refused by fs.protected_hardlinks does (AUDIT_ANOM_LINK). An `unfinished` call has no result yet: it is about to
    take a name away, after the names that it has made so far.
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
        """The directories that are no more once the call has succeeded: removed, or replaced by one of another name."""
        if self.call in REMOVING:
            return tuple(each for each in self.names if each.removed)
        if self.call not in RENAMING:
            return ()
        made = {each.dentry for each in self.names if each.made}
        there = (each for each in self.names if not each.made and not each.removed and each.dentry in made)
        return tuple(each for each in there if each.entry is not None and each.entry.type == "dir")

    @property
    def rebound(self) -> Mapping[Hashable, Identity | None]:
        """The inodes that watches on the names follow which the call has taken away or made; None: no inode."""
        return {} if self.succeeded is False else rebound(self.names, unfinished=self.unfinished)


def rebound(names: Iterable[Name], *, unfinished: bool = False) -> Mapping[Hashable, Identity | None]:
    """The inodes that watches on names follow which a call takes away or makes; None: no inode.

    The kernel takes a name away, then makes one, and in an exchange does so once more, the other way round
    (fsnotify_move of vfs_rename in fs/namei.c). An unfinished call has not yet taken away the next name.
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

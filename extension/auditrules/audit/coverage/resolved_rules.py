"""A rule with the objects that it watches on one host: the inode of a `path=`, the marked inodes of a `dir=`."""

from __future__ import annotations

from collections.abc import Hashable

from auditrules.audit.coverage.access import Name
from auditrules.audit.filesystem.path_walk import Identity, ResolvedPath, above, below
from auditrules.audit.model.rule import FilterList, Rule
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class Watch:
    """One name and the inode behind it: the object of `path=` and `exe=`.

    `dentry` is the name itself (directory and last name). When a file is replaced, the rules on its dentry change their
    order; `replaced` says whether that happened since they were loaded, None if that is not known. `known` is false if
    the inode could not be looked up. `late`: the directory's file system may have been mounted after the rules were
    loaded. `moved`: the path may have led to another directory then; `sign` is the evidence for this. If rules spell
    one name in several ways, only the rule that was loaded last `follows` the name; the others stay at `was`, the inode
    at the time of the load (audit_update_watch updates only one).
    """

    path: str
    identity: Identity | None = None
    dentry: Hashable = None
    replaced: bool | None = None
    known: bool = True
    late: bool = False
    moved: bool = False
    sign: str = ""
    link: bool = False  # the name is a symbolic link, which is not followed
    leads: ResolvedPath | None = None  # where the path leads if such a link is followed
    was: Identity | None = None
    follows: bool = True


@dataclass(frozen=True, slots=True)
class WatchedTree:
    """A directory with all below it: the object of `dir=`.

    `marked` is the inode that carries the mark, `mounts` the parts of file systems (device, root) below it that carry
    it too. Mounts that may be younger than the rule are not among them: they come and go while the rule stays, so names
    on them carry them in `Name.late`. `all_late`, `moved` and `sign` are as in `Watch`.
    """

    path: str
    folder: str = ""  # where the path leads
    marked: Identity | None = None
    mounts: frozenset[tuple[str, str]] = frozenset()
    known: bool = True
    all_late: bool = False
    moved: bool = False
    sign: str = ""
    link: bool = False
    leads: ResolvedPath | None = None

    def contains(self, used: Name) -> bool | None:
        """Whether a name is the directory or below it; None if that depends on when a file system was mounted."""
        inside = self.marked in used.ancestry or (bool(self.mounts) and self._on_part(used.location))
        if inside:
            return None if self.all_late else True
        return None if self.folder and any(below(point, self.folder) for point in used.late) else False

    def may_contain(self, used: Name) -> bool:
        """Whether a name may be the directory or below it."""
        return not self.known or not used.known or self.contains(used) is not False

    def _on_part(self, location: tuple[str, str] | None) -> bool:
        return location is not None and any((location[0], each) in self.mounts for each in above(location[1]))


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """A rule with the objects that it watches on this host, and its place in the order of evaluation (from 0)."""

    rule: Rule
    order: int
    watch: Watch | None = None
    tree: WatchedTree | None = None
    exe: Watch | None = None
    inode: int | None = None  # of inode=N
    # Whether a security label may match: any may if the security module is not known. None: only AppArmor's may.
    labelled: bool | None = False

    @property
    def by_inode(self) -> bool:
        """Whether the kernel keeps the rule at an inode, not in its filter list (audit_to_inode)."""
        return self.watch is not None or self.inode is not None

    @property
    def filters_syscalls(self) -> bool:
        """Whether the kernel looks at the rule when a system call ends.

        Rules on inodes are in one store, whatever their list: those of the io_uring list filter all calls, by the
        numbers of system calls (audit_filter_inodes).
        """
        of_io_uring = self.rule.list is FilterList.IO_URING and self.by_inode
        return self.rule.list is FilterList.EXIT or of_io_uring

    @property
    def signs(self) -> tuple[str, ...]:
        """The evidence that the rule may be on other objects than those to which its paths lead now."""
        return tuple(each.sign for each in (self.watch, self.tree, self.exe) if each and each.sign)

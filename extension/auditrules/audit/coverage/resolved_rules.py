"""Rules with what they watch on this host: the inode that a `path=` rule follows, the inodes that a `dir=` rule marked.

The kernel resolves a path when it takes the rule, and follows changes since (kernel/audit_watch.c, audit_tree.c,
audit_fsnotify.c). Where the file system at that time is not known, it is taken to have been as it is now.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property

from auditrules.audit.coverage.access import Name
from auditrules.audit.coverage.history import History
from auditrules.audit.filesystem.path_walk import FileSystem, Identity, ResolvedPath, above, below, name, parent
from auditrules.audit.filesystem.sandbox import NO_SANDBOX, Sandbox
from auditrules.audit.model.host_facts import Facts, Mount, RulesLoad
from auditrules.audit.model.rule import PATH_OR_DIR, Field, Operator, Rule
from auditrules.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Watch:
    """One name and the inode behind it: what `path=` and `exe=` mean.

    `dentry` is the name itself, as directory and last name: rules on one dentry change their order when the file is
    replaced. `replaced` says whether that happened since the rules were loaded, None where that is not known.
    `known` is false where the inode could not be looked at, `late` where the directory is on a file system of which it
    is not known that it was mounted before the rules were loaded, `moved` where the path may have led to another one
    then; `sign` says by what that shows. Of several spellings of one name only the one that
    was loaded last `follows` it; the others stay with the inode that was there, `was` (audit_update_watch updates one).
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
    leads: ResolvedPath | None = None  # where the path leads, such a link followed
    was: Identity | None = None
    follows: bool = True


@dataclass(frozen=True, slots=True)
class WatchedTree:
    """A directory with all below it: what `dir=` means.

    `marked` are the inodes that carry the mark, `mounts` the parts of file systems (device, root) below it that do.
    Mounts of which it is not known whether they were there when the rule was loaded are told by names that are on them:
    they come and go while the rule stays. `all_late`, `moved` and `sign` are as in `Watch`.
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

    def contains(self, touched: Name) -> bool | None:
        """Whether a name is the directory or below it; None where that depends on when a file system was mounted."""
        inside = self.marked in touched.ancestry or (bool(self.mounts) and self._on_part(touched.location))
        if inside:
            return None if self.all_late else True
        return None if self.folder and any(below(point, self.folder) for point in touched.late) else False

    def may_contain(self, touched: Name) -> bool:
        """Whether a name may be the directory or below it."""
        return not self.known or not touched.known or self.contains(touched) is not False

    def _on_part(self, location: tuple[str, str] | None) -> bool:
        return location is not None and any((location[0], each) in self.mounts for each in above(location[1]))


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """A rule with what it watches on this host, and its place in the order of evaluation (the first is 0)."""

    rule: Rule
    order: int
    watch: Watch | None = None
    tree: WatchedTree | None = None
    exe: Watch | None = None
    inode: int | None = None  # of inode=N
    # Whether a security label may match: on a kernel whose security module is not known any may. None: AppArmor's only.
    labelled: bool | None = False

    @property
    def by_inode(self) -> bool:
        """Whether the kernel keeps it with its inode, and not in the list of its own (audit_to_inode)."""
        return self.watch is not None or self.inode is not None

    @property
    def signs(self) -> tuple[str, ...]:
        """By what it shows that the rule may be on something else than what its paths lead to now."""
        return tuple(each.sign for each in (self.watch, self.tree, self.exe) if each and each.sign)


def _left_behind(resolved: ResolvedRule, following: Mapping[Hashable, str]) -> ResolvedRule:
    """The rule, with a watch that does not follow its name where another spelling of it does."""
    watch = resolved.watch
    if watch is None or following.get(watch.dentry, watch.path) == watch.path:
        return resolved
    stays = watch.was if watch.replaced else watch.identity
    return replace(resolved, watch=replace(watch, identity=stays, follows=False))


class RuleResolver:
    """Finds what rules watch, in a file system as it is and, where that is known, as it was when they were loaded.

    `fresh` says that they are loaded into this very file system, so that no file was replaced since. `sandbox` is what
    who loads them at boot sees otherwise: unless they are `fresh`, others may have loaded them, too. `history` has the
    signs of what changed since they were loaded.
    """

    def __init__(
        self,
        now: FileSystem,
        at_load: Facts | None = None,
        *,
        fresh: bool = False,
        sandbox: Sandbox = NO_SANDBOX,
        history: History | None = None,
    ) -> None:
        self._now = now
        self._fresh = fresh
        self._sandbox = sandbox
        self._then = FileSystem(at_load) if at_load is not None else now
        self._remembered = at_load is not None
        self._history = history or History(now, RulesLoad())
        self._folders: dict[str, ResolvedPath] = {}
        lsm = now.facts.lsm
        self.labelled = lsm is None or bool({"selinux", "smack"} & {*lsm}) or ("apparmor" in lsm and None)

    def rules(self, rules: Iterable[Rule]) -> tuple[ResolvedRule, ...]:
        """The rules in their order, each with what it watches."""
        resolved = [self.rule(rule, order) for order, rule in enumerate(rules)]
        following = {
            each.watch.dentry: each.watch.path for each in resolved if each.watch and each.watch.dentry is not None
        }
        return tuple(_left_behind(each, following) for each in resolved)

    def rule(self, rule: Rule, order: int) -> ResolvedRule:
        """One rule with what it watches."""
        resolved = ResolvedRule(rule, order, labelled=self.labelled)
        for condition in rule.fields:
            if not isinstance(condition, Field):
                continue
            if condition.name in ("path", PATH_OR_DIR) and isinstance(condition.value, str):
                if condition.name == PATH_OR_DIR and self._is_dir(condition.value):
                    resolved = replace(resolved, tree=self.tree(condition.value))
                else:
                    resolved = replace(resolved, watch=self.watch(condition.value))
            elif condition.name == "dir" and isinstance(condition.value, str):
                resolved = replace(resolved, tree=self.tree(condition.value))
            elif condition.name == "exe" and isinstance(condition.value, str):
                resolved = replace(resolved, exe=self.watch(condition.value))
            elif condition.name == "inode" and condition.operator is Operator.EQUAL:
                resolved = replace(resolved, inode=int(condition.value))
        return resolved

    def _folder(self, path: str) -> ResolvedPath:
        """Where a folder of watched names led to when the rules were loaded: hundreds are in a few."""
        if path not in self._folders:
            self._folders[path] = self._then.walk(path)
        return self._folders[path]

    def _is_dir(self, path: str) -> bool:
        place = self._then.walk(path)
        return place.entry is not None and place.entry.type == "dir" and not place.missing

    def watch(self, path: str) -> Watch:
        """What a rule on a path follows: the last name in the inode that its directory had."""
        folder, last = self._folder(parent(path)), name(path)
        if folder.entry is None:
            return Watch(path, known=False)
        if folder.type != "dir" or self._unseen(folder):
            return Watch(path, ("gone", path))  # whatever it follows, it is not at that path
        inode = self._then.identity(folder)
        dentry = (inode, last)
        here = self._now.walk(parent(path)) if self._remembered else folder
        if self._remembered and (here.missing or self._now.identity(here) != inode):
            found = self._now.with_inode(inode)
            if found is None:
                return Watch(path, ("elsewhere", *dentry), dentry)
            here = found
        place = self._now.at(f"{here.path.rstrip('/')}/{last}")
        mount = self._now.mount(place.path)
        if mount is not None and mount.point == place.path:
            return Watch(path, ("hidden", dentry), dentry)  # the kernel does not cross a mount on the last name
        if place.entry is None:
            return Watch(path, None, dentry, known=False)
        before = self._then.at(f"{folder.path.rstrip('/')}/{last}") if self._remembered else place
        identity = self._now.identity(place)
        replaced: bool | None = None
        if self._fresh or (self._remembered and before.entry):
            replaced = identity != self._then.identity(before)
        link = place.entry.type == "link"
        # Where nothing is followed, a path leads to the name itself.
        leads = self._now.walk(path) if link or self._remembered or path.endswith("/") else place
        was = self._then.identity(before) if self._remembered else identity
        late, moved = self._late(here.path), self._history.replaced(parent(path))
        return Watch(
            path,
            identity,
            dentry,
            replaced,
            late=late is not None,
            moved=bool(moved),
            sign=moved or late or "",
            link=link,
            leads=leads,
            was=was,
        )

    def tree(self, path: str) -> WatchedTree:
        """What a rule on a directory marked."""
        place = self._then.walk(path, follow=False)
        if place.entry is None:
            return WatchedTree(path, known=False)
        if place.missing or self._unseen(place):
            return WatchedTree(path, place.path, ("gone", path))
        below_it = self._then.mounts_below(place.path)
        late, moved = self._late(place.path), self._history.replaced(path, follow=False)
        return WatchedTree(
            path,
            place.path,
            self._then.identity(place),
            frozenset((each.dev, each.root) for each in below_it if self._there(each)),
            all_late=late is not None,
            moved=bool(moved),
            sign=moved or late or "",
            link=place.entry.type == "link",
            leads=self._now.walk(path),
        )

    @cached_property
    def late_points(self) -> frozenset[str]:
        """Mount points that may or may not have been marked with a directory: only auditctl -q can tell the kernel."""
        if not self._remembered:
            return frozenset(each.point for each in self._now.mounts_below("/") if not self._there(each))
        known = {(each.dev, each.root, each.point) for each in self._then.mounts_below("/")}
        new = self._now.mounts_below("/")
        return frozenset(each.point for each in new if (each.dev, each.root, each.point) not in known)

    def _there(self, mount: Mount) -> bool:
        """Whether a mount was there when the rules were loaded."""
        return self._remembered or self._history.was_there(mount)

    def _unseen(self, place: ResolvedPath) -> bool:
        """Whether what loads the rules certainly sees another directory in place of this one."""
        return self._fresh and self._sandbox.hides(place.path) is True

    def _late(self, path: str) -> str | None:
        """The sign that a path is on a file system that may not have been there when the rules were loaded, or None."""
        if self._sandbox.hides(path) is not False:
            return ""  # which is told by itself
        if self._remembered:
            return None
        return ("" if self._fresh else self._history.gone(path)) or self._history.late(path) or None

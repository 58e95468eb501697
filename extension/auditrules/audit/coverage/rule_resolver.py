"""Resolves rules on a host: finds the inode that a `path=` rule follows, and those that a `dir=` rule marks.

The kernel resolves a path when it accepts the rule, and then follows changes (kernel/audit_watch.c, audit_tree.c,
audit_fsnotify.c). If the file system at that time is not known, it is assumed to have been as it is now.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property

from auditrules.audit.coverage.history import History
from auditrules.audit.coverage.resolved_rules import ResolvedRule, Watch, WatchedTree
from auditrules.audit.filesystem.path_walk import FileSystem, ResolvedPath, name, parent
from auditrules.audit.filesystem.sandbox import NO_SANDBOX, Sandbox
from auditrules.audit.model.host_facts import Facts, Mount, RulesLoad
from auditrules.audit.model.rule import PATH_OR_DIR, Action, Field, FilterList, Operator, Rule
from auditrules.values import replace


def _left_behind(resolved: ResolvedRule, following: Mapping[Hashable, str]) -> ResolvedRule:
    """The rule, with a watch that stays at its old inode if another spelling of its name follows the name."""
    watch = resolved.watch
    if watch is None or following.get(watch.dentry, watch.path) == watch.path:
        return resolved
    stays = watch.was if watch.replaced else watch.identity
    return replace(resolved, watch=replace(watch, identity=stays, follows=False))


def _placed(resolved: ResolvedRule, count: int) -> ResolvedRule:
    """The rule at its place in the order of all `count` rules.

    Which rules of the exit list come before one of the io_uring list is not known, as the kernel lists one list after
    the other. A never rule is taken to come before them all, and an always rule after them all.
    """
    if resolved.rule.list is FilterList.EXIT or not resolved.filters_syscalls:
        return resolved
    first = resolved.rule.action is Action.NEVER
    return replace(resolved, order=resolved.order - count if first else resolved.order + count)


class RuleResolver:
    """Resolves rules in a file system as it is now and, if that is known, as it was `at_load`.

    `fresh`: the rules are loaded into this very file system, so no file was replaced since. `sandbox` are the
    directories that differ for the program that loads rules at boot; unless the rules are `fresh`, another program may
    have loaded them. `history` has the signs of changes since the load.
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
        """Resolve rules, which are in the order of evaluation."""
        resolved = [self.rule(rule, order) for order, rule in enumerate(rules)]
        following = {
            each.watch.dentry: each.watch.path for each in resolved if each.watch and each.watch.dentry is not None
        }
        return tuple(_placed(_left_behind(each, following), len(resolved)) for each in resolved)

    def rule(self, rule: Rule, order: int) -> ResolvedRule:
        """Resolve one rule."""
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
        """Where a folder of watched names led when the rules were loaded. Hundreds of rules share a few folders."""
        if path not in self._folders:
            self._folders[path] = self._then.walk(path)
        return self._folders[path]

    def _is_dir(self, path: str) -> bool:
        place = self._then.walk(path)
        return place.entry is not None and place.entry.type == "dir" and not place.missing

    def watch(self, path: str) -> Watch:
        """The object of a rule on a path: its last name in the directory to which the path led at the load."""
        folder, last = self._folder(parent(path)), name(path)
        if folder.entry is None:
            return Watch(path, known=False)
        if folder.type != "dir" or self._unseen(folder):
            return Watch(path, ("gone", path))  # it may follow something, but nothing at that path
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
        # Without a link at its end, a path leads to the name itself.
        leads = self._now.walk(path) if link or self._remembered or path.endswith("/") else place
        was = self._then.identity(before) if self._remembered else identity
        late, moved = self._late(here.path), self._moved(parent(path))
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
        """The object of a rule on a directory: the inodes that it marks."""
        place = self._then.walk(path, follow=False)
        if place.entry is None:
            return WatchedTree(path, known=False)
        if place.missing or self._unseen(place):
            return WatchedTree(path, place.path, ("gone", path))
        below_it = self._then.mounts_below(place.path)
        late, moved = self._late(place.path), self._moved(path, follow=False)
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
        """Mount points that may be younger than the rules, so that a directory's mark may not reach into them."""
        if not self._remembered:
            return frozenset(each.point for each in self._now.mounts_below("/") if not self._there(each))
        known = {(each.dev, each.root, each.point) for each in self._then.mounts_below("/")}
        new = self._now.mounts_below("/")
        return frozenset(each.point for each in new if (each.dev, each.root, each.point) not in known)

    def _there(self, mount: Mount) -> bool:
        """Whether a mount certainly existed when the rules were loaded."""
        return self._remembered or self._history.certainly_mounted(mount)

    def _unseen(self, place: ResolvedPath) -> bool:
        """Whether the program that loads the rules certainly sees another directory at this path."""
        return self._fresh and self._sandbox.hides(place.path) is True

    def _moved(self, path: str, *, follow: bool = True) -> str:
        """The sign that a path led elsewhere when the rules were loaded."""
        return "" if self._fresh else self._history.sign_of_replacement(path, follow=follow)

    def _late(self, path: str) -> str | None:
        """The sign that a path's file system may have been mounted after the load; None if it certainly was not."""
        if self._sandbox.hides(path) is not False:
            return ""  # a remark of the rule set says so
        if self._remembered:
            return None
        return (
            ("" if self._fresh else self._history.sign_of_missing_mount(path))
            or self._history.sign_of_late_mount(path)
            or None
        )

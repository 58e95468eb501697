"""Looks up rules by the names that a call uses: rules at an inode, and `dir=` rules around it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from auditrules.audit.coverage.access import Access, Name, rebound
from auditrules.audit.coverage.audit_names import unreached
from auditrules.audit.coverage.match_result import compare
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.filesystem.path_walk import Identity, above
from auditrules.audit.model.rule import Action, Field, FilterList
from auditrules.values import dataclass, replace

Buckets = tuple[tuple[Name, Sequence[ResolvedRule]], ...]  # names, each with the rules that the kernel has at its inode


@dataclass(frozen=True, slots=True)
class NameRules:
    """The rules on the names that a call uses.

    `names` are those that the kernel collects; `trees` are the dir= rules around them; `on` are the rules at their
    inodes. Each time that the call takes a watched name away, the kernel evaluates the rules at the inodes of the names
    so far: these are the `removals`.
    """

    names: tuple[Name, ...]
    trees: tuple[ResolvedRule, ...]
    on: Buckets
    removals: tuple[tuple[tuple[Name, ...], Buckets], ...] = ()


class RulesOnNames:
    """An index of a kernel's rules on a path or an inode; `late` are mount points that may be younger than them."""

    def __init__(self, resolved: tuple[ResolvedRule, ...], late: frozenset[str]) -> None:
        self._resolved = resolved
        self._exit = tuple(in_order([each for each in resolved if each.filters_syscalls]))
        self._late = late

    def with_late_mounts(self, names: Iterable[Name]) -> tuple[Name, ...]:
        """The names, each with the mount points above it that may be younger than the rules."""
        return tuple(map(self._with_late_mounts, names) if self._late else names)

    def _with_late_mounts(self, name: Name) -> Name:
        late = tuple(point for point in above(name.path) if point in self._late)
        return name if late == name.late else replace(name, late=late)

    def rules_on_names(self, names: Iterable[Name], *, succeeds: bool) -> NameRules:
        """The rules on the names that a call uses; `succeeds` says whether it succeeds or may succeed."""
        seen = self.with_late_mounts(self._collected(names) if self.hidden else names)
        if not succeeds:
            return NameRules(seen, self._around(seen), self._on(seen, ()))
        return NameRules(seen, self._around(seen), self._on(seen, rebound(seen)), tuple(self._removals(seen)))

    def _removals(self, names: Sequence[Name]) -> Iterator[tuple[tuple[Name, ...], Buckets]]:
        """Each moment at which a call takes a watched name away: the names so far, and the rules on them."""
        made = [each for each in names if each.made]
        for number, removed in enumerate(each for each in names if each.removed):
            if self.follows(removed.dentry):
                so_far = tuple(each for each in names if not each.made or each in made[:number])
                if on := self._on(so_far, rebound(so_far, unfinished=True)):
                    yield so_far, on

    def _collected(self, names: Iterable[Name]) -> Iterator[Name]:
        """The names that remain after the filesystem list.

        A hidden one stays as a name without an inode if the call named it; an open file does not stay (__audit_inode of
        kernel/auditsc.c).
        """
        for name in names:
            if name.magic is None and name.identity is not None:
                yield replace(name, known=False)
            elif not self.hides(name):
                yield name
            elif name.named:
                yield unreached(name.path)

    def _around(self, names: Iterable[Name]) -> tuple[ResolvedRule, ...]:
        """The dir= rules that contain one of the names, or may, in the order of evaluation."""
        unsure = self._all_trees if any(name.late for name in names) else self._spread
        found = [each for each in unsure if each.tree and any(map(each.tree.may_contain, names))]
        if self._trees:
            for identity in {identity for name in names for identity in name.ancestry}:
                found += self._trees.get(identity, ())
        return in_order(found)

    def _on(self, names: Iterable[Name], dentries: Collection[Hashable]) -> Buckets:
        """The rules at the inode of each name, in the order of evaluation.

        They include rules on the `dentries` of names that the call makes, which may not match.
        """
        moved = [resolved for dentry in dentries for resolved in self._dentries.get(dentry, ())]
        buckets = ((name, self._with_inode(name, moved)) for name in names)
        return tuple((name, rules) for name, rules in buckets if rules)

    def _with_inode(self, name: Name, moved: Sequence[ResolvedRule]) -> Sequence[ResolvedRule]:
        if not name.known:
            return self._by_inode
        found = [*self._watches.get(name.identity, ()), *self._unknown, *moved]
        if name.entry is not None and name.identity is not None:
            found += self._numbers.get(name.entry.ino, ())
        return in_order(found)

    def hides(self, name: Name) -> bool:
        """Whether a rule of the filesystem list hides a name from the other lists."""
        return name.magic is not None and any(compare(name.magic, each) for each in self.hidden)

    @cached_property
    def hidden(self) -> tuple[Field, ...]:
        """The fstype fields of the filesystem list's never rules; each field of a rule counts by itself."""
        rules = (each.rule for each in self._resolved if each.rule.list is FilterList.FILESYSTEM)
        fields = (field for rule in rules if rule.action is Action.NEVER for field in rule.fields)
        return tuple(field for field in fields if isinstance(field, Field) and field.name == "fstype")

    @cached_property
    def _trees(self) -> Mapping[Identity, list[ResolvedRule]]:
        found: dict[Identity, list[ResolvedRule]] = {}
        for each in self._exit:
            if each.tree and each.tree.known:
                found.setdefault(each.tree.marked, []).append(each)
        return found

    @cached_property
    def _spread(self) -> tuple[ResolvedRule, ...]:
        """The dir= rules over more than one file system, or whose directory could not be looked up."""
        trees = [(each, each.tree) for each in self._all_trees if each.tree]
        return tuple(each for each, tree in trees if tree.mounts or tree.all_late or not tree.known)

    @cached_property
    def _all_trees(self) -> tuple[ResolvedRule, ...]:
        return tuple(each for each in self._exit if each.tree)

    @cached_property
    def _by_inode(self) -> tuple[ResolvedRule, ...]:
        return tuple(each for each in self._exit if each.by_inode)

    @cached_property
    def _watches(self) -> Mapping[Identity, list[ResolvedRule]]:
        found: dict[Identity, list[ResolvedRule]] = {}
        for each in self._by_inode:
            if each.watch and each.watch.known:
                found.setdefault(each.watch.identity, []).append(each)
        return found

    def follows(self, dentry: Hashable) -> bool:
        """Whether a rule watches a name, with any inode."""
        return dentry is not None and dentry in self._dentries

    def loses_rule(self, access: Access) -> bool:
        """Whether the kernel drops a rule if the call succeeds; it then writes a record of its own.

        It drops a dir= rule with its directory, and a watch if the directory of its name is removed or renamed
        (audit_tree_freeing_mark of kernel/audit_tree.c, audit_watch_handle_event of kernel/audit_watch.c).
        """
        if any(each.identity in self._trees for each in access.removed_folders):
            return True
        left = (*access.removed_folders, *(each for each in access.names if each.removed))
        folders = (each for each in left if each.entry is not None and each.entry.type == "dir")
        return any(each.identity in self._folders for each in folders)

    @cached_property
    def _dentries(self) -> Mapping[Hashable, list[ResolvedRule]]:
        found: dict[Hashable, list[ResolvedRule]] = {}
        for each in self._by_inode:
            if each.watch and each.watch.known:
                found.setdefault(each.watch.dentry, []).append(each)
        return found

    @cached_property
    def _folders(self) -> frozenset[Identity]:
        """The directories of watched names, including programs in exe fields."""
        watches = (watch for each in self._resolved for watch in (each.watch, each.exe) if watch)
        return frozenset(watch.dentry[0] for watch in watches if isinstance(watch.dentry, tuple))

    @cached_property
    def _unknown(self) -> tuple[ResolvedRule, ...]:
        return tuple(each for each in self._by_inode if each.watch and not each.watch.known)

    @cached_property
    def _numbers(self) -> Mapping[int, list[ResolvedRule]]:
        found: dict[int, list[ResolvedRule]] = {}
        for each in self._by_inode:
            if each.inode is not None:
                found.setdefault(each.inode, []).append(each)
        return found

    @property
    def contested(self) -> bool:
        """Whether two rules are on one name: their order is reversed when the file is replaced."""
        return any(len(each) > 1 for each in self._dentries.values())


def in_order(rules: Sequence[ResolvedRule]) -> tuple[ResolvedRule, ...]:
    """Each rule once, in the order of evaluation."""
    if len(rules) < 2:  # noqa: PLR2004 - nothing to sort
        return tuple(rules)
    found = {each.order: each for each in rules}
    return tuple(found[order] for order in sorted(found))

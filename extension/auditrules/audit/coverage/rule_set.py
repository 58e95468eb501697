"""The rules of a kernel on a host, indexed by inode and system call, so that most of them are never evaluated."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count

from auditrules.audit.coverage.access import ANYBODY, Access, Name, rebound
from auditrules.audit.coverage.audit_names import unreached
from auditrules.audit.coverage.call_filter import OTHER_PROGRAM, CallFilter, SharedMatches
from auditrules.audit.coverage.credential_cases import CaseCondition, CredentialCases
from auditrules.audit.coverage.decision import CoverageStatus, Decision
from auditrules.audit.coverage.field_match import CALL_FIELDS, LABELS, REMOVING, compare, depends_on_names
from auditrules.audit.coverage.resolved_rules import ResolvedRule, RuleResolver
from auditrules.audit.coverage.result_cache import ResultCache
from auditrules.audit.filesystem.path_walk import Identity
from auditrules.audit.model.rule import Action, Field, FilterList, Operator, Permission, Rule
from auditrules.values import dataclass, replace

MOST_RESULTS = 1024  # decisions and statuses that are kept: one for each set of rules that apply to a call
MOST_CASES = 64  # sets of conditions of which the cases are remembered

COUNTED = frozenset({FilterList.TASK, FilterList.EXIT, FilterList.IO_URING})  # the lists that make the kernel look

Buckets = tuple[
    tuple[Name, Sequence[ResolvedRule]], ...
]  # names, each with the rules that the kernel keeps with its inode


@dataclass(frozen=True, slots=True)
class NameRules:
    """The rules on the names that a call uses.

    `names` are those that the kernel collects, `trees` the dir= rules around them, `on` the rules that the kernel keeps
    with their inodes. Each time that the call takes a watched name away, the kernel asks the rules that it then keeps
    with the inodes of the names so far: these are the `removals`.
    """

    names: tuple[Name, ...]
    trees: tuple[ResolvedRule, ...]
    on: Buckets
    removals: tuple[tuple[tuple[Name, ...], Buckets], ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule on a path or an inode, with the calls that it is about: quick to be passed over."""

    resolved: ResolvedRule
    mask: int
    permissions: int

    def may_match(self, access: Access) -> bool:
        """Whether it may match such a call on some file, as far as its system calls and permissions say."""
        return bool(self.mask >> access.number & 1) and bool(self.permissions & (access.permissions or _UNCLASSED))


_UNCLASSED = 1 << 4  # the bit of a call that counts as no permission, which only rules without perm match


def _permissions(rule: Rule) -> int:
    found = rule.value("perm")
    return int(found) if found is not None else _UNCLASSED | 15


def _fields(rule: Rule) -> Iterator[Field]:
    return (condition for condition in rule.fields if isinstance(condition, Field))


def _without_labels(rule: Rule) -> Rule:
    kept = (each for each in rule.fields if not (isinstance(each, Field) and each.name in LABELS))
    return replace(rule, fields=tuple(kept))


class RuleSet:
    """The rules of a kernel, placed on a host and ready to be asked. `unread` counts rules that are not understood."""

    def __init__(self, rules: Iterable[Rule], resolver: RuleResolver, unread: int = 0) -> None:
        self.resolved = resolver.rules(rules)
        self._resolver = resolver
        self.unread = unread
        self._always_on_places: dict[tuple[int, Permission], tuple[ResolvedRule, ...]] = {}
        self._filters: dict[Hashable, CallFilter] = {}
        self._matches: SharedMatches = {}
        self._fingerprints: dict[Hashable, int] = {}
        self._fingerprint = count()
        self._cases: ResultCache[CredentialCases] = ResultCache(MOST_CASES)
        self.decisions: ResultCache[Decision] = ResultCache(MOST_RESULTS)
        self.statuses: ResultCache[tuple[CoverageStatus, Decision]] = ResultCache(MOST_RESULTS)
        self.asked: ResultCache[tuple[tuple[CoverageStatus, Decision] | None]] = ResultCache(MOST_RESULTS)

    def of(self, filter_list: FilterList) -> tuple[ResolvedRule, ...]:
        """The rules of a list, in the order of evaluation."""
        return self._lists.get(filter_list, ())

    @cached_property
    def _lists(self) -> Mapping[FilterList, tuple[ResolvedRule, ...]]:
        return {name: tuple(each for each in self.resolved if each.rule.list is name) for name in FilterList}

    def hides(self, name: Name) -> bool:
        """Whether the filesystem list keeps the kernel from seeing a name."""
        return name.magic is not None and any(compare(name.magic, each) for each in self.hidden)

    @cached_property
    def hidden(self) -> tuple[Field, ...]:
        """The file systems that the filesystem list leaves out; each field of a rule counts by itself."""
        never = [each for each in self.of(FilterList.FILESYSTEM) if each.rule.action is Action.NEVER]
        fields = (field for each in never for field in each.rule.fields)
        return tuple(field for field in fields if isinstance(field, Field) and field.name == "fstype")

    @property
    def labelled(self) -> bool | None:
        """Whether a security label of a task can match at all; None: not known."""
        return self._resolver.labelled

    @cached_property
    def elsewhere(self) -> RuleSet:
        """The rules that are on no path and no inode: those that count for a file that no rule names."""
        found = RuleSet((), self._resolver, self.unread)
        found.resolved = tuple(each for each in self.resolved if not (each.by_inode or each.tree))
        return found

    @cached_property
    def unlabelled(self) -> RuleSet:
        """The rules as they count for what has none of the labels that they name; this very set if they name none.

        There always are such tasks, whatever the policy of the security module.
        """
        if not any(condition.name in LABELS for each in self.resolved for condition in _fields(each.rule)):
            return self
        found = RuleSet((), self._resolver, self.unread)
        found.resolved = tuple(
            replace(each, rule=_without_labels(each.rule))
            for each in self.resolved
            if not any(
                field.name in LABELS and field.operator is not Operator.NOT_EQUAL for field in _fields(each.rule)
            )
        )
        return found

    @cached_property
    def on_places(self) -> tuple[PlacedRule, ...]:
        """The rules of the exit list that are on a path or an inode, in the order of evaluation."""
        rules = (each for each in self.of(FilterList.EXIT) if each.by_inode or each.tree)
        return tuple(PlacedRule(each, int(each.rule.syscalls), _permissions(each.rule)) for each in rules)

    @cached_property
    def silences_places(self) -> bool:
        """Whether a never rule is on a path or an inode."""
        return any(each.resolved.rule.action is Action.NEVER for each in self.on_places)

    @cached_property
    def masks(self) -> tuple[int, ...]:
        """The sets of system calls that rules of the exit list have, each once: of hundreds of rules a few."""
        return tuple(dict.fromkeys(int(each.rule.syscalls) for each in self.of(FilterList.EXIT)))

    def always_on_places(self, access: Access) -> tuple[ResolvedRule, ...]:
        """The always rules on a path or an inode that may match such a call on some file, in their order."""
        key = access.number, access.permissions
        found = self._always_on_places.get(key)
        if found is None:
            may = [rules for rules in self._always_alike.values() if rules[0].may_match(access)]
            found = _in_order([each.resolved for rules in may for each in rules])
            self._always_on_places[key] = found
        return found

    @cached_property
    def _always_alike(self) -> Mapping[Hashable, list[PlacedRule]]:
        """The always rules on places by their calls and letters, of which hundreds of rules have a few."""
        found: dict[Hashable, list[PlacedRule]] = {}
        for each in self.on_places:
            if each.resolved.rule.action is Action.ALWAYS:
                found.setdefault((each.mask, each.permissions), []).append(each)
        return found

    @cached_property
    def contested(self) -> bool:
        """Whether two rules are on one name, whose order turns around when the file is replaced."""
        return any(len(each) > 1 for each in self._dentries.values())

    @cached_property
    def counted(self) -> bool:
        """Whether there is a rule at all for which the kernel looks at system calls."""
        return bool(self.unread) or any(self.of(name) for name in COUNTED)

    def call_filter(self, access: Access) -> CallFilter:
        """The rules that may match the call of an access. All programs that no exe field names count as one."""
        subject = access.subject
        if subject.exe is not None and subject.exe not in self._programs:
            subject = replace(subject, exe=OTHER_PROGRAM)
        who = None if subject is access.forker is ANYBODY else (subject, access.forker)
        call = (
            *(access.number, access.arch, access.permissions.value, who, access.result, access.succeeded),
            *(access.arguments, access.early, access.unfinished),
        )
        found = self._filters.get(call)
        if found is None:
            task, exclude = self.of(FilterList.TASK), self.of(FilterList.EXCLUDE)
            without = replace(access, names=(), subject=subject)
            found = CallFilter(without, task, self._anywhere, exclude, self._matches)
            # A number is cheaper to compare than what it stands for.
            found.fingerprint = self._fingerprints.setdefault(found.fingerprint, next(self._fingerprint))
            self._filters[call] = found
        return found

    def cases(self, conditions: Mapping[CaseCondition, ResolvedRule], access: Access) -> CredentialCases:
        """The cases that the conditions distinguish, of who makes an access and how it ends."""
        if any(depends_on_names(condition) for _, condition in conditions):
            return CredentialCases(conditions, access)
        on_call = any(isinstance(condition, Field) and condition.name in CALL_FIELDS for _, condition in conditions)
        known = (access.succeeded, access.result, access.arguments) if on_call else ()
        key = (access.subject, access.forker, known, *conditions)
        return self._cases.get(key, lambda: CredentialCases(conditions, access))

    @cached_property
    def _programs(self) -> frozenset[Identity]:
        return frozenset(each.exe.identity for each in self.resolved if each.exe)

    def rules_on_names(self, names: Iterable[Name], *, succeeds: bool) -> NameRules:
        """The rules on the names that a call uses; `succeeds` says whether it succeeds or may succeed."""
        seen = tuple(self._collected(names)) if self.hidden else tuple(names)
        if not succeeds:
            return NameRules(seen, self._around(seen), self._on(seen, ()))
        return NameRules(seen, self._around(seen), self._on(seen, rebound(seen)), tuple(self._removals(seen)))

    def _removals(self, names: Sequence[Name]) -> Iterator[tuple[tuple[Name, ...], Buckets]]:
        """Each moment in which a call takes a watched name away: the names so far, and the rules on them."""
        made = [each for each in names if each.made]
        for number, removed in enumerate(each for each in names if each.removed):
            if self.follows(removed.dentry):
                so_far = tuple(each for each in names if not each.made or each in made[:number])
                if on := self._on(so_far, rebound(so_far, unfinished=True)):
                    yield so_far, on

    def _collected(self, names: Iterable[Name]) -> Iterator[Name]:
        """The names that the filesystem list lets the kernel see.

        Of one that it hides, what the call named is left, without an inode: of an open file, nothing (__audit_inode of
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
        """The trees that hold one of the names or may hold it, in the order of evaluation."""
        found = [each for each in self._spread if each.tree and any(map(each.tree.may_contain, names))]
        if self._trees:
            for identity in {identity for name in names for identity in name.ancestry}:
                found += self._trees.get(identity, ())
        return _in_order(found)

    def _on(self, names: Iterable[Name], dentries: Collection[Hashable]) -> Buckets:
        """The rules that the kernel keeps with the inode of each name, in the order of evaluation.

        Rules on the `dentries` of names that the call makes are among them: whether they match is not decided here.
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
        return _in_order(found)

    @cached_property
    def _anywhere(self) -> tuple[ResolvedRule, ...]:
        """The rules of the exit list that are on no path."""
        return tuple(each for each in self.of(FilterList.EXIT) if not each.by_inode and not each.tree)

    @cached_property
    def _trees(self) -> Mapping[Identity, list[ResolvedRule]]:
        found: dict[Identity, list[ResolvedRule]] = {}
        for each in self.of(FilterList.EXIT):
            if each.tree and each.tree.known:
                found.setdefault(each.tree.marked, []).append(each)
        return found

    @cached_property
    def _spread(self) -> tuple[ResolvedRule, ...]:
        """Trees over more than one file system, or that could not be read."""
        trees = [(each, each.tree) for each in self.of(FilterList.EXIT) if each.tree]
        return tuple(each for each, tree in trees if tree.mounts or tree.late or tree.all_late or not tree.known)

    @cached_property
    def _by_inode(self) -> tuple[ResolvedRule, ...]:
        return tuple(each for each in self.of(FilterList.EXIT) if each.by_inode)

    @cached_property
    def _watches(self) -> Mapping[Identity, list[ResolvedRule]]:
        found: dict[Identity, list[ResolvedRule]] = {}
        for each in self._by_inode:
            if each.watch and each.watch.known:
                found.setdefault(each.watch.identity, []).append(each)
        return found

    def follows(self, dentry: Hashable) -> bool:
        """Whether a rule watches a name, whatever inode is there."""
        return dentry is not None and dentry in self._dentries

    def drops(self, name: Name, call: str) -> bool:
        """Whether a call that takes a name away makes the kernel drop a rule, of which it writes a record."""
        if call in REMOVING and name.identity in self._trees:
            return True
        return name.entry is not None and name.entry.type == "dir" and name.identity in self._folders

    @cached_property
    def _dentries(self) -> Mapping[Hashable, list[ResolvedRule]]:
        found: dict[Hashable, list[ResolvedRule]] = {}
        for each in self._by_inode:
            if each.watch and each.watch.known:
                found.setdefault(each.watch.dentry, []).append(each)
        return found

    @cached_property
    def _folders(self) -> frozenset[Identity]:
        """The directories of watched names, programs of exe fields among them."""
        watches = (watch for each in self.resolved for watch in (each.watch, each.exe) if watch)
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


def _in_order(rules: Sequence[ResolvedRule]) -> tuple[ResolvedRule, ...]:
    """Each rule once, in the order of evaluation."""
    if len(rules) < 2:  # noqa: PLR2004 - nothing to sort
        return tuple(rules)
    found = {each.order: each for each in rules}
    return tuple(found[order] for order in sorted(found))

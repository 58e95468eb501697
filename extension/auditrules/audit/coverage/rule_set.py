"""A kernel's rules on one host, indexed by inode and system call so that few are evaluated for an access."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import Any

from auditrules.audit.coverage.access import ANYBODY, Access, Name
from auditrules.audit.coverage.call_filter import OTHER_PROGRAM, CallFilter, SharedMatches
from auditrules.audit.coverage.credential_cases import CredentialCases
from auditrules.audit.coverage.decision import CaseCondition, CoverageStatus, Decision
from auditrules.audit.coverage.field_match import CALL_FIELDS, LABELS
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.result_cache import ResultCache
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rules_on_names import NameRules, RulesOnNames, in_order
from auditrules.audit.filesystem.path_walk import Identity
from auditrules.audit.model.rule import Action, Field, FilterList, Operator, Permission, Rule
from auditrules.values import dataclass, field, replace

MOST_RESULTS = 1024  # cached decisions and statuses: one for each set of rules that apply to a call
MOST_CASES = 64  # sets of conditions whose cases are cached

# Without a rule in one of these lists the kernel audits no system call.
COUNTED = frozenset({FilterList.TASK, FilterList.EXIT, FilterList.IO_URING})


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule on a path or an inode, with its system calls and permissions as bits, to skip it quickly."""

    resolved: ResolvedRule
    mask: int
    permissions: int

    def may_match(self, access: Access) -> bool:
        """Whether it may match such a call on some file, by its system calls and permissions."""
        return bool(self.mask >> access.number & 1) and bool(self.permissions & (access.permissions or _UNCLASSED))


_UNCLASSED = 1 << 4  # stands for calls that count for no permission, which only rules without perm match


def _permissions(rule: Rule) -> int:
    found = rule.value("perm")
    return int(found) if found is not None else _UNCLASSED | 15


def _fields(rule: Rule) -> Iterator[Field]:
    return (condition for condition in rule.fields if isinstance(condition, Field))


def _without_wanted_label(resolved: ResolvedRule) -> bool:
    """Whether a rule requires no label, so that it may match a task without one."""
    return not any(
        condition.name in LABELS and condition.operator is not Operator.NOT_EQUAL
        for condition in _fields(resolved.rule)
    )


def _unlabelled(resolved: ResolvedRule) -> ResolvedRule:
    rule = resolved.rule
    kept = (each for each in rule.fields if not (isinstance(each, Field) and each.name in LABELS))
    return replace(resolved, rule=replace(rule, fields=tuple(kept)))


@dataclass(slots=True)
class _SharedResults:
    """Resolved rules, with caches of all that depends on these rules alone; rule sets of later collections share it."""

    resolved: tuple[ResolvedRule, ...]
    unlabelled: _SharedResults | None = None
    filters: dict[Hashable, CallFilter] = field(default_factory=dict)
    matches: SharedMatches = field(default_factory=dict)
    fingerprints: dict[Hashable, int] = field(default_factory=dict)
    fingerprint: Iterator[int] = field(default_factory=count)
    plans: dict[Hashable, Any] = field(default_factory=dict)  # of `missed_calls`
    always_on_places: dict[tuple[int, Permission], tuple[ResolvedRule, ...]] = field(default_factory=dict)
    cases: ResultCache[CredentialCases] = field(default_factory=lambda: ResultCache(MOST_CASES))
    decisions: ResultCache[Decision] = field(default_factory=lambda: ResultCache(MOST_RESULTS))
    statuses: ResultCache[tuple[CoverageStatus, Decision]] = field(default_factory=lambda: ResultCache(MOST_RESULTS))
    asked: ResultCache[tuple[tuple[CoverageStatus, Decision] | None]] = field(
        default_factory=lambda: ResultCache(MOST_RESULTS)
    )


class RuleSet:
    """The resolved rules of a kernel on one host, ready to evaluate. `unread` counts rules that are not understood."""

    def __init__(
        self, rules: Iterable[Rule], resolver: RuleResolver, unread: int = 0, earlier: RuleSet | None = None
    ) -> None:
        self.unread = unread
        resolved = resolver.rules(rules)
        same = earlier is not None and (earlier.unread, earlier.resolved) == (unread, resolved)
        known = _SharedResults(resolved) if earlier is None or not same else earlier.shared
        self._resolver = resolver
        self.use(known)

    def use(self, known: _SharedResults) -> None:
        """Use these resolved rules and their caches."""
        self.shared = known
        self.resolved = known.resolved
        self.decisions = known.decisions
        self.statuses = known.statuses
        self.asked = known.asked

    def in_list(self, filter_list: FilterList) -> tuple[ResolvedRule, ...]:
        """The rules of a list, in the order of evaluation; of the exit list all that filter system calls."""
        return self._lists.get(filter_list, ())

    @cached_property
    def _lists(self) -> Mapping[FilterList, tuple[ResolvedRule, ...]]:
        found = {name: tuple(each for each in self.resolved if each.rule.list is name) for name in FilterList}
        found[FilterList.EXIT] = in_order([each for each in self.resolved if each.filters_syscalls])
        return found

    @cached_property
    def _on_names(self) -> RulesOnNames:
        return RulesOnNames(self.resolved, self._resolver.late_points)

    def rules_on_names(self, names: Iterable[Name], *, succeeds: bool) -> NameRules:
        """The rules on the names that a call uses; `succeeds` says whether it succeeds or may succeed."""
        return self._on_names.rules_on_names(names, succeeds=succeeds)

    def with_late_mounts(self, names: Iterable[Name]) -> tuple[Name, ...]:
        """The names, each with the mount points above it that may be younger than the rules."""
        return self._on_names.with_late_mounts(names)

    def hides(self, name: Name) -> bool:
        """Whether a rule of the filesystem list hides a name from the other lists."""
        return self._on_names.hides(name)

    def loses_rule(self, access: Access) -> bool:
        """Whether the kernel drops a rule if the call succeeds; it then writes a record of its own."""
        return self._on_names.loses_rule(access)

    @property
    def late_points(self) -> frozenset[str]:
        """The mount points that may be younger than the rules."""
        return self._resolver.late_points

    @property
    def contested(self) -> bool:
        """Whether two rules are on one name: their order is reversed when the file is replaced."""
        return self._on_names.contested

    @property
    def labelled(self) -> bool | None:
        """Whether security labels can match at all; None: only AppArmor's can."""
        return self._resolver.labelled

    @cached_property
    def elsewhere(self) -> RuleSet:
        """The rules on no path and no inode: those that apply to a file that no rule names."""
        return self._only(_SharedResults(tuple(each for each in self.resolved if not (each.by_inode or each.tree))))

    @cached_property
    def unlabelled(self) -> RuleSet:
        """The rules as they apply to tasks with none of the labels in rules; this set itself if rules have no labels.

        Such tasks exist under every policy of a security module.
        """
        if not any(condition.name in LABELS for each in self.resolved for condition in _fields(each.rule)):
            return self
        if self.shared.unlabelled is None:
            self.shared.unlabelled = _SharedResults(
                tuple(map(_unlabelled, filter(_without_wanted_label, self.resolved)))
            )
        return self._only(self.shared.unlabelled)

    def _only(self, known: _SharedResults) -> RuleSet:
        found = RuleSet((), self._resolver, self.unread)
        found.use(known)
        return found

    @cached_property
    def on_places(self) -> tuple[PlacedRule, ...]:
        """The rules of the exit list that are on a path or an inode, in the order of evaluation."""
        rules = (each for each in self.in_list(FilterList.EXIT) if each.by_inode or each.tree)
        return tuple(PlacedRule(each, int(each.rule.syscalls), _permissions(each.rule)) for each in rules)

    @cached_property
    def silences_places(self) -> bool:
        """Whether a never rule is on a path or an inode."""
        return any(each.resolved.rule.action is Action.NEVER for each in self.on_places)

    @cached_property
    def masks(self) -> tuple[int, ...]:
        """The different sets of system calls in the exit list. Hundreds of rules share a few."""
        return tuple(dict.fromkeys(int(each.rule.syscalls) for each in self.in_list(FilterList.EXIT)))

    def in_masks(self, number: int) -> tuple[int, ...]:
        """Whether each of the masks has a system call, as bits. No mask distinguishes calls with equal bits."""
        found = self._in_masks.get(number)
        if found is None:
            found = self._in_masks[number] = tuple(mask >> number & 1 for mask in self.masks)
        return found

    @cached_property
    def _in_masks(self) -> dict[int, tuple[int, ...]]:
        return {}

    def always_on_places(self, access: Access) -> tuple[ResolvedRule, ...]:
        """The always rules on a path or an inode that may match such a call on some file, in order of evaluation."""
        key = access.number, access.permissions
        found = self.shared.always_on_places.get(key)
        if found is None:
            may = [rules for rules in self._always_alike.values() if rules[0].may_match(access)]
            found = in_order([each.resolved for rules in may for each in rules])
            self.shared.always_on_places[key] = found
        return found

    @cached_property
    def _always_alike(self) -> Mapping[Hashable, list[PlacedRule]]:
        """The always rules on a path or an inode, by their calls and letters; hundreds of rules share a few."""
        found: dict[Hashable, list[PlacedRule]] = {}
        for each in self.on_places:
            if each.resolved.rule.action is Action.ALWAYS:
                found.setdefault((each.mask, each.permissions), []).append(each)
        return found

    @cached_property
    def counted(self) -> bool:
        """Whether there is any rule for which the kernel audits system calls."""
        return bool(self.unread) or any(self.in_list(name) for name in COUNTED)

    def call_filter(self, access: Access) -> CallFilter:
        """The rules that may match the call of an access. Programs that no exe field names are all treated alike."""
        subject = access.subject
        if subject.exe is not None and subject.exe not in self._programs:
            subject = replace(subject, exe=OTHER_PROGRAM)
        who = None if subject is access.forker is ANYBODY else (subject, access.forker)
        call = (
            *(access.number, access.arch, access.permissions.value, who, access.result, access.succeeded),
            *(access.arguments, access.early, access.unfinished),
        )
        found = self.shared.filters.get(call)
        if found is None:
            task, exclude = self.in_list(FilterList.TASK), self.in_list(FilterList.EXCLUDE)
            without = replace(access, names=(), subject=subject)
            found = CallFilter(without, task, self._anywhere, exclude, self.shared.matches)
            # A number is cheaper to compare than the fingerprint itself.
            numbers = self.shared.fingerprints
            found.fingerprint = numbers.setdefault(found.fingerprint, next(self.shared.fingerprint))
            self.shared.filters[call] = found
        return found

    def cases(self, conditions: Mapping[CaseCondition, ResolvedRule], access: Access) -> CredentialCases:
        """The cases of subject and result that the conditions distinguish."""
        if any(depends_on_names(condition) for _, condition in conditions):
            return CredentialCases(conditions, access)
        on_call = any(isinstance(condition, Field) and condition.name in CALL_FIELDS for _, condition in conditions)
        known = (access.succeeded, access.result, access.arguments) if on_call else ()
        key = (access.subject, access.forker, known, *conditions)
        return self.shared.cases.get(key, lambda: CredentialCases(conditions, access))

    @cached_property
    def _programs(self) -> frozenset[Identity]:
        return frozenset(each.exe.identity for each in self.resolved if each.exe)

    @cached_property
    def _anywhere(self) -> tuple[ResolvedRule, ...]:
        """The rules of the exit list that are on no path."""
        return tuple(each for each in self.in_list(FilterList.EXIT) if not each.by_inode and not each.tree)

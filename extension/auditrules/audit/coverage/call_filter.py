"""Selects the rules that may match a system call on any file: once for each call, then used for all paths.

Conditions on the call itself (number, arch, permissions, result, credentials) are evaluated here. Conditions on the
file are left, to be evaluated for each path.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from functools import partial

from auditrules.audit.constants.fields import EXCLUDABLE
from auditrules.audit.coverage.access import Access, Credentials, Name
from auditrules.audit.coverage.field_match import match_field, of_task
from auditrules.audit.coverage.match_result import MatchResult, Undetermined, compare
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.result_cache import ResultCache
from auditrules.audit.coverage.rule_match import Match, Pending, Truth, match_task
from auditrules.audit.filesystem.path_walk import Identity
from auditrules.audit.model.rule import Comparison, Condition
from auditrules.values import dataclass, replace

SYSCALL_RECORD = 1300  # without this record the kernel drops the whole event
CONFIG_CHANGE, ANOM_LINK = 1305, 1702  # records that the kernel writes by itself, with the whole event

MOST_CANDIDATES = 256  # rules on paths that are cached for each call

OTHER_PROGRAM: Identity = ("another",)  # stands for every program that no exe field names

RuleMatch = tuple[ResolvedRule, Match]  # a rule, and whether it matches an access

RuleFingerprint = tuple[int, tuple[Pending, ...]]
"""A rule's place in the order of evaluation, and the unknown facts that its match depends on."""

SharedMatches = dict[RuleFingerprint, tuple[RuleFingerprint, RuleMatch]]
"""The matches of rules without a path, each kept once: with thousands of rules, most calls share most matches."""


@dataclass(frozen=True, slots=True)
class CandidateRule:
    """A rule of the exit list that may match a call.

    `left` are the conditions that the call does not decide, in the rule's order: those that depend on an unknown fact,
    and those on the file. `match` is the result if no condition is on the file, else None.
    """

    resolved: ResolvedRule
    left: tuple[Pending | Condition, ...]
    match: Match | None

    def evaluate(self, access: Access, name: Name | None) -> Match:
        """Match the rule against an access. `name` is the name at whose inode the kernel keeps the rule, if it does."""
        if self.match is not None:
            return self.match
        pending: list[Pending] = []
        for each in self.left:
            if isinstance(each, Pending):
                pending.append(each)
                continue
            answer = match_field(each, self.resolved, access, name)
            if isinstance(answer, Undetermined):
                pending.append(Pending(each, answer))
            elif not answer:
                return Match(Truth.NO, each)
        return _match(pending)


def _match(pending: Iterable[Pending]) -> Match:
    waits = tuple(pending)
    return Match(Truth.MAYBE, pending=waits) if waits else Match(Truth.YES)


def _candidate_rule(resolved: ResolvedRule, call: Access) -> tuple[CandidateRule, ...]:
    """Evaluate the conditions on the call; empty if the rule can't match it on any file."""
    if not resolved.rule.syscalls >> call.number & 1:
        return ()
    left: list[Pending | Condition] = []
    for condition in resolved.rule.fields:
        if depends_on_names(condition):
            left.append(condition)
            continue
        answer = match_field(condition, resolved, call, None)
        if isinstance(answer, Undetermined):
            left.append(Pending(condition, answer))
        elif not answer:
            return ()
    pending = [each for each in left if isinstance(each, Pending)]
    return (CandidateRule(resolved, tuple(left), _match(pending) if len(pending) == len(left) else None),)


class CallFilter:
    """The rules of a kernel that may match a call. `call` is an access without its names.

    `task` and `exclude` are the matching rules of these lists. `listed` are those of the exit list that have no path
    and no other condition on the file; `name_dependent` are those without a path, but with such a condition. Calls with
    equal `fingerprint` are recorded alike if no rule is on a name that they use. `known` are the matches that all
    filters of a rule set share.
    """

    def __init__(
        self,
        call: Access,
        task: Iterable[ResolvedRule],
        anywhere: Iterable[ResolvedRule],
        exclude: Iterable[ResolvedRule],
        known: SharedMatches,
    ) -> None:
        self.call = call
        at_fork = () if call.early else ((each, match_task(each, call.forker)) for each in task)
        self.task = tuple(through_first_certain(at_fork))
        candidates = [found for each in anywhere for found in _candidate_rule(each, call)]
        self.name_dependent = tuple(each for each in candidates if each.match is None)
        matches = ((each.resolved, each.match) for each in candidates if each.match is not None)
        shared = [_shared(each, known) for each in through_first_certain(matches)]
        self.listed = tuple([match for _, match in shared])
        self._exclude = tuple(exclude)
        self.exclude = self.exclude_rules_for(SYSCALL_RECORD)
        self.fingerprint: Hashable = (
            *(fingerprint_of(self.task), tuple([each for each, _ in shared]), fingerprint_of(self.exclude)),
            *(call.subject, call.forker, call.succeeded, call.result, call.arguments),
        )
        self._candidates: ResultCache[tuple[CandidateRule, ...]] = ResultCache(MOST_CANDIDATES)

    def exclude_rules_for(self, record: int) -> tuple[RuleMatch, ...]:
        """The rules of the exclude list that drop records of this type, or may."""
        return tuple(through_first_certain(_excluded(self._exclude, self.call.subject, record)))

    def candidates(self, rules: Iterable[ResolvedRule]) -> Iterator[CandidateRule]:
        """The rules among these (all on a path) that may match the call, with its conditions evaluated."""
        for resolved in rules:
            yield from self._candidates.get(resolved.order, partial(_candidate_rule, resolved, self.call))


def fingerprint_of(rules: Iterable[RuleMatch]) -> Hashable:
    """A value that is equal for equal results of the same rules."""
    return tuple([(resolved.order, found.pending) for resolved, found in rules])


def _shared(match: RuleMatch, known: SharedMatches) -> tuple[RuleFingerprint, RuleMatch]:
    """The shared copy of a match with its fingerprint. Its pending conditions are all that a candidate's match has."""
    fingerprint = match[0].order, match[1].pending
    return known.setdefault(fingerprint, (fingerprint, match))


def matching_rules(candidates: Iterable[CandidateRule], access: Access, name: Name | None) -> Iterator[RuleMatch]:
    """The rules that match an access or may match it; `name` is the name at whose inode the kernel keeps them."""
    for each in candidates:
        found = each.evaluate(access, name)
        if found.possible:
            yield each.resolved, found


def through_first_certain(rules: Iterable[RuleMatch]) -> Iterator[RuleMatch]:
    """The rules that match or may match, up to the first that certainly matches."""
    for resolved, found in rules:
        if found.possible:
            yield resolved, found
        if found.truth is Truth.YES:
            return


def _excluded(rules: Iterable[ResolvedRule], subject: Credentials, record: int) -> Iterator[RuleMatch]:
    """Match the rules of the exclude list against a record, up to the rule at which the kernel stops."""
    for resolved in rules:
        found = _excludes(resolved, subject, record)
        if found is None:
            return
        yield resolved, found


def _excludes(resolved: ResolvedRule, subject: Credentials, record: int) -> Match | None:
    """Match a rule of the exclude list; None if the kernel stops at it, as it does not know one of its fields."""
    pending: list[Pending] = []
    if not resolved.rule.fields:
        return Match(Truth.NO)
    for condition in resolved.rule.fields:
        answer = match_exclude_condition(condition, resolved, subject, record)
        if answer is None:
            return None
        if isinstance(answer, Undetermined):
            pending.append(Pending(condition, answer))
        elif not answer:
            return Match(Truth.NO, condition)
    return _match(pending)


def match_exclude_condition(
    condition: Condition, resolved: ResolvedRule, subject: Credentials, record: int = SYSCALL_RECORD
) -> MatchResult | None:
    """Match one condition of an exclude rule; None for a field that audit_filter (kernel/auditsc.c) does not know."""
    if isinstance(condition, Comparison) or condition.name not in EXCLUDABLE:
        return None
    if condition.name == "msgtype":
        return compare(record, condition)
    return of_task(condition, resolved, replace(subject, groups=frozenset()))

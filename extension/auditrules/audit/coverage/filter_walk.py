"""Evaluates the kernel's filter lists for an access, in its order and with three values: yes, no, maybe.

The order is that of audit_alloc, __audit_syscall_exit, audit_filter_syscall, audit_filter_inodes and audit_log_start
in kernel/auditsc.c and kernel/audit.c of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.applicable_rules import ApplicableRules, applicable_rules
from auditrules.audit.coverage.call_filter import RuleMatch
from auditrules.audit.coverage.decision import Auditing, Cause, Decision, Outcome
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Match, Pending, Truth
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rules_on_names import NameRules
from auditrules.audit.model.rule import Action
from auditrules.values import replace

MOST_OUTCOMES = 64  # of one decision


def decide(rules: RuleSet, access: Access, auditing: Auditing, on_names: NameRules | None = None) -> Decision:
    """All possible outcomes of an access. `on_names` are the rules on its names, if the caller has them already."""
    if access.succeeded is None and any(each.removed or each.made for each in access.names):
        return _either(*(decide(rules, replace(access, succeeded=each), auditing) for each in (True, False)))
    decision = decide_without_rules(rules, access, auditing)
    return decision or decide_by_rules(applicable_rules(rules, access, on_names), rules, auditing)


def decide_without_rules(rules: RuleSet, access: Access, auditing: Auditing) -> Decision | None:
    """The decision if the kernel evaluates no rule at all; None if it evaluates them."""
    if auditing.enabled == 0:
        return Decision((Outcome(Cause.DISABLED),))
    if not access.context:
        return Decision((Outcome(Cause.NO_CONTEXT),))
    if not rules.counted:
        return Decision((Outcome(Cause.NO_RULE),))
    return None


def decide_by_rules(applicable: ApplicableRules, rules: RuleSet, auditing: Auditing) -> Decision:
    """All possible outcomes of an access, from the rules that match it or may."""
    return rules.decisions.get((auditing, applicable.fingerprint), lambda: _decide(applicable, rules, auditing))


def _decide(applicable: ApplicableRules, rules: RuleSet, auditing: Auditing) -> Decision:
    found, cut = _limited(outcome for outcome, _ in outcomes_by_case(applicable, ONE_CASE))
    outcomes = left_by_exclude_list(applicable.filter.exclude, found)
    return Decision((*outcomes, *not_known(rules, auditing)), cut)


def not_known(rules: RuleSet, auditing: Auditing) -> list[Outcome]:
    """The outcomes that are possible because some rules are not understood, or because of a rate limit."""
    outcomes: list[Outcome] = []
    if rules.unread:
        unread = (Pending(None, Undetermined.UNREADABLE),)
        outcomes += [Outcome(Cause.UNREADABLE, pending=unread, recorded=recorded) for recorded in (True, False)]
    if auditing.limited:
        outcomes.append(Outcome(Cause.RATE_LIMIT, pending=(Pending(None, Undetermined.RATE_LIMIT),)))
    return outcomes


def recorded_cases(applicable: ApplicableRules, cases: Cases, rules: RuleSet, auditing: Auditing) -> tuple[int, int]:
    """The cases in which an access may be recorded, and those in which it may be unrecorded."""
    recorded = unrecorded = 0
    for outcome, hits in outcomes_by_case(applicable, cases):
        if outcome.recorded:
            recorded |= hits
        else:
            unrecorded |= hits
    for _, found in applicable.filter.exclude:
        unrecorded |= recorded & cases.possible(found, Cause.EXCLUDED)
        recorded &= ~cases.certain(found, Cause.EXCLUDED)
    if rules.unread:
        return cases.all, cases.all
    return recorded, cases.all if auditing.limited else unrecorded


def _either(done: Decision, failed: Decision) -> Decision:
    """Join the decisions for a call that changes watched names if it succeeds, and may succeed or fail."""
    if done.recorded is failed.recorded and done.recorded is not Truth.MAYBE:
        return done
    waits = Pending(None, Undetermined.SUBJECT)
    both = (*done.outcomes, *failed.outcomes)
    return Decision(tuple(replace(each, pending=(*each.pending, waits)) for each in both), done.cut or failed.cut)


def _limited(outcomes: Iterable[Outcome]) -> tuple[list[Outcome], bool]:
    """The first MOST_OUTCOMES outcomes, and whether there are more; more are taken until both results occur."""
    found: list[Outcome] = []
    seen: set[bool] = set()
    for outcome in outcomes:
        if len(found) >= MOST_OUTCOMES and len(seen) > 1:
            return found, True
        found.append(outcome)
        seen.add(outcome.recorded)
    return found, False


class Cases(Protocol):
    """Cases of the subject and result of an access, as the bits of an integer. `cause` names a rule's list."""

    @property
    def all(self) -> int:
        """Every case."""

    def possible(self, found: Match, cause: Cause) -> int:
        """The cases in which a rule matches or may match."""

    def certain(self, found: Match, cause: Cause) -> int:
        """The cases in which a rule certainly matches."""


class _OneCase:
    """A single case, in which nothing is known about the subject."""

    all = 1

    def possible(self, found: Match, _cause: Cause) -> int:
        return int(found.possible)

    def certain(self, found: Match, _cause: Cause) -> int:
        return int(found.truth is Truth.YES)


ONE_CASE = _OneCase()


def outcomes_by_case(applicable: ApplicableRules, cases: Cases) -> Iterator[tuple[Outcome, int]]:
    """Each outcome, with the cases in which it is possible.

    The task list was evaluated when the task was forked. If none of its rules matched, the exit list decides.
    """
    remaining = cases.all
    for resolved, found in applicable.filter.task:
        if hits := remaining & cases.possible(found, Cause.TASK):
            yield Outcome(Cause.TASK, resolved, found.pending, recorded=resolved.rule.action is Action.ALWAYS), hits
        remaining &= ~cases.certain(found, Cause.TASK)
        if not remaining:
            return
    for otherwise, reached in _by_own_record(applicable, cases, remaining):
        for before, hits in _by_removals(applicable.removals, cases, otherwise, reached):
            yield from _by_list(applicable, cases, before, hits)


def _by_own_record(applicable: ApplicableRules, cases: Cases, remaining: int) -> Iterator[tuple[Outcome, int]]:
    """The outcome if no rule matches: the kernel's own record, unless the exclude list drops it, or none."""
    for _, found in applicable.unreported:
        if hits := remaining & cases.possible(found, Cause.EXCLUDED):
            yield Outcome(Cause.NO_RULE, pending=found.pending), hits
        remaining &= ~cases.certain(found, Cause.EXCLUDED)
    if remaining:
        yield applicable.otherwise, remaining


def _by_removals(
    removals: Sequence[Sequence[Sequence[RuleMatch]]], cases: Cases, before: Outcome, remaining: int
) -> Iterator[tuple[Outcome, int]]:
    """Evaluate the rules on the names so far, each time that the call takes a watched name away."""
    if not removals:
        yield before, remaining
        return
    for outcome, hits in _by_names(removals[0], cases, before, remaining):
        yield from _by_removals(removals[1:], cases, outcome, hits)


def _by_list(
    applicable: ApplicableRules, cases: Cases, before: Outcome, remaining: int
) -> Iterator[tuple[Outcome, int]]:
    """The exit list's own rules first, then for each name those with its inode that come before what matched so far."""
    names = applicable.names
    last = max((resolved.order for bucket in names for resolved, _ in bucket), default=-1)
    # The outcome of a rule without a key has the key of the list's rule that matched: then each of these counts. Only
    # ONE_CASE reports keys.
    keyed = cases is not ONE_CASE or all(resolved.rule.keys() for bucket in names for resolved, _ in bucket)
    for resolved, found in applicable.listed:
        if not _first(resolved, before):
            break
        if names and keyed and resolved.order > last:
            # All rules at inodes come before the rules that are left in the list.
            unmatched = 0
            for outcome, hits in _by_names(names, cases, before, remaining):
                if outcome is before:
                    unmatched = hits
                else:
                    yield outcome, hits
            names, remaining = (), unmatched
            if not remaining:
                return
        if hits := remaining & cases.possible(found, Cause.RULE):
            yield from _by_names(names, cases, _won(resolved, found.pending, before.keys), hits)
        remaining &= ~cases.certain(found, Cause.RULE)
        if not remaining:
            return
    yield from _by_names(names, cases, before, remaining)


def _by_names(
    names: Iterable[Sequence[RuleMatch]], cases: Cases, before: Outcome, remaining: int
) -> Iterator[tuple[Outcome, int]]:
    for bucket in names:
        for place, (resolved, found) in enumerate(bucket):
            if not _first(resolved, before):
                break
            if hits := remaining & cases.possible(found, Cause.RULE):
                yield _won(resolved, found.pending, before.keys), hits
            if certain := remaining & cases.certain(found, Cause.RULE):
                yield from _reordered(bucket[place + 1 :], cases, resolved, before, certain)
                remaining &= ~certain
                if not remaining:
                    return
    yield before, remaining


def _reordered(
    others: Iterable[RuleMatch], cases: Cases, first: ResolvedRule, before: Outcome, remaining: int
) -> Iterator[tuple[Outcome, int]]:
    """Rules behind the first on a name, which come before it if the file was replaced."""
    for resolved, found in others:
        watch = resolved.watch
        if not (first.watch and watch and _first(resolved, before)):
            continue
        if first.watch.dentry == watch.dentry and watch.replaced is not False:
            waits = Pending(None, Undetermined.REPLACED)
            if hits := remaining & cases.possible(found, Cause.RULE):
                yield _won(resolved, (*found.pending, waits), before.keys), hits


def _first(resolved: ResolvedRule, before: Outcome) -> bool:
    """Whether a rule comes before the one that matched so far, and so can still change the answer."""
    return before.resolved is None or resolved.order < before.resolved.order


def _won(resolved: ResolvedRule, pending: tuple[Pending, ...], keys: tuple[str, ...] = ()) -> Outcome:
    """The outcome by a rule. Without a key of its own it leaves that of the rule before it (audit_filter_rules)."""
    always = resolved.rule.action is Action.ALWAYS
    return Outcome(Cause.RULE, resolved, pending, resolved.rule.keys() or keys, recorded=always)


def left_by_exclude_list(exclude: Iterable[RuleMatch], outcomes: list[Outcome]) -> list[Outcome]:
    """Apply the exclude list, which drops single records. Without its first record, an event is dropped."""
    if not any(each.recorded for each in outcomes):
        return outcomes
    dropped: list[Outcome] = []
    for resolved, found in exclude:
        dropped.append(Outcome(Cause.EXCLUDED, resolved, found.pending))
        if not found.pending:
            return [*dropped, *(each for each in outcomes if not each.recorded)]
    return [*dropped, *outcomes]

"""Would the kernel record an access? The walk through its lists, in its order, with what is not known kept apart.

The order is that of audit_alloc, __audit_syscall_exit, audit_filter_syscall, audit_filter_inodes and audit_log_start
in kernel/auditsc.c and kernel/audit.c of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.call_filter import CallFilter, Said, content, said, up_to_the_first
from auditrules.audit.coverage.decision import Auditing, Cause, Decision, Outcome
from auditrules.audit.coverage.field_match import Why, of_names
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.coverage.rule_match import Match, Pending, Truth
from auditrules.audit.coverage.rule_set import Buckets, Located, RuleSet
from auditrules.audit.model.rule import Action

MOST_OUTCOMES = 64  # that a decision tells


def decide(rules: RuleSet, access: Access, auditing: Auditing, located: Located | None = None) -> Decision:
    """All ways in which an access may end; `located` are the rules on its names, where they were looked for before."""
    if access.succeeded is None and any(each.removed or each.made for each in access.names):
        return _either(*(decide(rules, replace(access, succeeded=each), auditing) for each in (True, False)))
    return unasked(rules, access, auditing) or decided(asked(rules, access, located), rules, auditing)


def unasked(rules: RuleSet, access: Access, auditing: Auditing) -> Decision | None:
    """The decision where the kernel asks no rule."""
    if auditing.enabled == 0:
        return Decision((Outcome(Cause.DISABLED),))
    if not access.context:
        return Decision((Outcome(Cause.NO_CONTEXT),))
    if not rules.counted:
        return Decision((Outcome(Cause.NO_RULE),))
    return None


def decided(questions: Asked, rules: RuleSet, auditing: Auditing) -> Decision:
    """All ways in which an access may end, with nothing known of who makes it."""
    return rules.decisions.get((auditing, questions.alike), lambda: _decided(questions, rules, auditing))


def _decided(questions: Asked, rules: RuleSet, auditing: Auditing) -> Decision:
    found, cut = _enough(outcome for outcome, _ in walk(questions, ANYBODY))
    outcomes = _kept(questions.filter.exclude, found)
    if rules.unread:
        unread = (Pending(None, Why.UNREADABLE),)
        outcomes += [Outcome(Cause.UNREADABLE, pending=unread, recorded=recorded) for recorded in (True, False)]
    if auditing.limited:
        outcomes.append(Outcome(Cause.RATE_LIMIT, pending=(Pending(None, Why.RATE_LIMIT),)))
    return Decision(tuple(outcomes), cut)


def truths(questions: Asked, cases: Cases, rules: RuleSet, auditing: Auditing) -> tuple[int, int]:
    """The cases in which an access may be recorded, and those in which it may not be."""
    recorded = unrecorded = 0
    for outcome, within in walk(questions, cases):
        if outcome.recorded:
            recorded |= within
        else:
            unrecorded |= within
    for _, found in questions.filter.exclude:
        unrecorded |= recorded & cases.possible(found, Cause.EXCLUDED)
        recorded &= ~cases.certain(found, Cause.EXCLUDED)
    if rules.unread:
        return cases.all, cases.all
    return recorded, cases.all if auditing.limited else unrecorded


def _either(done: Decision, failed: Decision) -> Decision:
    """Of a call that changes what is watched if it succeeds, and of which it is not known whether it does."""
    if done.recorded is failed.recorded and done.recorded is not Truth.MAYBE:
        return done
    waits = Pending(None, Why.SUBJECT)
    both = (*done.outcomes, *failed.outcomes)
    return Decision(tuple(replace(each, pending=(*each.pending, waits)) for each in both), done.cut or failed.cut)


def _enough(outcomes: Iterable[Outcome]) -> tuple[list[Outcome], bool]:
    """The outcomes, but for those behind many when it is clear by then that it is maybe."""
    found: list[Outcome] = []
    seen: set[bool] = set()
    for outcome in outcomes:
        if len(found) >= MOST_OUTCOMES and len(seen) > 1:
            return found, True
        found.append(outcome)
        seen.add(outcome.recorded)
    return found, False


@dataclass(frozen=True, slots=True)
class Asked:
    """The rules that may decide an access, in the order in which the kernel asks them, with what each says.

    `listed` are those that the exit list itself holds, `names` those with the inode of each name, `middle` those of the
    names that are tried before the call has a result, None where nothing is; `nothing` is what is without any.
    `alike` is equal where all of that is, and what is known of the access besides.
    """

    filter: CallFilter
    listed: tuple[Said, ...]
    names: tuple[tuple[Said, ...], ...]
    middle: tuple[tuple[Said, ...], ...] | None
    nothing: Outcome
    alike: Hashable


class Cases(Protocol):
    """Kinds of subjects as bits: `all` of them, and those in which a rule may match, and surely does."""

    @property
    def all(self) -> int:
        """Every kind."""

    def possible(self, found: Match, cause: Cause) -> int:
        """The kinds for which the rule may match, of the list that `cause` tells."""

    def certain(self, found: Match, cause: Cause) -> int:
        """The kinds for which the rule surely matches."""


class _Anybody:
    """One case: nothing is known."""

    all = 1

    def possible(self, found: Match, _cause: Cause) -> int:
        return int(found.possible)

    def certain(self, found: Match, _cause: Cause) -> int:
        return int(found.truth is Truth.YES)


ANYBODY = _Anybody()


def asked(rules: RuleSet, access: Access, located: Located | None = None) -> Asked:
    """Find the rules that may decide an access; where none is on what it touches, they are those of any such call.

    `located` are the rules on its names, where they were looked for before.
    """
    succeeds = access.succeeded is not False
    there = located or rules.located(access.names, succeeds=succeeds)
    found = rules.filter(access)
    dropping = access.succeeded is True and any(rules.drops(each, access.call) for each in there.names if each.removed)
    if not (there.trees or there.on or there.middle or dropping or found.hanging or access.reported):
        return Asked(found, found.listed, (), None, Outcome(Cause.NO_RULE), found.alike)
    seen = replace(access, names=there.names)
    placed = tuple(said((*filter(None, map(found.candidate, there.trees)), *found.hanging), seen, None))
    names = _on_names(found, there.on, seen)
    middle = None
    if there.middle:
        # What is decided before the call has a result: where it takes a watched name away, all inodes' rules are tried.
        # At its end the watch is gone from the inode (audit_update_watch of kernel/audit_watch.c).
        so_far = replace(access, names=there.so_far, unfinished=True)
        middle = _on_names(rules.filter(so_far), there.middle, so_far) or None
    nothing = Outcome(Cause.REPORTED, recorded=True) if access.reported or dropping else Outcome(Cause.NO_RULE)
    listed = tuple(up_to_the_first(sorted((*found.listed, *placed), key=_order))) if placed else found.listed
    alike = (found.alike, nothing.cause, content(placed), *map(content, names), None, *map(content, middle or ()))
    if any(map(_hangs_on_names, chain(placed, *names, *(middle or ())))):
        alike = (*alike, there.names)
    return Asked(found, listed, names, middle, nothing, alike)


def _hangs_on_names(rule: Said) -> bool:
    """Whether a rule waits for something that differs from one file to the next, such as whose it is."""
    return any(pending.condition is not None and of_names(pending.condition) for pending in rule[1].pending)


def _order(rule: Said) -> int:
    return rule[0].order


def _on_names(of: CallFilter, buckets: Buckets, access: Access) -> tuple[tuple[Said, ...], ...]:
    """The rules that are kept with the inode of each name and may match; names without any are left out."""
    asked_of = (tuple(said(filter(None, map(of.candidate, rules)), access, name)) for name, rules in buckets)
    return tuple(filter(None, asked_of))


def walk(questions: Asked, cases: Cases) -> Iterator[tuple[Outcome, int]]:
    """Each outcome, with the cases in which the access may end so.

    What the task list said when the task was forked comes first; where it said nothing, the exit list decides.
    """
    left = cases.all
    for placed, found in questions.filter.task:
        if within := left & cases.possible(found, Cause.TASK):
            yield Outcome(Cause.TASK, placed, found.pending, recorded=placed.rule.action is Action.ALWAYS), within
        left &= ~cases.certain(found, Cause.TASK)
        if not left:
            return
    if questions.middle is None:
        yield from _by_list(questions, cases, questions.nothing, left)
        return
    for before, within in _by_names(questions.middle, cases, questions.nothing, left):
        yield from _by_list(questions, cases, before, within)


def _by_list(questions: Asked, cases: Cases, before: Outcome, left: int) -> Iterator[tuple[Outcome, int]]:
    """The exit list's own rules first, then for each name those of its inode that come before what matched so far."""
    names = questions.names
    last = max((placed.order for bucket in names for placed, _ in bucket), default=-1)
    # One without a key takes that of the list's own rule; keys are told where nothing is known of who makes the access.
    keyed = cases is not ANYBODY or all(placed.rule.keys() for bucket in names for placed, _ in bucket)
    for placed, found in questions.listed:
        if not _first(placed, before):
            break
        if names and keyed and placed.order > last:  # all rules on names come before those of the list that are left
            rest = 0
            for outcome, within in _by_names(names, cases, before, left):
                if outcome is before:
                    rest = within
                else:
                    yield outcome, within
            names, left = (), rest
            if not left:
                return
        if within := left & cases.possible(found, Cause.RULE):
            yield from _by_names(names, cases, _won(placed, found.pending, before.keys), within)
        left &= ~cases.certain(found, Cause.RULE)
        if not left:
            return
    yield from _by_names(names, cases, before, left)


def _by_names(
    names: Iterable[Sequence[Said]], cases: Cases, before: Outcome, left: int
) -> Iterator[tuple[Outcome, int]]:
    for bucket in names:
        for place, (placed, found) in enumerate(bucket):
            if not _first(placed, before):
                break
            if within := left & cases.possible(found, Cause.RULE):
                yield _won(placed, found.pending, before.keys), within
            if surely := left & cases.certain(found, Cause.RULE):
                yield from _reordered(bucket[place + 1 :], cases, placed, before, surely)
                left &= ~surely
                if not left:
                    return
    yield before, left


def _reordered(
    others: Iterable[Said], cases: Cases, first: Placed, before: Outcome, left: int
) -> Iterator[tuple[Outcome, int]]:
    """Rules behind the first on a name that may have come before it, since the file was replaced."""
    for placed, found in others:
        watch = placed.watch
        if not (first.watch and watch and _first(placed, before)):
            continue
        if first.watch.spot == watch.spot and watch.replaced is not False:
            waits = Pending(None, Why.REPLACED)
            if within := left & cases.possible(found, Cause.RULE):
                yield _won(placed, (*found.pending, waits), before.keys), within


def _first(placed: Placed, before: Outcome) -> bool:
    """Whether a rule comes before what matched so far, and can still change the answer."""
    return before.placed is None or placed.order < before.placed.order


def _won(placed: Placed, pending: tuple[Pending, ...], keys: tuple[str, ...] = ()) -> Outcome:
    """A rule without a key leaves that of the rule that matched before it (audit_filter_rules)."""
    always = placed.rule.action is Action.ALWAYS
    return Outcome(Cause.RULE, placed, pending, placed.rule.keys() or keys, recorded=always)


def _kept(exclude: Iterable[Said], outcomes: list[Outcome]) -> list[Outcome]:
    """What the exclude list leaves: it is asked for each record, and an event without its first record is none."""
    if not any(each.recorded for each in outcomes):
        return outcomes
    dropped: list[Outcome] = []
    for placed, found in exclude:
        dropped.append(Outcome(Cause.EXCLUDED, placed, found.pending))
        if found.truth is Truth.YES:
            return [*dropped, *(each for each in outcomes if not each.recorded)]
    return [*dropped, *outcomes]

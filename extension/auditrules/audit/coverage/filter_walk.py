"""Would the kernel record an access? The walk through its lists, in its order, with what is not known kept apart.

The order is that of audit_alloc, __audit_syscall_exit, audit_filter_syscall, audit_filter_inodes and audit_log_start
in kernel/auditsc.c and kernel/audit.c of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from auditrules.audit.coverage.access import Access, Name, Subject
from auditrules.audit.coverage.audit_names import unreached
from auditrules.audit.coverage.field_match import Answer, Why, compare, of_task
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.coverage.rule_match import Match, Pending, Truth, match, match_task
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.model.rule import Action, Comparison, Condition, FilterList

SYSCALL_RECORD = 1300  # the record without which the kernel writes nothing of an event
MOST_OUTCOMES = 64  # that a decision tells
RECORDS_OF_AN_EVENT = 12  # more than an access to a file ever makes


class Cause(str, Enum):
    """What an outcome is due to."""

    RULE = "rule"  # of the exit list
    NO_RULE = "no_rule"  # matched
    REPORTED = "reported"  # the kernel writes a record of its own
    TASK = "task"  # a rule of the task list, asked when the task was forked
    EXCLUDED = "excluded"
    DISABLED = "disabled"
    NO_CONTEXT = "no_context"  # the task is older than auditing
    RATE_LIMIT = "rate_limit"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which an access may end: recorded or not, by which rule, if what is `pending` holds."""

    cause: Cause
    placed: Placed | None = None
    pending: tuple[Pending, ...] = ()
    keys: tuple[str, ...] = ()
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """All ways in which an access may end, in the order of evaluation; one of them does."""

    outcomes: tuple[Outcome, ...]
    cut: bool = False  # there are more of them, which can change no maybe

    @property
    def recorded(self) -> Truth:
        """Whether the kernel records it."""
        found = {each.recorded for each in self.outcomes}
        return Truth.MAYBE if len(found) > 1 else Truth.YES if True in found else Truth.NO

    @property
    def waits_for(self) -> frozenset[Why]:
        """The facts that the answer hangs on; empty where it is yes or no."""
        if self.recorded is not Truth.MAYBE:
            return frozenset()
        return frozenset(pending.why for each in self.outcomes for pending in each.pending)


@dataclass(frozen=True, slots=True)
class Auditing:
    """How auditing is: `enabled` as in the status (None: not known, taken as on), and records a second (0: any)."""

    enabled: int | None = 1
    rate_limit: int = 0


ON = Auditing()


def decide(rules: RuleSet, access: Access, auditing: Auditing) -> Decision:
    """All ways in which an access may end."""
    if access.succeeded is None and any(each.removed or each.made for each in access.names):
        return _either(*(decide(rules, replace(access, succeeded=each), auditing) for each in (True, False)))
    if auditing.enabled == 0:
        return Decision((Outcome(Cause.DISABLED),))
    if not access.context:
        return Decision((Outcome(Cause.NO_CONTEXT),))
    if not rules.counted:
        return Decision((Outcome(Cause.NO_RULE),))
    seen = replace(access, names=tuple(_collected(rules, access.names)))
    found, cut = _enough(_forked(rules, seen))
    outcomes = _kept(rules, seen, found)
    if rules.unread:
        unread = (Pending(None, Why.UNREADABLE),)
        outcomes += [Outcome(Cause.UNREADABLE, pending=unread, recorded=recorded) for recorded in (True, False)]
    if 0 < auditing.rate_limit <= RECORDS_OF_AN_EVENT:
        outcomes.append(Outcome(Cause.RATE_LIMIT, pending=(Pending(None, Why.RATE_LIMIT),)))
    return Decision(tuple(outcomes), cut)


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


def _collected(rules: RuleSet, names: Iterable[Name]) -> Iterator[Name]:
    """The names that the filesystem list lets the kernel see."""
    for name in names:
        if name.magic is None and rules.hidden and name.identity is not None:
            yield replace(name, known=False)
        else:
            yield unreached(name.path) if rules.hides(name) else name


def _forked(rules: RuleSet, access: Access) -> Iterator[Outcome]:
    """What the task list said when the task was forked; where it said nothing, the exit list decides."""
    for placed in () if access.early else rules.of(FilterList.TASK):
        found = match_task(placed, access.forker)
        if found.possible:
            always = placed.rule.action is Action.ALWAYS
            yield Outcome(Cause.TASK, placed, found.pending, recorded=always)
        if found.truth is Truth.YES:
            return
    yield from _at_exit(rules, access)


def _at_exit(rules: RuleSet, access: Access) -> Iterator[Outcome]:
    """The exit list's own rules first, then for each name those of its inode that come before what matched so far."""
    for before in _in_the_middle(rules, access):
        yield from _by_list(rules, access, before)


def _in_the_middle(rules: RuleSet, access: Access) -> Iterator[Outcome]:
    """What is decided before the call has a result: where it takes a watched name away, all inodes' rules are tried.

    At its end the watch is gone from the inode (audit_update_watch of kernel/audit_watch.c).
    """
    dropping = access.succeeded is True and any(rules.drops(each, access.call) for each in access.names if each.removed)
    nothing = Outcome(Cause.NO_RULE)
    if access.reported or dropping:
        nothing = Outcome(Cause.REPORTED, recorded=True)
    if access.succeeded is not False and any(rules.follows(each.spot) for each in access.names if each.removed):
        so_far = tuple(each for each in access.names if not each.made)
        yield from _by_names(rules, replace(access, names=so_far, unfinished=True), nothing)
    else:
        yield nothing


def _by_list(rules: RuleSet, access: Access, before: Outcome) -> Iterator[Outcome]:
    for placed in rules.listed(access):
        found = match(placed, access) if _first(placed, before) else Match(Truth.NO)
        if found.possible:
            yield from _by_names(rules, access, _won(placed, found.pending, before.keys))
        if found.truth is Truth.YES:
            return
    yield from _by_names(rules, access, before)


def _first(placed: Placed, before: Outcome) -> bool:
    """Whether a rule comes before what matched so far, and can still change the answer."""
    return before.placed is None or placed.order < before.placed.order


def _by_names(rules: RuleSet, access: Access, before: Outcome) -> Iterator[Outcome]:
    for name in access.names:
        bucket = [each for each in rules.on(name, access) if _first(each, before)]
        matches = [(each, match(each, access, name)) for each in bucket]
        possible = [(each, found) for each, found in matches if found.possible]
        for place, (placed, found) in enumerate(possible):
            yield _won(placed, found.pending, before.keys)
            if found.truth is Truth.YES:
                yield from _reordered(possible[place + 1 :], placed, before)
                return
    yield before


def _reordered(others: Iterable[tuple[Placed, Match]], first: Placed, before: Outcome) -> Iterator[Outcome]:
    """Rules behind the first on a name that may have come before it, since the file was replaced."""
    for placed, found in others:
        watch = placed.watch
        if first.watch and watch and watch.spot == first.watch.spot and watch.replaced is not False:
            waits = Pending(None, Why.REPLACED)
            yield _won(placed, (*found.pending, waits), before.keys)


def _won(placed: Placed, pending: tuple[Pending, ...], keys: tuple[str, ...] = ()) -> Outcome:
    """A rule without a key leaves that of the rule that matched before it (audit_filter_rules)."""
    always = placed.rule.action is Action.ALWAYS
    return Outcome(Cause.RULE, placed, pending, placed.rule.keys() or keys, recorded=always)


def _kept(rules: RuleSet, access: Access, outcomes: list[Outcome]) -> list[Outcome]:
    """What the exclude list leaves: it is asked for each record, and an event without its first record is none."""
    if not any(each.recorded for each in outcomes):
        return outcomes
    dropped: list[Outcome] = []
    for placed in rules.of(FilterList.EXCLUDE):
        found = _excludes(placed, access.subject)
        if found is None:
            break
        if found.possible:
            dropped.append(Outcome(Cause.EXCLUDED, placed, found.pending))
        if found.truth is Truth.YES:
            return [*dropped, *(each for each in outcomes if not each.recorded)]
    return [*dropped, *outcomes]


def _excludes(placed: Placed, subject: Subject) -> Match | None:
    """Match a rule of the exclude list against an event's first record; None where the kernel looks no further."""
    pending: list[Pending] = []
    if not placed.rule.fields:
        return Match(Truth.NO)
    for condition in placed.rule.fields:
        answer = _excluding(condition, placed, subject)
        if answer is None:
            return None
        if isinstance(answer, Why):
            pending.append(Pending(condition, answer))
        elif not answer:
            return Match(Truth.NO, condition)
    return Match(Truth.MAYBE, pending=tuple(pending)) if pending else Match(Truth.YES)


def _excluding(condition: Condition, placed: Placed, subject: Subject) -> Answer | None:
    """One condition of an exclude rule (audit_filter of kernel/auditsc.c, which knows a few fields only)."""
    if isinstance(condition, Comparison) or condition.name not in EXCLUDABLE:
        return None
    if condition.name == "msgtype":
        return compare(SYSCALL_RECORD, condition)
    return of_task(condition, placed, replace(subject, groups=frozenset()))


EXCLUDABLE = frozenset(
    {"pid", "uid", "gid", "auid", "msgtype", "subj_user", "subj_role", "subj_type", "subj_sen", "subj_clr", "exe"}
)

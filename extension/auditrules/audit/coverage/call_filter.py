"""What the rules say of a system call before it is known which file it touches: asked once a call, for all paths."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

from auditrules.audit.coverage.access import Access, Name, Subject
from auditrules.audit.coverage.field_match import Answer, Why, compare, holds, of_names, of_task
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.coverage.rule_match import Match, Pending, Truth, match_task
from auditrules.audit.filesystem.path_walk import Identity
from auditrules.audit.model.rule import Comparison, Condition

SYSCALL_RECORD = 1300  # the record without which the kernel writes nothing of an event

ANOTHER: Identity = ("another",)  # program than any that a rule names

Said = tuple[Placed, Match]  # a rule, and whether it matches


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule of the exit list that may match a call.

    `left` are the conditions that may fail, in the rule's order: those that wait for a fact, and those on what the call
    touches. `found` is the answer where none is of the latter kind.
    """

    placed: Placed
    left: tuple[Pending | Condition, ...]
    found: Match | None

    def matched(self, access: Access, name: Name | None) -> Match:
        """Match the rule; `name` is the one by whose inode it was found, None for other rules."""
        if self.found is not None:
            return self.found
        pending: list[Pending] = []
        for each in self.left:
            if isinstance(each, Pending):
                pending.append(each)
                continue
            answer = holds(each, self.placed, access, name)
            if isinstance(answer, Why):
                pending.append(Pending(each, answer))
            elif not answer:
                return Match(Truth.NO, each)
        return _match(pending)


def _match(pending: Iterable[Pending]) -> Match:
    waits = tuple(pending)
    return Match(Truth.MAYBE, pending=waits) if waits else Match(Truth.YES)


def candidate(placed: Placed, call: Access) -> Candidate | None:
    """The rule with what is left to be asked of it; None where it can't match the call, whatever it touches."""
    if not placed.rule.syscalls >> call.number & 1:
        return None
    left: list[Pending | Condition] = []
    for condition in placed.rule.fields:
        if of_names(condition):
            left.append(condition)
            continue
        answer = holds(condition, placed, call, None)
        if isinstance(answer, Why):
            left.append(Pending(condition, answer))
        elif not answer:
            return None
    told = [each for each in left if isinstance(each, Pending)]
    return Candidate(placed, tuple(left), _match(told) if len(told) == len(left) else None)


class CallFilter:
    """The rules of a kernel that may match a call, an access without its names.

    `task` and `exclude` are what the rules of these lists say, and `listed` what those of the exit list do that are on
    no path and ask for nothing that the call touches; `hanging` are those that ask. `alike` is equal where all of that
    is but the latter, and what is known of the call besides.
    """

    def __init__(
        self, call: Access, task: Iterable[Placed], anywhere: Iterable[Placed], exclude: Iterable[Placed]
    ) -> None:
        self.call = call
        self.task: tuple[Said, ...] = () if call.early else tuple(up_to_the_first(_forked(task, call.forker)))
        candidates = [found for each in anywhere if (found := candidate(each, call)) is not None]
        self.hanging = tuple(each for each in candidates if each.found is None)
        told = ((each.placed, each.found) for each in candidates if each.found is not None)
        self.listed: tuple[Said, ...] = tuple(up_to_the_first(told))
        self.exclude: tuple[Said, ...] = tuple(up_to_the_first(_excluded(exclude, call.subject)))
        self.alike: Hashable = (
            *(content(self.task), content(self.listed), content(self.exclude)),
            *(call.subject, call.forker, call.succeeded, call.result, call.arguments),
        )
        self._candidates: dict[int, Candidate | None] = {}

    def candidate(self, placed: Placed) -> Candidate | None:
        """A rule on a path with what is left to be asked of it; None where it can't match the call."""
        if placed.order not in self._candidates:
            self._candidates[placed.order] = candidate(placed, self.call)
        return self._candidates[placed.order]


def content(rules: Iterable[Said]) -> Hashable:
    """What rules of one rule set say, as a value to compare."""
    return tuple([(placed.order, found.pending) for placed, found in rules])


def _forked(rules: Iterable[Placed], forker: Subject) -> Iterator[Said]:
    return ((each, match_task(each, forker)) for each in rules)


def said(candidates: Iterable[Candidate], access: Access, name: Name | None) -> Iterator[Said]:
    """The rules that match an access or may; `name` is the one by whose inode they were found."""
    for each in candidates:
        found = each.matched(access, name)
        if found.possible:
            yield each.placed, found


def up_to_the_first(rules: Iterable[Said]) -> Iterator[Said]:
    """The rules that match or may, up to the first that surely does."""
    for placed, found in rules:
        if found.possible:
            yield placed, found
        if found.truth is Truth.YES:
            return


def _excluded(rules: Iterable[Placed], subject: Subject) -> Iterator[Said]:
    """What the rules of the exclude list say of an event's first record, as far as the kernel looks."""
    for placed in rules:
        found = _excludes(placed, subject)
        if found is None:
            return
        yield placed, found


def _excludes(placed: Placed, subject: Subject) -> Match | None:
    """Match a rule of the exclude list; None where the kernel looks no further."""
    pending: list[Pending] = []
    if not placed.rule.fields:
        return Match(Truth.NO)
    for condition in placed.rule.fields:
        answer = excluding(condition, placed, subject)
        if answer is None:
            return None
        if isinstance(answer, Why):
            pending.append(Pending(condition, answer))
        elif not answer:
            return Match(Truth.NO, condition)
    return _match(pending)


def excluding(condition: Condition, placed: Placed, subject: Subject) -> Answer | None:
    """One condition of an exclude rule (audit_filter of kernel/auditsc.c, which knows a few fields only)."""
    if isinstance(condition, Comparison) or condition.name not in EXCLUDABLE:
        return None
    if condition.name == "msgtype":
        return compare(SYSCALL_RECORD, condition)
    return of_task(condition, placed, replace(subject, groups=frozenset()))


EXCLUDABLE = frozenset(
    {"pid", "uid", "gid", "auid", "msgtype", "subj_user", "subj_role", "subj_type", "subj_sen", "subj_clr", "exe"}
)

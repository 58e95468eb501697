"""Matches a rule against an access: yes, no, or maybe if a fact is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from auditrules.audit.coverage.access import Access, Credentials, Name
from auditrules.audit.coverage.field_match import match_field, of_task
from auditrules.audit.coverage.match_result import MatchResult, Undetermined
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.model.rule import Condition, Field, Operator
from auditrules.values import dataclass


class Truth(Enum):
    """Kleene's three values."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Pending:
    """A condition that may hold, and the kind of fact that is missing to tell."""

    condition: Condition | None
    why: Undetermined


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one rule.

    `failed` is the condition that does not hold, None if the call itself is not among the rule's system calls.
    `pending` are the conditions that may hold.
    """

    truth: Truth
    failed: Condition | None = None
    pending: tuple[Pending, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether the rule matches or may match."""
        return self.truth is not Truth.NO


def match(resolved: ResolvedRule, access: Access, name: Name | None = None) -> Match:
    """Match a rule of the exit list. `name` is the name at whose inode the kernel keeps the rule, if it does."""
    if not resolved.rule.syscalls >> access.number & 1:
        return Match(Truth.NO)
    return all_of(resolved.rule.fields, lambda condition: match_field(condition, resolved, access, name))


def match_task(resolved: ResolvedRule, subject: Credentials) -> Match:
    """Match a rule of the task list against the forking task (audit_filter_task)."""

    def answer(condition: Condition) -> MatchResult:
        if isinstance(condition, Field) and condition.name == "exe":
            return condition.operator is Operator.NOT_EQUAL  # a task has no program yet when it is forked
        return of_task(condition, resolved, subject)

    return all_of(resolved.rule.fields, answer)


def all_of(conditions: Iterable[Condition], answer: Callable[[Condition], MatchResult]) -> Match:
    """Whether all conditions hold."""
    pending: list[Pending] = []
    for condition in conditions:
        found = answer(condition)
        if isinstance(found, Undetermined):
            pending.append(Pending(condition, found))
        elif not found:
            return Match(Truth.NO, condition)
    return Match(Truth.MAYBE, pending=tuple(pending)) if pending else Match(Truth.YES)

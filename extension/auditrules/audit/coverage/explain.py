"""Why an access is decided as it is: the rules in the order in which the kernel asks them, and what each said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from auditrules.audit.auditctl.normal_form import field_text
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.decision import Auditing, Cause
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.coverage.rule_match import Match, Truth, match, match_task
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.model.rule import PATH_NAMES, Condition, Field, FilterList


class Said(Enum):
    """What a rule said of an access."""

    DECIDES = "decides"
    MAY_DECIDE = "decides if"
    LATE = "matches, but another rule comes first"
    FAILED = "does not match"
    ELSEWHERE = "is on another path"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was considered: what it said, and the condition or call that kept it from more."""

    placed: Placed
    said: Said
    why: str = ""

    @property
    def words(self) -> str:
        """What it said, for a person."""
        if not self.why:
            return self.said.value
        return f"{self.said.value}{' ' if self.said is Said.MAY_DECIDE else ': '}{self.why}"


def steps(rules: RuleSet, access: Access, auditing: Auditing, machine: str) -> Iterator[Step]:
    """The rules of the task, exit and exclude lists in the order in which they are asked."""
    outcomes = decide(rules, access, auditing).outcomes
    deciding = {each.placed.order: each for each in outcomes if each.placed is not None}
    for placed in (*rules.of(FilterList.TASK), *rules.of(FilterList.EXIT), *rules.of(FilterList.EXCLUDE)):
        outcome = deciding.get(placed.order)
        if outcome is not None:
            conditions = [_words(pending.condition, machine) for pending in outcome.pending]
            said = Said.MAY_DECIDE if conditions else Said.DECIDES
            yield Step(placed, said, " and ".join(conditions))
        elif placed.rule.list is FilterList.EXCLUDE:
            yield Step(placed, Said.FAILED, "leaves the record of the call in")
        elif any(each.cause is Cause.DISABLED for each in outcomes):
            yield Step(placed, Said.FAILED, "auditing is off")
        else:
            yield _missed(placed, _best(placed, access), access, machine)


def _best(placed: Placed, access: Access) -> Match:
    """How far a rule comes, whichever name it is asked for."""
    if placed.rule.list is FilterList.TASK:
        return match_task(placed, access.forker)
    if not placed.by_inode:
        return match(placed, access)
    return max((match(placed, access, name) for name in access.names), key=lambda each: each.truth.value)


def _missed(placed: Placed, found: Match, access: Access, machine: str) -> Step:
    if found.truth is not Truth.NO:
        return Step(placed, Said.LATE)
    if found.failed is None:
        return Step(placed, Said.FAILED, f"{access.call} is none of its system calls")
    if isinstance(found.failed, Field) and found.failed.name in PATH_NAMES:
        return Step(placed, Said.ELSEWHERE)
    return Step(placed, Said.FAILED, f"{_words(found.failed, machine)} does not hold")


def _words(condition: Condition | None, machine: str) -> str:
    return field_text(condition, machine) if condition is not None else "what is not known here holds"

"""Compares two rule sets on one access: the cases in which only one of them records it.

The cases (subject and result) are those that the conditions of both sets distinguish, so the answer is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditrules.audit.auditctl.normal_form import field_text
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.access_coverage import evaluate_access, subject_conditions
from auditrules.audit.coverage.applicable_rules import applicable_rules
from auditrules.audit.coverage.credential_cases import CredentialCases
from auditrules.audit.coverage.decision import Auditing, CaseCondition, Cause, CoverageStatus, Decision
from auditrules.audit.coverage.filter_walk import decide_without_rules, recorded_cases
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Match, Pending, Truth
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rules_on_names import NameRules
from auditrules.values import dataclass


@dataclass(frozen=True)
class RulesInForce:
    """Rules on a host, and whether auditing is on. `on_names` are the rules on an access's names, if already known."""

    rules: RuleSet
    auditing: Auditing
    on_names: NameRules | None = None


@dataclass(frozen=True, slots=True)
class AccessDifference:
    """The cases in which an access is no longer recorded (`lost`), or newly (`gained`).

    Each is None for no case, else the conditions that hold in all these cases. `unsure`: in some case it is not known
    whether one of the two sets records it.
    """

    lost: tuple[str, ...] | None = None
    gained: tuple[str, ...] | None = None
    unsure: bool = False

    @property
    def none(self) -> bool:
        """Whether there is no difference."""
        return self.lost is None and self.gained is None and not self.unsure


NO_DIFFERENCE = AccessDifference()
ONLY, EXCEPT = " only", "except "  # behind a condition that holds in all cases, and before one that holds in none
_DEFINITE = (CoverageStatus.RECORDED, CoverageStatus.UNRECORDED)


def access_difference(access: Access, old: RulesInForce, new: RulesInForce, machine: str) -> AccessDifference:
    """What changes for an access if the new rules replace the old ones, on one file system."""
    before, old_decision = evaluate_access(old.rules, access, old.auditing, old.on_names)
    after, new_decision = evaluate_access(new.rules, access, new.auditing, new.on_names)
    if before in _DEFINITE and after in _DEFINITE:
        if before is after:
            return NO_DIFFERENCE
        lost = before is CoverageStatus.RECORDED
        return AccessDifference(() if lost else None, None if lost else ())
    if _comparable(old_decision) == _comparable(new_decision):
        return NO_DIFFERENCE
    return _by_case(access, old, new, machine)


def _comparable(decision: Decision) -> list[tuple[object, ...]]:
    """The outcomes of a decision without the rules' places, so that decisions of two rule sets compare."""
    return [
        (each.cause, each.resolved and each.resolved.rule, each.pending, each.recorded) for each in decision.outcomes
    ]


def _by_case(access: Access, old: RulesInForce, new: RulesInForce, machine: str) -> AccessDifference:
    conditions: dict[CaseCondition, ResolvedRule] = {}
    sides = []
    for side in (old, new):
        without = decide_without_rules(side.rules, access, side.auditing)
        applicable = None if without is not None else applicable_rules(side.rules, access, side.on_names)
        sides.append((side, without, applicable))
        if applicable is not None:
            conditions |= dict(subject_conditions(applicable))
    cases = CredentialCases(conditions, access)
    found = []
    for side, without, applicable in sides:
        if applicable is not None:
            recorded, unrecorded = recorded_cases(applicable, cases, side.rules, side.auditing)
        else:
            kept = without is not None and without.recorded is Truth.YES
            recorded, unrecorded = (cases.all, 0) if kept else (0, cases.all)
        found.append((recorded & ~unrecorded, unrecorded & ~recorded, recorded & unrecorded))
    (was, was_not, was_unsure), (is_, is_not, is_unsure) = found
    lost, gained = was & is_not, was_not & is_
    return AccessDifference(
        where_of(lost, cases, conditions, machine) if lost else None,
        where_of(gained, cases, conditions, machine) if gained else None,
        bool(was_unsure | is_unsure) or not cases.complete,
    )


def where_of(bits: int, cases: CredentialCases, conditions: Iterable[CaseCondition], machine: str) -> tuple[str, ...]:
    """The conditions that hold in all of these cases, but not in every case, in words."""
    return tuple(dict.fromkeys(_words(bits, cases, conditions, machine)))


def _words(bits: int, cases: CredentialCases, conditions: Iterable[CaseCondition], machine: str) -> Iterator[str]:
    for cause, condition in conditions:
        match = Match(Truth.MAYBE, pending=(Pending(condition, Undetermined.SUBJECT),))
        text = field_text(condition, machine)
        if cause is Cause.TASK:
            text = f"{text} when it was forked"
        if bits & ~cases.certain(match, cause) == 0:
            yield f"{text}{ONLY}"
        elif not bits & cases.possible(match, cause):
            yield f"{EXCEPT}{text}"

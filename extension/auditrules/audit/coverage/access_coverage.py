"""Decides for whom an access is recorded: everybody, some subjects, or nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.applicable_rules import ApplicableRules, applicable_rules
from auditrules.audit.coverage.call_filter import RuleMatch
from auditrules.audit.coverage.decision import (
    Auditing,
    CaseCondition,
    Cause,
    CoverageStatus,
    Decision,
    combine,
)
from auditrules.audit.coverage.filter_walk import (
    decide,
    decide_by_rules,
    decide_without_rules,
    recorded_cases,
)
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Pending, Truth
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rules_on_names import NameRules
from auditrules.values import replace

FIRST_CONDITIONS = 32  # conditions that are evaluated before all are: they decide most accesses

STATUS_OF = {
    Truth.YES: CoverageStatus.RECORDED,
    Truth.NO: CoverageStatus.UNRECORDED,
    Truth.MAYBE: CoverageStatus.UNKNOWN,
}


Evaluated = tuple[CoverageStatus, Decision]


def evaluate_access(
    rules: RuleSet, access: Access, auditing: Auditing, on_names: NameRules | None = None
) -> tuple[CoverageStatus, Decision]:
    """Whether an access is recorded for any subject, and the decision for an unknown one.

    `on_names` are the rules on its names, if the caller has them already.
    """
    without = decide_without_rules(rules, access, auditing)
    if without is not None:
        return STATUS_OF[without.recorded], without
    applicable = applicable_rules(rules, access, on_names)
    return rules.statuses.get(
        (auditing, applicable.fingerprint), lambda: _evaluate(applicable, rules, access, auditing)
    )


def _evaluate(
    applicable: ApplicableRules, rules: RuleSet, access: Access, auditing: Auditing
) -> tuple[CoverageStatus, Decision]:
    decision = decide_by_rules(applicable, rules, auditing)
    if Undetermined.SUBJECT not in decision.waits_for:
        return STATUS_OF[decision.recorded], decision
    conditions = dict(subject_conditions(applicable))
    if len(conditions) > FIRST_CONDITIONS:
        first = dict(islice(sorted(conditions.items(), key=lambda each: each[1].order), FIRST_CONDITIONS))
        found = possible_statuses(*recorded_cases(applicable, rules.cases(first, access), rules, auditing))
        if found == {CoverageStatus.RECORDED} or {CoverageStatus.RECORDED, CoverageStatus.UNRECORDED} <= found:
            return combine(found), decision  # whatever the other conditions are
    cases = rules.cases(conditions, access)
    recorded, unrecorded = recorded_cases(applicable, cases, rules, auditing)
    judged = combine(possible_statuses(recorded, unrecorded))
    if judged is not CoverageStatus.CONDITIONAL and not cases.complete:
        *others, last = decision.outcomes
        last = replace(last, pending=(*last.pending, Pending(None, Undetermined.TOO_MANY)))
        return CoverageStatus.UNKNOWN, Decision((*others, last), decision.cut)
    if judged is CoverageStatus.UNKNOWN:
        return judged, decide(rules, cases.example(recorded & unrecorded, access), auditing)
    return judged, decision


def possible_statuses(recorded: int, unrecorded: int) -> set[CoverageStatus]:
    """The statuses that occur, from the cases (as bits) in which an access may be recorded, and may be unrecorded."""
    cases = {
        CoverageStatus.RECORDED: recorded & ~unrecorded,
        CoverageStatus.UNRECORDED: unrecorded & ~recorded,
        CoverageStatus.UNKNOWN: recorded & unrecorded,
    }
    return {each for each, bits in cases.items() if bits}


def subject_conditions(applicable: ApplicableRules) -> Iterator[tuple[CaseCondition, ResolvedRule]]:
    """The rules' conditions that depend on the subject or on the result, each with a rule that has it."""
    lists: tuple[tuple[Cause, Iterable[RuleMatch]], ...] = (
        (Cause.RULE, applicable.listed),
        *((Cause.RULE, each) for names in (applicable.names, *applicable.removals) for each in names),
        (Cause.EXCLUDED, applicable.filter.exclude),
        (Cause.EXCLUDED, applicable.unreported),
        (Cause.TASK, applicable.filter.task),
    )
    for cause, matches in lists:
        for resolved, found in matches:
            for pending in found.pending:
                if pending.why is Undetermined.SUBJECT and pending.condition is not None:
                    yield (cause, pending.condition), resolved

"""Decides whether an access is recorded in all cases that a requested rule certainly matches, or in some, or none."""

from __future__ import annotations

from itertools import islice

from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.access_coverage import (
    FIRST_CONDITIONS,
    STATUS_OF,
    Evaluated,
    possible_statuses,
    subject_conditions,
)
from auditrules.audit.coverage.applicable_rules import ApplicableRules, applicable_rules
from auditrules.audit.coverage.credential_cases import ASKED, CredentialCases
from auditrules.audit.coverage.decision import (
    Auditing,
    CaseCondition,
    Cause,
    CoverageStatus,
    Decision,
    Outcome,
    combine,
)
from auditrules.audit.coverage.filter_walk import (
    decide,
    decide_without_rules,
    left_by_exclude_list,
    not_known,
    outcomes_by_case,
    recorded_cases,
)
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Match, Pending, Truth
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rules_on_names import NameRules
from auditrules.audit.model.rule import Action, Condition, FilterList, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.values import replace


def evaluate_asked(
    rules: RuleSet,
    access: Access,
    auditing: Auditing,
    asked: tuple[Condition, ...],
    on_names: NameRules | None = None,
) -> Evaluated | None:
    """Whether an access is recorded in all cases that a rule with the `asked` conditions certainly matches.

    The decision has the outcomes of these cases only, without the conditions that hold in all of them. None if there is
    no such case.
    """
    applicable = applicable_rules(rules, access, on_names)
    (found,) = rules.asked.get(
        (auditing, applicable.fingerprint, asked),
        lambda: (_evaluate_asked(applicable, rules, access, auditing, asked),),
    )
    without = decide_without_rules(rules, access, auditing)
    return found if found is None or without is None else (STATUS_OF[without.recorded], without)


def _evaluate_asked(
    applicable: ApplicableRules, rules: RuleSet, access: Access, auditing: Auditing, asked: tuple[Condition, ...]
) -> Evaluated | None:
    wanting = ResolvedRule(_ASKED, ASKED, labelled=rules.labelled)
    wanted: dict[CaseCondition, ResolvedRule] = {(Cause.RULE, condition): wanting for condition in asked}
    conditions = dict(subject_conditions(applicable))
    # Mostly the asked conditions alone decide; else try with a few conditions of the rules, then with all.
    first = dict(islice(sorted(conditions.items(), key=lambda each: each[1].order), FIRST_CONDITIONS))
    for tried in ({}, first) if len(conditions) > FIRST_CONDITIONS else ({},):
        within = _AskedCases(applicable, rules, auditing, asked, rules.cases({**wanted, **tried}, access))
        if within.status is not CoverageStatus.UNKNOWN:
            return within.judged
    within = _AskedCases(applicable, rules, auditing, asked, rules.cases({**wanted, **conditions}, access))
    if within.status is CoverageStatus.UNKNOWN and within.cases.complete:
        example = within.cases.example(within.recorded & within.unrecorded, access)
        return CoverageStatus.UNKNOWN, decide(rules, example, auditing)
    return within.judged


_ASKED = Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS)


class _AskedCases:
    """The cases that the requested rule certainly matches, and whether an access is recorded in them.

    `status` is None if there is no such case, and unknown if more cases are needed to tell.
    """

    def __init__(
        self,
        applicable: ApplicableRules,
        rules: RuleSet,
        auditing: Auditing,
        asked: tuple[Condition, ...],
        cases: CredentialCases,
    ) -> None:
        self._applicable = applicable
        self._rules = rules
        self._auditing = auditing
        self.cases = cases
        waits = tuple(Pending(condition, Undetermined.SUBJECT) for condition in asked)
        self._bits: int = cases.certain(Match(Truth.MAYBE, pending=waits), Cause.RULE)
        self.recorded, self.unrecorded = (
            bits & self._bits for bits in recorded_cases(applicable, cases, rules, auditing)
        )
        self.status = self._status()

    def _status(self) -> CoverageStatus | None:
        if not self._bits:
            return None if self.cases.complete else CoverageStatus.UNKNOWN
        found = combine(possible_statuses(self.recorded, self.unrecorded))
        certain = self.cases.complete or found is CoverageStatus.CONDITIONAL
        return found if certain else CoverageStatus.UNKNOWN

    @property
    def judged(self) -> Evaluated | None:
        """The status, with the outcomes of these cases only, and without the conditions that hold in all of them."""
        if self.status is None:
            return None
        if self.status is CoverageStatus.UNKNOWN:
            return self.status, Decision((_TOO_MANY,))
        outcomes = [
            replace(outcome, pending=tuple(self.cases.open(outcome.pending, outcome.cause, self._bits)))
            for outcome, hits in outcomes_by_case(self._applicable, self.cases)
            if hits & self._bits
        ]
        exclude = [
            (resolved, replace(found, pending=tuple(self.cases.open(found.pending, Cause.EXCLUDED, self._bits))))
            for resolved, found in self._applicable.filter.exclude
            if self.cases.possible(found, Cause.EXCLUDED) & self._bits
        ]
        left = left_by_exclude_list(exclude, list(dict.fromkeys(outcomes)))
        return self.status, Decision(tuple(left + not_known(self._rules, self._auditing)))


_TOO_MANY = Outcome(Cause.UNREADABLE, pending=(Pending(None, Undetermined.TOO_MANY),))

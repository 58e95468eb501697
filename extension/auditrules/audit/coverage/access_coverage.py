"""Decides for whom an access is recorded: everybody, some subjects, or nobody.

A question may be narrowed to the accesses that a requested rule would match (`asked`: its conditions on the subject and
on the result). Then only the cases that this rule certainly matches count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from auditrules.audit.coverage.access import ANYBODY, Access, Credentials
from auditrules.audit.coverage.applicable_rules import ApplicableRules, applicable_rules
from auditrules.audit.coverage.call_filter import RuleMatch
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
from auditrules.audit.coverage.field_match import LABELS
from auditrules.audit.coverage.filter_walk import (
    decide,
    decide_by_rules,
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
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Action, Condition, Field, FilterList, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.values import dataclass, replace

FIRST_CONDITIONS = 32  # conditions that are evaluated before all are: they decide most accesses

_STATUS = {Truth.YES: CoverageStatus.RECORDED, Truth.NO: CoverageStatus.UNRECORDED, Truth.MAYBE: CoverageStatus.UNKNOWN}


Evaluated = tuple[CoverageStatus, Decision]


@dataclass(frozen=True, slots=True)
class AuditedHost:
    """A host whose coverage is evaluated: its rules, its files, and whether auditing is on.

    `who` is the subject, as far as it is given. `compat`: a 32-bit program of a 64-bit machine makes the accesses.
    `asked` are the conditions of a requested rule: accesses that it does not match are not judged.
    """

    rules: RuleSet
    file_system: FileSystem
    auditing: Auditing
    who: Credentials = ANYBODY
    compat: bool = False
    asked: tuple[Condition, ...] = ()

    def evaluate(self, access: Access, on_names: NameRules | None = None) -> Evaluated | None:
        """Whether an access is recorded, in the cases that are asked about; None if there is no such case."""
        found = self._evaluate(self.rules, access, on_names)
        unlabelled = self.rules.unlabelled
        if found is None or found[0] is not CoverageStatus.UNKNOWN or unlabelled is self.rules or self._asks_for_label:
            return found
        # The labels of tasks are not known, but some tasks surely have none of the labels in the rules.
        escaping = self._evaluate(unlabelled, access, None)
        if escaping is not None and escaping[0] in (CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL):
            return CoverageStatus.CONDITIONAL, escaping[1]
        return found

    def _evaluate(self, rules: RuleSet, access: Access, on_names: NameRules | None) -> Evaluated | None:
        if not self.asked:
            return evaluate_access(rules, access, self.auditing, on_names)
        return evaluate_asked(rules, access, self.auditing, self.asked, on_names)

    @property
    def _asks_for_label(self) -> bool:
        return any(isinstance(each, Field) and each.name in LABELS for each in self.asked)

    @property
    def machine(self) -> str:
        """The machine whose system calls are made."""
        return self.file_system.facts.machine


def one_of_two(one: Evaluated | None, other: Evaluated | None, why: Undetermined) -> Evaluated | None:
    """The result of an access that is one of two, unknown which; None if one of them is not asked about."""
    if one is None or other is None:
        return None
    if one[0] is other[0]:
        return one
    both = (*one[1].outcomes, *other[1].outcomes)
    decision = Decision(tuple(replace(each, pending=(*each.pending, Pending(None, why))) for each in both))
    escaped = {CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL}
    return (CoverageStatus.CONDITIONAL if {one[0], other[0]} <= escaped else CoverageStatus.UNKNOWN), decision


def evaluate_access(
    rules: RuleSet, access: Access, auditing: Auditing, on_names: NameRules | None = None
) -> tuple[CoverageStatus, Decision]:
    """Whether an access is recorded for any subject, and the decision for an unknown one.

    `on_names` are the rules on its names, if the caller has them already.
    """
    without = decide_without_rules(rules, access, auditing)
    if without is not None:
        return _STATUS[without.recorded], without
    applicable = applicable_rules(rules, access, on_names)
    return rules.statuses.get(
        (auditing, applicable.fingerprint), lambda: _evaluate(applicable, rules, access, auditing)
    )


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
    return found if found is None or without is None else (_STATUS[without.recorded], without)


def _evaluate(
    applicable: ApplicableRules, rules: RuleSet, access: Access, auditing: Auditing
) -> tuple[CoverageStatus, Decision]:
    decision = decide_by_rules(applicable, rules, auditing)
    if Undetermined.SUBJECT not in decision.waits_for:
        return _STATUS[decision.recorded], decision
    conditions = dict(subject_conditions(applicable))
    if len(conditions) > FIRST_CONDITIONS:
        first = dict(islice(sorted(conditions.items(), key=lambda each: each[1].order), FIRST_CONDITIONS))
        found = _statuses(*recorded_cases(applicable, rules.cases(first, access), rules, auditing))
        if found == {CoverageStatus.RECORDED} or {CoverageStatus.RECORDED, CoverageStatus.UNRECORDED} <= found:
            return combine(found), decision  # whatever the other conditions are
    cases = rules.cases(conditions, access)
    recorded, unrecorded = recorded_cases(applicable, cases, rules, auditing)
    judged = combine(_statuses(recorded, unrecorded))
    if judged is not CoverageStatus.CONDITIONAL and not cases.complete:
        *others, last = decision.outcomes
        last = replace(last, pending=(*last.pending, Pending(None, Undetermined.TOO_MANY)))
        return CoverageStatus.UNKNOWN, Decision((*others, last), decision.cut)
    if judged is CoverageStatus.UNKNOWN:
        return judged, decide(rules, cases.example(recorded & unrecorded, access), auditing)
    return judged, decision


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
        found = combine(_statuses(self.recorded, self.unrecorded))
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


def _statuses(recorded: int, unrecorded: int) -> set[CoverageStatus]:
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


def with_subject(access: Access, subject: Credentials) -> Access:
    """The access by this subject. If the access is an execution, its program stays."""
    if subject is ANYBODY:
        return access
    known = {name: value for name in _OF_SUBJECT if (value := getattr(subject, name)) is not None}
    exe = access.subject.exe if access.subject.exe is not None else subject.exe
    return replace(access, subject=replace(access.subject, **known, exe=exe), forker=replace(access.forker, **known))


_OF_SUBJECT = (
    *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
    *("groups", "pid", "ppid", "sessionid"),
)

"""Whether an access is recorded whoever makes it: for everybody, for some, or for nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from auditrules.audit.coverage.access import ANYBODY, Access, Credentials
from auditrules.audit.coverage.call_filter import RuleMatch
from auditrules.audit.coverage.credential_cases import CaseCondition
from auditrules.audit.coverage.decision import Auditing, Cause, CoverageStatus, Decision, combine
from auditrules.audit.coverage.field_match import Undetermined
from auditrules.audit.coverage.filter_walk import (
    ApplicableRules,
    applicable_rules,
    decide,
    decide_by_rules,
    decide_without_rules,
    recorded_cases,
)
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Pending, Truth
from auditrules.audit.coverage.rule_set import NameRules, RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem

FIRST_CONDITIONS = 32  # that are evaluated before all are, as they decide most accesses

_STATUS = {Truth.YES: CoverageStatus.RECORDED, Truth.NO: CoverageStatus.UNRECORDED, Truth.MAYBE: CoverageStatus.UNKNOWN}


@dataclass(frozen=True, slots=True)
class AuditedHost:
    """What coverage is asked of: rules on a host, and how auditing is.

    `who` says what is known of who accesses; `compat` that a 32-bit program of a 64-bit machine does.
    """

    rules: RuleSet
    file_system: FileSystem
    auditing: Auditing
    who: Credentials = ANYBODY
    compat: bool = False

    @property
    def machine(self) -> str:
        """Whose system calls are made."""
        return self.file_system.facts.machine


def evaluate_access(
    rules: RuleSet, access: Access, auditing: Auditing, on_names: NameRules | None = None
) -> tuple[CoverageStatus, Decision]:
    """Whether an access is recorded, whoever makes it, and the decision with nothing known of who does.

    `on_names` are the rules on its names, if the caller knows them already.
    """
    without = decide_without_rules(rules, access, auditing)
    if without is not None:
        return _STATUS[without.recorded], without
    applicable = applicable_rules(rules, access, on_names)
    return rules.statuses.get(
        (auditing, applicable.fingerprint), lambda: _evaluate(applicable, rules, access, auditing)
    )


def _evaluate(
    applicable: ApplicableRules, rules: RuleSet, access: Access, auditing: Auditing
) -> tuple[CoverageStatus, Decision]:
    decision = decide_by_rules(applicable, rules, auditing)
    if Undetermined.SUBJECT not in decision.waits_for:
        return _STATUS[decision.recorded], decision
    conditions = dict(_subject_conditions(applicable))
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


def _statuses(recorded: int, unrecorded: int) -> set[CoverageStatus]:
    """The statuses that occur, given the cases in which the access may be recorded, and may be unrecorded."""
    cases = {
        CoverageStatus.RECORDED: recorded & ~unrecorded,
        CoverageStatus.UNRECORDED: unrecorded & ~recorded,
        CoverageStatus.UNKNOWN: recorded & unrecorded,
    }
    return {each for each, bits in cases.items() if bits}


def _subject_conditions(applicable: ApplicableRules) -> Iterator[tuple[CaseCondition, ResolvedRule]]:
    """The conditions that depend on who makes the access or how it ends, each with a rule that has it."""
    lists: tuple[tuple[Cause, Iterable[RuleMatch]], ...] = (
        (Cause.RULE, applicable.listed),
        *((Cause.RULE, each) for names in (applicable.names, *applicable.removals) for each in names),
        (Cause.EXCLUDED, applicable.filter.exclude),
        (Cause.TASK, applicable.filter.task),
    )
    for cause, matches in lists:
        for resolved, found in matches:
            for pending in found.pending:
                if pending.why is Undetermined.SUBJECT and pending.condition is not None:
                    yield (cause, pending.condition), resolved


def with_subject(access: Access, subject: Credentials) -> Access:
    """The access with what is known of its subject; the program that an execution runs stays."""
    if subject is ANYBODY:
        return access
    known = {name: value for name in _OF_SUBJECT if (value := getattr(subject, name)) is not None}
    return replace(access, subject=replace(access.subject, **known), forker=replace(access.forker, **known))


_OF_SUBJECT = (
    *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
    *("groups", "pid", "ppid", "sessionid"),
)

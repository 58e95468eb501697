"""Whether an access is recorded, whoever makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditrules.audit.coverage.access import ANYBODY, Access, Subject
from auditrules.audit.coverage.call_filter import Said
from auditrules.audit.coverage.cases import Question
from auditrules.audit.coverage.decision import Auditing, Cause, Decision, Verdict, together
from auditrules.audit.coverage.field_match import Why
from auditrules.audit.coverage.filter_walk import Asked, asked, decide, decided, truths, unasked
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.coverage.rule_match import Pending, Truth
from auditrules.audit.coverage.rule_set import RuleSet

_VERDICT = {Truth.YES: Verdict.RECORDED, Truth.NO: Verdict.UNRECORDED, Truth.MAYBE: Verdict.UNKNOWN}


def verdict(rules: RuleSet, access: Access, auditing: Auditing) -> tuple[Verdict, Decision]:
    """Whether an access is recorded, whoever makes it, and the decision with nothing known of who does."""
    without = unasked(rules, access, auditing)
    if without is not None:
        return _VERDICT[without.recorded], without
    questions = asked(rules, access)
    kept = questions.filter.judged.get(auditing) if questions.everywhere else None
    if kept is None:
        kept = _judged(questions, rules, access, auditing)
        if questions.everywhere:
            questions.filter.judged[auditing] = kept
    return kept


def _judged(questions: Asked, rules: RuleSet, access: Access, auditing: Auditing) -> tuple[Verdict, Decision]:
    decision = decided(questions, rules, auditing)
    if Why.SUBJECT not in decision.waits_for:
        return _VERDICT[decision.recorded], decision
    cases = rules.cases(dict(_open(questions)), access)
    recorded, unrecorded = truths(questions, cases, rules, auditing)
    unknown = recorded & unrecorded
    found = {
        each
        for each, within in (
            (Verdict.RECORDED, recorded & ~unrecorded),
            (Verdict.UNRECORDED, unrecorded & ~recorded),
            (Verdict.UNKNOWN, unknown),
        )
        if within
    }
    judged = together(found)
    if judged is not Verdict.CONDITIONAL and not cases.whole:
        waits = Pending(None, Why.TOO_MANY)
        outcomes = tuple(replace(each, pending=(*each.pending, waits)) for each in decision.outcomes)
        return Verdict.UNKNOWN, Decision(outcomes, decision.cut)
    return judged, decide(rules, cases.example(unknown, access), auditing) if judged is Verdict.UNKNOWN else decision


def _open(questions: Asked) -> Iterator[tuple[Question, Placed]]:
    """The conditions that hang on who makes the access, or on how it ends, each with a rule that has it."""
    lists: tuple[tuple[Cause, Iterable[Said]], ...] = (
        *((Cause.RULE, each) for each in (questions.listed, *questions.names, *(questions.middle or ()))),
        (Cause.EXCLUDED, questions.filter.exclude),
        (Cause.TASK, questions.filter.task),
    )
    for cause, said in lists:
        for placed, found in said:
            for pending in found.pending:
                if pending.why is Why.SUBJECT and pending.condition is not None:
                    yield (cause, pending.condition), placed


def given(access: Access, subject: Subject) -> Access:
    """The access made by somebody of whom something is known; the program that an execution runs stays."""
    if subject == ANYBODY:
        return access
    known = {name: value for name in _OF_SUBJECT if (value := getattr(subject, name)) is not None}
    return replace(access, subject=replace(access.subject, **known), forker=replace(access.forker, **known))


_OF_SUBJECT = (
    *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
    *("groups", "pid", "ppid", "sessionid"),
)

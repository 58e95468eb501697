"""Whether an access is recorded, whoever makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from auditrules.audit.coverage.access import ANYBODY, Access, Subject
from auditrules.audit.coverage.call_filter import Said
from auditrules.audit.coverage.cases import Question
from auditrules.audit.coverage.decision import Auditing, Cause, Decision, Verdict, together
from auditrules.audit.coverage.field_match import Why
from auditrules.audit.coverage.filter_walk import Asked, asked, decide, decided, truths, unasked
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.coverage.rule_match import Pending, Truth
from auditrules.audit.coverage.rule_set import Located, RuleSet

FEW = 32  # conditions, by which most accesses are decided

_VERDICT = {Truth.YES: Verdict.RECORDED, Truth.NO: Verdict.UNRECORDED, Truth.MAYBE: Verdict.UNKNOWN}


def verdict(
    rules: RuleSet, access: Access, auditing: Auditing, located: Located | None = None
) -> tuple[Verdict, Decision]:
    """Whether an access is recorded, whoever makes it, and the decision with nothing known of who does.

    `located` are the rules on its names, where they were looked for before.
    """
    without = unasked(rules, access, auditing)
    if without is not None:
        return _VERDICT[without.recorded], without
    questions = asked(rules, access, located)
    return rules.verdicts.get((auditing, questions.alike), lambda: _judged(questions, rules, access, auditing))


def _judged(questions: Asked, rules: RuleSet, access: Access, auditing: Auditing) -> tuple[Verdict, Decision]:
    decision = decided(questions, rules, auditing)
    if Why.SUBJECT not in decision.waits_for:
        return _VERDICT[decision.recorded], decision
    conditions = dict(_open(questions))
    if len(conditions) > FEW:
        first = dict(islice(sorted(conditions.items(), key=lambda each: each[1].order), FEW))
        found = _found(*truths(questions, rules.cases(first, access), rules, auditing))
        if found == {Verdict.RECORDED} or {Verdict.RECORDED, Verdict.UNRECORDED} <= found:
            return together(found), decision  # whatever the other conditions say
    cases = rules.cases(conditions, access)
    recorded, unrecorded = truths(questions, cases, rules, auditing)
    judged = together(_found(recorded, unrecorded))
    if judged is not Verdict.CONDITIONAL and not cases.whole:
        *others, last = decision.outcomes
        last = replace(last, pending=(*last.pending, Pending(None, Why.TOO_MANY)))
        return Verdict.UNKNOWN, Decision((*others, last), decision.cut)
    if judged is Verdict.UNKNOWN:
        return judged, decide(rules, cases.example(recorded & unrecorded, access), auditing)
    return judged, decision


def _found(recorded: int, unrecorded: int) -> set[Verdict]:
    """The verdicts on the kinds of subjects whose access may be recorded, and those whose may not be."""
    told = {
        Verdict.RECORDED: recorded & ~unrecorded,
        Verdict.UNRECORDED: unrecorded & ~recorded,
        Verdict.UNKNOWN: recorded & unrecorded,
    }
    return {each for each, kinds in told.items() if kinds}


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
    if subject is ANYBODY:
        return access
    known = {name: value for name in _OF_SUBJECT if (value := getattr(subject, name)) is not None}
    return replace(access, subject=replace(access.subject, **known), forker=replace(access.forker, **known))


_OF_SUBJECT = (
    *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
    *("groups", "pid", "ppid", "sessionid"),
)

"""Coverage in words: what is missed although a letter is recorded, and which rules decide."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.auditctl.normal_form import field_text
from auditrules.audit.coverage.answer import Coverage, Letter
from auditrules.audit.coverage.decision import Cause, Outcome, Verdict
from auditrules.audit.coverage.field_match import Why
from auditrules.audit.coverage.nearby import Near
from auditrules.audit.coverage.resolved_rules import Placed

MOST_EXCEPTIONS = 10  # places below a directory that are told one by one

_PARTLY = (Verdict.RECORDED, Verdict.CONDITIONAL)


def conditions(covered: Coverage, machine: str, *, older: bool) -> tuple[str, ...]:
    """What is not recorded although the letter is; `older` says that a process may be older than auditing."""
    told: dict[str, None] = {}
    for letter in covered.letters:
        if letter.verdict in _PARTLY:
            told.update(dict.fromkeys(_of_letter(letter, machine)))
    if older and any(letter.verdict in _PARTLY for letter in covered.letters):
        told["except processes started before auditing was enabled"] = None
    for path in covered.exceptions[:MOST_EXCEPTIONS]:
        told[f"except {path}"] = None
    if len(covered.exceptions) > MOST_EXCEPTIONS:
        told[f"except {len(covered.exceptions) - MOST_EXCEPTIONS} more places below"] = None
    return tuple(told)


def _of_letter(letter: Letter, machine: str) -> Iterator[str]:
    if letter.verdict is Verdict.CONDITIONAL:
        for outcome in letter.outcomes:
            yield from outcome_conditions(outcome, machine)
        if any(call.verdict in _PARTLY for call in letter.calls):
            missed = (call.operation.call for call in letter.calls if call.verdict is Verdict.UNRECORDED)
            yield from (f"except {call}" for call in missed)
    yield from (f"except {call}" for call in letter.missed)
    if any(outcome.cause is Cause.TASK and outcome.recorded for outcome in letter.outcomes):
        yield "except processes started before the rules were loaded"


def outcome_conditions(outcome: Outcome, machine: str) -> Iterator[str]:
    """The conditions on who makes an access, or how it ends.

    All of them hold together: a record needs each, and what leaves none escapes only where all hold.
    """
    texts = [
        f"{field_text(pending.condition, machine)}{' at the fork' if outcome.cause is Cause.TASK else ''}"
        for pending in outcome.pending
        if pending.why is Why.SUBJECT and pending.condition is not None
    ]
    if outcome.recorded:
        yield from (f"{text} only" for text in texts)
    elif texts:
        yield f"except {' and '.join(dict.fromkeys(texts))}"


def deciding(covered: Coverage) -> tuple[Placed, ...]:
    """The rules that decide, or where none does those that come closest, in the order of evaluation."""
    found = covered.deciding
    if found:
        return found
    near = {letter.near.order: letter.near for letter in covered.letters if letter.near is not None}
    return tuple(near[order] for order in sorted(near))


def near_words(covered: Coverage, placed: Placed) -> str:
    """How close a rule comes that does not decide; empty for one that does."""
    if any(each is placed for each in covered.deciding):  # of another letter
        return ""
    found = (letter.how for letter in covered.letters if letter.near is placed)
    return next((how.value for how in found if how is not Near.NOTHING), "")

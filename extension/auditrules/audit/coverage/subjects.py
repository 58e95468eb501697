"""Whoever makes an access: the kinds of subjects that rules tell apart, each tried once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from itertools import chain, islice, product
from math import prod
from typing import Any

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import Access, Subject
from auditrules.audit.coverage.field_match import Why
from auditrules.audit.coverage.filter_walk import Auditing, Cause, Decision, decide
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import Identity
from auditrules.audit.model.c_integers import signed
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import Comparison, Condition, Field, Operator

MOST_KINDS = 4096  # tried one by one; beyond, a condition that may fail is taken to fail for somebody

MOST_STEPS = 10_000  # outcomes times kinds: where many rules decide, fewer kinds are tried

SUCCEEDED: tuple[bool, int] = (True, 0)
DENIED: tuple[bool, int] = (False, -13)  # EACCES
ORDINARY = (54321, UNSET, 0, 1000, 1)  # ids that are tried beside those that rules name

_FORKER = "forker "  # before the name of what is varied of the one who forks
_OWNERS = frozenset({"obj_uid", "obj_gid"})
_WORD = 0xFFFFFFFF
_ARGUMENTS = ("a0", "a1", "a2", "a3")
_ERRORS = range(-4095, 0)  # results that are errors (MAX_ERRNO of linux/err.h)


class Verdict(Enum):
    """Whether an access, or all of several, are recorded: for all subjects, for some, for none, or nobody can tell."""

    RECORDED = "recorded"
    CONDITIONAL = "conditional"
    UNRECORDED = "unrecorded"
    UNKNOWN = "unknown"


_VERDICT = {Truth.YES: Verdict.RECORDED, Truth.NO: Verdict.UNRECORDED, Truth.MAYBE: Verdict.UNKNOWN}


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several accesses: what is known to be missed decides before what is not known."""
    found = set(verdicts)
    if len(found) == 1:
        return found.pop()
    return Verdict.CONDITIONAL if found & {Verdict.UNRECORDED, Verdict.CONDITIONAL} else Verdict.UNKNOWN


def verdict(rules: RuleSet, access: Access, auditing: Auditing) -> tuple[Verdict, Decision]:
    """Whether an access is recorded, whoever makes it, and the decision with nothing known of who does."""
    decision = decide(rules, access, auditing)
    if Why.SUBJECT not in decision.waits_for:
        return _VERDICT[decision.recorded], decision
    kinds = _kinds(decision, access)
    if kinds is None:
        return (Verdict.CONDITIONAL if decision.waits_for == {Why.SUBJECT} else Verdict.UNKNOWN), decision
    found: set[Verdict] = set()
    untold = decision
    for each in islice(kinds, MOST_STEPS // len(decision.outcomes)):
        found.add(_VERDICT[(asked := decide(rules, each, auditing)).recorded])
        untold = asked if asked.recorded is Truth.MAYBE else untold
        if len(found) > 1 and Verdict.UNRECORDED in found:
            break
    left = next(kinds, None) is not None
    if len(found) == 1 and (decision.cut or left):
        return Verdict.CONDITIONAL, decision  # not all conditions, or not all kinds, were looked at
    judged = together(found)
    return judged, untold if judged is Verdict.UNKNOWN else decision


def given(access: Access, subject: Subject) -> Access:
    """The access made by somebody of whom something is known; the program that an execution runs stays."""
    known = {name: value for name in _OF_SUBJECT if (value := getattr(subject, name)) is not None}
    return replace(access, subject=replace(access.subject, **known), forker=replace(access.forker, **known))


_OF_SUBJECT = (
    *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
    *("groups", "pid", "ppid", "sessionid"),
)


def _kinds(decision: Decision, access: Access) -> Iterator[Access] | None:
    """The kinds of subjects that the conditions of a decision tell apart; None: too many."""
    dimensions: dict[str, tuple[Any, ...]] = {}
    for forked in (False, True):
        conditions = [
            pending.condition
            for outcome in decision.outcomes
            for pending in outcome.pending
            if pending.why is Why.SUBJECT and pending.condition and (outcome.cause is Cause.TASK) is forked
        ]
        who = access.forker if forked else access.subject
        for name, values in _dimensions(conditions, access).items():
            if getattr(who, name, None) is None and (name != "result" or access.result is None):
                dimensions[f"{_FORKER if forked else ''}{name}"] = values
    if access.subject.exe is None and (exes := _programs(decision)):
        dimensions["exe"] = (*exes, ("another",))
    return _variants(access, dimensions) if prod(map(len, dimensions.values())) <= MOST_KINDS else None


def _programs(decision: Decision) -> set[Identity]:
    """The programs that the rules of a decision name."""
    named = (outcome.placed.exe for outcome in decision.outcomes if outcome.placed and outcome.placed.exe)
    return {each.identity for each in named if each.known}


def _variants(access: Access, dimensions: Mapping[str, tuple[Any, ...]]) -> Iterator[Access]:
    for values in product(*dimensions.values()):
        told = dict(zip(dimensions, values, strict=True))
        succeeded, result = told.pop("result", (access.succeeded, access.result))
        if access.succeeded is not None and succeeded is not access.succeeded:
            continue
        arguments = told.pop("arguments", access.arguments)
        forker = {name.removeprefix(_FORKER): told.pop(name) for name in [*told] if name.startswith(_FORKER)}
        yield replace(
            access,
            subject=replace(access.subject, **told),
            forker=replace(access.forker, **forker),
            succeeded=succeeded,
            result=result,
            arguments=arguments,
        )


def _dimensions(conditions: Iterable[Condition], access: Access) -> dict[str, tuple[Any, ...]]:
    """For each property that conditions speak of, one value of each kind that they tell apart."""
    numbers: dict[str, set[int]] = {}
    related: set[str] = set()
    shared: set[int] = set()
    for condition in conditions:
        if isinstance(condition, Comparison):
            sides = {condition.left, condition.right}
            related |= sides - _OWNERS
            if sides & _OWNERS:
                shared |= {owner for name in access.names if name.entry for owner in _owners(name.entry)}
        elif isinstance(condition.value, int):
            numbers.setdefault(condition.name, set()).update(_telling(condition.value, condition))
    shared |= set(chain.from_iterable(numbers.get(name, ()) for name in related))
    found: dict[str, tuple[Any, ...]] = {}
    if numbers.keys() & {"exit", "success"}:
        found["result"] = _results(numbers.pop("exit", set()))
        numbers.pop("success", None)
    if numbers.keys() & set(_ARGUMENTS):
        found["arguments"] = tuple(product(*(_around(numbers.pop(name, set())) for name in _ARGUMENTS)))
    for name in sorted(numbers.keys() | related):
        found[name] = _around(numbers.get(name, set()) | (shared if name in related else set()))
    groups = numbers.get("gid", set()) | numbers.get("egid", set())
    if groups:
        found["groups"] = (frozenset(), *(frozenset({group}) for group in sorted(groups)))
    return found


def _telling(value: int, condition: Condition) -> Iterator[int]:
    """A value of a condition, and for one on bits those with each bit alone and with none of them."""
    yield value
    if isinstance(condition, Field) and condition.operator in (Operator.BIT_MASK, Operator.BIT_TEST):
        yield ~value & _WORD
        yield from (1 << bit for bit in range(32) if value >> bit & 1)


def _owners(entry: Entry) -> Iterator[int]:
    yield from (owner for owner in (entry.uid, entry.gid) if owner is not None)


def _around(values: set[int]) -> tuple[int, ...]:
    """Each value, its neighbours, and ordinary ones."""
    near = {each & _WORD for value in values for each in (value - 1, value, value + 1)}
    return tuple(dict.fromkeys((*ORDINARY, *sorted(near))))


def _results(values: set[int]) -> tuple[tuple[bool, int], ...]:
    """Success and refusals, and each result that a rule names, with its neighbours."""
    near = {signed(value) + step for value in values for step in (-1, 0, 1)}
    named = ((each not in _ERRORS, each) for each in sorted(near))
    return tuple(dict.fromkeys((SUCCEEDED, (True, 3), DENIED, (False, -1), *named)))

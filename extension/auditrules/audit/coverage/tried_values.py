"""Chooses values to try: for each property of an access that conditions read, values that produce every answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.call_filter import OTHER_PROGRAM
from auditrules.audit.coverage.decision import CaseCondition, Cause
from auditrules.audit.coverage.match_result import compare
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.model.c_integers import signed
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import Comparison, Condition, Field, Operator

SUCCEEDED: tuple[bool, int] = (True, 0)
DENIED: tuple[bool, int] = (False, -13)  # EACCES
ORDINARY = (54321, UNSET, 0, 1000, 1)  # ids that are tried beside those in rules

FORKER = "forker "  # before the names of the forking task's properties
OWNERS = frozenset({"obj_uid", "obj_gid"})
_WORD = 0xFFFFFFFF
_ERRORS = range(-4095, 0)  # results that are errors (MAX_ERRNO of linux/err.h)


def tried_values(
    conditions: Mapping[CaseCondition, ResolvedRule], access: Access
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The unknown properties of an access that conditions read, each with values that produce every answer."""
    for forked in (False, True):
        of_list = [condition for cause, condition in conditions if (cause is Cause.TASK) is forked]
        who = access.forker if forked else access.subject
        for name, values in _values_by_property(of_list, access).items():
            if name == "result":
                if access.result is None:
                    yield name, tuple(each for each in values if access.succeeded in (None, each[0]))
            elif getattr(who, name, None) is None:
                yield f"{FORKER if forked else ''}{name}", values
    on_exe = (resolved.exe for (_, condition), resolved in conditions.items() if resolved.exe and _is_exe(condition))
    programs = dict.fromkeys(each.identity for each in on_exe)
    if programs and access.subject.exe is None:
        yield "exe", (*programs, OTHER_PROGRAM)


def _is_exe(condition: Condition) -> bool:
    return isinstance(condition, Field) and condition.name == "exe"


def _values_by_property(conditions: Iterable[Condition], access: Access) -> dict[str, tuple[Any, ...]]:
    """The properties that conditions read, each with values that produce every answer."""
    numbers: dict[str, set[int]] = {}
    related: set[str] = set()
    shared: set[int] = set()
    for condition in conditions:
        if isinstance(condition, Comparison):
            sides = {condition.left, condition.right}
            related |= sides - OWNERS
            if sides & OWNERS:
                shared |= {owner for name in access.names if name.entry for owner in _owners(name.entry)}
        elif isinstance(condition.value, int):
            numbers.setdefault(condition.name, set()).update(_deciding_values(condition.value, condition))
    shared |= set(chain.from_iterable(numbers.get(name, ()) for name in related))
    found: dict[str, tuple[Any, ...]] = {}
    if numbers.keys() & {"exit", "success"}:
        found["result"] = _results(numbers.pop("exit", set()))
        numbers.pop("success", None)
    for name in sorted(numbers.keys() | related):
        found[name] = _with_neighbours(numbers.get(name, set()) | (shared if name in related else set()))
    groups = numbers.get("gid", set()) | numbers.get("egid", set())
    if groups:
        found["groups"] = (frozenset(), *(frozenset({group}) for group in sorted(groups)))
    return found


def _deciding_values(value: int, condition: Condition) -> Iterator[int]:
    """A condition's value; for a bit operator also each of its bits alone, and the value with none of them."""
    yield value
    if isinstance(condition, Field) and condition.operator in (Operator.BIT_MASK, Operator.BIT_TEST):
        yield ~value & _WORD
        yield from (1 << bit for bit in range(32) if value >> bit & 1)


def _owners(entry: Entry) -> Iterator[int]:
    yield from (owner for owner in (entry.uid, entry.gid) if owner is not None)


def _with_neighbours(values: set[int]) -> tuple[int, ...]:
    """Each value, its neighbours, and ordinary ids."""
    near = {each & _WORD for value in values for each in (value - 1, value, value + 1)}
    return tuple(dict.fromkeys((*ORDINARY, *sorted(near))))


def _results(values: set[int]) -> tuple[tuple[bool, int], ...]:
    """Success, refusals, and each result in a rule with its neighbours."""
    near = {signed(value) + step for value in values for step in (-1, 0, 1)}
    named = ((each not in _ERRORS, each) for each in sorted(near))
    return tuple(dict.fromkeys((SUCCEEDED, (True, 3), DENIED, (False, -1), *named)))


def distinct(
    values: Mapping[str, tuple[Any, ...]], conditions: Iterable[CaseCondition], access: Access
) -> Iterator[tuple[Any, ...]]:
    """The values of each property, without numbers that no condition distinguishes from others.

    If conditions compare properties with each other, as many such numbers are kept as there are properties.
    """
    numbers = [each for _, each in conditions if isinstance(each, Field) and isinstance(each.value, int)]
    owners = {owner for name in access.names if name.entry for owner in _owners(name.entry)}
    compared = any(isinstance(each, Comparison) for _, each in conditions)
    for of_property in values.values():
        if not isinstance(of_property[0], int):
            yield of_property
            continue
        alike: Counter[Hashable] = Counter()
        kept = []
        for value in reversed(of_property):
            kind = (*(compare(value, each) for each in numbers), value if value in owners else None)
            alike[kind] += 1
            if alike[kind] <= (len(values) if compared else 1):
                kept.append(value)
        yield tuple(reversed(kept))

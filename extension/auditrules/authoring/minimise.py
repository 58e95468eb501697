"""Makes a smaller set of rules that records the same.

Rules that never decide are left out, and rules that differ only in their system calls or permissions are merged. The
evaluator then proves the result: both sets must have the same effects, and record the same accesses with each key. Only
rules of the exit list are tried one by one. A rule of another list stays, unless an earlier rule of its list decides
everything that it matches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

from auditrules.audit.coverage.access_difference import RulesInForce
from auditrules.audit.coverage.decision import ON
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Action, Field, FilterList, Rule
from auditrules.audit.model.syscall_mask import SyscallMask
from auditrules.authoring.call_effects import EffectChange
from auditrules.authoring.effects import found_effects
from auditrules.authoring.impossible import impossible
from auditrules.authoring.record_effects import RecordChange, record_changes
from auditrules.authoring.rule_order import Linked, never_deciding
from auditrules.authoring.rule_shape import RuleShape, shape_of
from auditrules.values import dataclass, replace

_Keys: TypeAlias = tuple[str, ...]
"""The keys of one rule: usually one or none."""

_ACCESSES = frozenset({FilterList.TASK, FilterList.EXIT})  # the lists that only decide about accesses
# Of these lists only equal rules are left out: their effects are not compared, or a field that the kernel does not know
# there ends the walk.
_AS_THEY_ARE = frozenset({FilterList.USER, FilterList.FILESYSTEM, FilterList.IO_URING})


@dataclass(frozen=True, slots=True)
class MinimisedRules:
    """The rules that are left, in the order of evaluation, and changes in what they record; none: it is proved."""

    rules: tuple[Rule, ...]
    changes: tuple[EffectChange | RecordChange, ...]


def minimised(rules: Sequence[Rule], files: FileSystem, moved: Linked) -> MinimisedRules:
    """Make a smallest set that records the same on a host. `moved`: as in `never_deciding`."""
    left = tuple(rules)
    while True:
        fewer = merged(_deciding(left, files.facts.machine, moved))
        if fewer == left:
            break
        left = fewer
    left = _needed(left, files)
    others = record_changes(_in_force(rules, files), _in_force(left, files), files.facts.machine)
    return MinimisedRules(left, (*_changes(rules, left, files), *others))


def _changes(rules: Sequence[Rule], fewer: Sequence[Rule], files: FileSystem) -> Iterator[EffectChange]:
    """Yield the changes in what is recorded with fewer rules: first with any key, then for each key.

    Only the keys of removed rules are tried: if another key gains a record, one of these loses it.
    """
    yield from found_effects(_in_force(rules, files), _in_force(fewer, files), files)
    left = {*fewer}
    for keys in _keys(rules) and dict.fromkeys(rule.keys() for rule in rules if rule not in left):
        yield from _changes_with(keys, rules, fewer, files)


def _changes_with(
    keys: _Keys, rules: Sequence[Rule], fewer: Sequence[Rule], files: FileSystem
) -> Iterator[EffectChange]:
    """Yield the changes in what is recorded with these keys."""
    before, after = (_in_force(_recorded_with(keys, some), files) for some in (rules, fewer))
    yield from found_effects(before, after, files)


def _keys(rules: Iterable[Rule]) -> Collection[_Keys]:
    """The keys that records of accesses may have; none if all rules have the same."""
    found = dict.fromkeys(rule.keys() for rule in rules if _writes_key(rule))
    return found if len(found) > 1 else ()


def _writes_key(rule: Rule) -> bool:
    return rule.list is FilterList.EXIT and rule.action is Action.ALWAYS


def _recorded_with(keys: _Keys | None, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Change rules with other keys to `never`, so that only accesses with these keys are recorded.

    The first rule that matches decides, and gives the record its key. None stands for any key.
    """
    if keys is None:
        return tuple(rules)
    return tuple(
        replace(rule, action=Action.NEVER) if _writes_key(rule) and rule.keys() != keys else rule for rule in rules
    )


def _in_force(rules: Iterable[Rule], files: FileSystem) -> RulesInForce:
    return RulesInForce(RuleSet(rules, RuleResolver(files, fresh=True)), ON)


def _deciding(rules: Sequence[Rule], machine: str, moved: Linked) -> tuple[Rule, ...]:
    """Leave out rules that never decide."""
    shapes = [shape_of(rule) for rule in rules]
    void = {place for place, shape in enumerate(shapes) if shape.rule.list in _ACCESSES and impossible(shape, machine)}
    known = [None if place in void or shape.rule.list in _AS_THEY_ARE else shape for place, shape in enumerate(shapes)]
    found, _ = never_deciding(known, moved)
    void |= {each.index for each in found}
    left = (rule for place, rule in enumerate(rules) if place not in void)
    return tuple(dict.fromkeys(left))  # of equal ones the first


def merged(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Merge rules that could be one, in the place of the first. Nothing is proved here."""
    for by in (_without_calls, _without_letters):
        rules = _merged_by(rules, by)
    return tuple(rules)


def _merged_by(rules: Sequence[Rule], key: Callable[[RuleShape], object]) -> list[Rule]:
    left: list[Rule] = []
    first: dict[object, int] = {}
    for rule in rules:
        shape = shape_of(rule)
        same = (key(shape), rule.action, rule.value("key"))
        place = first.get(same)
        if rule.list is FilterList.EXIT and place is not None and _may_pass(rule, left[place + 1 :]):
            left[place] = _union(left[place], rule)
            continue
        first[same] = len(left)
        left.append(rule)
    return left


def _may_pass(rule: Rule, between: Iterable[Rule]) -> bool:
    """Whether a rule may be moved above others: none of them has one of its calls with another action or key."""
    return not any(
        other.list is rule.list
        and other.syscalls & rule.syscalls
        and (other.action is not rule.action or other.value("key") != rule.value("key"))
        for other in between
    )


def _without_calls(shape: RuleShape) -> object:
    return shape.sameness


def _without_letters(shape: RuleShape) -> object:
    if len(shape.permissions) != 1:
        return shape.sameness, int(shape.rule.syscalls)
    return shape.rule.list, int(shape.rule.syscalls), frozenset(shape.values.items()), shape.place, shape.others


def _union(one: Rule, other: Rule) -> Rule:
    """Make one rule with the system calls and permissions of both."""
    letters = [each.value for each in other.fields if isinstance(each, Field) and each.name == "perm"]
    fields = tuple(
        replace(each, value=int(each.value) | int(letters[0]))
        if isinstance(each, Field) and each.name == "perm" and len(letters) == 1
        else each
        for each in one.fields
    )
    calls = SyscallMask(int(one.syscalls) | int(other.syscalls), one.syscalls.name_of)
    return replace(one, syscalls=calls, fields=fields)


def _needed(rules: tuple[Rule, ...], files: FileSystem) -> tuple[Rule, ...]:
    """Leave out, one by one, rules without which the same is recorded with the same keys.

    The last rules are tried first: of two that record the same, the first stays. It is enough to compare the records
    with the key of the rule: if these stay the same, so do all others.
    """
    keys = _keys(rules)
    before: dict[_Keys | None, RulesInForce] = {}
    left = list(rules)
    for rule in reversed(rules):
        if rule.list is not FilterList.EXIT:
            continue
        fewer = [each for each in left if each is not rule]
        if len(fewer) == len(left):
            continue
        key = rule.keys() if _writes_key(rule) and keys else None
        if key not in before:
            before[key] = _in_force(_recorded_with(key, rules), files)
        if not any(found_effects(before[key], _in_force(_recorded_with(key, fewer), files), files, first=rule)):
            left = fewer
    return tuple(left)

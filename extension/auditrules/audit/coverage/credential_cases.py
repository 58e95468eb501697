"""Who may make an access and how it may end: one case for each combination of answers to the rules' conditions.

Cases are the bits of an integer, so that a rule is evaluated for all of them at once. Conditions that share no property
(such as auid) are independent of each other: each combination of their answers is a case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import chain, compress, islice, product
from math import prod
from typing import Any

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.call_filter import OTHER_PROGRAM, excluding
from auditrules.audit.coverage.decision import Cause
from auditrules.audit.coverage.field_match import SUBJECT_LABELS, match_field, of_task
from auditrules.audit.coverage.match_result import MatchResult, compare
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Match, Pending
from auditrules.audit.model.c_integers import signed
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import Comparison, Condition, Field, Operator
from auditrules.values import dataclass, replace

ASKED = -1  # the place of a rule that is asked for, and that no kernel has

MOST_VALUES = 256  # of one property
MOST_ANSWERS = 1 << 15  # evaluations of conditions that share properties
MOST_CASES = 1 << 14

SUCCEEDED: tuple[bool, int] = (True, 0)
DENIED: tuple[bool, int] = (False, -13)  # EACCES
ORDINARY = (54321, UNSET, 0, 1000, 1)  # ids that are tried beside those that rules name

_FORKER = "forker "  # before the name of what is varied of the one who forks
_OWNERS = frozenset({"obj_uid", "obj_gid"})
_WITH_GROUPS = frozenset({"gid", "egid"})
_WORD = 0xFFFFFFFF
_ARGUMENTS = ("a0", "a1", "a2", "a3")
_ERRORS = range(-4095, 0)  # results that are errors (MAX_ERRNO of linux/err.h)

CaseCondition = tuple[Cause, Condition]  # with the list that its rule is in: TASK, EXCLUDED, or RULE for the exit list
Properties = Mapping[str, Any]  # of the properties of an access, by their names


@dataclass(frozen=True)
class _Group:
    """Conditions that share properties, and each combination of their answers with values that lead to it.

    An answer is true for a condition that holds, and `Undetermined` if that is not known. `complete` says that there
    are no other combinations.
    """

    conditions: tuple[CaseCondition, ...]
    answers: Mapping[tuple[MatchResult | None, ...], Properties]
    complete: bool


class CredentialCases:
    """The cases that some conditions distinguish. `complete` is false if there are more cases than MOST_CASES."""

    def __init__(self, conditions: Mapping[CaseCondition, ResolvedRule], access: Access) -> None:
        groups = tuple(_groups(conditions, access))
        self._combinations = [[*group.answers.items()] for group in groups]
        self.complete = all(group.complete for group in groups)
        while prod(map(len, self._combinations)) > MOST_CASES:
            most = max(self._combinations, key=len)
            del most[len(most) // 2 :]
            self.complete = False
        self.all: int = (1 << prod(map(len, self._combinations))) - 1
        self._bits: dict[CaseCondition, tuple[int, int]] = {}  # possible and certain
        width = 1  # of the bits that share a combination of the group
        for group, combinations in zip(reversed(groups), reversed(self._combinations), strict=True):
            period = width * len(combinations)
            repeated = self.all // ((1 << period) - 1)  # the lowest bit of each period
            bits = [((1 << width) - 1) << (index * width) for index in range(len(combinations))]
            answers = zip(*(answers for answers, _ in combinations), strict=True)
            for condition, of_condition in zip(group.conditions, answers, strict=True):
                possible = sum(compress(bits, of_condition))
                certain = sum(compress(bits, (answer is True for answer in of_condition)))
                self._bits[condition] = (possible * repeated, certain * repeated)
            width = period

    def possible(self, found: Match, cause: Cause) -> int:
        """The cases in which a rule matches or may match; `cause` tells the list that it is in."""
        bits = self.all
        for pending in found.pending:
            if pending.condition is not None and (cause, pending.condition) in self._bits:
                bits &= self._bits[cause, pending.condition][0]
        return bits

    def certain(self, found: Match, cause: Cause) -> int:
        """The cases in which a rule certainly matches."""
        bits = self.all
        for pending in found.pending:
            if pending.condition is None or (cause, pending.condition) not in self._bits:
                return 0
            bits &= self._bits[cause, pending.condition][1]
        return bits

    def open(self, pending: Iterable[Pending], cause: Cause, within: int) -> Iterator[Pending]:
        """What a match waits for, without the conditions that certainly hold in all of some cases."""
        for each in pending:
            bits = self._bits.get((cause, each.condition)) if each.condition is not None else None
            if bits is None or within & ~bits[1]:
                yield each

    def example(self, cases: int, access: Access) -> Access:
        """The access in one of some cases."""
        index = cases.bit_length() - 1
        values: dict[str, Any] = {}
        for combinations in reversed(self._combinations):
            index, place = divmod(index, len(combinations))
            values |= combinations[place][1]
        return _with(access, values)


def _groups(conditions: Mapping[CaseCondition, ResolvedRule], access: Access) -> Iterator[_Group]:
    """The conditions, grouped so that no two groups share a property."""
    values = dict(_values(conditions, access))
    groups: list[tuple[set[str], list[CaseCondition]]] = []
    for condition in conditions:
        names, members = _properties(condition) & values.keys(), [condition]
        for group in [each for each in groups if each[0] & names]:
            groups.remove(group)
            names, members = names | group[0], group[1] + members
        groups.append((names, members))
    for names, members in groups:
        ordered = [name for name in values if name in names]
        tried = product(*_distinct({name: values[name][:MOST_VALUES] for name in ordered}, members, access))
        answers: dict[tuple[MatchResult | None, ...], Properties] = {}
        for combination in islice(tried, max(1, MOST_ANSWERS // len(members))):
            named = dict(zip(ordered, combination, strict=True))
            made = _with(access, named)
            answer = tuple(_answer(each, conditions[each], made) for each in members)
            answers.pop(answer, None)  # so that the last values with these answers are kept, in their order
            answers[answer] = named
        complete = next(tried, None) is None and all(len(values[name]) <= MOST_VALUES for name in ordered)
        yield _Group(tuple(members), answers, complete)


def _distinct(
    values: Mapping[str, tuple[Any, ...]], conditions: Iterable[CaseCondition], access: Access
) -> Iterator[tuple[Any, ...]]:
    """The values of each property, without numbers that no condition distinguishes from others.

    If properties are compared with each other, as many of such numbers are kept as there are properties.
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


def _properties(of: CaseCondition) -> set[str]:
    """The properties of an access that a condition reads."""
    cause, condition = of
    if isinstance(condition, Comparison):
        names = {condition.left, condition.right} - _OWNERS
    elif condition.name in _WITH_GROUPS:
        names = {condition.name, "groups"}
    else:
        names = {"result" if condition.name in ("exit", "success") else condition.name}
    return {f"{_FORKER}{name}" for name in names} if cause is Cause.TASK else names


def _answer(of: CaseCondition, resolved: ResolvedRule, access: Access) -> MatchResult | None:
    """Evaluate a condition of a rule."""
    cause, condition = of
    if resolved.order == ASKED and isinstance(condition, Field) and condition.name in SUBJECT_LABELS:
        return resolved.labelled is not False  # whatever a label is, what is asked for is a task that has it
    if cause is Cause.TASK:
        return of_task(condition, resolved, access.forker)
    if cause is Cause.EXCLUDED:
        return excluding(condition, resolved, access.subject)
    return match_field(condition, resolved, access, None)


def _with(access: Access, values: Properties) -> Access:
    """The access with these properties."""
    forker = {name.removeprefix(_FORKER): values[name] for name in values if name.startswith(_FORKER)}
    subject = {name: values[name] for name in values if name in _OF_SUBJECT}
    succeeded, result = values.get("result", (access.succeeded, access.result))
    first, second, third, fourth = (
        values.get(name, known) for name, known in zip(_ARGUMENTS, access.arguments, strict=True)
    )
    return replace(
        access,
        subject=replace(access.subject, **subject),
        forker=replace(access.forker, **forker),
        succeeded=succeeded,
        result=result,
        arguments=(first, second, third, fourth),
    )


_OF_SUBJECT = frozenset(Credentials.__match_args__)


def _values(conditions: Mapping[CaseCondition, ResolvedRule], access: Access) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each property that conditions read and that is not known of an access, with values for every answer."""
    for forked in (False, True):
        of_list = [condition for cause, condition in conditions if (cause is Cause.TASK) is forked]
        who = access.forker if forked else access.subject
        for name, values in _values_by_property(of_list, access).items():
            if name == "result":
                if access.result is None:
                    yield name, tuple(each for each in values if access.succeeded in (None, each[0]))
            elif getattr(who, name, None) is None:
                yield f"{_FORKER if forked else ''}{name}", values
    on_exe = (resolved.exe for (_, condition), resolved in conditions.items() if resolved.exe and _is_exe(condition))
    programs = dict.fromkeys(each.identity for each in on_exe)
    if programs and access.subject.exe is None:
        yield "exe", (*programs, OTHER_PROGRAM)


def _is_exe(condition: Condition) -> bool:
    return isinstance(condition, Field) and condition.name == "exe"


def _values_by_property(conditions: Iterable[Condition], access: Access) -> dict[str, tuple[Any, ...]]:
    """For each property that conditions read, values that cover all their answers."""
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

"""Splits all subjects and results of an access into cases: one for each combination of answers to rules' conditions.

Cases are the bits of an integer, so that a rule is evaluated for all cases at once. Conditions that share no property
(such as auid) are independent: each combination of their answers is a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import compress, islice, product
from math import prod
from typing import Any

from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.call_filter import match_exclude_condition
from auditrules.audit.coverage.decision import CaseCondition, Cause
from auditrules.audit.coverage.field_match import SUBJECT_LABELS, match_field, of_task
from auditrules.audit.coverage.match_result import MatchResult
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Match, Pending
from auditrules.audit.coverage.tried_values import FORKER, OWNERS, distinct, tried_values
from auditrules.audit.model.rule import Comparison, Field
from auditrules.values import dataclass, replace

ASKED = -1  # the `order` of a requested rule, which is not in the kernel

MOST_VALUES = 256  # of one property
MOST_ANSWERS = 1 << 15  # evaluations of conditions that share properties
MOST_CASES = 1 << 14

_WITH_GROUPS = frozenset({"gid", "egid"})
_ARGUMENTS = ("a0", "a1", "a2", "a3")
Properties = Mapping[str, Any]  # of the properties of an access, by their names


@dataclass(frozen=True)
class _Group:
    """Conditions that share properties, and each combination of their answers, with values that produce it.

    An answer is true if the condition holds, and `Undetermined` if that is not known. `complete`: there are no other
    combinations.
    """

    conditions: tuple[CaseCondition, ...]
    answers: Mapping[tuple[MatchResult | None, ...], Properties]
    complete: bool


class CredentialCases:
    """The cases that these conditions distinguish. `complete` is false if there are more than MOST_CASES."""

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
        """The cases in which a rule matches or may match; `cause` names the rule's list."""
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
        """The pending conditions, without those that certainly hold in all the cases `within`."""
        for each in pending:
            bits = self._bits.get((cause, each.condition)) if each.condition is not None else None
            if bits is None or within & ~bits[1]:
                yield each

    def example(self, cases: int, access: Access) -> Access:
        """The access in one of these cases."""
        index = cases.bit_length() - 1
        values: dict[str, Any] = {}
        for combinations in reversed(self._combinations):
            index, place = divmod(index, len(combinations))
            values |= combinations[place][1]
        return _with(access, values)


def _groups(conditions: Mapping[CaseCondition, ResolvedRule], access: Access) -> Iterator[_Group]:
    """The conditions, grouped so that no two groups share a property."""
    values = dict(tried_values(conditions, access))
    groups: list[tuple[set[str], list[CaseCondition]]] = []
    for condition in conditions:
        names, members = _properties(condition) & values.keys(), [condition]
        for group in [each for each in groups if each[0] & names]:
            groups.remove(group)
            names, members = names | group[0], group[1] + members
        groups.append((names, members))
    for names, members in groups:
        ordered = [name for name in values if name in names]
        tried = product(*distinct({name: values[name][:MOST_VALUES] for name in ordered}, members, access))
        answers: dict[tuple[MatchResult | None, ...], Properties] = {}
        for combination in islice(tried, max(1, MOST_ANSWERS // len(members))):
            named = dict(zip(ordered, combination, strict=True))
            made = _with(access, named)
            answer = tuple(_answer(each, conditions[each], made) for each in members)
            answers.pop(answer, None)  # so that the last values with these answers are kept, in their order
            answers[answer] = named
        complete = next(tried, None) is None and all(len(values[name]) <= MOST_VALUES for name in ordered)
        yield _Group(tuple(members), answers, complete)


def _properties(of: CaseCondition) -> set[str]:
    """The properties of an access that a condition reads."""
    cause, condition = of
    if isinstance(condition, Comparison):
        names = {condition.left, condition.right} - OWNERS
    elif condition.name in _WITH_GROUPS:
        names = {condition.name, "groups"}
    else:
        names = {"result" if condition.name in ("exit", "success") else condition.name}
    return {f"{FORKER}{name}" for name in names} if cause is Cause.TASK else names


def _answer(of: CaseCondition, resolved: ResolvedRule, access: Access) -> MatchResult | None:
    """Evaluate a condition of a rule."""
    cause, condition = of
    if resolved.order == ASKED and isinstance(condition, Field) and condition.name in SUBJECT_LABELS:
        return resolved.labelled is not False  # the request is about a task that has the label
    if cause is Cause.TASK:
        return of_task(condition, resolved, access.forker)
    if cause is Cause.EXCLUDED:
        return match_exclude_condition(condition, resolved, access.subject)
    return match_field(condition, resolved, access, None)


def _with(access: Access, values: Properties) -> Access:
    """The access with these properties."""
    forker = {name.removeprefix(FORKER): values[name] for name in values if name.startswith(FORKER)}
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

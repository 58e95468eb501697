"""The kinds of subjects that conditions tell apart, as the bits of a number: a rule is asked once for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, compress, islice, product
from math import prod
from typing import Any

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import Access, Subject
from auditrules.audit.coverage.call_filter import ANOTHER, excluding
from auditrules.audit.coverage.decision import Cause
from auditrules.audit.coverage.field_match import Answer, compare, holds, of_task
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.coverage.rule_match import Match
from auditrules.audit.model.c_integers import signed
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import Comparison, Condition, Field, Operator

MOST_VALUES = 256  # of one property that are tried
MOST_ANSWERS = 1 << 15  # to conditions that speak of the same properties
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

Question = tuple[Cause, Condition]  # a condition, and the list of its rule: task, exclude, or else exit
Values = Mapping[str, Any]  # of properties of an access, by their names


@dataclass(frozen=True)
class _Part:
    """Questions that speak of the same properties: the answers there are to them all, each with values that give it."""

    questions: tuple[Question, ...]
    answers: Mapping[tuple[Answer | None, ...], Values]
    whole: bool


class SubjectCases:
    """The kinds of subjects, and of ends of a call, that questions tell apart; each is a bit of a number.

    `whole` is false where there are more of them than are tried.
    """

    def __init__(self, questions: Mapping[Question, Placed], access: Access) -> None:
        parts = tuple(_parts(questions, access))
        self._kinds = [[*part.answers.items()] for part in parts]
        self.whole = all(part.whole for part in parts)
        while prod(map(len, self._kinds)) > MOST_CASES:
            most = max(self._kinds, key=len)
            del most[len(most) // 2 :]
            self.whole = False
        total = prod(map(len, self._kinds))
        self.all = (1 << total) - 1
        self._holds: dict[Question, tuple[int, int]] = {}
        step = 1
        for part, kinds in zip(reversed(parts), reversed(self._kinds), strict=True):
            size = step * len(kinds)
            everywhere = self.all // ((1 << size) - 1)  # a bit for each time that the kinds of this part come again
            bits = [((1 << step) - 1) << (number * step) for number in range(len(kinds))]
            answers = zip(*(answers for answers, _ in kinds), strict=True)
            for question, given in zip(part.questions, answers, strict=True):
                possible = sum(compress(bits, given))
                certain = sum(each for each, answer in zip(bits, given, strict=True) if answer is True)
                self._holds[question] = (possible * everywhere, certain * everywhere)
            step = size

    def possible(self, found: Match, cause: Cause) -> int:
        """The kinds for which a rule may match, of the list that `cause` tells."""
        bits = self.all
        for pending in found.pending:
            if pending.condition is not None and (cause, pending.condition) in self._holds:
                bits &= self._holds[cause, pending.condition][0]
        return bits

    def certain(self, found: Match, cause: Cause) -> int:
        """The kinds for which a rule surely matches."""
        bits = self.all
        for pending in found.pending:
            if pending.condition is None or (cause, pending.condition) not in self._holds:
                return 0
            bits &= self._holds[cause, pending.condition][1]
        return bits

    def example(self, cases: int, access: Access) -> Access:
        """The access made by one of these kinds."""
        number = cases.bit_length() - 1
        told: dict[str, Any] = {}
        for kinds in reversed(self._kinds):
            number, place = divmod(number, len(kinds))
            told |= kinds[place][1]
        return _with(access, told)


def _parts(questions: Mapping[Question, Placed], access: Access) -> Iterator[_Part]:
    """The questions with the properties they speak of, put together where they share one."""
    values = dict(_values(questions, access))
    groups: list[tuple[set[str], list[Question]]] = []
    for question in questions:
        read, asked = _read(question) & values.keys(), [question]
        for group in [each for each in groups if each[0] & read]:
            groups.remove(group)
            read, asked = read | group[0], group[1] + asked
        groups.append((read, asked))
    for read, asked in groups:
        names = [name for name in values if name in read]
        tried = product(*_told_apart({name: values[name][:MOST_VALUES] for name in names}, asked, access))
        answers: dict[tuple[Answer | None, ...], Values] = {}
        for told in islice(tried, max(1, MOST_ANSWERS // len(asked))):
            who = dict(zip(names, told, strict=True))
            made = _with(access, who)
            answer = tuple(_answer(each, questions[each], made) for each in asked)
            answers.pop(answer, None)
            answers[answer] = who
        whole = next(tried, None) is None and all(len(values[name]) <= MOST_VALUES for name in names)
        yield _Part(tuple(asked), answers, whole)


def _told_apart(
    values: Mapping[str, tuple[Any, ...]], questions: Iterable[Question], access: Access
) -> Iterator[tuple[Any, ...]]:
    """The values of each property without those that no question tells from others.

    Of values that are the same to every condition on a number, as many are left as there are properties that may be
    compared with each other.
    """
    numbers = [each for _, each in questions if isinstance(each, Field) and isinstance(each.value, int)]
    owners = {owner for name in access.names if name.entry for owner in _owners(name.entry)}
    compared = any(isinstance(each, Comparison) for _, each in questions)
    for of_name in values.values():
        if not isinstance(of_name[0], int):
            yield of_name
            continue
        seen: Counter[Hashable] = Counter()
        kept = []
        for value in reversed(of_name):
            kind = (*(compare(value, each) for each in numbers), value if value in owners else None)
            seen[kind] += 1
            if seen[kind] <= (len(values) if compared else 1):
                kept.append(value)
        yield tuple(reversed(kept))


def _read(question: Question) -> set[str]:
    """The properties that a question speaks of."""
    cause, condition = question
    if isinstance(condition, Comparison):
        names = {condition.left, condition.right} - _OWNERS
    elif condition.name in _WITH_GROUPS:
        names = {condition.name, "groups"}
    else:
        names = {"result" if condition.name in ("exit", "success") else condition.name}
    return {f"{_FORKER}{name}" for name in names} if cause is Cause.TASK else names


def _answer(question: Question, placed: Placed, access: Access) -> Answer | None:
    cause, condition = question
    if cause is Cause.TASK:
        return of_task(condition, placed, access.forker)
    if cause is Cause.EXCLUDED:
        return excluding(condition, placed, access.subject)
    return holds(condition, placed, access, None)


def _with(access: Access, told: Values) -> Access:
    """The access with these properties."""
    forker = {name.removeprefix(_FORKER): told[name] for name in told if name.startswith(_FORKER)}
    subject = {name: told[name] for name in told if name in _OF_SUBJECT}
    succeeded, result = told.get("result", (access.succeeded, access.result))
    first, second, third, fourth = (
        told.get(name, value) for name, value in zip(_ARGUMENTS, access.arguments, strict=True)
    )
    return replace(
        access,
        subject=replace(access.subject, **subject),
        forker=replace(access.forker, **forker),
        succeeded=succeeded,
        result=result,
        arguments=(first, second, third, fourth),
    )


_OF_SUBJECT = frozenset(Subject.__dataclass_fields__)


def _values(questions: Mapping[Question, Placed], access: Access) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """For each property that is not known of an access, one value of each kind that the questions tell apart."""
    for forked in (False, True):
        asked = [condition for cause, condition in questions if (cause is Cause.TASK) is forked]
        who = access.forker if forked else access.subject
        for name, values in _dimensions(asked, access).items():
            if name == "result":
                if access.result is None:
                    yield name, tuple(each for each in values if access.succeeded in (None, each[0]))
            elif getattr(who, name, None) is None:
                yield f"{_FORKER if forked else ''}{name}", values
    programs = {
        placed.exe.identity for (_, condition), placed in questions.items() if placed.exe and _on_exe(condition)
    }
    if programs and access.subject.exe is None:
        yield "exe", (*programs, ANOTHER)


def _on_exe(condition: Condition) -> bool:
    return isinstance(condition, Field) and condition.name == "exe"


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

"""Counts the rules that the kernel tries at the end of each system call.

The model is audit_filter_syscall and audit_filter_inodes of kernel/auditsc.c in Linux 6.1. At the end of a call the
kernel walks the rules of the exit list that are on no inode, which includes `dir=` rules, up to the first that matches.
It looks at the mask of each rule, and compares the fields of those that have the call. A rule on an inode is in one of
32 buckets, and is tried only if a name that the call used has an inode in the same bucket. The figures are those of a
call that no rule matches, so they include all rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.model.rule import Action, FilterList
from auditrules.authoring.finding import Cost
from auditrules.authoring.rule_shape import RuleShape, machines_of, uses
from auditrules.values import dataclass

MOST_CALLS = 5  # system calls with their names


@dataclass(frozen=True, slots=True)
class Saving:
    """Changes that would save cost, with rules by their places in the order."""

    merge: tuple[tuple[int, int], ...] = ()  # a rule, and the first one that could have its calls
    limit: tuple[tuple[int, tuple[str, ...]], ...] = ()  # a rule, and the calls that its letters mean
    always: tuple[int, ...] = ()  # rules that are asked at every call


def cost(shapes: Sequence[RuleShape], machine: str) -> tuple[Cost, Saving]:
    """Count the cost of rules in the order of evaluation, and find changes that would save some of it."""
    listed = [
        (index, shape)
        for index, shape in enumerate(shapes)
        if shape.rule.list is FilterList.EXIT and shape.by_inode is False
    ]
    on_inodes = sum(shape.rule.list is FilterList.EXIT and shape.by_inode is True for shape in shapes)
    undecided = sum(shape.rule.list is FilterList.EXIT and shape.by_inode is None for shape in shapes)
    always = [index for index, shape in listed if shape.rule.syscalls.all]
    asked: Counter[tuple[int, str]] = Counter()
    for _, shape in listed:
        if not shape.rule.syscalls.all:
            called = (machines_of(shape, machine) or (arches.machine_of(None, machine),))[0]
            asked.update((number, called) for number in shape.rule.syscalls.numbers)
    worst = sorted(asked.items(), key=lambda each: (-each[1], each[0]))[:MOST_CALLS]
    saving = Saving(
        tuple(_mergeable(listed)),
        tuple(_limitable(listed, machine)),
        tuple(
            index for index, shape in listed if shape.rule.syscalls.all and not shape.place and not shape.permissions
        ),
    )
    return (
        Cost(
            listed=len(listed),
            always=len(always),
            calls=tuple((_call(number, called, machine), len(always) + count) for (number, called), count in worst),
            on_inodes=on_inodes,
            undecided=undecided,
            merged_away=len(saving.merge),
            limited=len(saving.limit),
            earlier=_earlier(listed),
        ),
        saving,
    )


def _call(number: int, called: str, machine: str) -> str:
    """The name of a system call, followed by ` (32-bit)` if it is for 32-bit programs."""
    name = syscalls.name(number, called) or str(number)
    return name if called == arches.machine_of(None, machine) else f"{name} (32-bit)"


def _mergeable(listed: Sequence[tuple[int, RuleShape]]) -> Iterator[tuple[int, int]]:
    """Rules that could be merged with a rule above, as no rule with the other action is between them."""
    runs = 0
    last: Action | None = None
    first: dict[object, int] = {}
    for index, shape in listed:
        if shape.rule.action is not last:
            runs, last = runs + 1, shape.rule.action
        same = (runs, shape.sameness, shape.rule.value("key"))
        if same in first:
            yield index, first[same]
        else:
            first[same] = index


def _limitable(listed: Sequence[tuple[int, RuleShape]], machine: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rules with permissions that are tried at every call, and the calls that their permissions mean."""
    for index, shape in listed:
        if shape.rule.syscalls.all and shape.permissions:
            called = machines_of(shape, machine)
            names = (
                (syscalls.name(number, called[0]) for number in uses(shape.permissions, called[0])) if called else ()
            )
            yield index, tuple(sorted(filter(None, names)))


def _earlier(listed: Sequence[tuple[int, RuleShape]]) -> int:
    """Count the rules that could be moved above one that is tried at every call.

    They name calls, and are behind it with no rule of the other action between.
    """
    found = 0
    last: Action | None = None
    behind = False
    for _, shape in listed:
        if shape.rule.action is not last:
            last, behind = shape.rule.action, False
        if shape.rule.syscalls.all:
            behind = True
        elif behind:
            found += 1
    return found

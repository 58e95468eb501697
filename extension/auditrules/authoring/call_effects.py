"""Finds the system calls that the kernel no longer records after a change of rules, or newly records, on all files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.kernel_releases import has_call
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.access_difference import AccessDifference, RulesInForce, access_difference
from auditrules.audit.coverage.call_places import ANY_FILE
from auditrules.audit.coverage.operations import (
    OPENED,
    OPENS,
    Operation,
    collected_by,
    counts_as,
)
from auditrules.audit.model.host_facts import Facts
from auditrules.authoring.rule_shape import arches_of
from auditrules.values import dataclass, replace

_MODES = {0: " to read", 1: " to write", 2: " to read and write", None: ""}


class Direction(str, Enum):
    """Whether the kernel no longer records an access, newly records it, or this is not known."""

    LOST = "recorded no more"
    GAINED = "newly recorded"
    UNSURE = "can't be told"


@dataclass(frozen=True, slots=True)
class EffectChange:
    """Accesses with the same change.

    `path` is the file; empty: every file that no rule names. `letter` is a permission of rwxa; empty: other uses, by
    their calls. `calls` are empty if they are all calls of the permission; ` (32-bit)` marks those of 32-bit programs.
    `where` are the conditions of the change.
    """

    direction: Direction
    path: str
    letter: str
    calls: tuple[str, ...]
    where: tuple[str, ...] = ()


DirectionWhere = tuple[Direction, tuple[str, ...]]


def directions(found: AccessDifference) -> Iterator[DirectionWhere]:
    """The changes of an access, each with its conditions."""
    if found.lost is not None:
        yield Direction.LOST, found.lost
    if found.gained is not None:
        yield Direction.GAINED, found.gained
    if found.unsure and found.lost is None and found.gained is None:
        yield Direction.UNSURE, ()


class CallChanges:
    """The changes for each system call of the machine. One of the calls that no rule distinguishes is tried."""

    def __init__(self, old: RulesInForce, new: RulesInForce, facts: Facts) -> None:
        self._sides = tuple(replace(side, rules=side.rules.elsewhere) for side in (old, new))
        self._machine = facts.machine
        self._release = facts.kernel.release
        self._named = self._rules_by_call()
        self._known: dict[object, tuple[DirectionWhere, ...]] = {}

    def _rules_by_call(self) -> Mapping[int, tuple[tuple[int, int], ...]]:
        """The rules that name each number of a call, by side and order."""
        found: dict[int, list[tuple[int, int]]] = {}
        for number, side in enumerate(self._sides):
            for resolved in side.rules.resolved:
                if not resolved.rule.syscalls.all:
                    for call in resolved.rule.syscalls.numbers:
                        found.setdefault(call, []).append((number, resolved.order))
        return {call: tuple(places) for call, places in found.items()}

    def of_access(self, access: Access) -> tuple[DirectionWhere, ...]:
        """The changes for the call of an access, on a file that no rule names."""
        elsewhere = access.on((ANY_FILE,) if access.names else ())
        key = (
            *(access.arch, self._named.get(access.number), access.permissions.value, bool(access.names)),
            *(access.succeeded, access.result, access.subject.exe),
        )
        if key not in self._known:
            old, new = self._sides
            self._known[key] = tuple(directions(access_difference(elsewhere, old, new, self._machine)))
        return self._known[key]

    def _calls(self, machine: str) -> list[tuple[str, int]]:
        """The system calls that the kernel has or may have, with their numbers."""
        found = sorted(syscalls.all_calls(machine).items())
        return [(name, number) for name, number in found if has_call(name, self._release) is not False]

    def changes(self) -> Iterator[EffectChange]:
        """Yield the changes, each with all calls for which it is the same."""
        for arch in arches_of(self._machine):
            machine = arches.machine_of(arch, self._machine)
            found: dict[DirectionWhere, dict[str, None]] = {}
            total = 0
            for name, number in self._calls(machine):
                for mode in OPENED if name in OPENS else (None,):
                    total += 1
                    operation = Operation(name, collected_by(name), mode)
                    access = Access(name, number, arch, counts_as(operation, machine, self._release), (ANY_FILE,))
                    for key in self.of_access(access):
                        found.setdefault(key, {})[f"{name}{_MODES[mode]}"] = None
            suffix = "" if arch == arches.native(self._machine) else " (32-bit)"
            for (direction, where), calls in found.items():
                names = ("every call",) if len(calls) == total else tuple(calls)
                yield EffectChange(direction, "", "", tuple(f"{name}{suffix}" for name in names), where)

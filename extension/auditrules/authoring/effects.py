"""What a change of rules changes: which accesses are recorded no more, and which newly. Effects, not lines.

Asked are the accesses of each letter to every path that a rule of either side names, the other uses of a file, and the
calls that such rules name, of 32-bit programs, too; and every system call of the machine, on a file that no rule names.
What changes for a call everywhere is told once, and not for each path again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.kernel_releases import has_call
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.access_difference import AccessDifference, RulesInForce, access_difference
from auditrules.audit.coverage.access_targets import TargetAccesses, target_inside, target_of
from auditrules.audit.coverage.answer import PERMISSIONS, path_error
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_places import ANY_FILE
from auditrules.audit.coverage.missed_calls import X32_MACHINE
from auditrules.audit.coverage.operations import (
    OPENED,
    OPENS,
    OPERATIONS,
    Operation,
    collected_by,
    counts_as,
    machine_of,
)
from auditrules.audit.coverage.reference import IO_URING, OF_32_BITS, ON_DIRECTORY, OUTSIDE, REFERENCE, AccessTarget
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import PERMISSION_LETTERS, Rule
from auditrules.authoring.rule_shape import arches_of
from auditrules.values import dataclass, replace

_MODES = {0: " to read", 1: " to write", 2: " to read and write", None: ""}


class Direction(str, Enum):
    """What a change does to the record of an access."""

    LOST = "recorded no more"
    GAINED = "newly recorded"
    UNSURE = "can't be told"


@dataclass(frozen=True, slots=True)
class EffectChange:
    """Accesses whose record changes alike.

    `path` is what they are on, empty for every file that no rule names; `letter` one of rwxa, empty for calls as such;
    `calls` are named where they are not all of the letter's, with ` (32-bit)` behind those of 32-bit programs. `where`
    says of which cases only it is true.
    """

    direction: Direction
    path: str
    letter: str
    calls: tuple[str, ...]
    where: tuple[str, ...] = ()


_Key = tuple[Direction, tuple[str, ...]]


def effects(old: RulesInForce, new: RulesInForce, file_system: FileSystem) -> tuple[EffectChange, ...]:
    """What changes from the old rules to the new ones on a host: first for calls, then path by path."""
    return tuple(found_effects(old, new, file_system))


def found_effects(
    old: RulesInForce, new: RulesInForce, file_system: FileSystem, first: Rule | None = None
) -> Iterator[EffectChange]:
    """The effects one by one: for a caller that asks only whether there is any, the rest is not made.

    The path that the rule `first` watches, if it watches one, is asked before all else: where only this rule differs,
    an effect shows there soonest.
    """
    if [each.rule for each in old.rules.resolved] == [each.rule for each in new.rules.resolved] and (
        old.auditing == new.auditing and old.rules.unread == new.rules.unread == 0
    ):
        return
    everywhere = _CallChanges(old, new, file_system.facts)
    ahead = _paths([first] if first is not None else [])
    for path in ahead:
        yield from _PathChanges(path, old, new, file_system, everywhere).changes()
    yield from everywhere.changes()
    for path in _paths(resolved.rule for side in (old, new) for resolved in side.rules.resolved):
        if path not in ahead:
            yield from _PathChanges(path, old, new, file_system, everywhere).changes()


def _paths(rules: Iterable[Rule]) -> list[str]:
    """Every path that a rule watches, in order."""
    watched = (rule.watched() for rule in rules)
    paths = {str(field.value).rstrip("/") or "/" for field in watched if field is not None}
    return sorted(path for path in paths if not path_error(path))


def _directions(found: AccessDifference) -> Iterator[_Key]:
    if found.lost is not None:
        yield Direction.LOST, found.lost
    if found.gained is not None:
        yield Direction.GAINED, found.gained
    if found.unsure and found.lost is None and found.gained is None:
        yield Direction.UNSURE, ()


# Calls, on a file that no rule names


class _CallChanges:
    """What changes for each call of the machine; of calls that no rule tells apart one is asked."""

    def __init__(self, old: RulesInForce, new: RulesInForce, facts: Facts) -> None:
        self._sides = tuple(replace(side, rules=side.rules.elsewhere) for side in (old, new))
        self._machine = facts.machine
        self._release = facts.kernel.release
        self._named = self._naming()
        self._known: dict[object, tuple[_Key, ...]] = {}

    def _naming(self) -> Mapping[int, tuple[tuple[int, int], ...]]:
        """The rules that name each number, by side and place."""
        found: dict[int, list[tuple[int, int]]] = {}
        for number, side in enumerate(self._sides):
            for resolved in side.rules.resolved:
                if not resolved.rule.syscalls.all:
                    for call in resolved.rule.syscalls.numbers:
                        found.setdefault(call, []).append((number, resolved.order))
        return {call: tuple(places) for call, places in found.items()}

    def of(self, access: Access) -> tuple[_Key, ...]:
        """What changes for a call of an access, on a file that no rule names."""
        made = access.on((ANY_FILE,) if access.names else ())
        key = (
            *(access.arch, self._named.get(access.number), access.permissions.value, bool(access.names)),
            *(access.succeeded, access.result, access.subject.exe),
        )
        if key not in self._known:
            old, new = self._sides
            self._known[key] = tuple(_directions(access_difference(made, old, new, self._machine)))
        return self._known[key]

    def _calls(self, machine: str) -> list[tuple[str, int]]:
        """The calls that the kernel has, or may have, with their numbers."""
        found = sorted(syscalls.all_calls(machine).items())
        return [(name, number) for name, number in found if has_call(name, self._release) is not False]

    def changes(self) -> Iterator[EffectChange]:
        """The changes, with the calls that change alike together."""
        for arch in arches_of(self._machine):
            machine = arches.machine_of(arch, self._machine)
            found: dict[_Key, dict[str, None]] = {}
            total = 0
            for name, number in self._calls(machine):
                for mode in OPENED if name in OPENS else (None,):
                    total += 1
                    operation = Operation(name, collected_by(name), mode)
                    access = Access(name, number, arch, counts_as(operation, machine, self._release), (ANY_FILE,))
                    for key in self.of(access):
                        found.setdefault(key, {})[f"{name}{_MODES[mode]}"] = None
            suffix = "" if arch == arches.native(self._machine) else " (32-bit)"
            for (direction, where), calls in found.items():
                names = ("every call",) if len(calls) == total else tuple(calls)
                yield EffectChange(direction, "", "", tuple(f"{name}{suffix}" for name in names), where)


# Paths


_Found = dict[_Key, dict[str, None]]  # changes, each with the calls that change so


class _PathChanges:
    """What changes for the accesses to one path, but for what changes for their calls everywhere."""

    def __init__(
        self, path: str, old: RulesInForce, new: RulesInForce, file_system: FileSystem, everywhere: _CallChanges
    ) -> None:
        self._path = path
        self._sides = old, new
        self._file_system = file_system
        self._machine = file_system.facts.machine
        self._everywhere = everywhere

    def changes(self) -> Iterator[EffectChange]:
        """First those of letters, then those of other uses."""
        place = self._file_system.walk(self._path)
        if place.entry is None:
            yield EffectChange(Direction.UNSURE, self._path, "", (), ("the path could not be looked at",))
            return
        host = AuditedHost(self._sides[0].rules, self._file_system, self._sides[0].auditing)
        itself = target_of(place, AuditNamesCollector(self._file_system), host)
        folder = place.entry.type == "dir" and not place.missing
        within = (target_inside(target_inside(itself)), target_inside(itself)) if folder else (itself,)
        x32 = self._file_system.facts.kernel.x32 is not False and self._machine == X32_MACHINE
        told: dict[str, set[_Key]] = {}
        for letter in PERMISSIONS:
            found: _Found = {}
            for target in within:
                self._ask(_operations((*REFERENCE[letter], *OUTSIDE[letter]), letter, x32=x32), target, found)
            if folder:
                self._ask(_operations(ON_DIRECTORY[letter], letter, x32=x32), itself, found)
            told[letter] = {*found}
            for (direction, where), labels in found.items():
                yield EffectChange(direction, self._path, letter, tuple(_shortened(letter, labels)), where)
        yield from self._others((*within, itself) if folder else within, told)

    def _others(self, targets: Iterable[AccessTarget], told: Mapping[str, set[_Key]]) -> Iterator[EffectChange]:
        """Other uses, where they do not change as the letters that they count as."""
        found: _Found = {}
        release = self._file_system.facts.kernel.release
        for target in targets:
            for label, operation in _others(*self._sides, self._machine):
                alike = {key for letter in _letters(operation, self._machine, release) for key in told[letter]}
                self._ask([(label, operation)], target, found, alike)
        for (direction, where), labels in found.items():
            yield EffectChange(direction, self._path, "", tuple(labels), where)

    def _ask(
        self,
        operations: Iterable[tuple[str, Operation]],
        target: AccessTarget,
        found: _Found,
        known: Collection[_Key] = (),
    ) -> None:
        """Add what changes for each operation on a target, if it is not known."""
        old, new = self._sides
        on_old, on_new = (TargetAccesses(target, side.rules) for side in self._sides)
        before, after = (AuditedHost(side.rules, self._file_system, side.auditing) for side in self._sides)
        for label, operation in operations:
            # Where the kernel's release does not say whether a call is a use of a letter, both are tried.
            ways = (
                zip(
                    on_old.accesses(operation, before, counted=each),
                    on_new.accesses(operation, after, counted=each),
                    strict=True,
                )
                for each in (False, True)
            )
            for (access, one), (_, other) in chain.from_iterable(ways):
                sides = replace(old, on_names=one), replace(new, on_names=other)
                everywhere = self._everywhere.of(access)
                for key in _directions(access_difference(access, *sides, self._machine)):
                    if key not in everywhere and key not in known:
                        found.setdefault(key, {})[label] = None


def _letters(operation: Operation, machine: str, release: str) -> Iterator[str]:
    called = machine_of(operation, machine)
    counted = counts_as(operation, called, release) if called else 0
    return (letter for letter, bit in PERMISSION_LETTERS if counted & bit)


def _others(old: RulesInForce, new: RulesInForce, machine: str) -> Iterator[tuple[str, Operation]]:
    """The uses of a file beside those of the letters, and the calls that rules name beside these."""
    of_letters = {name for letter in PERMISSIONS for name in (*REFERENCE[letter], *OUTSIDE[letter], *IO_URING[letter])}
    for name, operation in OPERATIONS.items():
        if name not in of_letters:
            yield name, operation
            yield f"{name} (32-bit)", replace(operation, compat=True)
    known = {operation.call for operation in OPERATIONS.values()}
    for arch in arches_of(machine):
        called = arches.machine_of(arch, machine)
        compat = arch != arches.native(machine)
        named = (
            number
            for side in (old, new)
            for each in side.rules.resolved
            if not each.rule.syscalls.all and (each.by_inode or each.tree)
            for number in each.rule.syscalls.numbers
        )
        for number in dict.fromkeys(named):
            call = syscalls.name(number, called)
            if call and call not in known:
                yield f"{call} (32-bit)" if compat else call, Operation(call, collected_by(call), compat=compat)


def _operations(names: Iterable[str], letter: str, *, x32: bool) -> Iterator[tuple[str, Operation]]:
    for name in names:
        yield name, OPERATIONS[name]
        yield f"{name} (32-bit)", replace(OPERATIONS[name], compat=True)
        if x32:
            yield f"{name} (x32)", replace(OPERATIONS[name], x32=True)
    for name in IO_URING[letter]:
        yield name, OPERATIONS[name]


def _shortened(letter: str, labels: Mapping[str, None]) -> Sequence[str]:
    """The calls; none where all that the letter stands for are among them."""
    whole = {label for label in REFERENCE[letter] if OPERATIONS[label].call not in OF_32_BITS}
    return () if whole <= {*labels} else tuple(labels)

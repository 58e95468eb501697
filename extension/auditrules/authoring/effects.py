"""Finds the accesses that the kernel no longer records after a change of rules, or newly records.

It tries the accesses of each permission, and all other uses of a file, on every path that a rule of either side
watches, also by 32-bit programs and by the calls that such rules name. It also tries every system call of the machine
on a file that no rule names (`call_effects`). A change for a call on all files is reported once, and not for each path
again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.coverage.access_difference import RulesInForce, access_difference
from auditrules.audit.coverage.access_targets import TargetAccesses, target_inside, target_of
from auditrules.audit.coverage.answer import PERMISSIONS, path_error
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.missed_calls import X32_MACHINE
from auditrules.audit.coverage.operations import (
    OPERATIONS,
    Operation,
    collected_by,
    counts_as,
    machine_of,
)
from auditrules.audit.coverage.reference import IO_URING, OF_32_BITS, ON_DIRECTORY, OUTSIDE, REFERENCE, AccessTarget
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import PERMISSION_LETTERS, Rule
from auditrules.authoring.call_effects import CallChanges, Direction, DirectionWhere, EffectChange, directions
from auditrules.authoring.rule_shape import arches_of
from auditrules.values import replace


def effects(old: RulesInForce, new: RulesInForce, file_system: FileSystem) -> tuple[EffectChange, ...]:
    """All changes from the old rules to the new ones on a host: first for calls on all files, then path by path."""
    return tuple(found_effects(old, new, file_system))


def found_effects(
    old: RulesInForce, new: RulesInForce, file_system: FileSystem, first: Rule | None = None
) -> Iterator[EffectChange]:
    """Yield the changes one by one, so that a caller may stop at the first one.

    The path that the rule `first` watches is tried before all others: if only this rule differs, a change is found
    there soonest.
    """
    if [each.rule for each in old.rules.resolved] == [each.rule for each in new.rules.resolved] and (
        old.auditing == new.auditing and old.rules.unread == new.rules.unread == 0
    ):
        return
    everywhere = CallChanges(old, new, file_system.facts)
    ahead = _paths([first] if first is not None else [])
    for path in ahead:
        yield from _PathChanges(path, old, new, file_system, everywhere).changes()
    yield from everywhere.changes()
    for path in _paths(resolved.rule for side in (old, new) for resolved in side.rules.resolved):
        if path not in ahead:
            yield from _PathChanges(path, old, new, file_system, everywhere).changes()


def _paths(rules: Iterable[Rule]) -> list[str]:
    """The paths that rules watch, sorted."""
    watched = (rule.watched() for rule in rules)
    paths = {str(field.value).rstrip("/") or "/" for field in watched if field is not None}
    return sorted(path for path in paths if not path_error(path))


_Found = dict[DirectionWhere, dict[str, None]]  # changes, each with the calls for which it is the same


class _PathChanges:
    """The changes for accesses to one path, without those for calls on all files."""

    def __init__(
        self, path: str, old: RulesInForce, new: RulesInForce, file_system: FileSystem, everywhere: CallChanges
    ) -> None:
        self._path = path
        self._sides = old, new
        self._file_system = file_system
        self._machine = file_system.facts.machine
        self._everywhere = everywhere

    def changes(self) -> Iterator[EffectChange]:
        """Yield the changes for permissions, then those for other uses."""
        place = self._file_system.walk(self._path)
        if place.entry is None:
            yield EffectChange(Direction.UNSURE, self._path, "", (), ("the path could not be looked at",))
            return
        host = AuditedHost(self._sides[0].rules, self._file_system, self._sides[0].auditing)
        itself = target_of(place, AuditNamesCollector(self._file_system), host)
        folder = place.entry.type == "dir" and not place.missing
        within = (target_inside(target_inside(itself)), target_inside(itself)) if folder else (itself,)
        x32 = self._file_system.facts.kernel.x32 is not False and self._machine == X32_MACHINE
        by_letter: dict[str, set[DirectionWhere]] = {}
        for letter in PERMISSIONS:
            found: _Found = {}
            for target in within:
                self._ask(_operations((*REFERENCE[letter], *OUTSIDE[letter]), letter, x32=x32), target, found)
            if folder:
                self._ask(_operations(ON_DIRECTORY[letter], letter, x32=x32), itself, found)
            by_letter[letter] = {*found}
            for (direction, where), labels in found.items():
                yield EffectChange(direction, self._path, letter, tuple(_shortened(letter, labels)), where)
        yield from self._other_uses((*within, itself) if folder else within, by_letter)

    def _other_uses(
        self, targets: Iterable[AccessTarget], by_letter: Mapping[str, set[DirectionWhere]]
    ) -> Iterator[EffectChange]:
        """Yield the changes for other uses, unless they are those of the permissions that the uses count as."""
        found: _Found = {}
        release = self._file_system.facts.kernel.release
        for target in targets:
            for label, operation in _other_operations(*self._sides, self._machine):
                alike = {key for letter in _letters(operation, self._machine, release) for key in by_letter[letter]}
                self._ask([(label, operation)], target, found, alike)
        for (direction, where), labels in found.items():
            yield EffectChange(direction, self._path, "", tuple(labels), where)

    def _ask(
        self,
        operations: Iterable[tuple[str, Operation]],
        target: AccessTarget,
        found: _Found,
        known: Collection[DirectionWhere] = (),
    ) -> None:
        """Add to `found` the changes for operations on a target that are not in `known`."""
        old, new = self._sides
        on_old, on_new = (TargetAccesses(target, side.rules) for side in self._sides)
        before, after = (AuditedHost(side.rules, self._file_system, side.auditing) for side in self._sides)
        for label, operation in operations:
            # If the kernel's release leaves open whether a call counts as a use of a permission, both are tried.
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
                everywhere = self._everywhere.of_access(access)
                for key in directions(access_difference(access, *sides, self._machine)):
                    if key not in everywhere and key not in known:
                        found.setdefault(key, {})[label] = None


def _letters(operation: Operation, machine: str, release: str) -> Iterator[str]:
    called = machine_of(operation, machine)
    counted = counts_as(operation, called, release) if called else 0
    return (letter for letter, bit in PERMISSION_LETTERS if counted & bit)


def _other_operations(old: RulesInForce, new: RulesInForce, machine: str) -> Iterator[tuple[str, Operation]]:
    """The uses of a file that are no use of a permission, and the calls that only rules name."""
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
    """The calls; none if all calls of the permission are among them."""
    whole = {label for label in REFERENCE[letter] if OPERATIONS[label].call not in OF_32_BITS}
    return () if whole <= {*labels} else tuple(labels)

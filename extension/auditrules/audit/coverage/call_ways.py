"""The ways to make a system call that rules tell apart: by access mode, on which kind of file or on none."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from auditrules.audit.constants import syscalls
from auditrules.audit.coverage.access import REMOVING, Access, Name
from auditrules.audit.coverage.access_coverage import AuditedHost, Evaluated, with_subject
from auditrules.audit.coverage.access_targets import TargetAccesses, target_of
from auditrules.audit.coverage.asked_rule import machine_of
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.call_places import ANY_FILE, files_told_apart, targets_of
from auditrules.audit.coverage.field_match import ADDRESSED
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.coverage.operations import (
    OPENED,
    OPENS,
    CollectedNames,
    Operation,
    collected_by,
    counts_as,
    takes_one_name,
)
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class CallWay:
    """One way to make a call: for a call that opens, the access mode; the file, or none."""

    access: Access
    mode: int | None = None


@dataclass(slots=True)
class AskedCall:
    """A call that is asked about; `complete` says that every kind of file that rules tell apart was tried."""

    name: str
    number: int
    machine: str
    host: AuditedHost
    complete: bool = True

    @property
    def operations(self) -> Iterator[Operation]:
        """What it does with a file."""
        return operations_of(self.name, self.machine, self.host.machine)

    def anywhere(self) -> Iterator[JudgedWay]:
        """The call on a file that no rule names, made in every way that rules tell apart."""
        host = replace(self.host, rules=self.host.rules.elsewhere)
        for operation in self.operations:
            permissions = counts_as(operation, self.machine)
            access = Access(self.name, self.number, syscalls.ARCHES[self.machine], permissions, (ANY_FILE,))
            access = with_subject(access, host.who)
            for names in self._names(operation, access):
                found = host.evaluate(access.on(names))
                if found is not None:
                    yield CallWay(access.on(names), operation.mode), found

    def at(self, path: str) -> Iterator[JudgedWay]:
        """The call on one file."""
        place = self.host.file_system.walk(path)
        target = target_of(place, AuditNamesCollector(self.host.file_system), self.host)
        for operation in self.operations:
            for access, on_names in TargetAccesses(target, self.host.rules).by(operation, self.host):
                found = self.host.evaluate(access, on_names)
                if found is not None:
                    yield CallWay(access, operation.mode), found

    def _names(self, operation: Operation, access: Access) -> Iterator[tuple[Name, ...]]:
        if operation.collects is CollectedNames.NOTHING:
            yield ()
            return
        told_apart = {
            condition
            for each in self.host.rules.elsewhere.call_filter(access).name_dependent
            for condition in each.resolved.rule.fields
            if depends_on_names(condition)
        }
        if not told_apart:
            yield (ANY_FILE,)
            return
        files, complete = files_told_apart(told_apart)
        self.complete = self.complete and complete
        yield ()  # a path that leads nowhere
        yield from ((each,) for each in files)
        if not takes_one_name(self.name):
            yield files  # of which each condition may hold for another

    def on(self, never: ResolvedRule) -> Iterator[Evaluated]:
        """The call on what a never rule is on."""
        for operation in self.operations:
            if operation.collects is CollectedNames.NOTHING:
                return
            for target in targets_of(never, self.host, operation.collects):
                found = (self.host.evaluate(*each) for each in target.by(operation, self.host))
                yield from (each for each in found if each is not None)


JudgedWay = tuple[CallWay, Evaluated]
"""A way, and what comes of it."""


def operations_of(name: str, called: str, machine: str) -> Iterator[Operation]:
    """What a call of an arch does with a file: one operation for each access mode of a call that opens."""
    collects = collected_by(name)
    compat = called != syscalls.canonical(machine)
    for mode in OPENED if name in OPENS else (None,):
        yield Operation(name, collects, mode, compat)


def told_apart(name: str, arch: str, rules: RuleSet, machine: str) -> Hashable:
    """What rules tell a call from others by, on whatever file: calls of which it is equal are recorded alike.

    Where a never rule is on a file, each call stands for itself, as it may be made on that file in ways of its own.
    """
    called = machine_of(arch, machine)
    number = syscalls.call_number(name, called) if called else None
    if called is None or number is None or rules.silences_places:
        return name, arch
    ways = operations_of(name, called, machine)
    return (
        arch,
        tuple((counts_as(each, called).value, each.collects, each.mode) for each in ways),
        takes_one_name(name),
        tuple(name in each for each in (REMOVING, ADDRESSED)),
        tuple(mask >> number & 1 for mask in rules.masks),
    )

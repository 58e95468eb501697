"""Lists the ways to make a system call that rules distinguish: by access mode, on which kind of file, or on none."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from auditrules.audit.constants import syscalls
from auditrules.audit.coverage.access import REMOVING, Access, Name
from auditrules.audit.coverage.access_coverage import Evaluated
from auditrules.audit.coverage.access_targets import TargetAccesses, target_of
from auditrules.audit.coverage.asked_rule import machine_of
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost, one_of_two, with_subject
from auditrules.audit.coverage.call_places import ANY_FILE, kinds_of_files, targets_of
from auditrules.audit.coverage.field_match import ADDRESSED
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.coverage.operations import (
    OPENED,
    OPENS,
    CollectedNames,
    Operation,
    collected_by,
    counts_as,
    may_count_as,
    takes_one_name,
)
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.model.rule import Permission
from auditrules.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class CallWay:
    """One way to make a call: the access on a file or on none, and the access mode of a call that opens."""

    access: Access
    mode: int | None = None


@dataclass(slots=True)
class AskedCall:
    """A call that is asked about. `complete`: every kind of file that the rules distinguish was tried."""

    name: str
    number: int
    machine: str
    host: AuditedHost
    complete: bool = True

    @property
    def operations(self) -> Iterator[Operation]:
        """The operations on a file that the call stands for."""
        return operations_of(self.name, self.machine, self.host.machine)

    def anywhere(self) -> Iterator[JudgedWay]:
        """The call on files that no rule names, in each way that the rules distinguish."""
        host = replace(self.host, rules=self.host.rules.elsewhere)
        for operation in self.operations:
            certain, possible = counts_as(operation, self.machine, self._release), self._possible(operation)
            access = Access(self.name, self.number, syscalls.ARCHES[self.machine], certain, (ANY_FILE,))
            access = with_subject(access, host.who)
            counted = replace(access, permissions=certain | possible)
            for names in self._names(operation, counted):
                found = host.evaluate(access.on(names))
                if possible:
                    found = one_of_two(found, host.evaluate(counted.on(names)), Undetermined.RELEASE)
                if found is not None:
                    yield CallWay(access.on(names), operation.mode), found

    def at(self, path: str) -> Iterator[JudgedWay]:
        """The call on one file."""
        place = self.host.file_system.walk(path)
        target = target_of(place, AuditNamesCollector(self.host.file_system), self.host)
        for operation in self.operations:
            for access, found in self._judged(operation, TargetAccesses(target, self.host.rules)):
                yield CallWay(access, operation.mode), found

    def _names(self, operation: Operation, access: Access) -> Iterator[tuple[Name, ...]]:
        if operation.collects is CollectedNames.NOTHING:
            yield ()
            return
        distinguishing = {
            condition
            for each in self.host.rules.elsewhere.call_filter(access).name_dependent
            for condition in each.resolved.rule.fields
            if depends_on_names(condition)
        }
        if not distinguishing:
            yield (ANY_FILE,)
            return
        files, complete = kinds_of_files(distinguishing)
        self.complete = self.complete and complete
        yield ()  # a path that leads nowhere
        yield from ((each,) for each in files)
        if not takes_one_name(self.name):
            yield files  # of which each condition may hold for another

    def on(self, never: ResolvedRule) -> Iterator[Evaluated]:
        """The call on the file of a never rule."""
        for operation in self.operations:
            if operation.collects is CollectedNames.NOTHING:
                return
            for target in targets_of(never, self.host, operation.collects):
                yield from (found for _, found in self._judged(operation, target))

    def _judged(self, operation: Operation, target: TargetAccesses) -> Iterator[tuple[Access, Evaluated]]:
        """The accesses that are asked about, each evaluated.

        If it is not known whether the call counts for a letter, both possibilities are evaluated.
        """
        accesses = [*target.accesses(operation, self.host)]
        judged = [self.host.evaluate(*each) for each in accesses]
        if self._possible(operation):
            counted = (self.host.evaluate(*each) for each in target.accesses(operation, self.host, counted=True))
            judged = [one_of_two(one, other, Undetermined.RELEASE) for one, other in zip(judged, counted, strict=True)]
        for (access, _), found in zip(accesses, judged, strict=True):
            if found is not None:
                yield access, found

    def _possible(self, operation: Operation) -> Permission:
        """The letters for which the call may count or not: the kernel's release does not tell."""
        return may_count_as(operation, self.machine, self._release)

    @property
    def _release(self) -> str:
        return self.host.file_system.facts.kernel.release


JudgedWay = tuple[CallWay, Evaluated]
"""A way to make a call, and whether it is recorded."""


def operations_of(name: str, called: str, machine: str) -> Iterator[Operation]:
    """The operations of a call of an arch: one for each access mode if the call opens, else one."""
    collects = collected_by(name)
    compat = called != syscalls.canonical(machine)
    for mode in OPENED if name in OPENS else (None,):
        yield Operation(name, collects, mode, compat)


def equivalence_key(name: str, arch: str, rules: RuleSet, machine: str, release: str) -> Hashable:
    """A key that is equal for two calls only if the rules record both alike, on any file.

    If a never rule is on a file, each call has its own key, as calls differ in how they use that file.
    """
    called = machine_of(arch, machine)
    number = syscalls.call_number(name, called) if called else None
    if called is None or number is None or rules.silences_places:
        return name, arch
    ways = operations_of(name, called, machine)
    return (
        arch,
        tuple(
            (*(counted(each, called, release).value for counted in (counts_as, may_count_as)), each.collects, each.mode)
            for each in ways
        ),
        takes_one_name(name),
        tuple(name in each for each in (REMOVING, ADDRESSED)),
        rules.in_masks(number),
    )

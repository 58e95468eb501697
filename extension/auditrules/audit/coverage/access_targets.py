"""Finds the names that accesses to a path are on: the file, its directory, a sibling that no rule names, a loader."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cached_property

from auditrules.audit.constants.arches import loader_of
from auditrules.audit.constants.kernel_releases import is_since
from auditrules.audit.coverage.access import Access, Name
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost, with_subject
from auditrules.audit.coverage.operations import CREATES_BY_CACHE, CollectedNames, Operation
from auditrules.audit.coverage.reference import AccessTarget, access_on, accesses_of, names_of
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rules_on_names import NameRules
from auditrules.audit.filesystem.binary_formats import may_have_format
from auditrules.audit.filesystem.path_walk import ResolvedPath, parent
from auditrules.audit.model.host_facts import Entry
from auditrules.values import replace


def target_of(place: ResolvedPath, collector: AuditNamesCollector, host: AuditedHost) -> AccessTarget:
    """The target of an access to a path. If nothing is there, it is the file that would be made."""
    file = collector.name(place)
    if place.missing:
        file = replace(file, entry=Entry("file"), known=True)
    above = collector.name(
        ResolvedPath(place.path, place.entry, place.unresolved[:-1])
        if place.unresolved
        else host.file_system.at(parent(place.path))
    )
    path = loader_of(host.machine)
    loader = host.file_system.walk(path) if path else None
    known = loader is not None and loader.entry is not None and not loader.missing
    return AccessTarget(
        file,
        above,
        _sibling(file, above),
        collector.name(loader) if loader is not None and known else None,
        tuple(_interpreters(place, collector, host)),
    )


def _interpreters(place: ResolvedPath, collector: AuditNamesCollector, host: AuditedHost) -> Iterator[Name]:
    """The interpreters of binfmt_misc that may run a file, or a file in a directory."""
    folder = place.entry is not None and place.entry.type == "dir" and not place.missing
    for found in host.file_system.facts.binary_formats:
        if folder or may_have_format(place.full_path, found):
            interpreter = host.file_system.walk(found.interpreter)
            if interpreter.entry is not None and not interpreter.missing:
                yield collector.name(interpreter)


def _sibling(file: Name, folder: Name) -> Name:
    """A name in the same directory that no rule names."""
    return replace(
        file,
        path=f"{folder.path.rstrip('/')}/*",
        identity=("any", folder.identity),
        ancestry=(("any", folder.identity), *folder.ancestry),
        dentry=(folder.identity, "*/"),  # no name has a slash
    )


def target_inside(target: AccessTarget) -> AccessTarget:
    """The target for any file in a directory, on the same file system, that no rule names."""
    folder = replace(target.file, entry=Entry("dir"))
    file = replace(_sibling(folder, folder), entry=Entry("file"), location=_under(folder.location))
    sibling = replace(_sibling(file, folder), dentry=(folder.identity, "*/*"))
    return AccessTarget(file, folder, sibling, target.loader, target.interpreters)


def _under(location: tuple[str, str] | None) -> tuple[str, str] | None:
    return (location[0], f"{location[1].rstrip('/')}/*") if location else None


def _possible_names(collects: CollectedNames, release: str) -> tuple[CollectedNames, ...]:
    """What the kernel may collect: for a call that may create a file, it depends on the kernel's cache of names."""
    if collects is CollectedNames.CREATION and is_since(CREATES_BY_CACHE, release) is not False:
        return (collects, CollectedNames.FILE)
    return (collects,)


class TargetAccesses:
    """The accesses to a target, with the rules on their names, which are looked up once for all calls.

    `other` is the target of a rename, if it is not a name in the same directory.
    """

    def __init__(self, target: AccessTarget, rules: RuleSet, other: AccessTarget | None = None) -> None:
        self.target = target
        self._rules = rules
        self._other = other
        self.recorded: dict[Hashable, bool] = {}  # of `missed_calls`
        self._found: dict[tuple[CollectedNames, bool], tuple[tuple[Name, ...], NameRules]] = {}

    def accesses(
        self, operation: Operation, host: AuditedHost, *, counted: bool = False
    ) -> Iterator[tuple[Access, NameRules]]:
        """The accesses of an operation, each with the rules on its names; none if the host has no such call.

        `counted` is as in `reference.accesses_of`.
        """
        release = host.file_system.facts.kernel.release
        for call in accesses_of(operation, host.machine, release, counted=counted):
            for collects in _possible_names(operation.collects, release):
                names, on_names = self._with_rules(collects, succeeds=call.succeeded is not False)
                yield with_subject(access_on(call, names, self.target), host.who), on_names

    def _with_rules(self, collects: CollectedNames, *, succeeds: bool) -> tuple[tuple[Name, ...], NameRules]:
        found = self._found.get((collects, succeeds))
        if found is None:
            names = names_of(collects, self.target, self._other)
            found = names, self._rules.rules_on_names(names, succeeds=succeeds)
            self._found[collects, succeeds] = found
        return found

    @cached_property
    def otherwise_run(self) -> tuple[TargetAccesses, ...]:
        """The same accesses for a file that no loader runs, or that an interpreter of binfmt_misc runs."""
        without = [replace(self.target, loader=None)] if self.target.loader else []
        others = [replace(self.target, interpreter=each) for each in self.target.interpreters]
        return tuple(TargetAccesses(each, self._rules) for each in (*without, *others))

"""The rules that decide on a host now and after the next boot, and those of files to try, each with how it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.auditctl.normal_form import decided, render
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.drift import Drift
from auditrules.audit.boot.kernel_command_line import cmdline_of, enabled_by
from auditrules.audit.boot.load import LoadedFile
from auditrules.audit.boot.load_time import load_time
from auditrules.audit.boot.startup import Loader
from auditrules.audit.coverage.decision import Auditing
from auditrules.audit.coverage.history import History
from auditrules.audit.coverage.lost_records import losses
from auditrules.audit.coverage.resolved_rules import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rule_source import FileLines, RuleSource
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.filesystem.sandbox import Sandbox
from auditrules.audit.model.host_facts import Entry, Facts, RulesLoad
from auditrules.audit.model.rule import FILE_FIELDS, Rule, Verb

KERNEL, BOOT, FILES = "kernel", "boot", "files"  # rules now, after the next boot, and of files to try

LISTING_CAVEAT = (
    "read from {reader}, which shows a never rule on a path as a watch, a directory's own name as all below it, and "
    "every arch by its width only"
)
FILES_ASSUMED = "files and programs of that host are not known: paths are taken to be there, without links"
_LISTINGS = {"auditctl": "auditctl -l", "listing": "a saved listing"}


class RuleSets:
    """The rules of a host that decide on each system call.

    `earlier` are those of the same host at an earlier collection: where rules and what they watch are equal, what is
    known of them is taken over. A mount that comes or goes mostly changes neither. `written` is when audit.rules was.
    """

    def __init__(
        self, drift: Drift, booted: Boot, facts: Facts, written: float | None, earlier: RuleSets | None = None
    ) -> None:
        self._drift = drift
        self._booted = booted
        self.facts = facts
        self._written = written
        self._before = earlier.so_far if earlier else _Before({})

    @cached_property
    def kernel(self) -> RuleSource:
        """The rules that are loaded."""
        reading = self._drift.reading
        if reading.lines is None:
            return self._unknown(KERNEL, reading.error or "the kernel was not asked")
        if reading.status.enabled is None and reading.reader != "listing":
            return self._unknown(KERNEL, reading.error or "whether auditing is on is not known")
        rules = self._kernel_rules
        return RuleSource(
            KERNEL,
            self.facts.machine,
            RuleSet(
                rules,
                RuleResolver(self.file_system, sandbox=self._booted.sandbox, history=self._history),
                len(reading.lines) - len(rules),
                self._earlier(KERNEL),
            ),
            Auditing(reading.status.enabled),
            remarks=(
                *_remarks(reading, self.facts),
                *_of_sandbox(_unseen(rules, self._booted.sandbox)),
                *losses(rules, self.facts.machine),
            ),
            older=self._older,
            file_lines=self._file_lines,
        )

    @cached_property
    def boot(self) -> RuleSource:
        """The rules that the next boot loads."""
        booted = self._booted
        if booted.loaded is None:
            return self._unknown(BOOT, booted.reason)
        if booted.enabled is None and booted.loaded.rules:
            return self._unknown(BOOT, booted.enabled_unknown)
        rules = self._boot_rules
        unseen = _unseen(rules, booted.sandbox)
        now = self.kernel.rules
        same = now is not None and not now.unread and not now.contested and not unseen and not self._history.counts
        if now is None or not same or rules != [each.rule for each in now.resolved]:
            fresh = RuleResolver(self.file_system, fresh=True, sandbox=booted.sandbox)
            now = RuleSet(rules, fresh, earlier=self._earlier(BOOT))
        return RuleSource(
            BOOT,
            self.facts.machine,
            now,
            Auditing(booted.enabled),
            remarks=(
                *_of_command_line(booted),
                *_of_sandbox(unseen),
                *_of_machine(self.facts),
                *losses(rules, self.facts.machine),
            ),
            loads_nothing="" if booted.loaded.rules else booted.problem or _no_loader(booted),
            older=any(map(_may_be_older, booted.command_line.possible)),
            file_lines=self._file_lines,
        )

    @property
    def so_far(self) -> _Before:
        """What a later collection may share; if nobody asked for both sources, that is what an earlier one had."""
        if not {KERNEL, BOOT} <= self.__dict__.keys():
            return self._before
        sources = {KERNEL: self.kernel, BOOT: self.boot}
        return _Before(sources, self._drift, self.facts.files, self._written, self.__dict__.get("_load"))

    @property
    def same(self) -> bool:
        """Whether boot would leave everything as it is."""
        on = {self.kernel.auditing.enabled, self.boot.auditing.enabled} - {None, 2}
        return self.kernel.rules is not None and self.kernel.rules is self.boot.rules and on <= {1}

    @cached_property
    def file_system(self) -> FileSystem:
        """What was collected of the host's file system."""
        return FileSystem(self.facts)

    def _earlier(self, name: str) -> RuleSet | None:
        source = self._before.sources.get(name)
        return source.rules if source else None

    def _unknown(self, source: str, error: str) -> RuleSource:
        return RuleSource(source, self.facts.machine, error=error, older=self._older)

    @cached_property
    def _history(self) -> History:
        return History(self.file_system, self._load)

    @cached_property
    def _load(self) -> RulesLoad:
        before = self._before
        if before.load is not None and before.drift is self._drift and before.written == self._written:
            return before.load
        persistent = self._kernel_rules == self._boot_rules
        return load_time(self._drift.reading, self._drift.files, self._booted, self._written, persistent=persistent)

    @cached_property
    def _kernel_rules(self) -> list[Rule]:
        return [decided(rule, self.facts) for rule in self._drift.rules if rule is not None]

    @cached_property
    def _boot_rules(self) -> list[Rule]:
        loaded = self._booted.loaded
        return [decided(rule, self.facts) for rule in loaded.rules] if loaded else []

    @cached_property
    def _file_lines(self) -> FileLines:
        known = self._before.sources.get(KERNEL)
        if known and known.file_lines and self._before.drift is self._drift and self._before.files == self.facts.files:
            return known.file_lines
        tried = self._drift.files.collected.tried
        if tried is not None and self._booted.loaded is not None:
            return _by_text(_added(self._booted.loaded, lambda number: tried.places[number - 1]), self.facts)
        lines = ((line.rule, f"{line.path}:{line.number}") for line in self._drift.files.lines)
        return _by_text(lines, self.facts)

    @property
    def _older(self) -> bool:
        return _may_be_older(cmdline_of(self._drift.files.collected))


class _Before(NamedTuple):
    """Sources of the same host as they were, and what they were made of."""

    sources: Mapping[str, RuleSource]
    drift: Drift | None = None
    files: Mapping[str, Entry] = {}
    written: float | None = None
    load: RulesLoad | None = None  # where it was asked for


def _may_be_older(cmdline: Sequence[str]) -> bool:
    """Whether a process may be older than auditing: none is where the kernel was told to audit from its start."""
    return enabled_by(cmdline) != 1


def _unseen(rules: Iterable[Rule], sandbox: Sandbox) -> frozenset[str]:
    """The directories that rules are about, and that the unit which loads them at boot sees otherwise."""
    if not sandbox:
        return frozenset()
    values = (rule.value(name) for rule in rules for name in FILE_FIELDS)
    return sandbox.concerned(value for value in values if isinstance(value, str))


def _of_sandbox(unseen: frozenset[str]) -> Iterator[str]:
    if unseen:
        yield f"the unit that loads the rules at boot does not see the host's {', '.join(sorted(unseen))}"


def _of_command_line(booted: Boot) -> Iterator[str]:
    """How well the command line is known by which boot loads rules; where it loads none, that does not matter."""
    if booted.loaded and booted.loaded.rules and booted.command_line.remark:
        yield booted.command_line.remark


def _no_loader(booted: Boot) -> str:
    return booted.reason if booted.loader is Loader.NONE else ""


def files_source(loaded: LoadedFile, facts: Facts, place: Callable[[int], str]) -> RuleSource:
    """The rules that a load of files ends up with; `place` says of a line's number where it stands."""
    rules = [decided(rule, facts) for rule in loaded.rules]
    return RuleSource(
        FILES,
        facts.machine,
        RuleSet(rules, RuleResolver(FileSystem(facts), fresh=True)),
        Auditing(int(loaded.values.get("-e", "1"))),
        remarks=(*_of_machine(facts), *losses(rules, facts.machine)),
        file_lines=_by_text(_added(loaded, place), facts),
    )


def _added(loaded: LoadedFile, place: Callable[[int], str]) -> Iterator[tuple[Rule | None, str]]:
    """The rules that lines add, each with where it stands."""
    for line in loaded.lines:
        if line.parsed and line.parsed.verb is not Verb.DELETE:
            yield line.parsed.rule, place(line.number)


def _by_text(rules: Iterable[tuple[Rule | None, str]], facts: Facts) -> FileLines:
    found: dict[str, list[str]] = {}
    for rule, place in rules:
        if rule is not None:
            found.setdefault(render(decided(rule, facts), facts.machine), []).append(place)
    return found


def _remarks(reading: KernelAnswer, facts: Facts) -> Iterator[str]:
    """How well the kernel's rules are known."""
    if reading.status.enabled is None:
        yield "enabled: assumed"
    if reading.reader in _LISTINGS:
        yield LISTING_CAVEAT.format(reader=_LISTINGS[reading.reader])
    if facts.assumed:
        yield FILES_ASSUMED
    yield from reading.remarks
    yield from _of_machine(facts)


def _of_machine(facts: Facts) -> Iterator[str]:
    if facts.machine != "x86_64":
        yield f"tables of system calls unverified on {facts.machine}"

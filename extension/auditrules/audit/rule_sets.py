"""The rules in force on one host: now, after the next boot, and of files to try; with remarks on how sure they are."""

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
from auditrules.audit.coverage.lost_records import loss_remarks
from auditrules.audit.coverage.rule_resolver import RuleResolver
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
    """The rules of one host that are in force now (`kernel`) and after the next boot (`boot`).

    `earlier` are the same host's, collected before: rules that are the same, on the same inodes, share all that was
    computed for them. (A mount that comes or goes rarely changes either.) `written` is when audit.rules was changed
    last.
    """

    def __init__(
        self, drift: Drift, booted: Boot, facts: Facts, written: float | None, earlier: RuleSets | None = None
    ) -> None:
        self._drift = drift
        self._booted = booted
        self.facts = facts
        self._written = written
        self._earlier = earlier.reusable if earlier else _Reusable({})

    @cached_property
    def kernel(self) -> RuleSource:
        """The rules that the kernel has now."""
        reading = self._drift.reading
        if reading.lines is None:
            return self._unknown(KERNEL, reading.error or "the kernel was not asked")
        if reading.status.enabled is None and reading.reader != "listing":
            return self._unknown(KERNEL, reading.error or "whether auditing is on is not known")
        rules, sandbox = self._kernel_rules, self._drift.files.loaders_sandbox
        return RuleSource(
            KERNEL,
            self.facts.machine,
            RuleSet(
                rules,
                RuleResolver(self.file_system, sandbox=sandbox, history=self._history),
                len(reading.lines) - len(rules),
                self._earlier_rules(KERNEL),
            ),
            Auditing(reading.status.enabled),
            remarks=(
                *_kernel_remarks(reading, self.facts),
                *_sandbox_remarks(_unseen(rules, sandbox)),
                *loss_remarks(rules, self.facts.machine),
            ),
            older=self._older_processes,
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
        unseen, others = (_unseen(rules, each) for each in (booted.sandbox, self._drift.files.loaders_sandbox))
        # If boot loads the kernel's rules again, and on the same inodes, one rule set serves both.
        rule_set = self.kernel.rules
        same = (
            rule_set is not None
            and not rule_set.unread
            and not rule_set.contested
            and not unseen
            and not others
            and not self._history.differs_from_boot
        )
        if rule_set is None or not same or rules != [each.rule for each in rule_set.resolved]:
            fresh = RuleResolver(self.file_system, fresh=True, sandbox=booted.sandbox)
            rule_set = RuleSet(rules, fresh, earlier=self._earlier_rules(BOOT))
        return RuleSource(
            BOOT,
            self.facts.machine,
            rule_set,
            Auditing(booted.enabled),
            remarks=(
                *_command_line_remarks(booted),
                *_sandbox_remarks(unseen),
                *_machine_remarks(self.facts),
                *loss_remarks(rules, self.facts.machine),
            ),
            loads_nothing="" if booted.loaded.rules else booted.problem or _no_loader(booted),
            older=any(map(_may_have_older_processes, booted.command_line.possible)),
            file_lines=self._file_lines,
        )

    @property
    def reusable(self) -> _Reusable:
        """What a later collection may reuse. If nobody asked for both sources, that is still the earlier one's."""
        if not {KERNEL, BOOT} <= self.__dict__.keys():
            return self._earlier
        sources = {KERNEL: self.kernel, BOOT: self.boot}
        return _Reusable(sources, self._drift, self.facts.files, self._written, self.__dict__.get("_load"))

    @property
    def same(self) -> bool:
        """Whether the next boot changes nothing about what is recorded."""
        on = {self.kernel.auditing.enabled, self.boot.auditing.enabled} - {None, 2}
        return self.kernel.rules is not None and self.kernel.rules is self.boot.rules and on <= {1}

    @cached_property
    def file_system(self) -> FileSystem:
        """The host's file system, as it was collected."""
        return FileSystem(self.facts)

    def _earlier_rules(self, name: str) -> RuleSet | None:
        source = self._earlier.sources.get(name)
        return source.rules if source else None

    def _unknown(self, source: str, error: str) -> RuleSource:
        return RuleSource(source, self.facts.machine, error=error, older=self._older_processes)

    @cached_property
    def _history(self) -> History:
        return History(self.file_system, self._load)

    @cached_property
    def _load(self) -> RulesLoad:
        earlier = self._earlier
        if earlier.load is not None and earlier.drift is self._drift and earlier.written == self._written:
            return earlier.load
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
        known, earlier = self._earlier.sources.get(KERNEL), self._earlier
        if known and known.file_lines and earlier.drift is self._drift and earlier.files == self.facts.files:
            return known.file_lines
        tried = self._drift.files.collected.tried
        if tried is not None and self._booted.loaded is not None:
            return _by_normal_form(
                _rules_added(self._booted.loaded, lambda number: tried.places[number - 1]), self.facts
            )
        lines = ((line.rule, f"{line.path}:{line.number}") for line in self._drift.files.lines)
        return _by_normal_form(lines, self.facts)

    @property
    def _older_processes(self) -> bool:
        return _may_have_older_processes(cmdline_of(self._drift.files.collected))


class _Reusable(NamedTuple):
    """The rule sources of an earlier collection, and their inputs."""

    sources: Mapping[str, RuleSource]
    drift: Drift | None = None
    files: Mapping[str, Entry] = {}
    written: float | None = None
    load: RulesLoad | None = None  # None also if nobody asked for it


def _may_have_older_processes(cmdline: Sequence[str]) -> bool:
    """Whether processes may be older than auditing. None is if audit=1 switched it on at the kernel's start."""
    return enabled_by(cmdline) != 1


def _unseen(rules: Iterable[Rule], sandbox: Sandbox) -> frozenset[str]:
    """The directories in rules that the unit which loads them at boot sees differently, as it runs in a sandbox."""
    if not sandbox:
        return frozenset()
    values = (rule.value(name) for rule in rules for name in FILE_FIELDS)
    return sandbox.concerned(value for value in values if isinstance(value, str))


def _sandbox_remarks(unseen: frozenset[str]) -> Iterator[str]:
    if unseen:
        yield f"the unit that loads the rules at boot does not see the host's {', '.join(sorted(unseen))}"


def _command_line_remarks(booted: Boot) -> Iterator[str]:
    """How well the kernel's command line of the next boot is known. If boot loads no rules, that does not matter."""
    if booted.loaded and booted.loaded.rules and booted.command_line.remark:
        yield booted.command_line.remark


def _no_loader(booted: Boot) -> str:
    return booted.reason if booted.loader is Loader.NONE else ""


def files_source(loaded: LoadedFile, facts: Facts, place: Callable[[int], str]) -> RuleSource:
    """The rules that the kernel has after a load of files. `place` gives FILE:LINE for the number of a loaded line."""
    rules = [decided(rule, facts) for rule in loaded.rules]
    return RuleSource(
        FILES,
        facts.machine,
        RuleSet(rules, RuleResolver(FileSystem(facts), fresh=True)),
        Auditing(int(loaded.values.get("-e", "1"))),
        remarks=(*_machine_remarks(facts), *loss_remarks(rules, facts.machine)),
        file_lines=_by_normal_form(_rules_added(loaded, place), facts),
    )


def _rules_added(loaded: LoadedFile, place: Callable[[int], str]) -> Iterator[tuple[Rule | None, str]]:
    """The rules that lines of the files add, each with its FILE:LINE."""
    for line in loaded.lines:
        if line.parsed and line.parsed.verb is not Verb.DELETE:
            yield line.parsed.rule, place(line.number)


def _by_normal_form(rules: Iterable[tuple[Rule | None, str]], facts: Facts) -> FileLines:
    found: dict[str, list[str]] = {}
    for rule, place in rules:
        if rule is not None:
            found.setdefault(render(decided(rule, facts), facts.machine), []).append(place)
    return found


def _kernel_remarks(reading: KernelAnswer, facts: Facts) -> Iterator[str]:
    """How well the kernel's rules are known."""
    if reading.status.enabled is None:
        yield "enabled: assumed"
    if reading.reader in _LISTINGS:
        yield LISTING_CAVEAT.format(reader=_LISTINGS[reading.reader])
    if facts.assumed:
        yield FILES_ASSUMED
    yield from reading.remarks
    yield from _machine_remarks(facts)


def _machine_remarks(facts: Facts) -> Iterator[str]:
    if facts.machine != "x86_64":
        yield f"tables of system calls unverified on {facts.machine}"

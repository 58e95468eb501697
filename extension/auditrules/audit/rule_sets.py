"""The rules that decide on a host, now and after the next boot, and those of files to try: ready for any path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.auditctl.normal_form import decided, render
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.drift import Drift
from auditrules.audit.boot.load import LoadedFile
from auditrules.audit.boot.rules_load import rules_load
from auditrules.audit.boot.startup import Loader, cmdline_of, switched_off
from auditrules.audit.coverage.answer import Reason, bad_path
from auditrules.audit.coverage.asked_answer import AskedAnswer, answer
from auditrules.audit.coverage.asked_rule import AskedPath, AskedRule, known
from auditrules.audit.coverage.decision import Auditing, CoverageStatus
from auditrules.audit.coverage.history import History
from auditrules.audit.coverage.looked_up import LookedUp, NotingFileSystem
from auditrules.audit.coverage.resolved_rules import RuleResolver
from auditrules.audit.coverage.result_cache import ResultCache
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rule_source import FileLines, PathAnswer, RuleSource, in_words
from auditrules.audit.coverage.syscall_answer import SyscallAnswer, not_loaded, syscall_answers
from auditrules.audit.coverage.syscall_coverage import CallAnswer, RecordedFor
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.filesystem.sandbox import Sandbox
from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.audit.model.rule import PATH_NAMES, Rule, Verb
from auditrules.values import replace

KERNEL, BOOT, FILES = "kernel", "boot", "files"  # rules now, after the next boot, and of files to try

LISTING_CAVEAT = (
    "read from {reader}, which shows a never rule on a path as a watch, a directory's own name as all below it, and "
    "every arch by its width only"
)
FILES_ASSUMED = "files and programs of that host are not known: paths are taken to be there, without links"
_LISTINGS = {"auditctl": "auditctl -l", "listing": "a saved listing"}

MOST_ANSWERS = 1024  # paths whose coverage is kept: a join asks for one after the other
MOST_ASKED = 256  # rules that were asked for, whose answers are kept
MOST_CALLS = 1024  # calls that several of them ask for alike


class RuleSets:
    """The rules of a host that decide, ready to be asked for any path.

    `earlier` are those of the same host at an earlier collection: where rules and what they watch are equal, what is
    known of them is taken over. A mount that comes or goes mostly changes neither. `written` is when audit.rules was.
    """

    def __init__(
        self, drift: Drift, booted: Boot, facts: Facts, written: float | None, earlier: RuleSets | None = None
    ) -> None:
        self._drift = drift
        self._booted = booted
        self._facts = facts
        self._written = written
        self._before = earlier.so_far if earlier else _Before({}, {})
        self._asked: ResultCache[Mapping[str, AskedAnswer]] = ResultCache(MOST_ASKED)
        self._calls_alike: ResultCache[CallAnswer] = ResultCache(MOST_CALLS)
        self._syscalls: ResultCache[tuple[SyscallAnswer, ...]] = ResultCache(MOST_ASKED)

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
            self._facts.machine,
            RuleSet(
                rules,
                RuleResolver(self._file_system, sandbox=self._booted.sandbox, history=self._history),
                len(reading.lines) - len(rules),
                self._earlier(KERNEL),
            ),
            Auditing(reading.status.enabled),
            remarks=(*_remarks(reading, self._facts), *_of_sandbox(_unseen(rules, self._booted.sandbox))),
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
            return self._unknown(BOOT, "whether auditing is on after boot is not known")
        rules = self._boot_rules
        unseen = _unseen(rules, booted.sandbox)
        now = self.kernel.rules
        same = now is not None and not now.unread and not now.contested and not unseen and not self._history.counts
        if now is None or not same or rules != [each.rule for each in now.resolved]:
            fresh = RuleResolver(self._file_system, fresh=True, sandbox=booted.sandbox)
            now = RuleSet(rules, fresh, earlier=self._earlier(BOOT))
        return RuleSource(
            BOOT,
            self._facts.machine,
            now,
            Auditing(booted.enabled),
            remarks=(*_of_command_line(booted), *_of_sandbox(unseen), *_of_machine(self._facts)),
            loads_nothing="" if booted.loaded.rules else booted.problem or _no_loader(booted),
            older=any(map(_may_be_older, booted.command_line.possible)),
            file_lines=self._file_lines,
        )

    @property
    def so_far(self) -> _Before:
        """What a later collection may share; where nobody asked for anything, that is what an earlier one had."""
        if not {KERNEL, BOOT} <= self.__dict__.keys():
            return self._before
        return _Before({KERNEL: self.kernel, BOOT: self.boot}, self._answers, self._drift, self._facts.files)

    def _earlier(self, name: str) -> RuleSet | None:
        source = self._before.sources.get(name)
        return source.rules if source else None

    @cached_property
    def _answers(self) -> dict[AskedPath, _Answer]:
        """The coverage of paths: that of an earlier collection where the rules are the same."""
        sources = {KERNEL: self.kernel, BOOT: self.boot}
        if not self._before.says_the_same(sources):
            return {}
        changed = self._before.other_late_points(sources)
        return {
            asked: answer for asked, answer in self._before.answers.items() if not answer.looked_up.is_below(changed)
        }

    @property
    def same(self) -> bool:
        """Whether boot would leave everything as it is."""
        on = {self.kernel.auditing.enabled, self.boot.auditing.enabled} - {None, 2}
        return self.kernel.rules is not None and self.kernel.rules is self.boot.rules and on <= {1}

    def coverage(self, asked: AskedPath, seen: Mapping[str, Entry]) -> Mapping[str, PathAnswer]:
        """The coverage of a path by `kernel` and `boot`, as `HostAudit.coverage` says."""
        if bad_path(asked.path):  # it is told at once, and its length has no bound
            return self._coverage(asked, FileSystem(self._facts))
        known = self._answers.get(asked)
        if known is None or not known.looked_up.is_still(seen, self._file_system):
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            files = NotingFileSystem(self._facts, seen)
            known = self._answers[asked] = _Answer(self._coverage(asked, files), files.looked_up)
        return known.coverage

    def syscall(self, name: str, first_login_user: int) -> tuple[SyscallAnswer, ...]:
        """For whom a system call is recorded: for each arch by `kernel`, then by `boot`."""
        if not known(name):  # whose length has no bound
            return tuple(self._syscall(name, first_login_user))
        return self._syscalls.get((name, first_login_user), lambda: tuple(self._syscall(name, first_login_user)))

    def _syscall(self, name: str, first_login_user: int) -> Iterator[SyscallAnswer]:
        now = tuple(syscall_answers(name, self.kernel, self._file_system, first_login_user))
        for each, later in zip(now, syscall_answers(name, self.boot, self._file_system, first_login_user), strict=True):
            recorded = each.recorded_for not in (RecordedFor.NOBODY, RecordedFor.UNKNOWN)
            yield each
            yield not_loaded(later) if self.boot.loads_nothing or recorded else later

    def calls(self, asked: AskedRule, seen: Mapping[str, Entry]) -> Mapping[str, AskedAnswer]:
        """What `kernel` and `boot` record of the calls of a rule that is asked for, as `HostAudit.calls` says."""
        if asked.paths:
            files = FileSystem(replace(self._facts, files={**self._facts.files, **seen}))
            return self._calls(asked, files)
        return self._asked.get(asked, lambda: self._calls(asked, self._file_system))

    def _calls(self, asked: AskedRule, files: FileSystem) -> Mapping[str, AskedAnswer]:
        now = answer(asked, self.kernel, files, self._calls_alike)
        later = replace(now, source=self.boot) if self.same else answer(asked, self.boot, files, self._calls_alike)
        recorded = {call for call, each in now.calls.items() if each.status is CoverageStatus.RECORDED}
        lost = {
            call: replace(each, reason=Reason.NOT_LOADED)
            for call, each in later.calls.items()
            if each.reason is Reason.NO_RULE and (self.boot.loads_nothing or call in recorded)
        }
        return {KERNEL: now, BOOT: replace(later, calls={**later.calls, **lost})}

    def _coverage(self, asked: AskedPath, file_system: FileSystem) -> Mapping[str, PathAnswer]:
        path = asked.path
        now = self.kernel.evaluate(asked, file_system)
        later = now if self.same else self.boot.evaluate(asked, file_system)
        lost = later.reason is Reason.NO_RULE and (self.boot.loads_nothing or now.of(CoverageStatus.RECORDED))
        return {
            KERNEL: in_words(path, self.kernel, now),
            BOOT: in_words(path, self.boot, later, Reason.NOT_LOADED if lost else None),
        }

    def _unknown(self, source: str, error: str) -> RuleSource:
        return RuleSource(source, self._facts.machine, error=error, older=self._older)

    @cached_property
    def _history(self) -> History:
        persistent = self._kernel_rules == self._boot_rules
        reading, files = self._drift.reading, self._drift.files
        load = rules_load(reading, files, self._booted, self._written, persistent=persistent)
        return History(self._file_system, load)

    @cached_property
    def _kernel_rules(self) -> list[Rule]:
        return [decided(rule, self._facts) for rule in self._drift.rules if rule is not None]

    @cached_property
    def _boot_rules(self) -> list[Rule]:
        loaded = self._booted.loaded
        return [decided(rule, self._facts) for rule in loaded.rules] if loaded else []

    @cached_property
    def _file_system(self) -> FileSystem:
        return FileSystem(self._facts)

    @cached_property
    def _file_lines(self) -> FileLines:
        known = self._before.sources.get(KERNEL)
        if known and known.file_lines and self._before.drift is self._drift and self._before.files == self._facts.files:
            return known.file_lines
        tried = self._drift.files.collected.tried
        if tried is not None and self._booted.loaded is not None:
            return _by_text(_added(self._booted.loaded, lambda number: tried.places[number - 1]), self._facts)
        lines = ((line.rule, f"{line.path}:{line.number}") for line in self._drift.files.lines)
        return _by_text(lines, self._facts)

    @property
    def _older(self) -> bool:
        return _may_be_older(cmdline_of(self._drift.files.collected))


class _Answer(NamedTuple):
    coverage: Mapping[str, PathAnswer]
    looked_up: LookedUp


class _Before(NamedTuple):
    """Sources of the same host as they were, and the coverage that they gave."""

    sources: Mapping[str, RuleSource]
    answers: dict[AskedPath, _Answer]
    drift: Drift | None = None
    files: Mapping[str, Entry] = {}

    def says_the_same(self, sources: Mapping[str, RuleSource]) -> bool:
        """Whether these sources have the same rules, on the same things, and say the same of them."""
        return sources.keys() == self.sources.keys() and all(
            _rules_of(source) is _rules_of(self.sources[name])
            and replace(source, rules=None) == replace(self.sources[name], rules=None)
            for name, source in sources.items()
        )

    def other_late_points(self, sources: Mapping[str, RuleSource]) -> frozenset[str]:
        """The mount points that may be younger than the rules of these sources, or of those, but not of both."""
        return frozenset().union(*(_late(sources[name]) ^ _late(self.sources[name]) for name in sources))


def _late(source: RuleSource) -> frozenset[str]:
    return source.rules.late_points if source.rules else frozenset()


def _rules_of(source: RuleSource) -> object:
    return source.rules and source.rules.known


def _may_be_older(cmdline: Sequence[str]) -> bool:
    """Whether a process may be older than auditing: none is where the kernel was told to audit from its start."""
    return switched_off(cmdline) or not any(word.startswith("audit=") for word in cmdline)


def _unseen(rules: Iterable[Rule], sandbox: Sandbox) -> frozenset[str]:
    """The directories that rules are about, and that the unit which loads them at boot sees otherwise."""
    if not sandbox:
        return frozenset()
    values = (rule.value(name) for rule in rules for name in (*PATH_NAMES, "exe"))
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
        remarks=tuple(_of_machine(facts)),
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

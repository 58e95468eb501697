"""The rules that coverage is asked of, ready for any path: the kernel's, those after the next boot, files to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.auditctl.status import Reading
from auditrules.audit.boot.boot import Boot, boot
from auditrules.audit.boot.load import load
from auditrules.audit.boot.startup import Loader, cmdline_of, switched_off
from auditrules.audit.coverage.access import ANYBODY, Subject
from auditrules.audit.coverage.answer import Coverage, Reason, bad_path, refused
from auditrules.audit.coverage.decision import ON, Auditing
from auditrules.audit.coverage.path_coverage import Host, cover
from auditrules.audit.coverage.resolved_rules import Placing
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import Places
from auditrules.audit.kernel.interpret import understand
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.audit.model.rule import Line, Rule, Verb
from auditrules.plugin.row import Row
from auditrules.tables.rules import FileLine, decided, file_lines, kernel_rules

KERNEL, BOOT, FILES = "kernel", "boot", "files"

LIES = (
    "read from {reader}, which shows a never rule on a path as a watch, a directory's own name as all below it, and "
    "every arch by its width only"
)
_READERS = {"auditctl": "auditctl -l", "listing": "a saved listing"}

Stands = Mapping[str, Sequence[str]]  # a rule's normal form -> file:line of each place it stands at


@dataclass(frozen=True)
class Side:
    """Rules on this host and how auditing is, or why that is not known.

    `remarks` say how well the rules are known, `loads_nothing` why boot loads no rule, `older` that processes may run
    that are older than auditing.
    """

    source: str
    facts: Facts
    rules: RuleSet | None = None
    auditing: Auditing = ON
    error: str = ""
    remarks: tuple[str, ...] = ()
    loads_nothing: str = ""
    older: bool = True
    stands: Stands = field(default_factory=dict)
    _written: dict[Rule, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def cover(self, path: str, places: Places, who: Subject = ANYBODY, *, compat: bool = False) -> Coverage:
        """What of a path is recorded, if asked so of some subjects or of 32-bit programs only."""
        if self.rules is not None:
            return cover(path, Host(self.rules, places, self.auditing, who, compat))
        place = None if bad_path(path) else places.walk(path)
        if place is None or place.entry is None:
            return refused(Reason.UNREADABLE, self.error)
        return refused(Reason.UNREADABLE, self.error, resolved=place.whole, exists=not place.missing)

    def text(self, rule: Rule) -> str:
        """A rule's normal form on this host, written once."""
        written = self._written.get(rule)
        if written is None:
            written = self._written[rule] = render(decided(rule, self.facts), self.facts.machine)
        return written

    def places(self, rule: Rule, *, lines: bool) -> tuple[str, ...]:
        """The files that a rule stands in, with the lines or without."""
        found = self.stands.get(self.text(rule), ())
        return tuple(dict.fromkeys(found if lines else (each.rpartition(":")[0] for each in found)))


@dataclass(frozen=True)
class Sides:
    """The two sides of a host, made once for all paths.

    `answers` are those that were given, by the paths of a question: with what was at these paths, and the rows.
    """

    sources: Sources
    answers: dict[tuple[str, ...], tuple[Mapping[str, Entry], list[Row]]] = field(default_factory=dict)

    @cached_property
    def kernel(self) -> Side:
        """The rules that are loaded."""
        reading = understand(self.sources.kernel, self.sources.facts)
        status = reading.status
        if reading.lines is None:
            return self._untold(KERNEL, reading.error or "the kernel was not asked")
        if status.enabled is None and reading.reader != "listing":
            return self._untold(KERNEL, reading.error or "whether auditing is on is not known")
        told = kernel_rules(reading, self._files, self.sources.facts)
        rules = [decided(rule, self.sources.facts) for rule in told if rule is not None]
        placed = RuleSet(rules, Placing(self._places), unread=len(reading.lines) - len(rules))
        return Side(
            KERNEL,
            self.sources.facts,
            placed,
            Auditing(status.enabled),
            remarks=tuple(_remarks(reading, self.sources.facts)),
            older=self._older,
            stands=self._stands,
        )

    @cached_property
    def boot(self) -> Side:
        """The rules that the next boot loads."""
        booted = boot(self.sources)
        if booted.loaded is None:
            return self._untold(BOOT, booted.reason)
        if booted.enabled is None and booted.loaded.rules:
            return self._untold(BOOT, "whether auditing is on after boot is not known")
        rules = [decided(rule, self.sources.facts) for rule in booted.loaded.rules]
        now = self.kernel.rules
        same = now is not None and not now.unread and not now.contested
        if now is None or not same or rules != [each.rule for each in now.placed]:
            now = RuleSet(rules, Placing(self._places, fresh=True))
        return Side(
            BOOT,
            self.sources.facts,
            now,
            Auditing(booted.enabled),
            remarks=tuple(_of_machine(self.sources.facts)),
            loads_nothing="" if booted.loaded.rules else booted.problem or _no_loader(booted),
            older=self._older,
            stands=self._stands,
        )

    @property
    def same(self) -> bool:
        """Whether boot would leave everything as it is."""
        on = {self.kernel.auditing.enabled, self.boot.auditing.enabled} - {None, 2}
        return self.kernel.rules is not None and self.kernel.rules is self.boot.rules and on <= {1}

    def _untold(self, source: str, error: str) -> Side:
        return Side(source, self.sources.facts, error=error, older=self._older)

    @cached_property
    def _places(self) -> Places:
        return Places(self.sources.facts)

    @cached_property
    def _files(self) -> list[FileLine]:
        file = self.sources.audit_rules
        loaded = load(file.content, self.sources.facts) if file and file.content is not None else None
        return list(file_lines(self.sources, loaded))

    @cached_property
    def _stands(self) -> Stands:
        return _by_text(((line.said, f"{line.path}:{line.number}") for line in self._files), self.sources.facts)

    @property
    def _older(self) -> bool:
        """Whether a process may be older than auditing: none is where the kernel was told to audit from its start."""
        cmdline = cmdline_of(self.sources)
        return switched_off(cmdline) or not any(word.startswith("audit=") for word in cmdline)


def _no_loader(booted: Boot) -> str:
    return booted.reason if booted.loader is Loader.NONE else ""


def tried(files: Sequence[File], facts: Facts) -> tuple[Side, tuple[str, ...]]:
    """The rules that files would load one after the other, and which of their lines would not be, and why."""
    whole = b"".join(b"%s\n" % (file.content or b"").removesuffix(b"\n") for file in files)
    loaded = load(whole, facts)
    at = [f"{file.path}:{number}" for file in files for number in range(1, _lines(file) + 1)]
    problems = tuple(f"{at[number - 1]}: {reason}" for number, reason in loaded.refused)
    if loaded.stopped_at is not None:
        problems = (*problems, f"the load stops at {at[loaded.stopped_at - 1]}: no line below it is loaded")
    rules = [decided(rule, facts) for rule in loaded.rules]
    side = Side(
        FILES,
        facts,
        RuleSet(rules, Placing(Places(facts), fresh=True)),
        remarks=tuple(_of_machine(facts)),
        stands=_by_text(((line.said, at[line.number - 1]) for line in loaded.lines), facts),
    )
    return side, problems


def _lines(file: File) -> int:
    return len((file.content or b"").removesuffix(b"\n").split(b"\n"))


def _by_text(lines: Iterable[tuple[Line | None, str]], facts: Facts) -> Stands:
    found: dict[str, list[str]] = {}
    for said, place in lines:
        if said and said.rule and said.verb is not Verb.DELETE:
            found.setdefault(render(decided(said.rule, facts), facts.machine), []).append(place)
    return found


def _remarks(reading: Reading, facts: Facts) -> Iterator[str]:
    """How well the kernel's rules are known."""
    if reading.status.enabled is None:
        yield "enabled: assumed"
    if reading.reader in _READERS:
        yield LIES.format(reader=_READERS[reading.reader])
    yield from _of_machine(facts)


def _of_machine(facts: Facts) -> Iterator[str]:
    if facts.machine != "x86_64":
        yield f"tables of system calls unverified on {facts.machine}"

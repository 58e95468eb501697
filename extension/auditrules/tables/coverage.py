"""The rows of `audit_coverage`: what of a path is recorded now, and what after the next boot."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from auditrules.audit.boot import boot
from auditrules.audit.coverage import Auditing, RuleSet
from auditrules.audit.facts import Entry
from auditrules.audit.letters import Coverage, Host, Reason, bad_path, cover, refused
from auditrules.audit.load import load
from auditrules.audit.nearby import Near
from auditrules.audit.places import Places
from auditrules.audit.reading import understand
from auditrules.audit.render import normal
from auditrules.audit.rule import Rule, Verb
from auditrules.audit.sources import Sources
from auditrules.audit.startup import Loader, cmdline_of, switched_off
from auditrules.audit.status import Reading
from auditrules.audit.subjects import Verdict
from auditrules.audit.telling import conditions, deciding
from auditrules.audit.watching import Placed, Placing
from auditrules.plugin.context import Context, Operator
from auditrules.plugin.table import Question, Row
from auditrules.tables.cells import Cells, comma_list, finished
from auditrules.tables.rules import FileLine, decided, file_lines, kernel_rules
from auditrules.tables.schemas import AUDIT_COVERAGE

KERNEL, BOOT = "kernel", "boot"
MOST_RULES = 10  # that evidence names

LIES = "read from {reader}, which shows a never rule on a path as a watch, and every arch by its width only"
_READERS = {"auditctl": "auditctl -l", "listing": "a saved listing"}

# Equalities are answered; a LIMIT stands with the first column, of which it says nothing.
_ANSWERED = frozenset({Operator.EQUALS, Operator.LIMIT, Operator.OFFSET})

Look = Callable[[Iterable[str]], Mapping[str, Entry]]


def audit_coverage(context: Context, sources: Sources, asked: Asked, look: Look) -> list[Row]:
    """The rows of the paths that a query asks for, two for each."""
    paths = _paths(context)
    seen = look([path for path in paths if not bad_path(path)])
    facts = replace(sources.facts, files=ChainMap(dict(seen), dict(sources.facts.files)))
    places = Places(facts)
    rows = [row for path in paths for row in asked.rows(path, places)]
    return finished(AUDIT_COVERAGE.names, rows, ("path", "source"))


def _paths(context: Context) -> Sequence[str]:
    """The paths of a query; osquery keeps an empty one to itself, which then asks for nothing.

    Raises Question where the path is asked for by anything but `=` and `IN`.
    """
    paths = context.equals("path")
    if paths is not None:
        return tuple(dict.fromkeys(paths))
    asked = [each.op for each in context.constraints if each.column == "path"]
    if any(op not in _ANSWERED for op in asked):
        raise Question(
            "expected path = '/a/path' or path IN (…): coverage is worked out for one path, not for a pattern"
        )
    if asked:
        raise Question("expected a path: WHERE path = '/a/path', or path IN (…)")
    return ()


@dataclass(frozen=True)
class Side:
    """One of the two answers: rules on this host and how auditing is, or why that is not known."""

    source: str
    rules: RuleSet | None
    auditing: Auditing
    error: str = ""
    remark: str = ""  # on how well the rules are known
    loads_nothing: str = ""  # why boot loads no rule


@dataclass(frozen=True)
class Asked:
    """What is known of a host's rules, made ready once for all paths."""

    sources: Sources

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """The rules of the kernel, and those after the next boot."""
        return self._kernel(), self._boot()

    @cached_property
    def _places(self) -> Places:
        return Places(self.sources.facts)

    def _kernel(self) -> Side:
        reading = understand(self.sources.kernel, self.sources.facts)
        if reading.lines is None:
            return Side(KERNEL, None, Auditing(), reading.error or "the kernel was not asked")
        status = reading.status
        if status.enabled is None and reading.reader != "listing":
            return Side(KERNEL, None, Auditing(), reading.error or "whether auditing is on is not known")
        told = kernel_rules(reading, self._files, self.sources.facts)
        rules = [decided(rule, self.sources.facts) for rule in told if rule is not None]
        unread = len(reading.lines) - len(rules)
        placed = RuleSet(rules, Placing(self._places), unread)
        return Side(KERNEL, placed, Auditing(status.enabled), remark=_remark(reading))

    def _boot(self) -> Side:
        booted = boot(self.sources)
        if booted.loaded is None:
            return Side(BOOT, None, Auditing(), booted.reason)
        rules = [decided(rule, self.sources.facts) for rule in booted.loaded.rules]
        if booted.enabled is None and rules:
            return Side(BOOT, None, Auditing(), "whether auditing is on after boot is not known")
        placed = RuleSet(rules, Placing(self._places, fresh=True))
        nothing = booted.problem or (booted.reason if booted.loader is Loader.NONE else "")
        return Side(BOOT, placed, Auditing(booted.enabled), loads_nothing=nothing)

    @cached_property
    def _files(self) -> list[FileLine]:
        file = self.sources.audit_rules
        loaded = load(file.content, self.sources.facts) if file and file.content is not None else None
        return list(file_lines(self.sources, loaded))

    @cached_property
    def _stands(self) -> Mapping[str, tuple[str, ...]]:
        """Where each rule of the files stands, as file:line, by its normal form."""
        found: dict[str, list[str]] = {}
        for line in self._files:
            if line.said and line.said.rule and line.said.verb is not Verb.DELETE:
                found.setdefault(self.text(line.said.rule), []).append(f"{line.path}:{line.number}")
        return {text: tuple(places) for text, places in found.items()}

    def text(self, rule: Rule) -> str:
        """A rule's normal form on this host."""
        return normal(decided(rule, self.sources.facts), self.sources.facts.machine)

    def rows(self, path: str, places: Places) -> Iterator[Cells]:
        """The two rows of a path."""
        now, later = self.sides
        covered = self._cover(path, now, places)
        yield self._cells(path, now, covered)
        booted = self._cover(path, later, places)
        lost = later.loads_nothing or covered.of(Verdict.RECORDED)
        yield self._cells(path, later, booted, Reason.NOT_LOADED if booted.reason is Reason.NO_RULE and lost else None)

    def _cover(self, path: str, side: Side, places: Places) -> Coverage:
        if side.rules is None:
            place = None if bad_path(path) else places.walk(path)
            if place is None or place.entry is None:
                return refused(Reason.UNREADABLE, side.error)
            return refused(Reason.UNREADABLE, side.error, resolved=place.whole, exists=not place.missing)
        return cover(path, Host(side.rules, places, side.auditing))

    def _cells(self, path: str, side: Side, covered: Coverage, reason: Reason | None = None) -> Cells:
        machine = self.sources.facts.machine
        found = deciding(covered)
        recording = [each for each in covered.deciding if each.order in _recording(covered)]
        return {
            "path": path,
            "source": side.source,
            **{each.value: covered.of(each) for each in Verdict},
            "rules": tuple(self.text(each.rule) for each in covered.deciding),
            "keys": comma_list(dict.fromkeys(chain.from_iterable(each.rule.keys() for each in recording))),
            "conditions": comma_list(conditions(covered, machine, older=self._older)),
            "reason": (reason or covered.reason).value,
            "resolved_path": covered.resolved,
            "path_exists": None if covered.exists is None else int(covered.exists),
            "evidence": self._evidence(covered, found, side, _file),
            "evidence_lines": self._evidence(covered, found, side, str),
        }

    @property
    def _older(self) -> bool:
        """Whether a process may be older than auditing: none is where the kernel was told to audit from its start."""
        cmdline = cmdline_of(self.sources)
        return switched_off(cmdline) or not any(word.startswith("audit=") for word in cmdline)

    def _evidence(self, covered: Coverage, found: Sequence[Placed], side: Side, place: Callable[[str], str]) -> str:
        """The rules that decide and where they stand, for a person."""
        if covered.error:
            return covered.error
        told = [self._named(covered, each, place) for each in found[:MOST_RULES]]
        if len(found) > MOST_RULES:
            told.append(f"and {len(found) - MOST_RULES} more rules")
        if side.auditing.enabled == 0:
            told = ["auditing is off (enabled 0), so no rule counts"]
        remarks = [side.remark, f"boot loads no rules: {side.loads_nothing}" if side.loads_nothing else ""]
        if self.sources.facts.machine != "x86_64":
            remarks.append(f"tables of system calls unverified on {self.sources.facts.machine}")
        return "; ".join([*(told or ["no rule records it"]), *filter(None, remarks)])

    def _named(self, covered: Coverage, placed: Placed, place: Callable[[str], str]) -> str:
        text = self.text(placed.rule)
        stands = ", ".join(dict.fromkeys(map(place, self._stands.get(text, ()))))
        near = next(
            (each.how for each in covered.letters if each.near is placed and each.how is not Near.NOTHING), None
        )
        return f"{text}{f' in {stands}' if stands else ''}{f' is {near.value}' if near else ''}"


def _file(place: str) -> str:
    """The file of a place, without the line."""
    return place.rpartition(":")[0]


def _recording(covered: Coverage) -> frozenset[int]:
    """The orders of the rules that record something."""
    return frozenset(each.placed.order for each in covered.outcomes if each.recorded and each.placed)


def _remark(reading: Reading) -> str:
    """How well the kernel's rules are known."""
    said = []
    if reading.status.enabled is None:
        said.append("enabled: assumed")
    if reading.reader in _READERS:
        said.append(LIES.format(reader=_READERS[reading.reader]))
    return "; ".join(said)

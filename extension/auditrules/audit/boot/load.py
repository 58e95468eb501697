"""Simulates `auditctl -R`: loads a rules file, line by line, into a kernel that has no rules.

The load stops at the first line that auditctl or the kernel refuses, unless a line with -i or -c stands above it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from types import MappingProxyType

from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.auditctl.rules_file import lines
from auditrules.audit.boot.kernel_checks import KernelChecks
from auditrules.audit.constants import versions
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.model.collected import File
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import (
    ControlFlag,
    FilterList,
    ParsedLine,
    Rule,
    Verb,
    same,
)
from auditrules.audit.model.text_enum import TextEnum
from auditrules.values import dataclass, field

IMMUTABLE = ControlFlag("-e", "2")
LONGEST_WAIT = 600_000  # ten minutes in jiffies at 1000 a second; a kernel with fewer jiffies has a lower limit

# Control flags that set a value, which a later line replaces.
VALUES = frozenset({"-e", "-f", "-b", "-r", "--backlog_wait_time"})
# Control flags that the kernel refuses after -e 2 has locked the rules.
LOCKED = VALUES | {"-D", "-t"}


class LoadResult(TextEnum):
    """What the load does with a line."""

    KEPT = "its rule is in the kernel, or its value holds"
    DONE = "it was done, and leaves nothing to look for"
    REJECTED = "auditctl or the kernel refused it"
    UNREACHED = "the load stopped before it"
    DELETED = "a later line deleted its rule"
    OVERRIDDEN = "a later line set another value"


@dataclass(slots=True)
class LoadedLine:
    """One line, and what the load does with it; `reason` says why it was refused.

    `other` is the number of the other line that decides: one with the same rule, one that deletes this line's rule, or
    one that sets this line's value anew.
    """

    number: int
    text: str
    parsed: ParsedLine | None = None  # None: no rule, see `reason`
    result: LoadResult = LoadResult.UNREACHED
    reason: str = ""
    error: RuleSyntaxError | None = None  # auditctl itself refused it, before it asked the kernel
    other: int | None = None
    absent: bool = False  # it was refused because a path does not exist now; it may have existed before


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The kernel after a load: its rules in the order of `auditctl -l`, and the result of each line."""

    rules: tuple[Rule, ...]
    lines: tuple[LoadedLine, ...]
    stopped_at: int | None
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # settings in force, by flag
    numbers: tuple[int, ...] = ()  # the line number of each rule

    @property
    def refused(self) -> tuple[tuple[int, str], ...]:
        """The number of each refused line, and the reason."""
        return tuple((line.number, line.reason) for line in self.lines if line.result is LoadResult.REJECTED)


WORLD_WRITABLE = 0o002


def file_refusal(mode: int, uid: int, version: Version) -> str | None:
    """Why `auditctl -R` refuses to read a rules file with this mode and owner; None if it reads it."""
    if version < versions.OWNER_CHECKED_UNTIL and uid != 0:
        return "a rules file that root owns"
    if versions.within(version, *versions.MODE_CHECKED) and mode & WORLD_WRITABLE:
        return "a rules file that not everybody can write to"
    return None


def refusal_of(file: File, version: Version) -> str | None:
    """As `file_refusal`, for a collected file. Unknown mode and owner are taken to be right."""
    if file.mode is None or file.uid is None:
        return None
    return file_refusal(file.mode, file.uid, version)


def load_rules(
    content: bytes,
    facts: Facts,
    parse: Callable[[str], ParsedLine | None] | None = None,
    checks: KernelChecks | None = None,
    *,
    go_on: bool = False,
) -> LoadedFile:
    """Load a file into a kernel that has no rules.

    `parse` and `checks` take the place of `parse_line` and `KernelChecks` for these facts, such as to reuse results.
    With `go_on` no error stops the load, as if -i were the first line.
    """
    parse = parse or partial(parse_line, facts=facts)
    kernel = _Kernel(checks or KernelChecks(facts), ignoring=go_on)
    loaded: list[LoadedLine] = []
    stopped_at = None
    for number, text in lines(content):
        line = LoadedLine(number, text)
        try:
            line.parsed = parse(text)
        except RuleSyntaxError as error:
            line.reason = error.summary
            line.error = error
            done = error.done
        else:
            if line.parsed is None:
                continue
            done = line.parsed.controls
        loaded.append(line)
        if stopped_at is None:
            kernel.take(line, done)
            if line.result is LoadResult.REJECTED and not kernel.ignoring:
                stopped_at = number
    kept = kernel.kept()
    return LoadedFile(
        tuple(entry.rule for entry in kept),
        tuple(loaded),
        stopped_at,
        {flag: value for flag, (value, _) in kernel.values.items()},
        tuple(entry.line.number for entry in kept),
    )


@dataclass(slots=True)
class _Entry:
    """A rule in the kernel, and the line that added it."""

    rule: Rule
    place: int
    line: LoadedLine


@dataclass(slots=True)
class _Kernel:
    checks: KernelChecks
    values: dict[str, tuple[str, LoadedLine]] = field(default_factory=dict)
    ignoring: bool = False
    immutable: bool = False
    # Rules by `Rule.alike`, so that an equal rule is found without comparing all.
    entries: dict[Hashable, list[_Entry]] = field(default_factory=dict)
    first: int = 0
    last: int = 0

    def kept(self) -> list[_Entry]:
        """The rules, list by list, each list in order of evaluation."""
        lists = list(FilterList)
        found = [entry for entries in self.entries.values() for entry in entries]
        found.sort(key=lambda entry: (lists.index(entry.rule.list), entry.place))
        return found

    def take(self, line: LoadedLine, controls: Iterable[ControlFlag]) -> None:
        """Execute a line: its controls, then its rule. Sets the line's result."""
        reason = line.reason
        for control in controls:
            refused = self._control(control, line)
            if refused is not None:
                reason = reason or refused
                break
        if line.parsed is not None and line.parsed.rule is not None and not reason:
            reason = self._rule(line, line.parsed.rule, line.parsed.verb) or ""
        if reason:
            line.result, line.reason = LoadResult.REJECTED, reason
        elif line.result is LoadResult.UNREACHED:
            line.result = LoadResult.DONE

    def _control(self, control: ControlFlag, line: LoadedLine) -> str | None:
        if control.flag in ("-i", "-c"):
            self.ignoring = True
        elif self.immutable and control.flag in LOCKED:
            return "the rules are locked (-e 2)"
        elif control.flag == "--backlog_wait_time" and word(strtol(control.value, signed=False)) > LONGEST_WAIT:
            return f"the kernel takes a backlog_wait_time of at most {LONGEST_WAIT}"
        elif control.flag == "-D":
            self._delete_all(control.value, line)
        elif control.flag in VALUES:
            before = self.values.get(control.flag)
            if before is not None and (before[1].parsed is None or before[1].parsed.rule is None):
                before[1].result, before[1].other = LoadResult.OVERRIDDEN, line.number
            self.values[control.flag] = (control.value, line)
            line.result = LoadResult.KEPT
        if control == IMMUTABLE:
            self.immutable = True
        return None

    def _delete_all(self, text: str, by: LoadedLine) -> None:
        for entries in self.entries.values():
            for entry in entries[:]:
                if text in str(entry.rule.value("key") or ""):
                    entries.remove(entry)
                    entry.line.result, entry.line.other = LoadResult.DELETED, by.number

    def _rule(self, line: LoadedLine, rule: Rule, verb: Verb) -> str | None:
        if self.immutable:
            return "the rules are locked (-e 2)"
        reason = self.checks.refusal(rule)
        if reason is not None:
            line.absent = self.checks.absence(rule) == reason
            return f"the kernel takes {reason}"
        entries = self.entries.setdefault(rule.alike, [])
        found = next((entry for entry in entries if same(entry.rule, rule)), None) if entries else None
        if verb is Verb.DELETE:
            if found is None:
                return "no such rule to delete"
            entries.remove(found)
            found.line.result, found.line.other = LoadResult.DELETED, line.number
            return None
        if verb is Verb.PREPEND:
            self.first -= 1  # the kernel compares the flag of -A too, so it never finds an equal rule
        elif found is not None:
            line.other = found.line.number
            return "the rule is loaded already"
        else:
            self.last += 1
        entries.append(_Entry(rule, self.first if verb is Verb.PREPEND else self.last, line))
        line.result = LoadResult.KEPT
        return None

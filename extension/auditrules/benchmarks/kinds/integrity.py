"""The kind `integrity`: AIDE checks files for required attributes, by the rules of its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from auditrules.benchmarks.audit_files import existing_place, other_place
from auditrules.benchmarks.configuration.aide_rules import ATTRIBUTES, PATHS, AideRules
from auditrules.benchmarks.configuration.aide_selection import rule_for
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import (
    MET,
    UNCLEAR,
    UNREADABLE,
    Fact,
    JudgedHost,
    Remedy,
    Requirement,
    Result,
)
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass, replace

NO_FILE = "no_file"

_MOST_TOLD = 3  # lines that are not clear
_MAKE_ANEW = "Make AIDE's database anew: `aide --init` (Debian: `aideinit`)."


@dataclass(frozen=True, slots=True)
class Integrity(Requirement):
    """Files, and the attributes for which AIDE must check each of them that exists."""

    kind: ClassVar[str] = "integrity"

    files: tuple[str, ...]
    attributes: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The files; each result is of one."""
        return ", ".join(self.files)

    @property
    def needs(self) -> frozenset[Fact]:
        """AIDE's rules."""
        return frozenset({Fact.INTEGRITY})

    @property
    def required(self) -> str:
        """The attributes, as AIDE writes them."""
        return "+".join(self.attributes)

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """The files, whose links AIDE does not follow, and the other places of programs."""
        return (*self.files, *filter(None, map(other_place, self.files)))

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:  # noqa: ARG002 - a boot changes nothing
        """Judge each file."""
        return [self._of_file(path, host) for path in self.files]

    def _of_file(self, path: str, host: JudgedHost) -> Result:
        file_system = host.file_system
        there = existing_place(path, file_system)
        end = file_system.walk(there)
        rules = host.facts.integrity
        real = end.path or there
        if end.missing:
            found = Result(Status.NOT_APPLICABLE, NO_FILE, f"nothing at {path}")
        elif end.type is None:
            found = Result(Status.UNKNOWN, UNREADABLE, f"{there} could not be looked at")
        elif rules is None:
            found = Result(Status.UNKNOWN, UNREADABLE, "nobody looked at AIDE's configuration")
        elif not rules.path:
            found = Result(Status.FAIL, NO_FILE, f"there is no {' or '.join(PATHS)}")
        elif rules.unclear:
            found = Result(Status.UNKNOWN, UNCLEAR, _bounded(rules.unclear))
        else:
            found = self._by_rules(real, rules)
        return replace(found, subject=path, remedy=self._remedy(real, found.reason, rules))

    def _by_rules(self, path: str, rules: AideRules) -> Result:
        found = rule_for(rules.rules, path)
        if found.unclear:
            return Result(Status.UNKNOWN, UNCLEAR, found.unclear)
        rule = found.rule
        if rule is None:
            return Result(Status.FAIL, "not_selected", f"no rule of {rules.path} is for {path}")
        shown = f"'{rule.sign if rule.sign != '/' else ''}{visible(rule.expression)}'"
        if found.left_out:
            told = f"{shown} leaves {path} out"
            return Result(Status.FAIL, "not_selected", f"{rule.file}: {told}", f"{rule.file}:{rule.line}: {told}")
        missing = [each for each in self.attributes if each not in rule.attributes]
        told = f"{path} is checked by {shown}{f', without {chr(43).join(missing)}' if missing else ''}"
        if rules.programs:
            told += f"; {rules.programs} programs of AIDE's package, which print rules of their own, were not run"
        status, reason = (Status.FAIL, "attributes_missing") if missing else (Status.PASS, MET)
        return Result(status, reason, f"{rule.file}: {told}", f"{rule.file}:{rule.line}: {told}", "+".join(missing))

    def _remedy(self, path: str, reason: str, rules: AideRules | None) -> Remedy:
        line = f"`{path} {self.required}`"
        if reason == UNCLEAR:
            return Remedy(text=f"See by AIDE itself whether it checks the file: `aide --path-check=f:{path}`.")
        if reason == UNREADABLE:
            return Remedy(text="Ask as root, or see what is in the way.")
        if reason == NO_FILE:
            return Remedy(first=f"Install aide, and put {line} into its configuration.", text=_MAKE_ANEW)
        where = rules.path if rules else PATHS[0]
        return Remedy(first=f"Put {line} into {where}, and take away what says otherwise.", text=_MAKE_ANEW)


def _bounded(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - _MOST_TOLD} more" if len(lines) > _MOST_TOLD else ""
    return "not known: " + "; ".join(lines[:_MOST_TOLD]) + more


def read(fields: Fields) -> Integrity:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    return Integrity(fields.absolute_paths("paths"), fields.words("attributes", sorted(ATTRIBUTES)))

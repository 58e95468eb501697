"""AIDE checks files for what the benchmark wants: by the rules of its configuration, each file where it really is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditrules.benchmarks.audit_files import other_place, placed
from auditrules.benchmarks.configuration.aide import ATTRIBUTES, PATHS, AideRules
from auditrules.benchmarks.configuration.aide_selection import selected
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost, Remedy
from auditrules.status import Status
from auditrules.text import visible

_MOST_TOLD = 3  # lines that are not clear
_MAKE_ANEW = "Make AIDE's database anew: `aide --init` (Debian: `aideinit`)."


@dataclass(frozen=True, slots=True)
class Integrity:
    """Files, and the attributes for which AIDE must check each of them that is there."""

    files: tuple[str, ...]
    attributes: tuple[str, ...]

    @property
    def kind(self) -> str:
        """`integrity`."""
        return "integrity"

    @property
    def needs(self) -> frozenset[Fact]:
        """AIDE's rules."""
        return frozenset({Fact.INTEGRITY})

    @property
    def required(self) -> str:
        """The attributes, as AIDE writes them."""
        return "+".join(self.attributes)

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """The files, which may be behind links that AIDE does not follow, and where else programs may be."""
        return (*self.files, *filter(None, map(other_place, self.files)))

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:
        """Judge each file; a boot changes nothing."""
        return [self._judged(path, host, source) for path in self.files]

    def _judged(self, path: str, host: JudgedHost, source: str) -> Judged:
        file_system = host.audit.file_system(host.seen)
        there = placed(path, file_system)
        end = file_system.walk(there)
        rules = host.facts.integrity
        real = end.path or there
        lines = missing = ""
        if end.missing:
            status, reason, evidence = Status.NOT_APPLICABLE, "no_file", f"nothing at {path}"
        elif end.type is None:
            status, reason, evidence = Status.UNKNOWN, "unreadable", f"{there} could not be looked at"
        elif rules is None:
            status, reason, evidence = Status.UNKNOWN, "unreadable", "nobody looked at AIDE's configuration"
        elif not rules.path:
            status, reason, evidence = Status.FAIL, "no_file", f"there is no {' or '.join(PATHS)}"
        elif rules.unclear:
            status, reason, evidence = Status.UNKNOWN, "unclear", _bounded(rules.unclear)
        else:
            status, reason, missing, evidence, lines = self._by_rules(real, rules)
        asks = status in (Status.FAIL, Status.UNKNOWN)
        return Judged(
            source,
            self.kind,
            path,
            self.required,
            "",
            "benchmark",
            status,
            reason,
            (missing or self.required) if asks else "",
            evidence,
            lines,
            remedy=self._remedy(real, reason, rules) if asks else Remedy(),
        )

    def _by_rules(self, path: str, rules: AideRules) -> tuple[Status, str, str, str, str]:
        """Status, reason, attributes that are missing, and evidence, without and with its line."""
        found = selected(rules.rules, path)
        if found.unclear:
            return Status.UNKNOWN, "unclear", "", found.unclear, ""
        rule = found.rule
        if rule is None:
            return Status.FAIL, "not_selected", "", f"no rule of {rules.path} is for {path}", ""
        shown = f"'{rule.sign if rule.sign != '/' else ''}{visible(rule.expression)}'"
        if found.left_out:
            told = f"{shown} leaves {path} out"
            return Status.FAIL, "not_selected", "", f"{rule.file}: {told}", f"{rule.file}:{rule.line}: {told}"
        missing = [each for each in self.attributes if each not in rule.attributes]
        told = f"{path} is checked by {shown}{f', without {chr(43).join(missing)}' if missing else ''}"
        if rules.programs:
            told += f"; {rules.programs} programs of AIDE's package, which print rules of their own, were not run"
        status, reason = (Status.FAIL, "attributes_missing") if missing else (Status.PASS, "met")
        return status, reason, "+".join(missing), f"{rule.file}: {told}", f"{rule.file}:{rule.line}: {told}"

    def _remedy(self, path: str, reason: str, rules: AideRules | None) -> Remedy:
        line = f"`{path} {self.required}`"
        if reason == "unclear":
            return Remedy(text=f"See by AIDE itself whether it checks the file: `aide --path-check=f:{path}`.")
        if reason == "unreadable":
            return Remedy(text="Ask as root, or see what is in the way.")
        if reason == "no_file":
            return Remedy(first=f"Install aide, and put {line} into its configuration.", text=_MAKE_ANEW)
        where = rules.path if rules else PATHS[0]
        return Remedy(first=f"Put {line} into {where}, and take away what says otherwise.", text=_MAKE_ANEW)


def _bounded(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - _MOST_TOLD} more" if len(lines) > _MOST_TOLD else ""
    return "not known: " + "; ".join(lines[:_MOST_TOLD]) + more


def read(fields: Fields) -> Integrity:
    """The requirement of an object of a benchmark's file. Raises BenchmarkError."""
    return Integrity(fields.absolute_paths("paths"), fields.words("attributes", sorted(ATTRIBUTES)))

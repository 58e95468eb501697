"""The kind `drift`: the kernel has the rules of the files, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.drift import LineState, RuleState
from auditrules.audit.boot.load import LoadResult
from auditrules.audit.boot.rules_files import FileLine
from auditrules.audit.boot.systemd import UndeterminedError
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.remediation import AuditState, rule_remedy
from auditrules.benchmarks.requirement import NOTHING_TO_DO, UNREADABLE, JudgedHost, Remedy, Requirement, Result
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass

KERNEL_NAME, RULES_D_NAME, AUDIT_RULES_NAME = "kernel", "/etc/audit/rules.d", "/etc/audit/audit.rules"
PLACES = (KERNEL_NAME, AUDIT_RULES_NAME, RULES_D_NAME)

SAME, DIFFERS = "same", "differs"

_FEWEST = 2  # places to compare
_MOST = 10  # lines that evidence names
_DIFFERENT = {RuleState.MISSING, RuleState.REJECTED, RuleState.UNREACHED}
_LOADS_NOTHING = {LoadResult.REJECTED, LoadResult.UNREACHED}
_MEND = (
    "Mend or take out the lines that the evidence names, put into the rules files what the kernel has and they lack, "
    "then run augenrules --load."
)


@dataclass(frozen=True, slots=True)
class DriftRequirement(Requirement):
    """The same rules must be in all these places."""

    kind: ClassVar[str] = "drift"

    between: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The places."""
        return ", ".join(self.between)

    @property
    def required(self) -> str:
        """The words for no difference."""
        return SAME

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Compare the loaded rules with the files; for the next boot, list the lines that it does not load."""
        status, reason, found = _after_boot(host.audit) if source == BOOT else self._now(host.audit)
        evidence, lines = (_in_words(found, lines=each) for each in (False, True))
        if status is Status.FAIL:
            missing, remedy = f"{len(found)} differences", Remedy(text=_MEND)
        else:
            missing, remedy = "not known", rule_remedy(UNREADABLE, AuditState.of(host.audit, source), NOTHING_TO_DO)
        return [Result(status, reason, evidence or "no difference", lines, missing, remedy)]

    def _now(self, audit: HostAudit) -> tuple[Status, str, list[Difference]]:
        drift = audit.drift
        if KERNEL_NAME in self.between and drift.reading.lines is None:
            return Status.UNKNOWN, UNREADABLE, [Difference(drift.reading.error or "the kernel was not asked")]
        found = [
            Difference(*_of_line(line, state))
            for line, state in zip(drift.files.lines, drift.of_files, strict=True)
            if state.state in _DIFFERENT
        ]
        found += [Difference(line.error, line.path) for line in drift.files.lines if line.number is None]
        machine = audit.collected.facts.machine
        found += [
            Difference(f"{render(rule, machine)} is in no file that boot loads")
            for rule, state in zip(drift.rules, drift.of_kernel, strict=True)
            if rule is not None and state.state is RuleState.RUNTIME
        ]
        if {RULES_D_NAME, AUDIT_RULES_NAME} <= {*self.between}:
            found += _of_merging(audit)
        if found:
            return Status.FAIL, DIFFERS, found
        unknown = [
            state.reason or "not known"
            for state in (*drift.of_files, *drift.of_kernel)
            if state.state is RuleState.UNKNOWN
        ]
        unknown += ["a rule of the kernel is not understood"] if None in drift.rules else []
        if unknown:
            return Status.UNKNOWN, UNREADABLE, [Difference(each) for each in dict.fromkeys(unknown)]
        return Status.PASS, SAME, []


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference in words, with its file and line."""

    text: str
    path: str = ""
    line: int = 0

    def words(self, *, lines: bool) -> str:
        """The difference with its file, and with `lines` also its line."""
        if not self.path:
            return self.text
        return f"{self.path}{f':{self.line}' if lines and self.line else ''}: {self.text}"


def _of_line(line: FileLine, state: LineState) -> tuple[str, str, int]:
    why = f": {state.reason}" if state.reason else ""
    return f"{visible(line.text)} is {state.state.value}{why}", line.path, line.number or 0


def _of_merging(audit: HostAudit) -> Iterator[Difference]:
    """A difference if augenrules would write another audit.rules."""
    files = audit.files
    try:
        merged = files.merged()
    except UndeterminedError:
        return
    there = files.audit_rules
    if merged is None or there is None or not audit.collected.rules_d:
        return
    made = files.load(merged.content)
    if (made.rules, dict(made.values)) != (there.rules, dict(there.values)):
        yield Difference(
            "it is not what augenrules makes of rules.d: augenrules --load brings them together", AUDIT_RULES_NAME
        )


def _after_boot(audit: HostAudit) -> tuple[Status, str, list[Difference]]:
    booted = audit.boot
    if booted.loaded is None:
        return Status.UNKNOWN, UNREADABLE, [Difference(f"what boot loads is not known: {booted.reason}")]
    found = [
        Difference(f"{visible(line.text)}: {line.reason or line.result.value}", AUDIT_RULES_NAME, line.number)
        for line in booted.loaded.lines
        if line.result in _LOADS_NOTHING
    ]
    if not booted.loaded.rules and any(line.rule is not None for line in audit.files.lines):
        found.append(Difference(f"boot loads no rules: {booted.problem or booted.reason}"))
    return (Status.FAIL, DIFFERS, found) if found else (Status.PASS, SAME, [])


def _in_words(found: Sequence[Difference], *, lines: bool) -> str:
    told = [each.words(lines=lines) for each in found[:_MOST]]
    left = len(found) - _MOST
    return "; ".join([*told, *([f"and {left} more"] if left > 0 else [])])


def read(fields: Fields) -> DriftRequirement:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    between = fields.words("between", PLACES)
    if len(set(between)) < max(_FEWEST, len(between)):
        raise fields.error("between", f"at least two of {', '.join(PLACES)}, each once")
    return DriftRequirement(between)

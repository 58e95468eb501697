"""The kind `syscall`: every call that a benchmark's rule would match is recorded, on any file.

By which rules of the host does not matter: broader ones, several, in any order and spelling, with any key. Calls that
the host can't make are not required; the evidence names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from auditrules.audit.constants import syscalls
from auditrules.audit.coverage.asked_answer import AskedAnswer, calls_text
from auditrules.audit.coverage.asked_rule import (
    ALL_CALLS,
    ARCHES,
    AskedRule,
    AskedRuleError,
    CallOfArch,
    asked_rule,
    machine_of,
)
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.model.host_facts import Facts
from auditrules.benchmarks.asked_by import (
    AskedBy,
    conditions_text,
    read_asked_by,
    unknown_uid_min,
)
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.remediation import AuditState, rule_remedy, rules_unread
from auditrules.benchmarks.requirement import Fact, JudgedHost, Remedy, Requirement, Result
from auditrules.status import Status
from auditrules.values import dataclass, replace

NO_SUCH_CALL = "no_such_call"

_ESCAPED = (CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL)
_STATUS = {
    CoverageStatus.RECORDED: Status.PASS,
    CoverageStatus.UNRECORDED: Status.FAIL,
    CoverageStatus.CONDITIONAL: Status.FAIL,
    CoverageStatus.UNKNOWN: Status.UNKNOWN,
}
_MOST_NAMED = 40  # calls in a cell


@dataclass(frozen=True, slots=True)
class SyscallRequirement(Requirement):
    """System calls of some arches that must be recorded, for the subjects and results in `by`."""

    kind: ClassVar[str] = "syscall"

    syscalls: tuple[str, ...]
    arches: tuple[str, ...]
    by: AskedBy
    rule_key: str
    rules_file: str

    @property
    def subject(self) -> str:
        """The system calls."""
        return ",".join(self.syscalls)

    @property
    def required(self) -> str:
        """The arches, and how the calls are made and end."""
        return ", ".join([*self.arches, *self.by.how])

    @property
    def who(self) -> str:
        """The users whose calls must be recorded, in words."""
        return self.by.who

    @property
    def needs(self) -> frozenset[Fact]:
        """The fact who logs in, if the users are those who log in."""
        return frozenset({Fact.LOGIN}) if self.by.by_login else frozenset()

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """The file and the program that the conditions name, if any."""
        return self._asked(self.by.as_usual(), self.arches).paths

    def _asked(self, fields: Iterable[str], arches: Iterable[str]) -> AskedRule:
        return asked_rule(self.syscalls, arches, fields, self.by.compare)

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """All calls together, with those that are missed."""
        fields = self.by.resolved(host.facts.login)
        found = unknown_uid_min(host.facts.login) if fields is None else self._of_calls(fields, host, source)
        return [found if found.missing else replace(found, missing=", ".join(self.syscalls))]

    def _of_calls(self, fields: Sequence[str], host: JudgedHost, source: str) -> Result:
        found = host.audit.asked_calls(self._asked(fields, self.arches), source, host.seen)
        if found.source.rules is None:
            return rules_unread(host.audit, found.source)
        unasked = list(_unasked(found))
        if not found.calls:
            return Result(Status.NOT_APPLICABLE, NO_SUCH_CALL, "; ".join(unasked))
        wished = list(self._wished(fields, host, source))
        status, reason = _STATUS[found.status()], found.reason().value
        evidence, lines = ("; ".join([found.evidence(lines=each), *wished, *unasked]) for each in (False, True))
        if status is Status.PASS:
            return Result(status, reason, evidence, lines)
        missed = found.with_status(*(_ESCAPED if status is Status.FAIL else (CoverageStatus.UNKNOWN,)))
        own = self.remedy(fields, found, host.audit.collected.facts)
        remedy = rule_remedy(found.hindrance or reason, AuditState.of(host.audit, source), own)
        return Result(status, reason, evidence, lines, _named(missed), remedy)

    def _wished(self, fields: Iterable[str], host: JudgedHost, source: str) -> Iterator[str]:
        """Say what is not recorded for architectures that the benchmark does not require."""
        others = tuple(each for each in ARCHES if each not in self.arches)
        machine = host.audit.collected.facts.machine
        if others != ("b32",) or machine_of("b32", machine) is None:
            return
        found = host.audit.asked_calls(self._asked(fields, others), source, host.seen)
        missed = found.with_status(*_ESCAPED)
        if missed:
            yield f"not asked for, and not always recorded: {_named(missed)}"

    def remedy(self, fields: Sequence[str], found: AskedAnswer, facts: Facts) -> Remedy:
        """The benchmark's own rules, of the calls that the host can make."""
        lines = []
        for arch in self.arches:
            names = [call.syscall for call in found.calls if call.arch == arch]
            if names:
                lines.append(self._line(arch, names, fields, facts))
        records = f"{','.join(self.syscalls)} by {self.by.who}"
        return Remedy(tuple(lines), rules_file=self.rules_file, records=records)

    def _line(self, arch: str, names: Sequence[str], fields: Sequence[str], facts: Facts) -> str:
        machine = machine_of(arch, facts.machine) or facts.machine
        calls = (
            self.syscalls
            if self.syscalls == (ALL_CALLS,)
            else [_name_or_number(each, machine, facts) for each in names]
        )
        conditions = conditions_text(fields, self.by.compare)
        key = f" -k {self.rule_key}" if self.rule_key else ""
        return f"-a always,exit -F arch={arch} -S {','.join(calls)}{conditions}{key}"


def _name_or_number(name: str, machine: str, facts: Facts) -> str:
    """A call as the host's auditctl accepts it: by its number if auditctl is too old for the name."""
    if syscalls.number(name, machine, facts.version) is not None:
        return name
    return str(syscalls.call_number(name, machine))


def _named(calls: Sequence[CallOfArch]) -> str:
    left = len(calls) - _MOST_NAMED
    return f"{calls_text(calls[:_MOST_NAMED])}{f' and {left} more' if left > 0 else ''}"


def _unasked(found: AskedAnswer) -> Iterator[str]:
    """Why some calls are not required, each reason once."""
    reasons = dict.fromkeys(found.impossible.values())
    if reasons:
        yield f"not asked for: {'; '.join(reasons)}"


def read(fields: Fields) -> SyscallRequirement:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    requirement = SyscallRequirement(
        fields.texts("syscalls"),
        fields.some_words("arches", ARCHES, ARCHES),
        read_asked_by(fields, compare=True, files=True),
        fields.rule_key(),
        fields.rule_file(),
    )
    _checked(fields, "syscalls", lambda: asked_rule(requirement.syscalls))
    _checked(fields, "fields", lambda: asked_rule((ALL_CALLS,), ARCHES, requirement.by.as_usual()))
    return requirement


def _checked(fields: Fields, name: str, check: Callable[[], object]) -> None:
    try:
        check()
    except AskedRuleError as error:
        raise fields.error(name, error.expected) from error

"""A control line of the rules files is in force: the rules are locked, a failure stops the machine, a load goes on.

Now the kernel's own status tells, but of how a load takes errors, which the kernel does not know; after the next boot
what boot loads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.boot.load import LoadedFile, LoadResult
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.remediation import AuditState, rule_remedy
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost, Remedy
from auditrules.status import Status
from auditrules.text import visible

KIND = "rule_option"
ENABLED = "-e"
LOCK = "2"
GO_ON = ("-c", "-i")
LOGINUID = "--loginuid-immutable"

MET, WRONG_VALUE, NOT_SET, UNREADABLE, NO_RULES = "met", "wrong_value", "not_set", "unreadable", "not_loaded_at_boot"

_Told = Callable[[AuditStatus], int | None]
# The options that the kernel tells of, with where, and what it has where no line says.
OPTIONS: Mapping[str, tuple[_Told, str]] = MappingProxyType(
    {
        ENABLED: (lambda status: status.enabled, "0"),
        "-f": (lambda status: status.failure, "1"),
        "-b": (lambda status: status.backlog_limit, "64"),
        "-r": (lambda status: status.rate_limit, "0"),
        "--backlog_wait_time": (lambda status: status.backlog_wait_time, ""),
        LOGINUID: (lambda status: status.loginuid_immutable, "0"),
    }
)
_NAMES = {
    ENABLED: "enabled",
    "-f": "failure",
    "-b": "backlog_limit",
    "-r": "rate_limit",
    LOGINUID: "loginuid_immutable",
}
_LAST = "99-finalize.rules"

OptionResult = tuple[Status, str, str]
"""Status, reason, evidence."""


@dataclass(frozen=True, slots=True)
class RuleOption:
    """A control, with its value; `last` says that the benchmark wants it behind all rules."""

    option: str
    value: str
    last: bool
    rules_file: str

    @property
    def kind(self) -> str:
        """`rule_option`."""
        return KIND

    @property
    def needs(self) -> frozenset[Fact]:
        """Nothing: a host's audit has the controls."""
        return frozenset()

    @property
    def line(self) -> str:
        """The control as a rules file has it."""
        return f"{self.option} {self.value}".strip()

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """None."""
        return ()

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:
        """Judge the kernel's status, or what boot leaves."""
        state = AuditState.of(host.audit)
        if self.option in GO_ON:
            status, reason, evidence = self._of_load(host)
        elif source == BOOT:
            status, reason, evidence = self._after_boot(host)
        else:
            status, reason, evidence = self._now(host, state)
        met = status is Status.PASS
        own = Remedy((self.line,), rules_file=self._file, records=f"the line {self.line}", first=self._first)
        return [
            Judged(
                source,
                KIND,
                self.option,
                self.value or "set",
                "",
                "benchmark",
                status,
                reason,
                "" if met else self.line,
                evidence,
                remedy=Remedy() if met else rule_remedy(reason if reason == UNREADABLE else "", state, own),
            )
        ]

    @property
    def _file(self) -> str:
        return f"/etc/audit/rules.d/{_LAST}" if self.last else self.rules_file

    @property
    def _first(self) -> str:
        if not self.last:
            return ""
        return "Put it behind all rules: what comes after it is refused until the next boot."

    def _now(self, host: JudgedHost, state: AuditState) -> OptionResult:
        told, _ = OPTIONS[self.option]
        value = told(host.audit.kernel.status)
        if value is None:
            return (
                Status.UNKNOWN,
                UNREADABLE,
                f"the kernel's {self._name} is not known{f': {state.error}' if state.error else ''}",
            )
        return self._compared(value, f"the kernel has {self._name} {value}")

    def _after_boot(self, host: JudgedHost) -> OptionResult:
        booted = host.audit.boot
        if booted.loaded is None:
            return Status.UNKNOWN, UNREADABLE, f"what boot loads is not known: {booted.reason}"
        if self.option == ENABLED:
            if booted.enabled is None:
                return Status.UNKNOWN, UNREADABLE, "whether auditing is on after boot is not known"
            return self._compared(booted.enabled, self._said(booted.loaded.values.get(ENABLED), booted.enabled))
        written = "" if self.option in _done(booted.loaded) else booted.loaded.values.get(self.option)
        _, default = OPTIONS[self.option]
        if written is None and not default:
            return Status.FAIL, NOT_SET, f"boot loads no line {self.option}"
        value = word(strtol(written or "1", signed=False)) if written is not None else int(default)
        return self._compared(value, self._said(written, value))

    def _said(self, written: str | None, value: int) -> str:
        line = (
            f"boot loads no line {self.option}"
            if written is None
            else f"boot loads {visible(f'{self.option} {written}'.strip())}"
        )
        return f"{line}, which leaves {self._name} {value}"

    def _of_load(self, host: JudgedHost) -> OptionResult:
        """Whether a load goes on after a line that is refused: the kernel does not know."""
        loaded = host.audit.boot.loaded
        if loaded is None:
            return Status.UNKNOWN, UNREADABLE, f"what boot loads is not known: {host.audit.boot.reason}"
        lines = [line for line in loaded.lines if line.parsed and line.result is not LoadResult.UNREACHED]
        found = [
            control.flag for line in lines if line.parsed for control in line.parsed.controls if control.flag in GO_ON
        ]
        if self.option in found:
            return Status.PASS, MET, f"boot loads the line {self.option}"
        beside = f", but {found[0]}" if found else ""
        return Status.FAIL, NOT_SET, f"boot loads no line {self.option}{beside}"

    def _compared(self, value: int, evidence: str) -> OptionResult:
        wanted = word(strtol(self.value, signed=False)) if self.value else 1
        if value == wanted:
            return Status.PASS, MET, evidence
        return Status.FAIL, WRONG_VALUE if value else NOT_SET, evidence

    @property
    def _name(self) -> str:
        return _NAMES.get(self.option, self.option.removeprefix("--"))


def _done(loaded: LoadedFile) -> set[str]:
    """The controls without a value that a load comes to."""
    lines = (line for line in loaded.lines if line.result not in (LoadResult.UNREACHED, LoadResult.REJECTED))
    controls = (control for line in lines if line.parsed for control in line.parsed.controls)
    return {control.flag for control in controls if not control.value}


def read(fields: Fields) -> RuleOption:
    """The requirement of an object of a benchmark's file. Raises BenchmarkError."""
    option = fields.word("option", (*OPTIONS, *GO_ON))
    value = fields.text("value", "")
    if value and not (value.isascii() and value.isdigit()):
        raise fields.error("value", "a number")
    if not value and option not in (LOGINUID, *GO_ON):
        raise fields.error("value", "a number")
    return RuleOption(option, value, fields.flag("last", default=False), fields.rule_file())

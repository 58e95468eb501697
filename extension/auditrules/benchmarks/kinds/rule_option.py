"""The kind `rule_option`: a control line is in force, such as -e 2 (rules are locked), -f 2, or -c (a load goes on).

The kernel's status decides for now, and the lines that boot loads for the next boot. Whether a load goes on after an
error is never in the kernel's status, so for -c and -i those lines always decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.boot.load import LoadedFile, LoadResult
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.remediation import AuditState, rule_remedy
from auditrules.benchmarks.requirement import MET, UNREADABLE, JudgedHost, Remedy, Requirement, Result
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass, replace

ENABLED = "-e"
LOCK = "2"
GO_ON = ("-c", "-i")
LOGINUID = "--loginuid-immutable"

WRONG_VALUE, NOT_SET = "wrong_value", "not_set"

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


@dataclass(frozen=True, slots=True)
class RuleOption(Requirement):
    """A control line with its value; `last`: it must be behind all rules."""

    kind: ClassVar[str] = "rule_option"

    option: str
    value: str
    last: bool
    rules_file: str

    @property
    def subject(self) -> str:
        """The flag of the control line."""
        return self.option

    @property
    def required(self) -> str:
        """Its value; `set` for one that has none."""
        return self.value or "set"

    @property
    def line(self) -> str:
        """The control line of a rules file."""
        return f"{self.option} {self.value}".strip()

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Judge the kernel's status, or the result of the next boot."""
        state = AuditState.of(host.audit, source)
        if self.option in GO_ON:
            found = self._of_load(host)
        elif source == BOOT:
            found = self._after_boot(host)
        else:
            found = self._now(host, state)
        first = " ".join(filter(None, (self._first, self._in_the_way(host)))) if found.reason != MET else ""
        own = Remedy((self.line,), rules_file=self._file, records=f"the line {self.line}", first=first)
        remedy = rule_remedy(found.reason if found.reason == UNREADABLE else "", state, own)
        return [replace(found, missing=self.line, remedy=remedy)]

    @property
    def _file(self) -> str:
        return f"/etc/audit/rules.d/{_LAST}" if self.last else self.rules_file

    @property
    def _first(self) -> str:
        if not self.last:
            return ""
        return "Put it behind all rules: what comes after it is refused until the next boot."

    def _in_the_way(self, host: JudgedHost) -> str:
        """The advice if boot loads a line with another value, from any file: the last line counts."""
        loaded = host.audit.boot.loaded
        written = loaded.values.get(self.option) if loaded and self.value else None
        if written is None or self._is_met(word(strtol(written, signed=False))):
            return ""
        return f"Take the line {visible(f'{self.option} {written}')} away: the last line {self.option} counts."

    def _now(self, host: JudgedHost, state: AuditState) -> Result:
        told, _ = OPTIONS[self.option]
        value = told(host.audit.kernel.status)
        if value is None:
            why = f": {state.error}" if state.error else ""
            return Result(Status.UNKNOWN, UNREADABLE, f"the kernel's {self._name} is not known{why}")
        return self._compared(value, f"the kernel has {self._name} {value}")

    def _after_boot(self, host: JudgedHost) -> Result:
        booted = host.audit.boot
        if booted.loaded is None:
            return Result(Status.UNKNOWN, UNREADABLE, f"what boot loads is not known: {booted.reason}")
        if self.option == ENABLED:
            if booted.enabled is None:
                return Result(Status.UNKNOWN, UNREADABLE, booted.enabled_unknown)
            return self._compared(booted.enabled, self._in_words(booted.loaded.values.get(ENABLED), booted.enabled))
        written = "" if self.option in _executed(booted.loaded) else booted.loaded.values.get(self.option)
        _, default = OPTIONS[self.option]
        if written is None and not default:
            return Result(Status.FAIL, NOT_SET, f"boot loads no line {self.option}")
        value = word(strtol(written or "1", signed=False)) if written is not None else int(default)
        return self._compared(value, self._in_words(written, value))

    def _in_words(self, written: str | None, value: int) -> str:
        line = (
            f"boot loads no line {self.option}"
            if written is None
            else f"boot loads {visible(f'{self.option} {written}'.strip())}"
        )
        return f"{line}, which leaves {self._name} {value}"

    def _of_load(self, host: JudgedHost) -> Result:
        """Judge whether a load goes on after a refused line, which the kernel's status does not show."""
        loaded = host.audit.boot.loaded
        if loaded is None:
            return Result(Status.UNKNOWN, UNREADABLE, f"what boot loads is not known: {host.audit.boot.reason}")
        lines = [line for line in loaded.lines if line.parsed and line.result is not LoadResult.UNREACHED]
        found = [
            control.flag for line in lines if line.parsed for control in line.parsed.controls if control.flag in GO_ON
        ]
        if self.option in found:
            return Result(Status.PASS, MET, f"boot loads the line {self.option}")
        beside = f", but {found[0]}" if found else ""
        return Result(Status.FAIL, NOT_SET, f"boot loads no line {self.option}{beside}")

    def _compared(self, value: int, evidence: str) -> Result:
        if self._is_met(value):
            return Result(Status.PASS, MET, evidence)
        return Result(Status.FAIL, WRONG_VALUE if value else NOT_SET, evidence)

    def _is_met(self, value: int) -> bool:
        return value == (word(strtol(self.value, signed=False)) if self.value else 1)

    @property
    def _name(self) -> str:
        return _NAMES.get(self.option, self.option.removeprefix("--"))


def _executed(loaded: LoadedFile) -> set[str]:
    """The controls without a value that a load executes."""
    lines = (line for line in loaded.lines if line.result not in (LoadResult.UNREACHED, LoadResult.REJECTED))
    controls = (control for line in lines if line.parsed for control in line.parsed.controls)
    return {control.flag for control in controls if not control.value}


def read(fields: Fields) -> RuleOption:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    option = fields.word("option", (*OPTIONS, *GO_ON))
    value = fields.text("value", "")
    if value and not (value.isascii() and value.isdigit()):
        raise fields.error("value", "a number")
    if not value and option not in (LOGINUID, *GO_ON):
        raise fields.error("value", "a number")
    return RuleOption(option, value, fields.flag("last", default=False), fields.rule_file())

"""The kind `service`: a unit of audit is enabled, and its daemon runs, by systemd's files and links, and by processes.

Presets do not matter: they only decide at installation which links are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from auditrules.audit.boot.startup import why_not_started
from auditrules.audit.boot.systemd import UndeterminedError
from auditrules.audit.boot.unit_commands import AUDITD, UNITS, loads_rules, started_daemon
from auditrules.audit.rule_sets import BOOT
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

DAEMON = AUDITD
PROGRAMS = ("/usr/sbin/auditd", "/sbin/auditd", "/usr/bin/auditd", "/bin/auditd")
"""The paths of auditd in distributions. Another program in a unit is not looked up, and so unknown."""

NOT_STARTED = "not_started"

_EXECUTABLE = 0o111


@dataclass(frozen=True, slots=True)
class Service(Requirement):
    """Whether a unit must be enabled, and whether its daemon must run."""

    kind: ClassVar[str] = "service"

    name: str
    enabled: bool = True
    active: bool = False

    @property
    def subject(self) -> str:
        """The unit."""
        return self.name

    @property
    def needs(self) -> frozenset[Fact]:
        """The processes, if it must run."""
        return frozenset({Fact.SERVICES} if self.active else ())

    @property
    def required(self) -> str:
        """Enabled, active, or both."""
        return " and ".join(word for word, wanted in (("enabled", self.enabled), ("active", self.active)) if wanted)

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """The daemon's paths, if the unit is the one that starts it."""
        return PROGRAMS if self.name == DAEMON else ()

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Judge it now, or after the next boot. In an image nothing runs now."""
        parts = [self._enabled(host)] if self.enabled else []
        if self.active:
            parts += [self._starts(host)] if source == BOOT else self._runs(host)
        worst = min(parts, key=lambda part: [*Status].index(part.status))
        evidence = "; ".join(dict.fromkeys(part.evidence for part in parts))
        return [replace(worst, evidence=evidence, remedy=Remedy(text=_REMEDIES[worst.reason].format(name=self.name)))]

    def _enabled(self, host: JudgedHost) -> Result:
        """Whether it is enabled, without regard to the kernel's command line."""
        return self._started(host, (), f"{self.name} is enabled")

    def _starts(self, host: JudgedHost) -> Result:
        """Whether the next boot starts it."""
        parts = {
            self._started(host, words, f"the next boot starts {self.name}")
            for words in host.audit.boot.command_line.possible
        }
        if len(parts) == 1:
            return parts.pop()
        evidence = f"whether the next boot starts {self.name} depends on the kernel's command line"
        return Result(Status.UNKNOWN, UNCLEAR, evidence)

    def _started(self, host: JudgedHost, words: Sequence[str], good: str) -> Result:
        try:
            why = why_not_started(self.name, host.audit.collected.units, words)
        except UndeterminedError as error:
            return Result(Status.UNKNOWN, UNCLEAR, str(error))
        if not why:
            return self._without_daemon(host) or self._without_load(host) or Result(Status.PASS, MET, good)
        if why == f"there is no {self.name}":
            return Result(Status.FAIL, "no_unit", f"there is no unit {self.name}")
        reasons = {f"{self.name} is masked": "masked", f"{self.name} is not enabled": "not_enabled"}
        return Result(Status.FAIL, reasons.get(why, NOT_STARTED), why)

    def _without_daemon(self, host: JudgedHost) -> Result | None:
        """The result if an enabled unit does not start auditd; None if it does, or need not."""
        units = host.audit.collected.units
        if self.name != DAEMON or units is None:
            return None
        try:
            program = started_daemon(units)
        except UndeterminedError as error:
            return Result(Status.UNKNOWN, UNCLEAR, str(error))
        if not program:
            return Result(Status.FAIL, NOT_STARTED, f"{self.name} starts another program in place of auditd, or none")
        return self._without_program(program, host)

    def _without_load(self, host: JudgedHost) -> Result | None:
        """The result if a unit may not load the rules; None if it does, or need not."""
        units = host.audit.collected.units
        if self.name == DAEMON or units is None:
            return None
        try:
            if loads_rules(self.name, units):
                return None
        except UndeterminedError as error:
            return Result(Status.UNKNOWN, UNCLEAR, str(error))
        evidence = (
            f"{self.name} runs neither augenrules --load nor auditctl -R, and whether it loads rules is not known"
        )
        return Result(Status.UNKNOWN, UNCLEAR, evidence)

    def _without_program(self, program: str, host: JudgedHost) -> Result | None:
        """The result if the unit's program can't be started; None if it can."""
        end = host.file_system.walk(program)
        starts = f"{self.name} starts {visible(program)}"
        if end.missing:
            return Result(Status.FAIL, NOT_STARTED, f"{starts}, which is not there")
        if end.type is None or end.entry is None or (end.type == "file" and end.entry.mode is None):
            evidence = f"{visible(program)}, which {self.name} starts, could not be looked at"
            return Result(Status.UNKNOWN, UNREADABLE, evidence)
        if end.type != "file" or not (end.entry.mode or 0) & _EXECUTABLE:
            return Result(Status.FAIL, NOT_STARTED, f"{starts}, which is no program")
        return None

    def _runs(self, host: JudgedHost) -> list[Result]:
        """Whether auditd runs; no result for an image, unless the unit need not be enabled."""
        daemon = host.facts.services
        if daemon is None:
            return [] if self.enabled else [Result(Status.UNKNOWN, UNREADABLE, "an image runs nothing")]
        if daemon.running is None:
            return [Result(Status.UNKNOWN, UNREADABLE, f"whether auditd runs is not known: {daemon.error}")]
        if daemon.running:
            return [Result(Status.PASS, MET, "auditd runs")]
        return [Result(Status.FAIL, "not_running", "auditd does not run")]


_REMEDIES = {
    MET: "",
    "no_unit": "Install the package of auditd.",
    "masked": "Run `systemctl unmask {name}`, then `systemctl --now enable {name}`.",
    "not_enabled": "Run `systemctl --now enable {name}`.",
    NOT_STARTED: "See why boot does not start it: `systemctl status {name}`.",
    "not_running": "Run `systemctl --now enable {name}`; if it does not stay, `journalctl -u {name}` says why.",
    UNCLEAR: "Run `systemctl is-enabled {name}` and see its files: `systemctl cat {name}`.",
    UNREADABLE: "Ask as root: `systemctl status {name}`.",
}


def read(fields: Fields) -> Service:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    name = fields.word("name", UNITS)
    enabled, active = fields.flag("enabled", default=False), fields.flag("active", default=False)
    if not enabled and not active:
        raise fields.error("enabled", "enabled or active to be true")
    if active and name != DAEMON:
        raise fields.error("active", f"only {DAEMON} to be asked to run")
    return Service(name, enabled, active)

"""Which commands of audit's units load rules or start auditd.

The units are those of audit 2.3 to 3.1 (auditd.service runs augenrules or auditctl after the daemon), of audit 4.0
(audit-rules.service does) and of SUSE (augenrules.service does).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditrules.audit.boot.systemd import ExecCommand, UndeterminedError, Unit, unit
from auditrules.audit.boot.unit_sandbox import sandbox_of
from auditrules.audit.filesystem.sandbox import NO_SANDBOX, Sandbox
from auditrules.audit.model.collected import Units
from auditrules.values import dataclass

DAEMON = "auditd"
AUDITD = f"{DAEMON}.service"
UNITS = (AUDITD, "audit-rules.service", "augenrules.service")

_EXEC = ("ExecStartPre", "ExecStart", "ExecStartPost")


@dataclass(frozen=True, slots=True)
class RunAugenrules:
    """A run of augenrules."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunAuditctl:
    """A run of `auditctl -R`."""

    path: str


@dataclass(frozen=True, slots=True)
class StartAuditd:
    """A start of auditd; `startup` is its option -s: enable, disable, nochange, or empty if it is not known."""

    startup: str


@dataclass(frozen=True, slots=True)
class UnitCommand:
    """One command of a unit that loads rules or starts auditd."""

    run: RunAugenrules | RunAuditctl | StartAuditd
    ignored: bool = False  # its failure does not matter
    text: str = ""
    sandbox: Sandbox = NO_SANDBOX


def audit_units(units: Units) -> dict[str, Unit]:
    """Those of UNITS that are there, by name. Raises UndeterminedError if that is not known."""
    if units.error:
        raise UndeterminedError(units.error)
    return {name: own for name in UNITS if (own := unit(name, units)) is not None}


def unit_commands(own: Unit) -> Iterator[UnitCommand]:
    """The commands of a unit that load rules or start auditd, in order. Raises UndeterminedError."""
    if own.values("ExecCondition"):
        raise UndeterminedError(f"{own.name}: whether its ExecCondition= succeeds is not known")
    for key in _EXEC:
        for command in own.commands(key):
            run = _run(own, command)
            if run is not None:
                sandbox = NO_SANDBOX if command.privileged or isinstance(run, StartAuditd) else sandbox_of(own)
                yield UnitCommand(run, command.ignored, " ".join(command.words), sandbox)


def _run(own: Unit, command: ExecCommand) -> RunAugenrules | RunAuditctl | StartAuditd | None:
    match [command.words[0].rpartition("/")[2], *command.words[1:]]:
        case ["augenrules", *arguments]:
            return RunAugenrules(tuple(arguments))
        case ["auditctl", "-R", path]:
            return RunAuditctl(path)
        case ["auditctl", "-s" | "-l" | "-v", *_]:
            return None
        case ["auditd", *arguments]:
            return StartAuditd(_startup(arguments))
        case _:
            pass
    if any("auditctl" in each or "augenrules" in each for each in command.words):
        raise UndeterminedError(f"{own.name}: what {' '.join(command.words)} does is not known")
    return None


def _startup(arguments: Sequence[str]) -> str:
    """The startup state that auditd's options ask for, the last -s winning (src/auditd.c: enable, unless told)."""
    startup = "enable"
    left = list(arguments)
    while left:
        option = left.pop(0)
        if option == "-c" and left:
            left.pop(0)
        elif option == "-s" and left:
            given = left.pop(0)
            # auditd compares only the characters that are given.
            startup = next((state for state in ("disable", "enable", "nochange") if state.startswith(given)), "")
        elif option not in ("-f", "-l", "-n"):
            return ""
    return startup


def loads(step: UnitCommand) -> bool:
    """Whether a command loads rules."""
    return isinstance(step.run, RunAuditctl) or (isinstance(step.run, RunAugenrules) and "--load" in step.run.arguments)


def started_daemon(units: Units) -> str:
    """The path of the auditd that auditd.service starts; empty where it starts another program, or none.

    Raises:
        UndeterminedError: that is not known.
    """
    own = audit_units(units).get(AUDITD)
    if own is None or own.masked:
        return ""
    if own.values("ExecCondition"):
        raise UndeterminedError(f"{own.name}: whether its ExecCondition= succeeds is not known")
    commands = list(own.commands("ExecStart"))
    if len(commands) > 1:
        raise UndeterminedError(f"{own.name} has {len(commands)} commands in ExecStart=, which systemd may refuse")
    for command in commands:
        if isinstance(_run(own, command), StartAuditd):
            return command.words[0]
        if any("auditd" in word for word in command.words):
            raise UndeterminedError(f"{own.name}: what {' '.join(command.words)} does is not known")
    return ""


def loads_rules(name: str, units: Units) -> bool:
    """Whether one of UNITS runs what loads rules.

    Raises:
        UndeterminedError: that is not known.
    """
    own = audit_units(units).get(name)
    return own is not None and any(map(loads, unit_commands(own)))


def loading_units(units: Units | None) -> frozenset[str]:
    """Those of UNITS that load rules whenever they are started; none where that is not known."""
    try:
        return frozenset(name for name in UNITS if units and loads_rules(name, units))
    except UndeterminedError:
        return frozenset()

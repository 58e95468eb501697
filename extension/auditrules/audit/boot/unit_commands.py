"""Finds the commands in audit's systemd units that load rules or start auditd.

In audit 2.3 to 3.1 auditd.service runs augenrules or auditctl after the daemon, from audit 4.0 on audit-rules.service
does, and on SUSE augenrules.service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditrules.audit.boot.systemd import ExecCommand, UndeterminedError, Unit, find_unit
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
    """A start of auditd. `startup` is its option -s (enable, disable, nochange), empty if that is not known."""

    startup: str


@dataclass(frozen=True, slots=True)
class UnitCommand:
    """One command of a unit that loads rules or starts auditd."""

    run: RunAugenrules | RunAuditctl | StartAuditd
    ignored: bool = False  # if it fails, the unit goes on
    text: str = ""
    sandbox: Sandbox = NO_SANDBOX


def audit_units(units: Units) -> dict[str, Unit]:
    """The existing units among UNITS, by name. Raises UndeterminedError if that is not known."""
    if units.error:
        raise UndeterminedError(units.error)
    return {name: unit for name in UNITS if (unit := find_unit(name, units)) is not None}


def unit_commands(unit: Unit) -> Iterator[UnitCommand]:
    """The commands of a unit that load rules or start auditd, in order. Raises UndeterminedError."""
    if unit.values("ExecCondition"):
        raise UndeterminedError(f"{unit.name}: whether its ExecCondition= succeeds is not known")
    for key in _EXEC:
        for command in unit.commands(key):
            run = _run(unit, command)
            if run is not None:
                sandbox = NO_SANDBOX if command.privileged or isinstance(run, StartAuditd) else sandbox_of(unit)
                yield UnitCommand(run, command.ignored, " ".join(command.words), sandbox)


def _run(unit: Unit, command: ExecCommand) -> RunAugenrules | RunAuditctl | StartAuditd | None:
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
        raise UndeterminedError(f"{unit.name}: what {' '.join(command.words)} does is not known")
    return None


def _startup(arguments: Sequence[str]) -> str:
    """The startup state in auditd's options: the last -s counts, and without one it is enable (src/auditd.c)."""
    startup = "enable"
    left = list(arguments)
    while left:
        option = left.pop(0)
        if option == "-c" and left:
            left.pop(0)
        elif option == "-s" and left:
            given = left.pop(0)
            # auditd accepts any prefix of a state's name.
            startup = next((state for state in ("disable", "enable", "nochange") if state.startswith(given)), "")
        elif option not in ("-f", "-l", "-n"):
            return ""
    return startup


def loads(step: UnitCommand) -> bool:
    """Whether a command loads rules."""
    return isinstance(step.run, RunAuditctl) or (isinstance(step.run, RunAugenrules) and "--load" in step.run.arguments)


def started_daemon(units: Units) -> str:
    """The path of the auditd that auditd.service starts; empty if it starts another program, or none.

    Raises:
        UndeterminedError: that is not known.
    """
    unit = audit_units(units).get(AUDITD)
    if unit is None or unit.masked:
        return ""
    if unit.values("ExecCondition"):
        raise UndeterminedError(f"{unit.name}: whether its ExecCondition= succeeds is not known")
    commands = list(unit.commands("ExecStart"))
    if len(commands) > 1:
        raise UndeterminedError(f"{unit.name} has {len(commands)} commands in ExecStart=, which systemd may refuse")
    for command in commands:
        if isinstance(_run(unit, command), StartAuditd):
            return command.words[0]
        if any("auditd" in word for word in command.words):
            raise UndeterminedError(f"{unit.name}: what {' '.join(command.words)} does is not known")
    return ""


def loads_rules(name: str, units: Units) -> bool:
    """Whether one of UNITS has a command that loads rules.

    Raises:
        UndeterminedError: that is not known.
    """
    unit = audit_units(units).get(name)
    return unit is not None and any(map(loads, unit_commands(unit)))


def loading_units(units: Units | None) -> frozenset[str]:
    """The units among UNITS that load rules whenever they start; none if that is not known."""
    try:
        return frozenset(name for name in UNITS if units and loads_rules(name, units))
    except UndeterminedError:
        return frozenset()


def loaders_sandbox(units: Units | None) -> Sandbox:
    """The directories that any unit which loads rules sees otherwise, whether or not boot starts the unit.

    A unit whose commands are not known may load rules. A unit with a root of its own, or with a sandbox that only
    systemd can tell, may see anything otherwise.
    """
    found = [each for name in UNITS if units for each in _sandboxes(name, units)]
    hidden = frozenset(path for each in found for path in each.hidden)
    shown = frozenset(path for each in found for path in each.shown)
    unsure = frozenset(path for each in found for path in each.unsure)
    return Sandbox(hidden, shown - hidden, unsure)


def _sandboxes(name: str, units: Units) -> Iterator[Sandbox]:
    try:
        unit = find_unit(name, units)
    except UndeterminedError:
        return  # its file is not readable, which the reason of boot says
    if unit is None or unit.masked:
        return
    try:
        yield from (step.sandbox for step in unit_commands(unit) if loads(step))
    except UndeterminedError:
        try:
            yield sandbox_of(unit)
        except UndeterminedError:
            yield Sandbox(unsure=frozenset({"/"}))

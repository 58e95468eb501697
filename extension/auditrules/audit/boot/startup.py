"""Which units load audit rules at boot, and with which commands.

The units are those of audit 2.3 to 3.1 (auditd.service runs augenrules or auditctl after the daemon), of audit 4.0
(audit-rules.service does) and of SUSE (augenrules.service does).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from auditrules.audit.boot.augenrules import RULES_D
from auditrules.audit.boot.systemd import (
    ExecCommand,
    UndeterminedError,
    Unit,
    reached,
    unit,
    unmet,
    wanted_by,
)
from auditrules.audit.boot.unit_sandbox import sandbox_of
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.filesystem.sandbox import NO_SANDBOX, Sandbox
from auditrules.audit.model.collected import Sources, Units
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

DAEMON = "auditd"
AUDITD = f"{DAEMON}.service"
UNITS = (AUDITD, "audit-rules.service", "augenrules.service")
NEEDS = ("Requires", "BindsTo", "Requisite")

_PULLS = ("Wants", "Requires", "BindsTo", "Upholds")
_EXEC = ("ExecStartPre", "ExecStart", "ExecStartPost")


class Loader(str, Enum):
    """What loads the rules at boot."""

    AUGENRULES = "augenrules"
    AUDITCTL = "auditctl"
    NONE = "none"
    UNKNOWN = "unknown"


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


@dataclass(frozen=True, slots=True)
class StartedUnit:
    """One unit that boot starts, with those of its commands that load rules or start auditd."""

    unit: Unit
    steps: tuple[UnitCommand, ...]

    def after(self, other: StartedUnit) -> bool:
        """Whether systemd starts it after the other one, where it starts both."""
        return other.unit.name in self.unit.names("After") or self.unit.name in other.unit.names("Before")


@dataclass(frozen=True, slots=True)
class BootPlan:
    """The loader, why it is this one, and the units that boot starts, in no order."""

    loader: Loader
    reason: str
    assumed: bool = False
    starts: tuple[StartedUnit, ...] = ()


def plan(sources: Sources, cmdline: Sequence[str], source: str = "") -> BootPlan:
    """Which unit loads the rules at a boot with this command line of the kernel; `source` names the file it is from.

    Nothing raises: if it is not known, the loader is unknown, with the reason.
    """
    units = sources.units
    if units is None:
        return BootPlan(Loader.UNKNOWN, "the units of systemd were not looked at")
    if switched_off(cmdline):
        return BootPlan(Loader.NONE, f"the kernel's command line{source and f' in {source}'} switches audit off")
    try:
        found = _found(units)
        return _planned(found, units, cmdline) if found else _without_units(sources, units)
    except UndeterminedError as error:
        return BootPlan(Loader.UNKNOWN, str(error))


def why_not_started(name: str, units: Units | None, cmdline: Sequence[str]) -> str:
    """Why a boot with this command line of the kernel does not start one of UNITS; empty if it does.

    Raises:
        UndeterminedError: that is not known.
    """
    if units is None:
        raise UndeterminedError("the units of systemd were not looked at")
    found = _found(units)
    if name not in found:
        return f"there is no {name}"
    return _why_not(name, found, _pulled(found, units, cmdline), cmdline)


def started_daemon(units: Units) -> str:
    """The path of the auditd that auditd.service starts; empty where it starts another program, or none.

    Raises:
        UndeterminedError: that is not known.
    """
    own = _found(units).get(AUDITD)
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
    own = _found(units).get(name)
    return own is not None and any(map(_loads, _steps(own)))


def loading_units(units: Units | None) -> frozenset[str]:
    """Those of UNITS that load rules whenever they are started; none where that is not known."""
    try:
        return frozenset(name for name in UNITS if units and loads_rules(name, units))
    except UndeterminedError:
        return frozenset()


def _found(units: Units) -> dict[str, Unit]:
    if units.error:
        raise UndeterminedError(units.error)
    return {name: own for name in UNITS if (own := unit(name, units)) is not None}


def cmdline_of(sources: Sources) -> tuple[str, ...]:
    """The words of the command line that the kernel was given at this boot."""
    content = sources.cmdline.content if sources.cmdline else None
    return tuple(decode(content or b"").split())


def audit_option(cmdline: Sequence[str]) -> str:
    """The value of the last audit=, which is the one that counts."""
    given = [word for word in cmdline if word.startswith("audit=")]
    return given[-1].removeprefix("audit=") if given else ""


def switched_off(cmdline: Sequence[str]) -> bool:
    """Whether one audit= says off: that can't be taken back (kernel/audit.c, audit_enable)."""
    return any(given.lower() in ("audit=0", "audit=off") for given in cmdline)


def rules_d_there(sources: Sources) -> bool:
    """Whether there is a folder rules.d. It may be empty, which augenrules does not treat as absent."""
    return bool(sources.rules_d) or FileSystem(sources.facts).walk(RULES_D).type == "dir"


def _without_units(sources: Sources, units: Units) -> BootPlan:
    there = rules_d_there(sources)
    if units.augenrules and there:
        reason = "none of the units that load rules was found, but augenrules and its folder are there"
        start = StartedUnit(Unit("", ""), (UnitCommand(RunAugenrules(("--load",))),))
        return BootPlan(Loader.AUGENRULES, reason, assumed=True, starts=(start,))
    if units.augenrules or there or sources.rules_d_error or sources.audit_rules is not None:
        return BootPlan(Loader.UNKNOWN, "none of the units that load rules was found")
    return BootPlan(Loader.NONE, "nothing was found that could load rules, and no rules")


def _planned(found: Mapping[str, Unit], units: Units, cmdline: Sequence[str]) -> BootPlan:
    pulled = _pulled(found, units, cmdline)
    why = {name: _why_not(name, found, pulled, cmdline) for name in found}
    starts = tuple(StartedUnit(own, tuple(_steps(own))) for name, own in found.items() if not why[name])
    reads = {
        type(step.run): f"{start.unit.name} runs {step.text}"
        for start in starts
        for step in start.steps
        if _loads(step)
    }
    if RunAugenrules in reads:
        return BootPlan(Loader.AUGENRULES, reads[RunAugenrules], starts=starts)
    if RunAuditctl in reads:
        return BootPlan(Loader.AUDITCTL, reads[RunAuditctl], starts=starts)
    silent = [f"{start.unit.name} starts, and loads no rules" for start in starts]
    return BootPlan(Loader.NONE, "; ".join([*silent, *filter(None, why.values())]), starts=starts)


def _loads(step: UnitCommand) -> bool:
    return isinstance(step.run, RunAuditctl) or (isinstance(step.run, RunAugenrules) and "--load" in step.run.arguments)


def _pulled(found: Mapping[str, Unit], units: Units, cmdline: Sequence[str]) -> frozenset[str]:
    """The units that boot wants: by links of `systemctl enable`, by the command line, or as another of them does."""
    targets = reached(units, cmdline)
    wants = {name: frozenset(wanted_by(name, units)) for name in found}
    pulled = {name for name in found if wants[name] & targets or f"systemd.wants={name}" in cmdline}
    while True:
        pullers = {name for name in pulled if not found[name].masked}
        named = {name for puller in pullers for key in _PULLS for name in found[puller].names(key)}
        more = {name for name in found if name in named or wants[name] & pullers} - pulled
        if not more:
            break
        pulled |= more
    for name in found.keys() - pulled:
        others = sorted(wants[name] - found.keys())
        if others and not found[name].masked:
            raise UndeterminedError(
                f"{name} is wanted by {', '.join(others)}, and whether boot gets there is not known"
            )
    return frozenset(pulled)


def _why_not(name: str, found: Mapping[str, Unit], pulled: frozenset[str], cmdline: Sequence[str]) -> str:
    """Why boot does not start a unit; empty if it does."""
    own = found[name]
    if own.masked or f"systemd.mask={name}" in cmdline:
        return f"{name} is masked"
    if name not in pulled:
        return f"{name} is not enabled"
    for other in UNITS:
        if any(other in own.names(key) for key in NEEDS) and (other not in found or found[other].masked):
            return f"{name} needs {other}, which is {'masked' if other in found else 'missing'}"
    condition = unmet(own, cmdline)
    return f"{name} is skipped, as {condition} does not hold" if condition else ""


def _steps(own: Unit) -> Iterator[UnitCommand]:
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

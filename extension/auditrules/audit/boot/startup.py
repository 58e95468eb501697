"""Decides which of audit's systemd units start at boot, and so which program loads the rules, or why none does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from auditrules.audit.boot.augenrules import RULES_D
from auditrules.audit.boot.boot_targets import reached_targets, unmet_condition, wanted_by
from auditrules.audit.boot.kernel_command_line import switched_off
from auditrules.audit.boot.systemd import UndeterminedError, Unit
from auditrules.audit.boot.unit_commands import (
    UNITS,
    RunAuditctl,
    RunAugenrules,
    UnitCommand,
    audit_units,
    loads,
    unit_commands,
)
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import Sources, Units
from auditrules.values import dataclass

NEEDS = ("Requires", "BindsTo", "Requisite")

_PULLS = ("Wants", "Requires", "BindsTo", "Upholds")


class Loader(str, Enum):
    """The program that loads the rules at boot."""

    AUGENRULES = "augenrules"
    AUDITCTL = "auditctl"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StartedUnit:
    """A unit that starts at boot, and those of its commands that load rules or start auditd."""

    unit: Unit
    steps: tuple[UnitCommand, ...]

    def starts_after(self, other: StartedUnit) -> bool:
        """Whether systemd starts this unit after the other, if it starts both."""
        return other.unit.name in self.unit.names("After") or self.unit.name in other.unit.names("Before")


@dataclass(frozen=True, slots=True)
class BootPlan:
    """The program that loads the rules, the reason, and the units that boot starts, in no order."""

    loader: Loader
    reason: str
    assumed: bool = False
    starts: tuple[StartedUnit, ...] = ()


def plan(sources: Sources, cmdline: Sequence[str], source: str = "") -> BootPlan:
    """Find the unit that loads the rules if the kernel boots with this command line, which stands in file `source`.

    Never raises: if it is not known, the loader is `unknown`, with the reason.
    """
    units = sources.units
    if units is None:
        return BootPlan(Loader.UNKNOWN, "the units of systemd were not looked at")
    if switched_off(cmdline):
        return BootPlan(Loader.NONE, f"the kernel's command line{source and f' in {source}'} switches audit off")
    try:
        found = audit_units(units)
        return _planned(found, units, cmdline) if found else _without_units(sources, units)
    except UndeterminedError as error:
        return BootPlan(Loader.UNKNOWN, str(error))


def why_not_started(name: str, units: Units | None, cmdline: Sequence[str]) -> str:
    """Why one of UNITS does not start if the kernel boots with this command line; empty if it does start.

    Raises:
        UndeterminedError: that is not known.
    """
    if units is None:
        raise UndeterminedError("the units of systemd were not looked at")
    found = audit_units(units)
    if name not in found:
        return f"there is no {name}"
    return _why_not(name, found, _pulled(found, units, cmdline), cmdline)


def rules_d_there(sources: Sources) -> bool:
    """Whether /etc/audit/rules.d exists. It may be empty: augenrules then still writes audit.rules."""
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
    starts = tuple(StartedUnit(unit, tuple(unit_commands(unit))) for name, unit in found.items() if not why[name])
    reads = {
        type(step.run): f"{start.unit.name} runs {step.text}" for start in starts for step in start.steps if loads(step)
    }
    if RunAugenrules in reads:
        return BootPlan(Loader.AUGENRULES, reads[RunAugenrules], starts=starts)
    if RunAuditctl in reads:
        return BootPlan(Loader.AUDITCTL, reads[RunAuditctl], starts=starts)
    silent = [f"{start.unit.name} starts, and loads no rules" for start in starts]
    return BootPlan(Loader.NONE, "; ".join([*silent, *filter(None, why.values())]), starts=starts)


def _pulled(found: Mapping[str, Unit], units: Units, cmdline: Sequence[str]) -> frozenset[str]:
    """The units that boot pulls in: by links of `systemctl enable`, by the command line, or through another unit."""
    targets = reached_targets(units, cmdline)
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
    unit = found[name]
    if unit.masked or f"systemd.mask={name}" in cmdline:
        return f"{name} is masked"
    if name not in pulled:
        return f"{name} is not enabled"
    for other in UNITS:
        if any(other in unit.names(key) for key in NEEDS) and (other not in found or found[other].masked):
            return f"{name} needs {other}, which is {'masked' if other in found else 'missing'}"
    condition = unmet_condition(unit, cmdline)
    return f"{name} is skipped, as {condition} does not hold" if condition else ""

"""The kind `mount`: a directory is a mount point, or its mount has options; now, and at boot (fstab, mount units)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from auditrules.audit.boot.boot_targets import reached_targets, wanted_by
from auditrules.audit.boot.systemd import UndeterminedError, find_unit
from auditrules.audit.filesystem.mounts import unit_point
from auditrules.audit.filesystem.path_walk import parent
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.configuration.mount_points import (
    FSTAB,
    RESTRICTIONS,
    MountPoint,
    file_system_at_boot,
    may_be_one,
    mount_of,
    restrictions_of,
)
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

NOT_SEPARATE = "not_separate"

_NOT_AT_BOOT = "noauto"
_AUTOMOUNT = "x-systemd.automount"
_BY_OTHERS = frozenset({"zfs"})  # file systems that their own services mount


@dataclass(frozen=True, slots=True)
class MountRequirement(Requirement):
    """A directory that must be a mount point (`separate`), or whose mount must have options if it is one."""

    kind: ClassVar[str] = "mount"

    path: str
    separate: bool = False
    options: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The directory."""
        return self.path

    @property
    def needs(self) -> frozenset[Fact]:
        """The mounts, and fstab."""
        return frozenset({Fact.MOUNTS})

    @property
    def required(self) -> str:
        """The options that it must have, in words."""
        return ", ".join((*(("a file system of its own",) if self.separate else ()), *self.options))

    def paths(self, facts: HostFacts) -> Iterable[str]:
        """The directory, which may be a link, and the sources of bind mounts in fstab."""
        binds = (each.source for each in facts.mounts.fstab if each.binds) if facts.mounts else ()
        return (self.path, *binds)

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Judge it by the present mounts, or by those of the next boot."""
        end = host.file_system.walk(self.path)
        # If it could not be looked up, it is assumed to be no link.
        path = end.path if end.type is not None and end.path else self.path
        found = self._at_boot(host, path) if source == BOOT else self._now(host, path)
        return [replace(found, remedy=Remedy(text=self._remedy(path, found.reason)))]

    def _now(self, host: JudgedHost, path: str) -> Result:
        mounts = host.facts.mounts.now if host.facts.mounts else None
        if mounts is None:
            return Result(Status.UNKNOWN, UNREADABLE, "the mounts of now are not known")
        on = mount_of(path, mounts)
        if on is None:
            return Result(Status.UNKNOWN, UNREADABLE, f"which mount {path} is on is not known")
        if on.point != path:
            return self._not_separate(f"{path} is on the file system of {visible(on.point)}", "")
        below = mount_of(path.rpartition("/")[0] or "/", mounts)
        if self.separate and below is not None and below.dev == on.dev:
            evidence = f"what is mounted on {path} is a part of the file system of {visible(below.point)}"
            return Result(Status.FAIL, NOT_SEPARATE, evidence)
        return self._with_options(on.restrictions, on.options, f"{path} is mounted", "")

    def _at_boot(self, host: JudgedHost, path: str) -> Result:
        found = host.facts.mounts
        if found is None or found.fstab_error:
            return Result(Status.UNKNOWN, UNREADABLE, found.fstab_error if found else f"nobody looked at {FSTAB}")
        try:
            own = _by_unit(host, path)
        except UndeterminedError as error:
            return Result(Status.UNKNOWN, UNCLEAR, str(error))
        entry = next((each for each in found.fstab if each.point == path), None)
        if own is not None and (own[0].startswith("/etc/") or entry is None):
            options = own[1].split(",")
            mount = MountPoint(path, "", restrictions_of(options), frozenset(options), source=own[2])
            return self._mounted_at_boot(mount, host, f"{own[0]} mounts {path}", "")
        if entry is not None and (_NOT_AT_BOOT not in entry.options or _AUTOMOUNT in entry.options):
            mounts = f"mounts {path}"
            return self._mounted_at_boot(entry, host, f"{FSTAB} {mounts}", f"{FSTAB}:{entry.line} {mounts}")
        now = mount_of(path, found.now) if found.now is not None else None
        if now is not None and now.point == path and now.fstype in _BY_OTHERS:
            evidence = f"{path} is mounted, and no file that was read says whether {now.fstype} mounts it at boot"
            return Result(Status.UNKNOWN, UNCLEAR, evidence)
        why = "does not mount it at boot (noauto)" if entry is not None else f"says nothing of {path}"
        return self._not_separate(f"{FSTAB} {why}, and no mount unit does", "")

    def _mounted_at_boot(self, mount: MountPoint, host: JudgedHost, evidence: str, lines: str) -> Result:
        """The result for a mount at boot, which may be a bind mount of a part of another file system."""
        if self.separate:
            others = [each for each in _at_boot(host) if each.point != mount.point]
            end = host.file_system.walk(mount.source) if mount.binds else None
            if end is not None and (end.type in (None, "missing") or not end.path):
                why = f"{evidence} as a part of {visible(mount.source)}, and where that is is not known"
                return Result(Status.UNKNOWN, UNCLEAR, why)
            shown = replace(mount, source=end.path) if end is not None else mount
            own = file_system_at_boot(mount.point, [*others, shown])
            if own is None:
                return Result(Status.UNKNOWN, UNCLEAR, f"{evidence}, and of which file system is not known")
            below = file_system_at_boot(parent(mount.point), others)
            if own == below:
                told = "as a part of the file system that it is on"
                return self._not_separate(f"{evidence} {told}", f"{lines} {told}" if lines else "")
            if below is not None and may_be_one(own, below) and not _are_two_now(host, mount.point):
                why = f"{visible(own)} and {visible(below)}, on which it is, may be two names of one file system"
                return Result(Status.UNKNOWN, UNCLEAR, f"{evidence}, and {why}")
        return self._with_options(mount.restrictions, mount.options, evidence, lines)

    def _not_separate(self, evidence: str, lines: str) -> Result:
        """The result for a directory that is no mount point; options are required only for a mount point."""
        return Result(Status.FAIL if self.separate else Status.NOT_APPLICABLE, NOT_SEPARATE, evidence, lines)

    def _with_options(self, has: frozenset[str], others: frozenset[str], evidence: str, lines: str) -> Result:
        missing = [option for option in self.options if option not in (has if option in RESTRICTIONS else others)]
        shown = f" with {', '.join(sorted(has))}" if has else ""
        behind = f", without {', '.join(missing)}" if missing else ""
        told, told_lines = f"{evidence}{shown}{behind}", f"{lines}{shown}{behind}" if lines else ""
        if missing:
            return Result(Status.FAIL, "option_missing", told, told_lines)
        return Result(Status.PASS, MET, told, told_lines)

    def _remedy(self, path: str, reason: str) -> str:
        if reason in (UNREADABLE, UNCLEAR):
            return f"Run `findmnt --kernel {path}`, and see {FSTAB}."
        if reason == NOT_SEPARATE:
            return f"Give {path} a file system of its own, mounted from {FSTAB}."
        options = ",".join(self.options)
        return f"Add {options} to the options of {path} in {FSTAB}, then run `mount -o remount,{options} {path}`."


def _by_unit(host: JudgedHost, path: str) -> tuple[str, str, str] | None:
    """The file, options and source of the mount unit that boot starts for a path; None if there is none.

    Raises:
        UndeterminedError: its files can't be read.
    """
    units = host.audit.collected.units
    if units is None:
        return None
    for name in units.mounts:
        if unit_point(name) == path and reached_targets(units).intersection(wanted_by(name, units)):
            own = find_unit(name, units)
            if own is not None and not own.masked:
                return own.path, own.last("Options"), own.last("What")
    return None


def _are_two_now(host: JudgedHost, point: str) -> bool:
    """Whether another file system is mounted there now than the one that the mount point is on."""
    mounts = (host.facts.mounts.now if host.facts.mounts else None) or ()
    on, below = mount_of(point, mounts), mount_of(parent(point), mounts)
    return on is not None and below is not None and on.point == point and on.dev != below.dev


def _at_boot(host: JudgedHost) -> list[MountPoint]:
    """The mounts of the next boot, from fstab and mount units; a unit in /etc wins over a line of fstab."""
    found = host.facts.mounts
    mounts = {each.point: each for each in reversed(found.fstab if found else ()) if _NOT_AT_BOOT not in each.options}
    for point in filter(None, map(unit_point, host.audit.collected.units.mounts if host.audit.collected.units else ())):
        own = _by_unit(host, point)
        if own is not None and (own[0].startswith("/etc/") or point not in mounts):
            options = own[1].split(",")
            mounts[point] = MountPoint(point, "", restrictions_of(options), frozenset(options), source=own[2])
    return list(mounts.values())


def read(fields: Fields) -> MountRequirement:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    path = fields.path("path")
    separate, options = fields.flag("separate", default=False), fields.texts("options", ())
    if not all(each.isprintable() and not set(each) & set(", ") for each in options):
        raise fields.error("options", "a list of options, each a text of its own without commas and blanks")
    if not separate and not options:
        raise fields.error("separate", "separate to be true, or options")
    return MountRequirement(path, separate, options)

"""A directory is a mount point, or its mount has options: now by the kernel, at boot by fstab and mount units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditrules.audit.boot.systemd import UndeterminedError, reached, unit, wanted_by
from auditrules.audit.filesystem.mounts import unit_point
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.configuration.mount_points import (
    FSTAB,
    RESTRICTIONS,
    mount_of,
    restrictions_of,
)
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost, Remedy
from auditrules.status import Status
from auditrules.text import visible

_NOT_AT_BOOT = "noauto"
_AUTOMOUNT = "x-systemd.automount"
_BY_OTHERS = frozenset({"zfs"})  # file systems that their own services mount

_Part = tuple[Status, str, str, str]  # status, reason, evidence, evidence with lines


@dataclass(frozen=True, slots=True)
class MountRequirement:
    """A directory that must be a mount point, or whose file system must have options if it is one."""

    path: str
    separate: bool = False
    options: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`mount`."""
        return "mount"

    @property
    def needs(self) -> frozenset[Fact]:
        """The mounts, and fstab."""
        return frozenset({Fact.MOUNTS})

    @property
    def required(self) -> str:
        """What it must be, in words."""
        return ", ".join((*(("a file system of its own",) if self.separate else ()), *self.options))

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """The directory, which may be a link."""
        return (self.path,)

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:
        """Judge it by the mounts of now, or of the next boot."""
        end = host.audit.file_system(host.seen).walk(self.path)
        # Where nobody could look it is taken to be no link.
        path = end.path if end.type is not None and end.path else self.path
        status, reason, evidence, lines = self._at_boot(host, path) if source == BOOT else self._now(host, path)
        met = status in (Status.PASS, Status.NOT_APPLICABLE)
        return [
            Judged(
                source,
                self.kind,
                self.path,
                self.required,
                "",
                "benchmark",
                status,
                reason,
                "" if met else self.required,
                evidence,
                lines,
                remedy=Remedy() if met else Remedy(text=self._remedy(path, reason)),
            )
        ]

    def _now(self, host: JudgedHost, path: str) -> _Part:
        mounts = host.facts.mounts.now if host.facts.mounts else None
        if mounts is None:
            return Status.UNKNOWN, "unreadable", "the mounts of now are not known", ""
        on = mount_of(path, mounts)
        if on is None:
            return Status.UNKNOWN, "unreadable", f"which mount {path} is on is not known", ""
        if on.point != path:
            return self._not_separate(f"{path} is on the file system of {visible(on.point)}", "")
        below = mount_of(path.rpartition("/")[0] or "/", mounts)
        if self.separate and below is not None and below.dev == on.dev:
            evidence = f"what is mounted on {path} is a part of the file system of {visible(below.point)}"
            return Status.FAIL, "not_separate", evidence, ""
        return self._with_options(on.restrictions, on.options, f"{path} is mounted", "")

    def _at_boot(self, host: JudgedHost, path: str) -> _Part:
        found = host.facts.mounts
        if found is None or found.fstab_error:
            return Status.UNKNOWN, "unreadable", found.fstab_error if found else f"nobody looked at {FSTAB}", ""
        try:
            own = _by_unit(host, path)
        except UndeterminedError as error:
            return Status.UNKNOWN, "unclear", str(error), ""
        entry = next((each for each in found.fstab if each.point == path), None)
        if own is not None and (own[0].startswith("/etc/") or entry is None):
            options = own[1].split(",")
            return self._with_options(restrictions_of(options), frozenset(options), f"{own[0]} mounts {path}", "")
        if entry is not None and (_NOT_AT_BOOT not in entry.options or _AUTOMOUNT in entry.options):
            mounts = f"mounts {path}"
            return self._with_options(
                entry.restrictions, entry.options, f"{FSTAB} {mounts}", f"{FSTAB}:{entry.line} {mounts}"
            )
        now = mount_of(path, found.now) if found.now is not None else None
        if now is not None and now.point == path and now.fstype in _BY_OTHERS:
            evidence = f"{path} is mounted, and no file that was read says whether {now.fstype} mounts it at boot"
            return Status.UNKNOWN, "unclear", evidence, ""
        why = "does not mount it at boot (noauto)" if entry is not None else f"says nothing of {path}"
        return self._not_separate(f"{FSTAB} {why}, and no mount unit does", "")

    def _not_separate(self, evidence: str, lines: str) -> _Part:
        """What comes of a directory that is no mount point: options are wanted only where it is one."""
        if self.separate:
            return Status.FAIL, "not_separate", evidence, lines
        return Status.NOT_APPLICABLE, "not_separate", evidence, lines

    def _with_options(self, has: frozenset[str], others: frozenset[str], evidence: str, lines: str) -> _Part:
        missing = [option for option in self.options if option not in (has if option in RESTRICTIONS else others)]
        shown = f" with {', '.join(sorted(has))}" if has else ""
        behind = f", without {', '.join(missing)}" if missing else ""
        told, told_lines = f"{evidence}{shown}{behind}", f"{lines}{shown}{behind}" if lines else ""
        if missing:
            return Status.FAIL, "option_missing", told, told_lines
        return Status.PASS, "met", told, told_lines

    def _remedy(self, path: str, reason: str) -> str:
        if reason in ("unreadable", "unclear"):
            return f"Run `findmnt --kernel {path}`, and see {FSTAB}."
        if reason == "not_separate":
            return f"Give {path} a file system of its own, mounted from {FSTAB}."
        options = ",".join(self.options)
        return f"Add {options} to the options of {path} in {FSTAB}, then run `mount -o remount,{options} {path}`."


def _by_unit(host: JudgedHost, path: str) -> tuple[str, str] | None:
    """The file and the options of the mount unit of a path that boot wants; None where there is none.

    Raises:
        UndeterminedError: its files can't be read.
    """
    units = host.audit.collected.units
    if units is None:
        return None
    for name in units.mounts:
        if unit_point(name) == path and reached(units).intersection(wanted_by(name, units)):
            own = unit(name, units)
            if own is not None and not own.masked:
                return own.path, own.last("Options")
    return None


def read(fields: Fields) -> MountRequirement:
    """The requirement of an object of a benchmark's file. Raises BenchmarkError."""
    path = fields.path("path")
    separate, options = fields.flag("separate", default=False), fields.texts("options", ())
    if not separate and not options:
        raise fields.error("separate", "separate to be true, or options")
    return MountRequirement(path, separate, options)

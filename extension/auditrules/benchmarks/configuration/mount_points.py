"""Reads the mounts of a host with their options: the present ones (mountinfo), and those of /etc/fstab. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

FSTAB = "/etc/fstab"

_OCTAL = re.compile(r"\\([0-7]{3})")
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_BEFORE_TYPE = 6  # fields of a line of mountinfo before those that may be left out
_FSTAB_FIELDS = 3  # that a line must have; options come next

BINDS = frozenset({"bind", "rbind"})
_NO_MOUNTS = frozenset({"swap", "ignore"})  # types of lines of fstab that mount nothing (fstab(5))
_MOST_BINDS = 8  # of each other, one after another
_DEVICES = ("/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=")
RESTRICTIONS = ("nodev", "nosuid", "noexec")
# What mount(8) makes of options that stand for others.
_IMPLIED = {
    "user": frozenset(RESTRICTIONS),
    "users": frozenset(RESTRICTIONS),
    "owner": frozenset({"nodev", "nosuid"}),
    "group": frozenset({"nodev", "nosuid"}),
}


@dataclass(frozen=True, slots=True)
class MountPoint:
    """One mount: its point and type, its options among RESTRICTIONS, and its other options as written.

    `dev` is `major:minor`; empty: it is not mounted. `number` and `parent` are its id and that of the mount below it.
    `source` and `line` are those of fstab: a device, or the source of a bind mount.
    """

    point: str
    fstype: str
    restrictions: frozenset[str]
    options: frozenset[str] = frozenset()
    dev: str = ""
    number: int = 0
    parent: int = 0
    line: int = 0
    source: str = ""

    @property
    def binds(self) -> bool:
        """Whether it is a bind mount."""
        return not BINDS.isdisjoint(self.options)


@dataclass(frozen=True, slots=True)
class MountPoints:
    """The present mounts (None: not known), and those of fstab. `fstab_error` says why fstab is not known."""

    now: tuple[MountPoint, ...] | None = None
    fstab: tuple[MountPoint, ...] = ()
    fstab_error: str = ""


def parse_mount_points(mountinfo: bytes | None, fstab: File | None) -> MountPoints:
    """Parse both. Raises nothing."""
    now = None if mountinfo is None else tuple(_mounted(mountinfo))
    if fstab is not None and fstab.content is None:
        return MountPoints(now, (), f"{fstab.path}: {fstab.error}")
    return MountPoints(now, tuple(_in_fstab((fstab.content if fstab else None) or b"")))


def mount_of(path: str, mounts: Sequence[MountPoint]) -> MountPoint | None:
    """The mount that an absolute path is on; None: not known. A mount may hide others below it."""
    numbers = {each.number for each in mounts}
    children: dict[int, list[MountPoint]] = {}
    for each in mounts:
        children.setdefault(each.parent, []).append(each)
    reached = next((each for each in mounts if each.point == "/" and each.parent not in numbers), None)
    passed: set[int] = set()
    while reached is not None and reached.number not in passed:
        passed.add(reached.number)
        above = [each for each in children.get(reached.number, ()) if is_below(path, each.point)]
        if not above:
            break
        shortest = min(len(each.point) for each in above)
        reached = [each for each in above if len(each.point) == shortest][-1]
    return reached


def is_below(path: str, point: str) -> bool:
    """Whether a path is a mount point, or below it."""
    return point in ("/", path) or path.startswith(f"{point}/")


def file_system_at_boot(path: str, mounts: Iterable[MountPoint]) -> str | None:
    """The device of the file system that a path without links is on once all mounts are made; else its mount point.

    `/` stands for the root file system if no line names it. None: a bind mount leads to an unknown place.
    """
    every = list(mounts)
    for _ in range(_MOST_BINDS):
        on = max((each for each in every if is_below(path, each.point)), key=lambda each: len(each.point), default=None)
        if on is None:
            return "/"
        if not on.binds:
            return on.source if on.source.startswith(_DEVICES) else on.point
        if not on.source.startswith("/"):
            return None
        path = f"{on.source.rstrip('/')}{path.removeprefix(on.point.rstrip('/'))}" or "/"
        every.remove(on)
    return None


def may_be_one(device: str, other: str) -> bool:
    """Whether two names may mean the same device: they are equal, or of different kinds.

    A kind is a tag such as `UUID=`, or a folder such as /dev/disk/by-id. All logical volumes, /dev/GROUP/NAME, are of
    one kind.
    """
    kinds = {_kind_of_device(device), _kind_of_device(other)}
    return device == other or (len(kinds) > 1 and "" not in kinds)


def _kind_of_device(name: str) -> str:
    """The kind of a device's name; empty for a mount point, which stands for a file system without a device."""
    if not name.startswith(_DEVICES):
        return ""
    tag, equals, _ = name.partition("=")
    if equals and not name.startswith("/"):
        return tag
    folder = name.rpartition("/")[0]
    return folder if folder in ("/dev", "/dev/mapper") or folder.startswith("/dev/disk/") else "logical volume"


def restrictions_of(options: Iterable[str]) -> frozenset[str]:
    """The RESTRICTIONS that options set. A later option overrides an earlier one (mount(8))."""
    found: set[str] = set()
    for option in options:
        if option in RESTRICTIONS:
            found.add(option)
        elif f"no{option}" in RESTRICTIONS:
            found.discard(f"no{option}")
        elif option == "defaults":
            found.clear()
        else:
            found |= _IMPLIED.get(option, frozenset())
    return frozenset(found)


def _mounted(mountinfo: bytes) -> Iterator[MountPoint]:
    for line in mountinfo.split(b"\n"):
        words = [_plain(word) for word in decode(line).split(" ")]
        if "-" not in words[_BEFORE_TYPE:-1] or not all(map(_NUMBER.fullmatch, words[:2])):
            continue
        number, parent, dev, _, point, options = words[:6]
        fstype = words[words.index("-", _BEFORE_TYPE) + 1]
        given = options.split(",")
        yield MountPoint(point, fstype, restrictions_of(given), frozenset(given), dev, int(number), int(parent))


def _in_fstab(content: bytes) -> Iterator[MountPoint]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        words = [_plain(word) for word in decode(line).split()]
        if len(words) < _FSTAB_FIELDS or words[0].startswith("#") or not words[1].startswith("/"):
            continue
        if words[2] in _NO_MOUNTS:
            continue
        options = "".join(words[3:4]).split(",")
        point = "/" + "/".join(name for name in words[1].split("/") if name)
        yield MountPoint(point, words[2], restrictions_of(options), frozenset(options), line=number, source=words[0])


def _plain(word: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8) & 0x7F) if int(match[1], 8) < 0x80 else match[0], word)  # noqa: PLR2004

"""Chooses the mounts that a search for privileged programs goes through, and those that it skips. Pure.

Mounts with nosuid are skipped, as programs there give no rights, and so are those with noexec, where none runs.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from types import MappingProxyType

from auditrules.audit.filesystem.mounts import is_remote
from auditrules.audit.model.text import decode
from auditrules.values import dataclass, field

LOCAL_TYPES = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "bcachefs", "zfs", "f2fs", "jfs", "reiserfs", "nilfs2", "ubifs"),
        *("jffs2", "ntfs3", "hfsplus", "iso9660", "udf", "squashfs", "erofs", "cramfs", "romfs", "minix", "ufs"),
        *("overlay", "aufs", "tmpfs", "ramfs", "rootfs", "devtmpfs"),
    }
)
"""Types of local file systems that can have a setuid program."""

WITHOUT_PROGRAMS = frozenset(
    {
        *("proc", "sysfs", "cgroup", "cgroup2", "devpts", "debugfs", "tracefs", "securityfs", "bpf", "pstore"),
        *("mqueue", "hugetlbfs", "efivarfs", "configfs", "fusectl", "binfmt_misc", "rpc_pipefs", "nsfs", "selinuxfs"),
        *("smackfs", "apparmorfs", "nfsd", "resctrl", "secretmem", "pidfs", "xenfs", "oprofilefs", "spufs"),
        *("vfat", "msdos", "exfat", "ntfs"),  # whose files have no such modes
    }
)
"""Types of file systems that have none."""

SUBVOLUMES = frozenset({"btrfs", "bcachefs"})
"""Types of file systems in which directories of one mount may have their own device numbers."""

_DRIVERS = ("overlay2", "overlay", "overlayfs", "aufs", "btrfs", "devicemapper", "vfs", "zfs", "fuse-overlayfs")
_GRAPHS = (
    *("/var/lib/docker", "/var/lib/docker/rootfs", "/var/snap/docker/common/var-lib-docker"),
    *("/var/lib/containers/storage", "/var/lib/containers/cache"),
)
LAYERS = frozenset(
    {
        *(f"{graph}/{driver}" for graph in _GRAPHS for driver in _DRIVERS),
        *("/var/lib/kubelet/pods", "/run/containerd", "/var/run/containerd", "/run/containers"),
    }
)
"""Directories in which container engines keep and mount the file systems of containers."""

_SNAPSHOTTER = "io.containerd.snapshotter.v1."  # begins the name of containerd's directory for them, at any path
_OF_USERS = tuple(
    f"/.local/share/{graph}/{driver}" for graph in ("containers/storage", "docker") for driver in _DRIVERS
)

NOSUID, NOEXEC = "nosuid", "noexec"
REMOTE = "a network file system or FUSE"
CONTAINERS = "the file systems of containers"

_OCTAL = re.compile(r"\\([0-7]{3})")
_BEFORE_TYPE = 6  # fields of a line of mountinfo before the optional ones
_MOST_LEFT_OUT = 100  # skipped mounts that are named


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """A mount to search: its point, its file system's type, and the directories in it that are searched elsewhere."""

    point: str
    fstype: str = ""
    elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SearchPlaces:
    """The places to search.

    `points` are all visible mount points, where another mount begins. `layers` are the directories of containers, as
    the mounts show them. `left_out` are skipped mounts with the reason; `unknown` are mounts of an unknown type, which
    may not be safe to touch.
    """

    places: tuple[SearchPlace, ...]
    points: frozenset[str] = frozenset()
    layers: frozenset[str] = frozenset()
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unknown: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


WHOLE_IMAGE = SearchPlaces((SearchPlace("/"),))
"""The places to search under another root: only the file system that it is on, as its mounts are not known."""


@dataclass(frozen=True, slots=True)
class _Mount:
    number: str
    parent: str
    dev: str
    root: str
    point: str
    options: frozenset[str]
    fstype: str
    upper: str  # upperdir of an overlay


def search_places(mountinfo: bytes) -> SearchPlaces:
    """The places to search on a machine, from its /proc/self/mountinfo (proc(5)).

    A directory that several mounts show is searched once, by the shortest path.
    """
    mounts = list(_visible(list(_mounts(mountinfo))))
    layers = frozenset(filter(None, map(_layers, mounts)))
    left_out: dict[str, str] = {}
    unknown: dict[str, str] = {}
    wanted = []
    for mount in mounts:
        if mount.fstype in WITHOUT_PROGRAMS:
            continue
        if why := _why_not(mount, layers):
            if len(left_out) < _MOST_LEFT_OUT:
                left_out[mount.point] = why
        elif mount.fstype in LOCAL_TYPES:
            wanted.append(mount)
        else:
            unknown[mount.point] = mount.fstype
    points = frozenset(each.point for each in mounts)
    chosen: list[_Mount] = []
    for mount in sorted(wanted, key=lambda each: (each.point.rstrip("/").count("/"), each.point)):
        if not any(_is_shown(other, mount, points, layers) for other in chosen):
            chosen.append(mount)
    places = (SearchPlace(each.point, each.fstype, frozenset(_elsewhere(each, chosen))) for each in chosen)
    return SearchPlaces(tuple(places), points, layers, left_out, unknown)


def is_layer(path: str, layers: frozenset[str]) -> bool:
    """Whether a directory holds file systems of containers; `layers` are those that the mounts show."""
    return (
        path in LAYERS or path in layers or path.endswith(_OF_USERS) or path.rpartition("/")[2].startswith(_SNAPSHOTTER)
    )


def _why_not(mount: _Mount, layers: frozenset[str]) -> str:
    """Why a mount is not searched; empty if it may be."""
    if is_remote(mount.fstype):
        return f"{REMOTE} ({mount.fstype})"
    for option in (NOSUID, NOEXEC):
        if option in mount.options:
            return option
    return CONTAINERS if _in_layer(mount.point, layers) else ""


def _in_layer(path: str, layers: frozenset[str]) -> bool:
    while path.strip("/"):
        if is_layer(path, layers):
            return True
        path = path.rpartition("/")[0]
    return False


def _layers(mount: _Mount) -> str:
    """The directory where an engine keeps its layers, if this mount is one of them: `ID/merged` beside `ID/diff`."""
    one = mount.point.rpartition("/")[0]
    graph = one.rpartition("/")[0]
    beside = mount.fstype == "overlay" and mount.upper.rpartition("/")[0] == one
    return graph if beside and graph.count("/") > 1 else ""


def _mounts(mountinfo: bytes) -> Iterator[_Mount]:
    for line in mountinfo.split(b"\n"):
        raw = decode(line).split(" ")
        if "-" not in raw[_BEFORE_TYPE:-1]:
            continue
        rest = raw.index("-", _BEFORE_TYPE)
        number, parent, dev, root, point, options = (_unescaped(word) for word in raw[:6])
        above = dict(option.partition("=")[::2] for option in _unescaped(raw[-1]).split(","))
        fstype = _unescaped(raw[rest + 1])
        yield _Mount(number, parent, dev, root, point, frozenset(options.split(",")), fstype, above.get("upperdir", ""))


def _unescaped(word: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), word)


def _visible(mounts: list[_Mount]) -> Iterator[_Mount]:
    """The mounts that are visible: no other one is mounted over them, or over their parents."""
    numbers = {mount.number for mount in mounts}
    on: dict[str, list[_Mount]] = {}
    for mount in mounts:
        stands = mount.parent in numbers and mount.parent != mount.number
        on.setdefault(mount.parent if stands else "", []).append(mount)
    pending = on.pop("", [])
    while pending:
        mount = pending.pop()
        above = on.pop(mount.number, [])
        over = [each for each in above if each.point == mount.point]
        if over:
            pending.append(over[-1])
            continue
        yield mount
        points = {each.point for each in above}
        pending += (each for each in above if not _in(points, each.point, below=mount.point))


def _in(points: Container[str], path: str, *, below: str) -> bool:
    """Whether a path is in one of some directories, which are themselves strictly below another."""
    above = path.rpartition("/")[0]
    while len(above) > len(below.rstrip("/")):
        if above in points:
            return True
        above = above.rpartition("/")[0]
    return False


def _shown(by: _Mount, mount: _Mount) -> str:
    """The path at which another mount shows the root of this one; empty if it is not in it."""
    if by.dev != mount.dev or by.fstype != mount.fstype:
        return ""
    inside = f"{mount.root.rstrip('/')}/"
    if not inside.startswith(f"{by.root.rstrip('/')}/"):
        return ""
    return f"{by.point.rstrip('/')}/{inside[len(by.root.rstrip('/')) + 1 :]}".rstrip("/") or "/"


def _is_shown(by: _Mount, mount: _Mount, points: Container[str], layers: frozenset[str]) -> bool:
    """Whether a search of one mount covers all of another."""
    path = _shown(by, mount)
    if path in ("", by.point):
        return bool(path)
    return path not in points and not _in(points, path, below=by.point) and not _in_layer(path, layers)


def _elsewhere(place: _Mount, chosen: Iterable[_Mount]) -> Iterator[str]:
    for other in chosen:
        path = _shown(place, other) if other is not place else ""
        if path and path != place.point:
            yield path

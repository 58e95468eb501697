"""Parses mounts (mountinfo, fstab): which are there before boot loads rules, and which are remote and may hang."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.host_facts import Mount
from auditrules.audit.model.text import decode, encode
from auditrules.values import dataclass, replace

# File systems that another machine, the hypervisor or an automounter serves: touching a path on one may hang forever.
# They are systemd's network file systems (its fstype_is_network), and others that are known.
REMOTE_TYPES = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncp", "ncpfs", "afs", "kafs", "auristorfs", "coda", "9p", "davfs"),
        *("ceph", "glusterfs", "lustre", "lustre_tgt", "orangefs", "pvfs2", "gpfs", "mmfs", "beegfs", "beegfs_nodev"),
        *("fhgfs", "panfs", "wekafs", "dvs", "cvfs", "sshfs", "moosefs", "quobyte", "gfs", "gfs2", "ocfs2"),
        *("virtiofs", "vboxsf", "vmhgfs", "prl_fs", "autofs"),
    }
)
_FUSE, _FUSE_CONTROL = "fuse", "fusectl"

_OCTAL = re.compile(rb"\\([0-7]{3})")  # space, tab, newline and backslash, as the kernel writes them
_FIELDS = 4

# Options of fstab(5) with which systemd does not mount before auditd starts, or does not wait (systemd.mount(5)).
NOT_EARLY = frozenset({"noauto", "nofail", "_netdev", "x-systemd.automount"})

# What systemd mounts by itself before it starts the first unit (its src/shared/mount-setup.c), and the root.
BY_SYSTEMD = frozenset(
    {
        *("/", "/proc", "/sys", "/dev", "/dev/shm", "/dev/pts", "/run", "/run/lock", "/sys/fs/cgroup"),  # noqa: S108
        *("/sys/kernel/security", "/sys/fs/pstore", "/sys/firmware/efi/efivars", "/sys/fs/bpf", "/sys/fs/selinux"),
    }
)

# The magic numbers of file systems (linux/magic.h; XFS, ZFS and exFAT define theirs in their own sources).
MAGIC: Mapping[str, int] = MappingProxyType(
    {
        "autofs": 0x187,
        "bpf": 0xCAFE4A11,
        "btrfs": 0x9123683E,
        "cgroup": 0x27E0EB,
        "cgroup2": 0x63677270,
        "configfs": 0x62656570,
        "debugfs": 0x64626720,
        "devpts": 0x1CD1,
        "devtmpfs": 0x01021994,
        "efivarfs": 0xDE5E81E4,
        "erofs": 0xE0F5E1E2,
        "exfat": 0x2011BAB0,
        "ext2": 0xEF53,
        "ext3": 0xEF53,
        "ext4": 0xEF53,
        "f2fs": 0xF2F52010,
        "hugetlbfs": 0x958458F6,
        "iso9660": 0x9660,
        "mqueue": 0x19800202,
        "nsfs": 0x6E736673,
        "overlay": 0x794C7630,
        "proc": 0x9FA0,
        "pstore": 0x6165676C,
        "ramfs": 0x858458F6,
        "securityfs": 0x73636673,
        "selinuxfs": 0xF97CFF8C,
        "squashfs": 0x73717368,
        "sysfs": 0x62656572,
        "tmpfs": 0x01021994,
        "tracefs": 0x74726163,
        "vfat": 0x4D44,
        "xfs": 0x58465342,
        "zfs": 0x2FC12FC1,
    }
)

_FSTAB_FIELDS = 3  # that a line must have; options come next
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)  # a C int
_BEFORE_TYPE = 6  # fields of a line of mountinfo before the optional ones
_KEPT = 4096  # lines of mountinfo that are remembered
_UNIT = ".mount"
_HEXADECIMAL = re.compile(rb"\\x([0-9a-f]{2})")


def fields(content: bytes) -> Iterator[list[str]]:
    """The fields of each line of /proc/self/mounts: device, mount point, type, options, and two unused numbers."""
    for line in content.split(b"\n"):
        found = [_unescaped(field) for field in line.split(b" ")]
        if len(found) >= _FIELDS:
            yield found


@lru_cache(2)  # mounts stay from one collection to the next, with the early ones and without
def mounted(mountinfo: bytes, early: frozenset[str]) -> tuple[Mount, ...]:
    """Parse /proc/self/mountinfo (proc(5)). `early` are the points that boot mounts before rules are loaded.

    The kernel lists mounts in the order in which they were made. So of two on one point, boot made only the first.
    """
    found = []
    taken: set[str] = set()
    for each in filter(None, map(_mount, mountinfo.split(b"\n"))):
        point = each.point
        # A snap is mounted anew with each refresh, long after the rules were loaded.
        there = (point in BY_SYSTEMD or (point in early and point not in taken)) and each.fstype != "squashfs"
        taken.add(point)
        found.append(replace(each, early=True) if there else each)
    return tuple(found)


@lru_cache(_KEPT)  # of the mounts of a busy host few come and go: the others stay the same objects, equal at once
def _mount(line: bytes) -> Mount | None:
    """Parse a line of mountinfo; None if it is cut off."""
    words = [_unescaped(word) for word in line.split(b" ")] if b"\\" in line else decode(line).split(" ")
    if "-" not in words[_BEFORE_TYPE:-1] or not (_NUMBER.fullmatch(words[0]) and _NUMBER.fullmatch(words[1])):
        return None
    number, above, dev, root, point = words[:5]
    fstype = words[words.index("-", _BEFORE_TYPE) + 1]
    return Mount(int(number), int(above), point, root, fstype, dev, MAGIC.get(fstype))


def early_points(fstab: bytes, units: Collection[str]) -> frozenset[str]:
    """The mount points that systemd waits for before it starts auditd: those of fstab(5), and of these mount units."""
    points = {
        line[1].rstrip("/") or "/"
        for line in _fstab(fstab)
        if line[1].startswith("/") and is_early(line[2], ",".join(line[3:4]))
    }
    return frozenset(points | {unit_point(name) for name in units})


def initrd_points(fstab: bytes) -> frozenset[str]:
    """The mount points of fstab(5) that the initrd mounts before systemd starts."""
    options = ((line[1].rstrip("/"), ",".join(line[3:4]).split(",")) for line in _fstab(fstab))
    return frozenset({"/usr", *(point for point, given in options if "x-initrd.mount" in given)})


def is_early(fstype: str, options: str) -> bool:
    """Whether systemd waits for a mount of this type with these options before it starts auditd."""
    return not is_remote(fstype) and not NOT_EARLY & set(options.split(","))


def is_remote(fstype: str) -> bool:
    """Whether touching a path on this type of file system may hang: it is remote, or served by a local daemon (FUSE).

    A type with a dot is FUSE, and any user may choose the part behind it. A name with `fuse` in it counts as FUSE too.
    """
    kind, dot, _ = fstype.partition(".")
    return kind in REMOTE_TYPES or bool(dot) or (_FUSE in kind and kind != _FUSE_CONTROL)


def _fstab(content: bytes) -> Iterator[list[str]]:
    for line in content.split(b"\n"):
        words = [_unescaped(word) for word in line.split()]
        if len(words) >= _FSTAB_FIELDS and not words[0].startswith("#"):
            yield words


def unit_point(name: str) -> str:
    """The mount point that a unit's name stands for (systemd-escape --path)."""
    path = name.removesuffix(_UNIT)
    return "/" if path == "-" else "/" + decode(_HEXADECIMAL.sub(_of_hexadecimal, encode(path.replace("-", "/"))))


@dataclass(frozen=True, slots=True)
class Mounts:
    """The type of the file system on each mount point; if a point has two mounts, the later one's."""

    types: Mapping[str, str]

    @classmethod
    def read(cls, content: bytes) -> Mounts:
        """Read the text of /proc/self/mounts."""
        return cls({line[1]: line[2] for line in fields(content)})

    @classmethod
    def of(cls, mounts: Iterable[Mount]) -> Mounts:
        """The same from parsed mounts."""
        return cls({each.point: each.fstype for each in mounts})

    @property
    def near_remote(self) -> Mounts:
        """The remote mounts, and those below them. No other mount changes what `remote` returns."""
        kinds = {*filter(is_remote, {*self.types.values()})}
        remote = {point for point, kind in self.types.items() if kind in kinds and point.strip("/")}
        near = (point for point in self.types if remote.intersection(above(point))) if remote else ()
        return Mounts({point: self.types[point] for point in near})

    def remote(self, path: str) -> str:
        """Return the type of the remote file system that an absolute path is on; empty if it is on a local one.

        The mount on `/` counts as local: if that one hangs, nothing on this machine works.
        """
        kind = self.type(path)
        return kind if is_remote(kind) else ""

    def type(self, path: str) -> str:
        """Return the type of the file system that an absolute path is on; empty for the one on `/`."""
        point = path
        while point.strip("/"):
            if (kind := self.types.get(point)) is not None:
                return kind
            point = point.rpartition("/")[0]
        return ""


def _unescaped(field: bytes) -> str:
    return decode(_OCTAL.sub(_byte, field))


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 8) & 0xFF,))


def _of_hexadecimal(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))

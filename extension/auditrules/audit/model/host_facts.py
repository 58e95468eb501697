"""Facts of a host on which the meaning of a rule depends: auditctl's version, machine, files, mounts, users, groups."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditrules.values import dataclass, field

Version = tuple[int, int, int]

DEFAULT_VERSION: Version = (3, 0, 9)
DEFAULT_MACHINE = "x86_64"
DEFAULT_RELEASE = "6.1"

MOST_LINKS = 40  # links on one walk: the kernel's MAXSYMLINKS


def dotted(version: Version) -> str:
    """A version as auditctl prints it: 3.0.9."""
    return ".".join(map(str, version))


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the file system, as lstat(2) sees it.

    `type` is dir, file, link, socket, char, block, fifo or missing. `errno` is lstat's error for a missing one (2: no
    such name). `target` is a link's text. `dev` is `major:minor` of its file system, empty if not collected. `mode` has
    the permission bits. `interpreter` is the one that a program names (`#!` or ELF's PT_INTERP), empty for none, None
    if it was not read. `born` is when a directory or link was made, in seconds since the epoch; it is collected only if
    that may be after the rules were loaded.
    """

    type: str
    target: str = ""
    errno: int = 2
    dev: str = ""
    ino: int = 0
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    interpreter: str | None = None
    born: float | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: a file system, or its part below `root`, on a mount point.

    `number` and `parent` are its mount id and that of its parent mount. `magic` is the superblock's. `early` says
    whether boot mounts it before rules are loaded, None if that is not known. `since` is when it was mounted, in
    seconds since the epoch, None if not known.
    """

    number: int
    parent: int
    point: str
    root: str
    fstype: str
    dev: str  # major:minor
    magic: int | None = None
    early: bool | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class BinaryFormat:
    """A format of binfmt_misc: the path of its interpreter, and the extension (with its dot) of its files, or empty."""

    interpreter: str
    extension: str = ""


@dataclass(frozen=True, slots=True)
class KernelBuild:
    """The running kernel: its release as `uname -r` prints it (empty: not known), and whether it runs x32 programs."""

    release: str = DEFAULT_RELEASE
    x32: bool | None = False


LOAD_TAKES = 5.0  # seconds at most from the start of the unit that loads rules to the last rule
BOOT_TAKES = 300.0  # seconds at most from the boot to the first start of that unit; a later start is another one


@dataclass(frozen=True, slots=True)
class RulesLoad:
    """When the kernel's rules were loaded last, in seconds since the epoch; None if that is not known.

    `all_since`: no rule of the kernel is older. (Any may be younger: a rule added by hand leaves no trace.)
    `or_later`: `at` is only the earliest possible time.
    """

    at: float | None = None
    all_since: bool = False
    or_later: bool = False


@dataclass(frozen=True, slots=True)
class PathChange:
    """A directory or link at a path that replaced another one.

    `seen` is when the last collection began that saw the other one, in seconds since the epoch. `mounted` says that the
    path is on another file system now.
    """

    seen: float
    mounted: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a host as values. A key that a mapping lacks is unknown, which is not the same as absent.

    `files` maps paths to entries, with each step of each path that was looked up; its keys are absolute, without links
    and dots. Only `filesystem.path_walk` reads it. `users` and `groups` map names to ids, and are None if the host's
    names are not known. `started` are the last starts of units that may load rules, as (name, seconds since the epoch);
    if systemd knows none, it has the process that owns the audit stream, as `auditd`. `set_back` is by how many seconds
    the clock was set back since, as far as is known. `booted` is the time of the boot. `unmounted` are points on which
    boot mounts a file system, and none is mounted now. `changed` maps the paths of directories and links to the last
    time that an earlier collection saw another one there.
    """

    version: Version = DEFAULT_VERSION
    machine: str = DEFAULT_MACHINE
    files: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    users: Mapping[str, int] | None = None
    groups: Mapping[str, int] | None = None
    daemon: bool | None = None  # an audit daemon runs
    lsm: tuple[str, ...] | None = None  # /sys/kernel/security/lsm
    mounts: tuple[Mount, ...] | None = None
    assumed: bool = False  # the files were not collected: they are assumed to exist
    binary_formats: tuple[BinaryFormat, ...] = ()  # registered in binfmt_misc
    kernel: KernelBuild = KernelBuild()
    started: tuple[tuple[str, float], ...] = ()
    unmounted: frozenset[str] = frozenset()
    set_back: float = 0.0
    booted: float | None = None
    changed: Mapping[str, PathChange] = field(default_factory=lambda: MappingProxyType({}))

    def __repr__(self) -> str:
        """Version and machine, and how many of each other fact are known."""
        counts = {name: getattr(self, name) for name in ("files", "users", "groups", "mounts")}
        known = "".join(f", {len(values)} {name}" for name, values in counts.items() if values)
        return f"Facts({dotted(self.version)}, {self.machine}{known})"


DEFAULT_FACTS = Facts()  # nothing known, except the kernel on which most test cases were run
UNKNOWN_KERNEL = KernelBuild("", None)
UNKNOWN_FACTS = Facts(kernel=UNKNOWN_KERNEL)


def ordinary_files(*paths: str) -> Mapping[str, Entry]:
    """Entries for `Facts.files`: each path a regular file, or a directory if it ends in a slash; also its parents."""
    found = {"/": Entry("dir")}
    for path in paths:
        names = [name for name in path.split("/") if name]
        for depth in range(1, len(names) + 1):
            last = depth == len(names) and not path.endswith("/")
            found.setdefault("/" + "/".join(names[:depth]), Entry("file" if last else "dir"))
    return found

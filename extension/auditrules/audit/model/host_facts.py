"""What a line depends on besides its own text: the auditctl that reads it, the machine, and the host's names."""

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

    `type` is dir, file, link, socket, char, block, fifo or missing. `errno` says why a missing one is (2 where there is
    no such name); `target` is a link's text. `dev` is `major:minor` of its file system, empty where nobody looked;
    `mode` has the permission bits. `interpreter` is what a program names as its own (`#!` or ELF's PT_INTERP), empty
    for none, None where nobody read it. `born` is when a directory or link was made, in seconds since the epoch, known
    only where that may be after the rules were loaded.
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
    """One mount: a file system, or the part of it below `root`, at a point.

    `number` and `parent` are its id and that of the mount it stands on. `magic` is the superblock's. `early` says
    whether it is there before rules are loaded at boot; None where that is not known. `since` is when it was mounted,
    in seconds since the epoch, where that is known.
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
    """A format of files in binfmt_misc: the path of its interpreter, and `.` with an extension of names, or empty."""

    interpreter: str
    extension: str = ""


@dataclass(frozen=True, slots=True)
class KernelBuild:
    """The kernel that runs: its release, as `uname -r` prints it, and whether it runs programs of the x32 ABI.

    An empty release, and None for x32: not known.
    """

    release: str = DEFAULT_RELEASE
    x32: bool | None = False


LOAD_TAKES = 5.0  # seconds at most, from the start of the unit that loads rules to the last rule
BOOT_TAKES = 300.0  # seconds at most, from the boot to the start of that unit: a later one is another start


@dataclass(frozen=True, slots=True)
class RulesLoad:
    """When the kernel's rules were loaded last, in seconds since the epoch; None where nothing tells.

    `all_since`: the kernel has no rule that is older. A rule that somebody adds by hand leaves no trace: any may be
    younger. `or_later`: they were loaded then at the earliest, and nothing tells when.
    """

    at: float | None = None
    all_since: bool = False
    or_later: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a host as values. Whatever is not in a mapping is not known, which is not the same as absent.

    `files` has an entry for each name that following a path meets, by the name's own path: absolute, without links and
    dots. Only `filesystem.path_walk` walks it. `users` and `groups` map names to ids, and are `None` where nobody knows
    the names of the host. `started` says when units that may load rules were started last, by their names or, where
    systemd tells of none, the process that owns the audit stream, as `auditd`; in seconds since the epoch. By as many
    seconds the clock was `set_back` since, as far as that shows. `booted` is the time of the boot. `unmounted` are
    points on which boot mounts something, and nothing is mounted.
    """

    version: Version = DEFAULT_VERSION
    machine: str = DEFAULT_MACHINE
    files: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    users: Mapping[str, int] | None = None
    groups: Mapping[str, int] | None = None
    daemon: bool | None = None  # an audit daemon runs
    lsm: tuple[str, ...] | None = None  # /sys/kernel/security/lsm
    mounts: tuple[Mount, ...] | None = None
    assumed: bool = False  # nobody looked at the files: they are taken to be there
    binary_formats: tuple[BinaryFormat, ...] = ()  # that are registered in binfmt_misc
    kernel: KernelBuild = KernelBuild()
    started: tuple[tuple[str, float], ...] = ()
    unmounted: frozenset[str] = frozenset()
    set_back: float = 0.0
    booted: float | None = None

    def __repr__(self) -> str:
        """Version and machine, and how much is known beside."""
        counts = {name: getattr(self, name) for name in ("files", "users", "groups", "mounts")}
        known = "".join(f", {len(values)} {name}" for name, values in counts.items() if values)
        return f"Facts({dotted(self.version)}, {self.machine}{known})"


DEFAULT_FACTS = Facts()  # of a host of which nothing is known, with the kernel that most cases were run on
UNKNOWN_KERNEL = KernelBuild("", None)
UNKNOWN_FACTS = Facts(kernel=UNKNOWN_KERNEL)


def ordinary_files(*paths: str) -> Mapping[str, Entry]:
    """Entries for `Facts.files`: each path a regular file, or a directory if it ends in a slash, below directories."""
    found = {"/": Entry("dir")}
    for path in paths:
        names = [name for name in path.split("/") if name]
        for depth in range(1, len(names) + 1):
            last = depth == len(names) and not path.endswith("/")
            found.setdefault("/" + "/".join(names[:depth]), Entry("file" if last else "dir"))
    return found

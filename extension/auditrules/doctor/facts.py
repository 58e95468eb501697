"""The facts of a host that the doctor judges: how osquery and the extension are installed and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from auditrules.audit.auditctl.kernel_answer import AnswerState, KernelAnswer
from auditrules.doctor.flags import DEFAULTS
from auditrules.values import dataclass, field

PROJECT = "osquery-audit-rules"
NAME = "auditrules"  # of the extension, in osquery and as a file
SUFFIX = ".ext"

# Where osquery's packages and Fleet's agent look for extensions, if no flag says otherwise.
LOAD_FILES = ("/etc/osquery/extensions.load", "/opt/orbit/extensions.load")


@dataclass(frozen=True, slots=True)
class PathStat:
    """The result of stat(2) at a path: kind as in osquery's table `file`, permission bits and owners."""

    kind: str
    mode: int
    uid: int
    gid: int = 0


@dataclass(frozen=True, slots=True)
class PathChain:
    """The file at a path, links followed, and all folders on the way to it, by their paths."""

    end: PathStat
    folders: Mapping[str, PathStat]


@dataclass(frozen=True, slots=True)
class ExtensionFile:
    """A file of a load file that seems to be ours. A `PathStat` is None if nothing is there, or we may not see it."""

    path: str
    place: PathStat | None = None
    folder: PathStat | None = None
    start: bytes = b""  # its first bytes; they include the header of our shell stub
    error: str = ""  # why they could not be read
    interpreter: PathStat | None = None  # the one that its first line names
    starts: ExtensionFile | None = None  # the extension that this script starts; path empty: not known which


@dataclass(frozen=True, slots=True)
class LoadFile:
    """A list of extensions. `lines` are stripped and without comments; None: there is no such file."""

    path: str
    lines: tuple[str, ...] | None = None
    error: str = ""
    files: tuple[ExtensionFile, ...] = ()


@dataclass(frozen=True, slots=True)
class OsqueryAnswer:
    """The answer of osquery over its socket; `error` says why there is none."""

    error: str = ""
    extensions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # name to version
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # flag to value


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running osqueryd, and the flags of its command line and flag file."""

    pid: int
    flags: Mapping[str, str]
    flagfile_error: str = ""
    answer: OsqueryAnswer = OsqueryAnswer("not asked")

    @property
    def effective(self) -> Mapping[str, str]:
        """All flags that concern us: as reported over the socket, else as given, else osquery's defaults."""
        reported = {name: value for name, value in self.answer.options.items() if name in DEFAULTS}
        return {**DEFAULTS, **self.flags, **reported}

    @property
    def socket(self) -> str:
        """The path of its socket."""
        return self.effective["extensions_socket"]


@dataclass(frozen=True, slots=True)
class Stranger:
    """A process named osqueryd that is not taken for the host's own; `doubt` says why."""

    pid: int
    doubt: str


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """A pack with queries of our tables: its text, or why it could not be read."""

    path: str
    text: str = ""
    error: str = ""


_NOT_ASKED = KernelAnswer(AnswerState.NOT_ASKED, "none")


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation on a host. `pythons` are the paths of interpreters, links followed."""

    root: bool  # the user of the doctor is root
    daemons: tuple[Daemon, ...] = ()
    load_files: tuple[LoadFile, ...] = ()
    pythons: tuple[str, ...] = ()
    packs: tuple[InstalledPack, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    # The files that osquery believes or runs, by path.
    path_chains: Mapping[str, PathChain] = field(default_factory=lambda: MappingProxyType({}))
    kernel: KernelAnswer = _NOT_ASKED  # its answer to this user
    consumer: str = ""  # name of the process that owns the audit stream


def load_files(daemons: Sequence[Daemon]) -> tuple[str, ...]:
    """The paths of the load files: those of the running daemons; without a daemon, all usual ones."""
    named = dict.fromkeys(daemon.effective["extensions_autoload"] for daemon in daemons)
    return tuple(named) or LOAD_FILES

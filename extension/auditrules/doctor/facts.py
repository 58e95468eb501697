"""What a diagnosis rests on: what was found of osquery and of the extension, before anyone judges it."""

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
    """What stat(2) finds at a path: kind as in osquery's table `file`, permission bits and owners."""

    kind: str
    mode: int
    uid: int
    gid: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """What a path leads to, and the folders that lead there by their paths, links followed."""

    end: PathStat
    folders: Mapping[str, PathStat]


@dataclass(frozen=True, slots=True)
class ExtensionFile:
    """A file that a load file names and that seems to be ours. Places are None where nothing is, or can be seen."""

    path: str
    place: PathStat | None = None
    folder: PathStat | None = None
    start: bytes = b""  # its first bytes, with those of a shell stub all that it says of itself
    error: str = ""  # why they could not be read
    interpreter: PathStat | None = None  # that of its first line
    starts: ExtensionFile | None = None  # the extension, of a script that starts it; its path empty if nobody can tell


@dataclass(frozen=True, slots=True)
class LoadFile:
    """A list of extensions; `lines` are trimmed and without comments, None where there is no such file."""

    path: str
    lines: tuple[str, ...] | None = None
    error: str = ""
    files: tuple[ExtensionFile, ...] = ()


@dataclass(frozen=True, slots=True)
class OsqueryAnswer:
    """What osquery says over its socket; `error` is why it says nothing."""

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
        """All flags that concern us: as it says over its socket, else as given, else osquery's defaults."""
        told = {name: value for name, value in self.answer.options.items() if name in DEFAULTS}
        return {**DEFAULTS, **self.flags, **told}

    @property
    def socket(self) -> str:
        """Where it is asked."""
        return self.effective["extensions_socket"]


@dataclass(frozen=True, slots=True)
class Stranger:
    """A process with osqueryd's name that is not taken for the host's, and why."""

    pid: int
    doubt: str


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """A pack that asks our tables; its text, or why there is none."""

    path: str
    text: str = ""
    error: str = ""


_NOT_ASKED = KernelAnswer(AnswerState.NOT_ASKED, "none")


@dataclass(frozen=True, slots=True)
class Installation:
    """A host as its operator has set it up; `pythons` are the paths of interpreters, links followed."""

    root: bool  # whether the asking user is root
    daemons: tuple[Daemon, ...] = ()
    load_files: tuple[LoadFile, ...] = ()
    pythons: tuple[str, ...] = ()
    packs: tuple[InstalledPack, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    ways: Mapping[str, Way] = field(default_factory=lambda: MappingProxyType({}))  # to what osquery believes or runs
    kernel: KernelAnswer = _NOT_ASKED  # what it answers to this user
    consumer: str = ""  # name of the process that owns the audit stream


def load_files(daemons: Sequence[Daemon]) -> tuple[str, ...]:
    """Return the paths of the load files that count: those of the running daemons, else those of any."""
    named = dict.fromkeys(daemon.effective["extensions_autoload"] for daemon in daemons)
    return tuple(named) or LOAD_FILES

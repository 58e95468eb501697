"""Which files auditing itself has on a host, and whether its daemon runs: what was listed and seen, as values. Pure."""

from __future__ import annotations

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.values import dataclass

MOST_LISTED = 10_000  # names in one folder, or below it
MOST_DEPTH = 8  # folders below /etc/audit

CONFIGURATION = "/etc/audit"
PROGRAMS = ("/sbin", "/usr/sbin")
PROGRAM_PREFIX = "au"
"""Names in PROGRAMS that are listed begin so."""


def other_place(path: str) -> str:
    """Where a program is that a benchmark has in the other folder of PROGRAMS; empty for what is in none of them.

    A host has a link from one to the other, or has its programs in one of them alone.
    """
    folder, _, name = path.rpartition("/")
    return f"{PROGRAMS[1 - PROGRAMS.index(folder)]}/{name}" if folder in PROGRAMS else ""


def placed(path: str, file_system: FileSystem) -> str:
    """A path, or the other place of a program that is not there."""
    other = other_place(path)
    if not other or not file_system.walk(path).missing:
        return path
    return path if file_system.walk(other).type in (None, "missing") else other


@dataclass(frozen=True, slots=True)
class ListedPaths:
    """Paths that were found, in order; `error` says why they may not be all."""

    paths: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class AuditFiles:
    """The files beside the log, those below /etc/audit, and the programs that begin with `au`.

    `log_file` is what auditd.conf names, empty where that is not known. `log_volume` is the size of its file system in
    bytes. `run_by_auditd` are the programs of which auditd.conf says `exec`. `owners` says that owners of files count:
    those of an unpacked copy may be whoever unpacked it.
    """

    log_file: str = ""
    logs: ListedPaths = ListedPaths()
    configuration: ListedPaths = ListedPaths()
    programs: ListedPaths = ListedPaths()
    log_volume: int | None = None
    run_by_auditd: tuple[str, ...] = ()
    owners: bool = True


@dataclass(frozen=True, slots=True)
class AuditDaemon:
    """Whether root's auditd runs outside of containers: None where that is not known, and `error` says why.

    `started` is when, in seconds since the epoch, if it is known.
    """

    running: bool | None = None
    started: float | None = None
    error: str = ""

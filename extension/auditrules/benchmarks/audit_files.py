"""Auditing's own files on a host, and whether auditd runs, as collected values. Pure."""

from __future__ import annotations

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.values import dataclass

MOST_LISTED = 10_000  # names in one folder, or below it
MOST_DEPTH = 8  # folders below /etc/audit

CONFIGURATION = "/etc/audit"
PROGRAMS = ("/sbin", "/usr/sbin")
PROGRAM_PREFIX = "au"
"""The prefix of the names in PROGRAMS that are listed."""


def other_place(path: str) -> str:
    """The path of a program in the other folder of PROGRAMS; empty for a path in neither of them.

    On a host one folder is a link to the other, or has no programs.
    """
    folder, _, name = path.rpartition("/")
    return f"{PROGRAMS[1 - PROGRAMS.index(folder)]}/{name}" if folder in PROGRAMS else ""


def existing_place(path: str, file_system: FileSystem) -> str:
    """The path, or the other place of a program that is missing there and exists at the other."""
    other = other_place(path)
    if not other or not file_system.walk(path).missing:
        return path
    return path if file_system.walk(other).type in (None, "missing") else other


@dataclass(frozen=True, slots=True)
class ListedPaths:
    """Paths that were found, in order; `error` says why some may be missing."""

    paths: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class AuditFiles:
    """The files in the log's directory, those below /etc/audit, and the programs whose names begin with `au`.

    `log_file` is as in auditd.conf, empty if it is not known. `log_volume` is the size of its file system in bytes.
    `run_by_auditd` are the programs that auditd.conf executes. `owners`: owners of files count; in an unpacked copy of
    a root they may be whoever unpacked it.
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
    """Whether root's auditd runs outside of containers; None if that is not known, and `error` says why.

    `started` is its start time in seconds since the epoch, None if not known.
    """

    running: bool | None = None
    started: float | None = None
    error: str = ""

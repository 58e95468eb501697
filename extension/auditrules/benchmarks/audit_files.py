"""Which files auditing itself has on a host, and whether its daemon runs: what was listed and seen, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST_LISTED = 10_000  # names in one folder, or below it
MOST_DEPTH = 8  # folders below /etc/audit

CONFIGURATION = "/etc/audit"
PROGRAMS = ("/sbin", "/usr/sbin")
PROGRAM_PREFIX = "au"
"""Names in PROGRAMS that are listed begin so."""


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

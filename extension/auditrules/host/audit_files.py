"""Lists auditing's own files on a host (logs, configuration, programs), and finds out whether auditd runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

from auditrules.audit.boot.auditd_conf import read_conf
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.text import encode
from auditrules.benchmarks.audit_files import (
    CONFIGURATION,
    MOST_DEPTH,
    MOST_LISTED,
    PROGRAM_PREFIX,
    PROGRAMS,
    AuditDaemon,
    AuditFiles,
    ListedPaths,
)
from auditrules.benchmarks.configuration.auditd_options import PATH, auditd_options
from auditrules.host.open_folders import UnreadableError
from auditrules.host.processes import file_at, processes_of
from auditrules.host.rootfs import Tree
from auditrules.text import visible

_MOST_CONF = 1 << 20  # bytes
_DAEMON = "auditd"


def read_audit_files(tree: Tree, *, own: bool) -> AuditFiles:
    """List the files. `own`: the root is this machine's, so that owners count and file systems have sizes."""
    options = auditd_options(read_conf(tree.read(PATH, _MOST_CONF)), None)
    log_file = options.values["log_file"].text if options.values else ""
    folder = log_file.rpartition("/")[0]
    if options.error:
        logs = ListedPaths(error=f"{PATH}: {options.error}")
    elif not folder.startswith("/"):
        logs = ListedPaths(error=f"{PATH}: expected an absolute path as log_file, found '{visible(log_file)}'")
    else:
        logs = _listed(tree, folder)
    programs = [_listed(tree, each, PROGRAM_PREFIX) for each in PROGRAMS]
    return AuditFiles(
        log_file if not logs.error or logs.paths or folder.startswith("/") else "",
        logs,
        _below(tree, CONFIGURATION),
        ListedPaths(
            tuple(path for each in programs for path in each.paths),
            "; ".join(filter(None, (p.error for p in programs))),
        ),
        _volume(tree, folder) if own and folder.startswith("/") else None,
        tuple(each.named for each in options.looks_into if not each.group),
        own or tree.cache.root.uid == 0,
    )


def read_audit_daemon(remote: Callable[[str], str], proc: str = "/proc") -> AuditDaemon:
    """Find out whether root's auditd runs, and since when."""
    found = processes_of(_DAEMON, file_at(remote), proc)
    if found.own:
        return AuditDaemon(running=True, started=found.started)
    if found.error:
        return AuditDaemon(error=found.error)
    return AuditDaemon(running=False)


def _listed(tree: Tree, folder: str, prefix: str = "") -> ListedPaths:
    """The files in a folder, up to a limit."""
    try:
        names = [name for name in tree.names(folder) if name.startswith(prefix)]
    except UnreadableError as error:
        return ListedPaths(error=f"{folder}: {error}")
    if len(names) > MOST_LISTED:
        return ListedPaths(error=f"{folder}: expected at most {MOST_LISTED} files, found {len(names)}")
    return ListedPaths(tuple(f"{folder}/{name}" for name in names))


def _below(tree: Tree, top: str) -> ListedPaths:
    """The files below a folder, up to a limit; links are not followed."""
    found: list[str] = []
    errors: list[str] = []
    folders = [top]
    for _ in range(MOST_DEPTH):
        listed = [_listed(tree, folder) for folder in folders]
        errors += [each.error for each in listed if each.error]
        paths = [path for each in listed for path in each.paths]
        found += paths
        if len(found) > MOST_LISTED:
            return ListedPaths(error=f"{top}: expected at most {MOST_LISTED} files below it, found more")
        folders = list(_folders(tree, paths))
        if not folders:
            return ListedPaths(tuple(sorted(found)), "; ".join(errors))
    return ListedPaths(tuple(sorted(found)), f"{top}: expected at most {MOST_DEPTH} folders in each other, found more")


def _folders(tree: Tree, paths: list[str]) -> Iterator[str]:
    file_system = FileSystem(Facts(files=tree.look(paths)))
    return (path for path in paths if file_system.walk(path, follow=False).type == "dir")


def _volume(tree: Tree, folder: str) -> int | None:
    """The size of a folder's file system in bytes; None if it can't be told, or the file system is remote."""
    end = tree.end(folder)  # None for a remote path, which is not touched
    if end is None or end[1].type != "dir":
        return None
    with suppress(OSError):
        found = os.statvfs(encode(end[0]))
        return found.f_blocks * found.f_frsize
    return None

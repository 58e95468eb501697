"""Finds the host's own processes of a program: they run as root, outside every container, from a file of the host."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from auditrules.audit.model.text import decode
from auditrules.benchmarks.services import HostProcess
from auditrules.host.proc import link_target, proc_bytes, proc_text, process_name, process_start, status_fields
from auditrules.values import dataclass

MOST_OF_COMMAND_LINE = 1 << 20  # bytes; of a longer one the beginning is read

_ROOT = ["0"] * 4  # real, effective, saved and file system user
_NAMESPACES = ("mnt", "user")
_DELETED = " (deleted)"  # ends the name of a program that was removed, or replaced, since it was started

DeviceInode = tuple[int, int]  # device and inode


FindFile = Callable[[str], DeviceInode | None]  # the file at a path; None: there is none, or it is not safe to look


class Candidate(NamedTuple):
    """A process with the name of a program. `doubt` says why it is not taken for the host's own; empty: it is."""

    pid: int
    parent: int
    path: str  # of its program, empty where that can't be seen
    arguments: tuple[str, ...] = ()  # none of one that is in doubt
    doubt: str = ""


def running(names: Collection[str], identity: FindFile, proc: str = "/proc") -> Iterator[HostProcess]:
    """Yield the host's own processes whose executable has one of these file names.

    Only root can start such a process: its four user ids are 0, its namespaces are those of PID 1, and its executable
    is the file that is at its path on the host. A process does not count if /proc does not show all of this.
    """
    own = _namespaces(f"{proc}/1")
    if not all(own):
        return
    for pid in _pids(proc):
        folder = f"{proc}/{pid}"
        path = link_target(f"{folder}/exe")
        if path.rpartition("/")[2] in names and not _doubt(folder, path, [_ROOT], own, identity):
            arguments, cut = _arguments(folder)
            yield HostProcess(path, arguments, cut)


def candidates(name: str, identity: FindFile, proc: str = "/proc") -> Iterator[Candidate]:
    """Yield the processes whose executable has this name, and those that call themselves so.

    Root's processes are taken for the host's own, as in `running`, and so are the reader's. What counts are the user
    ids in /proc/PID/status, not the owner of the files there: root owns those of any process that is not dumpable.
    A reader who can't see the namespaces of PID 1 compares with his own.
    """
    users = [_ROOT, [str(os.geteuid())] * 4]
    own = _namespaces(f"{proc}/1")
    if not all(own):
        own = _namespaces(f"{proc}/self")
    for pid in _pids(proc):
        folder = f"{proc}/{pid}"
        path = link_target(f"{folder}/exe")
        status = _status(folder)
        if name not in {path.removesuffix(_DELETED).rpartition("/")[2], status.get("Name", "")}:
            continue
        parent = int(status.get("PPid", "0"))
        if doubt := _doubt(folder, path, users, own, identity):
            yield Candidate(pid, parent, path, doubt=doubt)
        elif path.rpartition("/")[2] == name:
            yield Candidate(pid, parent, path, _arguments(folder)[0])


@dataclass(frozen=True, slots=True)
class OwnProcesses:
    """How many processes of a program are the host's own, and when the first was started, in seconds since the epoch.

    `error` says why the count may be wrong; empty: it is right.
    """

    own: int = 0
    started: float | None = None
    error: str = ""


def processes_of(name: str, identity: FindFile, proc: str = "/proc") -> OwnProcesses:
    """Count the host's own processes of a program, as `running` finds them.

    A reader who may not see the executables of others learns only whether a process of that name runs.
    """
    own = _namespaces(f"{proc}/1")
    if "Name" not in _status(f"{proc}/1"):
        return OwnProcesses(error="the processes of others can't be seen")
    started, doubts = [], []
    for pid in _pids(proc):
        folder = f"{proc}/{pid}"
        if process_name(folder) != name or _status(folder).get("Uid", "").split() != _ROOT:
            continue
        doubt = (
            _doubt(folder, link_target(f"{folder}/exe"), [_ROOT], own, identity)
            if all(own)
            else "of whom can't be seen"
        )
        if not doubt:
            started.append(process_start(folder, proc))
        elif not all(own):
            doubts.append(f"process {name} runs, and whether it is the host's own can't be seen")
    if doubts:
        return OwnProcesses(error=doubts[0])
    known_starts = [each for each in started if each is not None]
    return OwnProcesses(len(started), min(known_starts, default=None))


def file_at(remote: Callable[[str], str]) -> FindFile:
    """Make a function that looks up files of this machine. It touches no remote file system."""

    def look(path: str) -> DeviceInode | None:
        if remote(path):
            return None
        try:
            found = os.lstat(os.fsencode(path))
        except (OSError, ValueError):
            return None
        return found.st_dev, found.st_ino

    return look


def _doubt(folder: str, path: str, users: Collection[list[str]], own: list[str], identity: FindFile) -> str:
    """Why a process is not taken for the host's own; empty if it is."""
    user_ids = _status(folder).get("Uid", "").split()
    if user_ids not in users:
        return f"it runs with the user ids {' '.join(user_ids)}" if user_ids else "whose it is can't be seen"
    namespaces = _namespaces(folder)
    if not all(namespaces) or not path.startswith("/"):
        return "its program and namespaces can't be seen"
    if namespaces != own:
        return "it runs in a container"
    expected = identity(path)
    if expected is None or _identity(f"{folder}/exe") != expected:
        return f"its program is not the file that is now at {path.removesuffix(_DELETED)}"
    return ""


def _pids(proc: str) -> list[int]:
    try:
        names = os.listdir(proc)
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def _namespaces(folder: str) -> list[str]:
    return [link_target(f"{folder}/ns/{kind}") for kind in _NAMESPACES]


def _arguments(folder: str) -> tuple[tuple[str, ...], bool]:
    """The words of the command line, and whether it is longer than the bytes that are read."""
    content = proc_bytes(f"{folder}/cmdline", MOST_OF_COMMAND_LINE + 1)
    words = decode(content[:MOST_OF_COMMAND_LINE]).rstrip("\0").split("\0")
    return tuple(words), len(content) > MOST_OF_COMMAND_LINE


def _identity(path: str) -> DeviceInode | None:
    try:
        found = os.stat(path)  # a link of /proc, which leads to the file itself and not to a path
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _status(folder: str) -> dict[str, str]:
    return status_fields(proc_text(f"{folder}/status"))

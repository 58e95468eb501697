"""Which running programs count as the host's own: root's, outside of every container, from a file of the host."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from auditrules.audit.model.text import decode
from auditrules.benchmarks.services import HostProcess
from auditrules.host.proc import proc_bytes, proc_text, process_name, process_start
from auditrules.values import dataclass

MOST_OF_COMMAND_LINE = 1 << 20  # bytes; of a longer one the beginning is read

_ROOT = ["0"] * 4  # real, effective, saved and file system user
_NAMESPACES = ("mnt", "user")
_DELETED = " (deleted)"  # ends the name of a program that was removed, or replaced, since it was started

DeviceInode = tuple[int, int]  # device and inode


FindFile = Callable[[str], DeviceInode | None]  # what file is at a path; None: none, or it is not safe to look


class Candidate(NamedTuple):
    """A process by the name of a program, and why it is not taken for the host's own; `doubt` is empty if it is."""

    pid: int
    parent: int
    path: str  # of its program, empty where that can't be seen
    arguments: tuple[str, ...] = ()  # none of one that is in doubt
    doubt: str = ""


def running(names: Collection[str], identity: FindFile, proc: str = "/proc") -> Iterator[HostProcess]:
    """Give the processes whose executable has one of some last names and is the host's own file by its path.

    Nobody but root can add to them: all four user ids are 0, and the namespaces are those of PID 1. Where /proc does
    not tell, a process does not count.
    """
    own = _namespaces(f"{proc}/1")
    if not all(own):
        return
    for pid in _pids(proc):
        folder = f"{proc}/{pid}"
        path = _link(f"{folder}/exe")
        if path.rpartition("/")[2] in names and not _doubt(folder, path, [_ROOT], own, identity):
            arguments, cut = _arguments(folder)
            yield HostProcess(path, arguments, cut)


def candidates(name: str, identity: FindFile, proc: str = "/proc") -> Iterator[Candidate]:
    """Give the processes that have a program's name, told by the kernel or by themselves.

    Taken for the host's own are those of root, as in `running`, and the reader's: by what the kernel tells of them, as
    files of /proc that are root's say nothing of a process that made itself undumpable. A reader who can't see PID 1's
    namespaces compares with those that he is in.
    """
    users = [_ROOT, [str(os.geteuid())] * 4]
    own = _namespaces(f"{proc}/1")
    if not all(own):
        own = _namespaces(f"{proc}/self")
    for pid in _pids(proc):
        folder = f"{proc}/{pid}"
        path = _link(f"{folder}/exe")
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
    """The host's own processes of a program: how many, since when the first runs, and why that may be wrong.

    `started` is in seconds since the epoch.
    """

    own: int = 0
    started: float | None = None
    error: str = ""


def processes_of(name: str, identity: FindFile, proc: str = "/proc") -> OwnProcesses:
    """Count root's own processes of a program by its name, as `running` takes them.

    Who may not see what programs others run learns only that one of that name runs, or that none does.
    """
    own = _namespaces(f"{proc}/1")
    if "Name" not in _status(f"{proc}/1"):
        return OwnProcesses(error="the processes of others can't be seen")
    started, doubts = [], []
    for pid in _pids(proc):
        folder = f"{proc}/{pid}"
        if process_name(folder) != name or _status(folder).get("Uid", "").split() != _ROOT:
            continue
        doubt = _doubt(folder, _link(f"{folder}/exe"), [_ROOT], own, identity) if all(own) else "of whom can't be seen"
        if not doubt:
            started.append(process_start(folder, proc))
        elif not all(own):
            doubts.append(f"process {name} runs, and whether it is the host's own can't be seen")
    if doubts:
        return OwnProcesses(error=doubts[0])
    known = [each for each in started if each is not None]
    return OwnProcesses(len(started), min(known, default=None))


def file_at(remote: Callable[[str], str]) -> FindFile:
    """Look at this machine's files, but for those on remote file systems."""

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
    """Why a process is not taken for the host's own; empty if it is. Its program is looked at last."""
    found = _status(folder).get("Uid", "").split()
    if found not in users:
        return f"it runs with the user ids {' '.join(found)}" if found else "whose it is can't be seen"
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
    return [_link(f"{folder}/ns/{kind}") for kind in _NAMESPACES]


def _arguments(folder: str) -> tuple[tuple[str, ...], bool]:
    """The words of the command line, and whether there are more bytes of it than are read."""
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
    """The lines of /proc/PID/status, in whose values the kernel escapes line feeds."""
    parts = (line.partition(":\t") for line in proc_text(f"{folder}/status").split("\n"))
    return {name: value for name, _, value in parts}


def _link(path: str) -> str:
    try:
        return decode(os.fsencode(os.readlink(path)))
    except OSError:
        return ""  # a kernel thread, a process that ended, or not for us to see

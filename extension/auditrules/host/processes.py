"""Running programs that count as the host's own: those of root, outside of every container, from a file of the host."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator

from auditrules.audit.model.text import decode
from auditrules.benchmarks.services import Process

MOST_BYTES = 1 << 16  # of a file of /proc: of a longer command line its beginning

_ROOT = ["0"] * 4  # real, effective, saved and file system user
_NAMESPACES = ("mnt", "user")

Identity = tuple[int, int]  # device and inode


def running(
    names: Collection[str], identity: Callable[[str], Identity | None], proc: str = "/proc"
) -> Iterator[Process]:
    """Give the processes whose executable has one of some last names and is the host's own file by its path.

    Nobody but root can add to them: all four user ids are 0, and the namespaces are those of PID 1. `identity` says
    which file the host has at a path, if it is safe to look. Where /proc does not tell, a process does not count.
    """
    own = [_link(f"{proc}/1/ns/{kind}") for kind in _NAMESPACES]
    if not all(own):
        return
    for pid in sorted(int(name) for name in os.listdir(proc) if name.isascii() and name.isdigit()):
        folder = f"{proc}/{pid}"
        path = _link(f"{folder}/exe")
        if not path.startswith("/") or path.rpartition("/")[2] not in names:
            continue
        if [_link(f"{folder}/ns/{kind}") for kind in _NAMESPACES] != own or _users(folder) != _ROOT:
            continue
        expected = identity(path)
        if expected is not None and _identity(f"{folder}/exe") == expected:
            yield Process(path, tuple(_read(f"{folder}/cmdline").rstrip("\0").split("\0")))


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)  # a link of /proc, which leads to the file itself and not to a path
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _users(folder: str) -> list[str]:
    for line in _read(f"{folder}/status").split("\n"):
        if line.startswith("Uid:"):
            return line.split()[1:]
    return []


def _link(path: str) -> str:
    try:
        return decode(os.fsencode(os.readlink(path)))
    except OSError:
        return ""  # a kernel thread, a process that ended, or not for us to see


def _read(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return decode(stream.read(MOST_BYTES))
    except OSError:
        return ""

"""Reads the rows of the stand-ins for osquery's own tables: files by stat(2), and processes and mounts from /proc.

No file is opened because its name stands somewhere. Under another root nothing of this machine is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import closing

from auditrules.audit.filesystem.mounts import Mounts, fields
from auditrules.audit.model.text import decode, encode
from auditrules.host.open_folders import UnreadableError
from auditrules.host.proc import link_target, status_fields
from auditrules.host.rootfs import Tree, local
from auditrules.sql.standins import FileStatus, MountEntry, Process

_TYPES = {
    stat.S_IFREG: "regular",
    stat.S_IFDIR: "directory",
    stat.S_IFCHR: "character",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


class HostSurroundings:
    """A host by its root directory. `/` is this machine; there, no path on a remote file system is touched."""

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._here = not os.path.realpath(root).strip("/")

    def file(self, path: str) -> FileStatus | None:
        """Look at an absolute path; None if nothing is there, or we may not see it."""
        if not path.startswith("/") or "\0" in path:
            return None
        folder, _, name = path.rstrip("/").rpartition("/")
        with closing(self._tree()) as tree:
            parent, end = tree.end(folder), tree.end(path)
        if parent is None:
            return None
        try:
            own = self._lstat(f"{parent[0].rstrip('/')}/{name}")
            status = self._lstat(end[0]) if end else own
        except OSError:
            return None  # gone, or not for us to see: osquery has no row then either
        return FileStatus(
            type=_TYPES.get(stat.S_IFMT(status.st_mode), "unknown"),
            mode=stat.S_IMODE(status.st_mode),
            inode=status.st_ino,
            uid=status.st_uid,
            gid=status.st_gid,
            device=status.st_rdev,
            size=status.st_size,
            mtime=int(status.st_mtime),
            symlink=stat.S_ISLNK(own.st_mode),
        )

    def names(self, directory: str) -> tuple[str, ...]:
        """List a directory; empty if it cannot be listed."""
        with closing(self._tree()) as tree:
            try:
                return tree.names(directory) if directory.startswith("/") else ()
            except UnreadableError:
                return ()  # as in osquery

    def processes(self) -> tuple[Process, ...]:
        """List the processes by their ids, without those that end meanwhile or are hidden from us."""
        if not self._here:
            return ()
        return tuple(_processes(sorted(map(int, filter(str.isdigit, os.listdir("/proc"))))))

    def mounts(self) -> tuple[MountEntry, ...]:
        """List the mounts in the kernel's order."""
        if not self._here:
            return ()
        return tuple(MountEntry(*line[:4]) for line in fields(_read("/proc/self/mounts")))

    def _tree(self) -> Tree:
        remote = Mounts.read(_read("/proc/self/mounts")).remote if self._here else local
        return Tree(self._root, remote)

    def _lstat(self, place: str) -> os.stat_result:
        return os.lstat(os.fsencode(self._root.rstrip("/")) + encode(place))


def _processes(pids: list[int]) -> Iterator[Process]:
    for pid in pids:
        folder = f"/proc/{pid}"
        try:
            status = status_fields(decode(_read(f"{folder}/status")))
            cmdline = decode(_read(f"{folder}/cmdline").rstrip(b"\0").replace(b"\0", b" "))
        except OSError:
            continue
        uid, euid, *_ = map(int, status["Uid"].split())
        gid, egid, *_ = map(int, status["Gid"].split())
        yield Process(
            pid=pid,
            name=status["Name"],
            path=link_target(f"{folder}/exe"),
            cmdline=cmdline,
            cwd=link_target(f"{folder}/cwd"),
            root=link_target(f"{folder}/root"),
            uid=uid,
            gid=gid,
            euid=euid,
            egid=egid,
            parent=int(status["PPid"]),
        )


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()

"""Searches file systems for setuid, setgid and file-capability programs, within limits and without opening a file.

Each folder is opened from the folder above it, and no link is followed. So nobody can lead the search elsewhere by
swapping a folder for a link. The search looks at the mode of regular files, and at the capabilities of executable ones.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack

from auditrules.audit.model.text import decode, encode
from auditrules.benchmarks.privileged_programs import Privilege, PrivilegedProgram, PrivilegedPrograms, SearchState
from auditrules.benchmarks.search_places import (
    CONTAINERS,
    SUBVOLUMES,
    WHOLE_IMAGE,
    SearchPlace,
    SearchPlaces,
    is_layer,
    search_places,
)
from auditrules.host.limits import SearchLimits
from auditrules.host.mount_table import MountTable
from auditrules.host.search_progress import BATCH, LimitError, SearchProgress

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_FOLDERS = "/proc/self/fd"  # leads to names in an open folder for calls that take only a path
_CAPABILITY = "security.capability"

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})  # removed or replaced while we search
_NO_CAPABILITY = frozenset({errno.ENODATA, *_GONE})
_PRIVILEGED = stat.S_ISUID | stat.S_ISGID
_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


class _Folder:
    """An open folder, its path in the root, and the names in it that the search has not come to."""

    __slots__ = ("descriptor", "names", "path")

    def __init__(self, descriptor: int, path: str) -> None:
        self.descriptor = descriptor
        self.path = path
        try:
            self.names = os.scandir(descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def close(self) -> None:
        self.names.close()
        os.close(self.descriptor)


class ProgramSearch:
    """One search of a root. Other threads may call `so_far` while `run` goes on.

    `here`: the root is this machine's, so its mounts are known. Of another root one file system is searched.
    """

    def __init__(self, root: str, limits: SearchLimits, *, here: bool) -> None:
        self._root = root
        self._deepest = limits.depth
        self._progress = SearchProgress(limits)
        self._here = here
        self._where: SearchPlaces = WHOLE_IMAGE
        self._mount = "/"
        self._attributes = True  # whether files have extended attributes on it

    def so_far(self) -> PrivilegedPrograms:
        """Give what was found until now."""
        return self._progress.so_far(SearchState.RUNNING)

    def run(self) -> PrivilegedPrograms:
        """Search to the end, or to a limit."""
        self._progress.start()
        try:
            with ExitStack() as open_files:
                self._mounts = MountTable(open_files) if self._here else None
                self._read_mounts()
                self._check_descriptors()
                for point, fstype in self._where.unknown.items():
                    self._progress.cannot_read(
                        point, f"whether a file system of type {fstype} is of this machine is not known"
                    )
                self._progress.leave_out_mounts(self._where.left_out)
                for place in self._where.places:
                    self._search(place)
        except LimitError as error:
            return self._progress.so_far(SearchState.LIMIT, str(error))
        except OSError as error:
            return self._progress.so_far(SearchState.FAILED, f"{error.strerror}: {error.filename or self._root}")
        return self._progress.end()

    def _read_mounts(self) -> None:
        """Read the mounts as they are now."""
        if self._mounts is not None:
            self._where = search_places(self._mounts.read())

    def _check_descriptors(self) -> None:
        """Check that /proc/self/fd leads to open folders: without it no capability would be found."""
        root = os.open(self._root, _FOLDER & ~os.O_NOFOLLOW)
        try:
            if not os.path.samestat(os.stat(f"{OPEN_FOLDERS}/{root}"), os.fstat(root)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), OPEN_FOLDERS)
        finally:
            os.close(root)

    def _search(self, place: SearchPlace) -> None:
        self._mount = place.point
        self._attributes = True
        try:
            start = self._open_mount_point(place)
        except OSError as error:
            if error.errno not in _GONE:
                self._progress.cannot_read(place.point, error.strerror or str(error))
            return
        if start is None:
            return
        device = os.fstat(start.descriptor).st_dev
        folders = [start]
        try:
            while folders:
                try:
                    inner = self._next(folders[-1], place, device, len(folders))
                except OSError as error:
                    self._progress.cannot_read(folders[-1].path, error.strerror or str(error))
                    inner = None
                if inner is None:
                    folders.pop().close()
                else:
                    folders.append(inner)
        finally:
            for folder in folders:
                folder.close()

    def _open_mount_point(self, place: SearchPlace) -> _Folder | None:
        """Open a mount point, folder by folder. If it is a file, look at the file and return None."""
        folder = os.open(self._root, _FOLDER & ~os.O_NOFOLLOW)
        *above, last = encode(place.point).split(b"/")[1:]
        try:
            for name in above:
                inner = os.open(name, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            if last and not stat.S_ISDIR(os.lstat(last, dir_fd=folder).st_mode):
                self._check_file(
                    folder, os.fsdecode(last), os.lstat(last, dir_fd=folder), decode(b"/".join([b"", *above]))
                )
                return None
            inner = os.open(last or b".", _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        return _Folder(inner, place.point.rstrip("/"))

    def _next(self, folder: _Folder, place: SearchPlace, device: int, depth: int) -> _Folder | None:
        """Look at the next names of a folder, until one is a folder to search. None: no names are left."""
        progress = self._progress
        for entry in folder.names:
            progress.entries += 1
            if not progress.entries & BATCH:
                progress.pause(folder.path)
            if entry.is_dir(follow_symlinks=False):
                inner = self._enter(folder, entry.name, place, device, depth)
                if inner is not None:
                    return inner
            elif entry.is_file(follow_symlinks=False):
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError as error:
                    if error.errno in _GONE:
                        continue
                    raise
                if found.st_mode & (_PRIVILEGED | _EXECUTABLE):
                    self._check_file(folder.descriptor, entry.name, found, folder.path)
        return None

    def _enter(self, folder: _Folder, name: str, place: SearchPlace, device: int, depth: int) -> _Folder | None:
        """Open a folder, unless it is left out, or is searched from another place."""
        path = f"{folder.path}/{decode(os.fsencode(name))}"
        if self._mounts is not None and self._mounts.changed():
            self._read_mounts()
        if path in place.elsewhere or path in self._where.points:
            return None
        if is_layer(path, self._where.layers):
            self._progress.leave_out(path, CONTAINERS)
            return None
        if depth >= self._deepest:
            self._progress.cannot_read(path, f"deeper than {self._deepest} folders")
            return None
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=folder.descriptor)
            inner = _Folder(descriptor, path)
        except OSError as error:
            if error.errno not in _GONE:
                self._progress.cannot_read(path, error.strerror or str(error))
            return None
        other = os.fstat(descriptor).st_dev != device
        if other and not self._is_subvolume(path, place):
            inner.close()
            return None
        return inner

    def _is_subvolume(self, path: str, place: SearchPlace) -> bool:
        """Whether a folder of another device belongs to the same mount all the same."""
        self._read_mounts()
        if not self._here or path in self._where.points:
            return False
        if place.fstype not in SUBVOLUMES:
            self._progress.cannot_read(path, "it is another file system, which the table of mounts does not name")
            return False
        return True

    def _check_file(self, folder: int, name: str, found: os.stat_result, path: str) -> None:
        """Keep a regular file if it is setuid, setgid or has capabilities. `path` is that of its folder."""
        mode = found.st_mode
        if not stat.S_ISREG(mode):
            return
        privileges = [Privilege.SETUID] if mode & stat.S_ISUID else []
        if mode & stat.S_ISGID:
            privileges.append(Privilege.SETGID)
        if mode & _EXECUTABLE and self._attributes and self._has_capability(folder, name, path):
            privileges.append(Privilege.CAPABILITIES)
        if not privileges:
            return
        full = f"{path}/{decode(os.fsencode(name))}"
        self._progress.add(PrivilegedProgram(full, tuple(privileges), found.st_uid, found.st_gid, self._mount))

    def _has_capability(self, folder: int, name: str, path: str) -> bool:
        try:
            os.getxattr(f"{OPEN_FOLDERS}/{folder}/{name}", _CAPABILITY, follow_symlinks=False)
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                self._attributes = False
            elif error.errno not in _NO_CAPABILITY:
                self._progress.cannot_read(f"{path}/{decode(os.fsencode(name))}", error.strerror or str(error))
            return False
        return True

"""Opens folders of a root, each inside the one above it, so that no link and no `..` leads out of the root.

Only regular files are opened for reading.
"""

from __future__ import annotations

import os
import stat
import time
from itertools import islice
from typing import NamedTuple

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode, encode
from auditrules.host.entries import FOUND, entry_of, kind_of
from auditrules.host.limits import CLOCK_TICK

MOST_LISTED = 100_000  # names in one folder

PathNames = tuple[bytes, ...]  # names from the root down, none of them a link

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_CHUNK = 1 << 16  # more than any file that is read again and again, and little to ask for and give back
_TICK = int(CLOCK_TICK * 1e9)  # nanoseconds


class UnreadableError(Exception):
    """A path that could not be looked up or read; the message says why."""


class Listing(NamedTuple):
    """The names in a folder, and when it was changed. `young`: so recently that a later change may not show."""

    changed: tuple[int, int]
    names: tuple[str, ...]
    young: bool = False


class OpenFolders:
    """A root, one open folder in it, and the folders above that. Close it after use.

    Raises OSError if the root is not a folder that can be opened; so do the methods for other folders.
    """

    def __init__(self, root: str) -> None:
        self._names: list[bytes] = []  # the folder that is open, and those above it
        self._folders = [os.open(root, os.O_PATH | os.O_DIRECTORY)]
        self.root = entry_of(os.fstat(self._folders[0]))

    def close(self) -> None:
        """Close the folders."""
        self._leave(0)
        os.close(self._folders.pop())

    def enter(self, place: PathNames) -> int:
        """Open a folder, starting from the deepest one on its way that is open, and return its descriptor."""
        if [*place] == self._names:
            return self._folders[-1]
        common = 0
        while common < min(len(place), len(self._names)) and place[common] == self._names[common]:
            common += 1
        self._leave(common)
        for name in place[common:]:
            self._folders.append(os.open(name, _FOLDER, dir_fd=self._folders[-1]))
            self._names.append(name)
        return self._folders[-1]

    def _leave(self, depth: int) -> None:
        while len(self._names) > depth:
            os.close(self._folders.pop())
            self._names.pop()

    def changed(self, place: PathNames) -> tuple[int, int]:
        """When a folder's names, and the folder itself, were changed last, in nanoseconds."""
        return _changed(self.enter(place))

    def listing(self, place: PathNames) -> Listing:
        """List a folder, in byte order. Raises UnreadableError if it has too many names."""
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.enter(place))
        try:
            now = time.time_ns()
            changed = _changed(here)
            with os.scandir(here) as entries:
                found = [entry.name for entry in islice(entries, MOST_LISTED + 1)]
        finally:
            os.close(here)
        if len(found) > MOST_LISTED:
            raise UnreadableError(f"more than {MOST_LISTED} names, the most that are listed")
        # A second change within one tick of the file system's clock does not change its times.
        names = [name if name.isascii() else decode(os.fsencode(name)) for name in found]
        return Listing(changed, tuple(sorted(names, key=encode)), now - max(changed) < _TICK)

    def read(self, path: str, place: PathNames, limit: int, *, cut: bool = False) -> File:
        """Read the regular file at a place, which is called `path`, as `Tree.read` does. Raises UnreadableError."""
        file = os.open(place[-1], _READ, dir_fd=self.enter(place[:-1]))
        try:
            # The name may lead to something else by now; and in /proc files with content have the size 0.
            found = os.fstat(file)
            kind = kind_of(found)
            if kind != "file":
                raise UnreadableError(f"expected a regular file, found {FOUND[kind]}")
            content = bytearray()
            most = limit if cut else limit + 1
            while chunk := os.read(file, min(_CHUNK, most - len(content))):
                content += chunk
                if len(content) > limit:
                    raise UnreadableError(f"longer than {limit} bytes, the most that is read")
            mode = stat.S_IMODE(found.st_mode)
            return File(path, bytes(content), mode=mode, uid=found.st_uid, changed=found.st_mtime)
        finally:
            os.close(file)


def _changed(folder: int) -> tuple[int, int]:
    found = os.fstat(folder)
    return found.st_mtime_ns, found.st_ctime_ns

"""What lstat(2) sees of one name in an open folder, and whether that is as it was."""

from __future__ import annotations

import errno
import os
import stat
from functools import lru_cache
from math import inf

from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.text import decode
from auditrules.host.birth import birth

_TYPES = {
    stat.S_IFDIR: "dir",
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
}
_MADE_ANEW = (stat.S_IFDIR, stat.S_IFLNK)  # what leads elsewhere since it was made anew
FOUND = {
    "dir": "a directory",
    "file": "a regular file",
    "socket": "a socket",
    "char": "a character device",
    "block": "a block device",
    "fifo": "a FIFO",
}
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
"""Why a name is not there; other errors of lstat(2) say nothing of that."""
DIR = Entry("dir")


def entry_at(name: bytes, folder: int, since: float = inf) -> Entry:
    """Look at a name, and when it was made if it is a directory or link that was made `since` that time.

    Raises OSError where that says nothing of what is there.
    """
    try:
        found = os.lstat(name, dir_fd=folder)
        target = decode(os.readlink(name, dir_fd=folder)) if stat.S_ISLNK(found.st_mode) else ""
    except OSError as error:
        if error.errno in ABSENT:
            return missing(error.errno)
        raise
    return entry_of(found, target, _born(found, name, folder, since))


def is_still(entry: Entry, name: bytes, folder: int, since: float = inf) -> bool:
    """Whether a look at a name would give the same entry: a new directory may have the inode of one that is gone."""
    try:
        found = os.lstat(name, dir_fd=folder)
        mode = found.st_mode
        return (
            found.st_ino == entry.ino
            and mode & 0o7777 == entry.mode
            and _TYPES[mode & 0o170000] == entry.type
            and found.st_uid == entry.uid
            and found.st_gid == entry.gid
            and _device(found.st_dev) == entry.dev
            and (entry.type != "link" or decode(os.readlink(name, dir_fd=folder)) == entry.target)
            and _born(found, name, folder, since) == entry.born
        )
    except OSError as error:
        return entry.type == "missing" and error.errno == entry.errno


def _born(found: os.stat_result, name: bytes, folder: int, since: float) -> float | None:
    """When a directory or link was made; None: before that time, or it is not known."""
    # Nothing changes before it is made: most directories need no second look.
    if found.st_ctime <= since or stat.S_IFMT(found.st_mode) not in _MADE_ANEW:
        return None
    born = birth(name, folder)
    return born if born is not None and born > since else None


def entry_of(found: os.stat_result, target: str = "", born: float | None = None) -> Entry:
    """What a look found; `target` is a link's text."""
    return Entry(
        kind_of(found),
        target,
        dev=_device(found.st_dev),
        ino=found.st_ino,
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        born=born,
    )


def kind_of(found: os.stat_result) -> str:
    """The type, as `Entry` has it."""
    return _TYPES[stat.S_IFMT(found.st_mode)]


# Of ten thousand rules most paths are not there, and the rest on few file systems.


@lru_cache
def missing(number: int) -> Entry:
    """Nothing, for this reason."""
    return Entry("missing", errno=number)


@lru_cache
def _device(number: int) -> str:
    return f"{os.major(number)}:{os.minor(number)}"

"""Looks up one name in an open folder with lstat(2), and checks whether an earlier entry is still the same."""

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
_MADE_ANEW = (stat.S_IFDIR, stat.S_IFLNK)  # a new one of these types leads elsewhere than the old one
_LEADING = ("dir", "link")  # the same by their names
FOUND = {
    "dir": "a directory",
    "file": "a regular file",
    "socket": "a socket",
    "char": "a character device",
    "block": "a block device",
    "fifo": "a FIFO",
}
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
"""The errors of lstat(2) that mean that a name does not exist; others leave that unknown."""
DIR = Entry("dir")


def entry_at(name: bytes, folder: int, since: float = inf) -> Entry:
    """Look up a name; a directory or link that was made after `since` gets its birth time.

    Raises OSError if it can't be told what is there.
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
    """Whether a name still has this entry. The birth time counts, as a new directory may reuse an old one's inode."""
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
            and (entry.type not in _LEADING or _leads_as_it_did(entry, found, name, folder, since))
        )
    except OSError as error:
        return entry.type == "missing" and error.errno == entry.errno


def _leads_as_it_did(entry: Entry, found: os.stat_result, name: bytes, folder: int, since: float) -> bool:
    """Whether a directory or link is the one that it was, and a link has the same text."""
    if entry.type == "link" and decode(os.readlink(name, dir_fd=folder)) != entry.target:
        return False
    return _born(found, name, folder, since) == entry.born


def _born(found: os.stat_result, name: bytes, folder: int, since: float) -> float | None:
    """When a directory or link was made; None: before `since`, or it is not known."""
    # A directory that was not changed after `since` was not made after it either: most need no further call.
    if found.st_ctime <= since or stat.S_IFMT(found.st_mode) not in _MADE_ANEW:
        return None
    born = birth(name, folder)
    return born if born is not None and born > since else None


def entry_of(found: os.stat_result, target: str = "", born: float | None = None) -> Entry:
    """The entry for a result of lstat(2); `target` is a link's text."""
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
    """The type, as in `Entry.type`."""
    return _TYPES[stat.S_IFMT(found.st_mode)]


# Of ten thousand rules' paths most are missing, and the rest are on few file systems.


@lru_cache
def missing(number: int) -> Entry:
    """The entry of a missing name, with the errno that says why."""
    return Entry("missing", errno=number)


@lru_cache
def _device(number: int) -> str:
    return f"{os.major(number)}:{os.minor(number)}"

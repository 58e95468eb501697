"""Reads a root folder as its own file system: links in it lead to places inside it. Read-only.

Names are looked up one by one, each in a folder that is already open. So neither `..` nor a link leads out of the root,
not even one that is swapped meanwhile. Only regular files are opened for reading.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from auditrules.audit.filesystem.path_walk import PATH_MAX
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import MOST_LINKS, Entry
from auditrules.audit.model.text import decode, encode
from auditrules.host.entries import ABSENT, DIR, FOUND, entry_at, missing
from auditrules.host.lookup_cache import LookupCache, StillThere, Walked, still_there
from auditrules.host.open_folders import Listing, OpenFolders, PathNames, UnreadableError
from auditrules.values import replace

MOST_DEPTH = 40  # names of a path that are looked up; deeper ones stay unknown
MOST_NAMES = 400  # names on one walk, those of link targets included: ten for each link

_NOTHING: Mapping[bytes, Entry] = MappingProxyType({})  # is seen in a folder that nobody looked into


class _Stand(NamedTuple):
    """The state of a walk: its place, the entry there, and how many more links and names it may take."""

    place: PathNames = ()
    entry: Entry = DIR
    links: int = MOST_LINKS
    names: int = MOST_NAMES
    itself: Entry = DIR  # at the last name, which may be a link to `place`


class Tree:
    """One root during one collection: each name is looked up once. It holds folders open, so close it.

    `remote` returns the type of the remote file system that a path is on, or empty; such paths are not touched. The
    names in `before` are checked first. If none has changed, all earlier results are reused; else the unchanged names
    need no second lookup. Directories that were made after `since` get a birth time. Raises OSError if the root is not
    a folder that can be opened.
    """

    def __init__(
        self, root: str, remote: Callable[[str], str], before: LookupCache | None = None, since: float = inf
    ) -> None:
        self._folders = OpenFolders(root)
        self._passed: dict[PathNames, Entry] = {}  # the names on the way of the lookup that runs
        self.cache = LookupCache(remote, self._folders.root, since)
        self._still = StillThere()
        if before is not None and self.cache.may_follow(before):
            self._still = still_there(before, self._folders)
            if self._still.all:
                self.cache = replace(before, taken_over=True, listings=self._still.listings)
            else:
                self.cache.stale = self._still.unreadable

    def close(self) -> None:
        """Close the folders."""
        self._folders.close()

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Walk absolute paths, and return the entry at each name on the way, as in `Facts.files`.

        Keys are the names' own paths, without links and dots. Names that could not be seen (no permission, a remote
        file system, too long a walk) are left out.
        """
        wanted = frozenset(paths)
        if wanted not in self.cache.looks:
            self.cache = self.cache.copy_on_write()
            self.cache.looks[wanted] = self._looked(wanted)
        return self.cache.looks[wanted]

    def _looked(self, paths: Iterable[str]) -> dict[str, Entry]:
        self._passed = {(): self.cache.root}
        stands = {b"": _Stand()}
        for path in sorted(path for path in paths if "\0" not in path):
            try:
                self._stand(encode(_collapsed(path, MOST_DEPTH)).removesuffix(b"/"), stands)
            except UnreadableError:  # noqa: PERF203 - what raises nothing costs nothing, as entering a context would
                continue  # unknown is what a path is that is not in the mapping
        passed, self._passed = self._passed, {}
        return {_text(place): entry for place, entry in passed.items()}

    def _stand(self, path: bytes, stands: dict[bytes, _Stand]) -> _Stand:
        """Walk a path from the state of its folder's walk, as most of many paths are in few folders."""
        stand = stands.get(path)
        if stand is None:
            folder, _, name = path.rpartition(b"/")
            stands[path] = stand = self._advance(self._stand(folder, stands), path, name)
        return stand

    def read(self, path: str, limit: int, *, cut: bool = False) -> File | None:
        """Read a regular file of at most `limit` bytes; with `cut`, the start of a longer one. None: no such name."""
        try:
            walked = self._walk(path)
            if _is_absent(walked.itself):
                return None
            return self._content(path, walked, limit, cut=cut)
        except UnreadableError as error:
            return File(path, error=str(error))
        except OSError as error:
            return File(path, error=_words(error))

    def _content(self, path: str, walked: Walked, limit: int, *, cut: bool) -> File:
        if walked.entry.type != "file":
            raise UnreadableError(_not_there(walked, "a regular file"))
        return self._folders.read(path, walked.place, limit, cut=cut)

    def names(self, path: str) -> tuple[str, ...]:
        """List a folder, in byte order; empty if there is no such folder. Raises UnreadableError."""
        walked = self._walk(path)
        if _is_absent(walked.itself):
            return ()
        if walked.entry.type != "dir":
            raise UnreadableError(_not_there(walked, "a directory"))
        if walked.place not in self.cache.listings:
            self.cache = self.cache.copy_on_write()
            self.cache.listings[walked.place] = self._listing(walked.place)
        return self.cache.listings[walked.place].names

    def _listing(self, place: PathNames) -> Listing:
        try:
            return self._still.listings.get(place) or self._folders.listing(place)
        except OSError as error:
            self.cache.stale = True
            raise UnreadableError(_words(error)) from error

    def end(self, path: str) -> tuple[str, Entry] | None:
        """Follow all links of a path: its end, and the entry there. None: there is nothing, or it can't be seen."""
        try:
            walked = self._walk(path)
        except UnreadableError:
            return None
        return None if walked.entry.type == "missing" else (_text(walked.place), walked.entry)

    def _walk(self, path: str) -> Walked:
        if path not in self.cache.walks:
            self.cache = self.cache.copy_on_write()
            stand = self._follow(_Stand(), encode(path))
            self.cache.walks[path] = Walked(stand.itself, stand.place, stand.entry)
        return self.cache.walks[path]

    def _follow(self, stand: _Stand, path: bytes) -> _Stand:
        """Walk a path from a folder, links followed, to its end.

        If it leads nowhere, the entry is `missing`, at the place where it went wrong.
        """
        if b"\0" in path:
            raise UnreadableError("expected a path, found a NUL byte in it")
        prefix = b""
        for name in filter(None, path.split(b"/")):
            prefix += b"/" + name
            stand = self._advance(stand, prefix, name)
        return stand

    def _advance(self, stand: _Stand, prefix: bytes, name: bytes) -> _Stand:
        """Walk one name further, the last one of `prefix`, and follow it if it is a link."""
        place, entry, links, names, _ = stand
        if len(prefix) >= PATH_MAX:
            entry = missing(errno.ENAMETOOLONG)
        elif entry.type == "dir":
            if not names:
                raise UnreadableError(f"more than {MOST_NAMES} names on the way")
            names -= 1
            place, entry = self._step(stand.place, name)
        elif entry.type != "missing":
            entry = missing(errno.ENOTDIR)
        if entry.type != "link":
            return _Stand(place, entry, links, names, entry)
        if not links:
            return _Stand(place, missing(errno.ELOOP), links, names, entry)
        target = encode(entry.target)
        start = _Stand(() if target.startswith(b"/") else stand.place, DIR, links - 1, names)
        return self._follow(start, target)._replace(itself=entry)

    def _step(self, folder: PathNames, name: bytes) -> tuple[PathNames, Entry]:
        if name == b".":
            return folder, DIR
        if name == b"..":
            return folder[:-1], DIR
        place = (*folder, name)
        entry = self.cache.seen.get(folder, _NOTHING).get(name)
        if entry is None:
            entry = self._still.seen.get(folder, _NOTHING).get(name) or self._look_at(place, folder, name)
            self.cache.seen.setdefault(folder, {})[name] = entry
        self._passed[place] = entry
        return place, entry

    def _look_at(self, place: PathNames, folder: PathNames, name: bytes) -> Entry:
        path = _text(place)
        if kind := self.cache.remote(path):
            raise UnreadableError(f"{path} is on {kind}, which may hang, so it is not touched")
        try:
            return entry_at(name, self._folders.enter(folder), self.cache.since)
        except OSError as error:
            if error.errno in ABSENT:
                return missing(error.errno)
            self.cache.stale = True  # the next collection may be able to see it, though no other name changes
            raise UnreadableError(_words(error)) from error


def local(_: str) -> str:
    """Take every file system for local: for a root whose mounts are not this machine's, and for /proc."""
    return ""


def _collapsed(path: str, most: int | None = None) -> str:
    """Return a path without doubled and trailing slashes, cut to its first `most` names."""
    if "//" not in path and path[-1:] != "/" and (most is None or path.count("/") <= most):
        return path if path.startswith("/") else f"/{path}"
    return "/" + "/".join([name for name in path.split("/") if name][:most])


def _text(place: PathNames) -> str:
    return decode(b"/" + b"/".join(place))


def _is_absent(entry: Entry) -> bool:
    """Whether nothing has that name."""
    return entry.type == "missing" and entry.errno == errno.ENOENT


def _not_there(walked: Walked, expected: str) -> str:
    if walked.entry.type != "missing":
        return f"expected {expected}, found {FOUND[walked.entry.type]}"
    return f"{os.strerror(walked.entry.errno)}: {_text(walked.place)}"


def _words(error: OSError) -> str:
    return error.strerror or str(error)

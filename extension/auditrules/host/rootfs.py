"""A root folder as a file system of its own, only ever looked at and read: links lead to places inside it.

Names are looked up one by one, each in a folder that is already open, so that neither `..` nor a link (nor one that is
swapped while we look) leads out of the root. Nothing but a regular file is opened for reading.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from math import inf
from typing import NamedTuple

from auditrules.audit.filesystem.path_walk import PATH_MAX
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import MOST_LINKS, Entry
from auditrules.audit.model.text import decode, encode
from auditrules.host.entries import ABSENT, DIR, FOUND, entry_at, entry_of, is_still, kind_of, missing
from auditrules.host.limits import CLOCK_TICK
from auditrules.host.lookup_cache import Listing, LookupCache, PathNames, Walked
from auditrules.values import replace

MOST_DEPTH = 40  # names of a path that is looked at; what lies deeper stays unknown
MOST_LISTED = 100_000  # names in one folder
MOST_NAMES = 400  # names on one walk, those of link targets included: ten for each link

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_CHUNK = 1 << 20
_TICK = int(CLOCK_TICK * 1e9)  # nanoseconds


class UnreadableError(Exception):
    """A path that could not be looked at or read; the message says what was in the way."""


class _Stand(NamedTuple):
    """How far a walk has come: the place, what is there, and how many more links and names it may take."""

    place: PathNames = ()
    entry: Entry = DIR
    links: int = MOST_LINKS
    names: int = MOST_NAMES
    itself: Entry = DIR  # what the last name is, which may be a link to what is there


class Tree:
    """One root during one collection: a name is looked at once. To be closed, as it holds folders open.

    `remote` names the remote file system that a path is on, or is empty; such paths are not touched. What was seen
    `before` is looked at first, name by name. If all of it is as it was, so is what followed from it; else names that
    are as they were need no second look. Of directories that were made `since` a time it is seen when that was.
    Raises OSError if the root is no folder that can be opened.
    """

    def __init__(
        self, root: str, remote: Callable[[str], str], before: LookupCache | None = None, since: float = inf
    ) -> None:
        self._names: list[bytes] = []  # the folder that is open, and those above it
        self._passed: dict[str, Entry] = {}  # what one lookup came by, whatever others saw
        self._folders = [os.open(root, os.O_PATH | os.O_DIRECTORY)]
        self.cache = LookupCache(remote, entry_of(os.fstat(self._folders[0])), since)
        self._still: dict[PathNames, Mapping[bytes, Entry]] = {}  # what was seen before, and is as it was
        self._still_listed: dict[PathNames, Listing] = {}
        if before is not None and self._may_follow(before):
            self._compare(before)

    def close(self) -> None:
        """Let go of the folders."""
        self._leave(0)
        os.close(self._folders.pop())

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Walk absolute paths and return what each name on the way is, as `Facts.files` wants it.

        Keys are the names' own paths, without links and dots. What could not be seen (no permission, a remote file
        system, too long a walk) is not in it.
        """
        wanted = frozenset(paths)
        if wanted not in self.cache.looks:
            self.cache = self.cache.copy_on_write()
            self.cache.looks[wanted] = self._looked(wanted)
        return self.cache.looks[wanted]

    def _looked(self, paths: Iterable[str]) -> dict[str, Entry]:
        self._passed = {"/": self.cache.root}
        stands = {b"": _Stand()}
        for path in sorted(path for path in paths if "\0" not in path):
            with suppress(UnreadableError):  # unknown is what a path is that is not in the mapping
                self._stand(encode(_collapsed(path, MOST_DEPTH)).removesuffix(b"/"), stands)
        passed, self._passed = self._passed, {}
        return passed

    def _stand(self, path: bytes, stands: dict[bytes, _Stand]) -> _Stand:
        """Walk a path from where another one left it: of many paths most are in few folders."""
        stand = stands.get(path)
        if stand is None:
            folder, _, name = path.rpartition(b"/")
            stands[path] = stand = self._advance(self._stand(folder, stands), path, name)
        return stand

    def read(self, path: str, limit: int, *, cut: bool = False) -> File | None:
        """Read a regular file of at most `limit` bytes, or so much of a longer one. None: nothing has that name."""
        try:
            walked = self._walk(path)
            if walked.itself == Entry("missing"):
                return None
            return self._content(path, walked, limit, cut=cut)
        except UnreadableError as error:
            return File(path, error=str(error))
        except OSError as error:
            return File(path, error=_words(error))

    def names(self, path: str) -> tuple[str, ...]:
        """List a folder, in byte order; empty where there is no such folder. Raises UnreadableError."""
        walked = self._walk(path)
        if walked.itself == Entry("missing"):
            return ()
        if walked.entry.type != "dir":
            raise UnreadableError(_not_there(walked, "a directory"))
        if walked.place not in self.cache.listings:
            self.cache = self.cache.copy_on_write()
            self.cache.listings[walked.place] = self._still_listed.get(walked.place) or self._listing(walked.place)
        return self.cache.listings[walked.place].names

    def _listing(self, folder: PathNames) -> Listing:
        try:
            here = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._enter(folder))
            try:
                now = time.time_ns()
                changed = _changed(here)
                with os.scandir(here) as entries:
                    found = [os.fsencode(entry.name) for entry in islice(entries, MOST_LISTED + 1)]
            finally:
                os.close(here)
        except OSError as error:
            self.cache.stale = True
            raise UnreadableError(_words(error)) from error
        if len(found) > MOST_LISTED:
            raise UnreadableError(f"more than {MOST_LISTED} names, the most that are listed")
        # A folder that is changed twice within one tick of its clock shows the second time by nothing.
        return Listing(changed, tuple(map(decode, sorted(found))), now - max(changed) < _TICK)

    def end(self, path: str) -> tuple[str, Entry] | None:
        """Follow all links of a path: where that ends, and what is there. None: nothing, or nothing to be seen."""
        try:
            walked = self._walk(path)
        except UnreadableError:
            return None
        return None if walked.entry.type == "missing" else (_text(walked.place), walked.entry)

    def _content(self, path: str, walked: Walked, limit: int, *, cut: bool) -> File:
        if walked.entry.type != "file":
            raise UnreadableError(_not_there(walked, "a regular file"))
        file = os.open(walked.place[-1], _READ, dir_fd=self._enter(walked.place[:-1]))
        try:
            # What was looked at may be something else by now; and /proc says size 0 of files that have content.
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

    def _walk(self, path: str) -> Walked:
        if path not in self.cache.walks:
            self.cache = self.cache.copy_on_write()
            stand = self._follow(_Stand(), encode(path))
            self.cache.walks[path] = Walked(stand.itself, stand.place, stand.entry)
        return self.cache.walks[path]

    def _follow(self, stand: _Stand, path: bytes) -> _Stand:
        """Go from a folder along a path, links followed, to where that ends.

        A path that ends nowhere gives a missing entry at the place where it went wrong.
        """
        if b"\0" in path:
            raise UnreadableError("expected a path, found a NUL byte in it")
        prefix = b""
        for name in filter(None, path.split(b"/")):
            prefix += b"/" + name
            stand = self._advance(stand, prefix, name)
        return stand

    def _advance(self, stand: _Stand, prefix: bytes, name: bytes) -> _Stand:
        """Go on by the one name that ends a prefix, and by what it leads to if it is a link."""
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
        entry = self.cache.seen.get(folder, {}).get(name)
        if entry is None:
            entry = self._still.get(folder, {}).get(name) or self._look_at(place)
            self.cache.seen.setdefault(folder, {})[name] = entry
        self._passed[_text(place)] = entry
        return place, entry

    def _look_at(self, place: PathNames) -> Entry:
        path = _text(place)
        if kind := self.cache.remote(path):
            raise UnreadableError(f"{path} is on {kind}, which may hang, so it is not touched")
        try:
            return entry_at(place[-1], self._enter(place[:-1]), self.cache.since)
        except OSError as error:
            if error.errno in ABSENT:
                return missing(error.errno)
            self.cache.stale = True  # it may be seen the next time, though all that was seen is as it was
            raise UnreadableError(_words(error)) from error

    def _may_follow(self, before: LookupCache) -> bool:
        """Whether what was seen before could be seen now.

        A stale cache is not taken over: what nobody asks for any more would be looked at for good.
        """
        return (
            not before.stale
            and before.remote == self.cache.remote
            and before.root == self.cache.root
            and before.since == self.cache.since
        )

    def _compare(self, before: LookupCache) -> None:
        """Look at all that was seen before, and take over what is as it was."""
        self._still = {folder: self._still_in(folder, names, before.since) for folder, names in before.seen.items()}
        same = all(self._still[folder] is names for folder, names in before.seen.items())
        listed = {}
        for folder, listing in before.listings.items():
            new = self._listed_again(folder, listing)
            if new is not None:
                listed[folder] = new
            same = same and new is not None and new.names == listing.names
        if same:
            self.cache = replace(before, taken_over=True, listings=listed)
        else:
            self._still_listed = listed

    def _still_in(self, folder: PathNames, names: Mapping[bytes, Entry], since: float) -> Mapping[bytes, Entry]:
        """Those of the names in a folder that are as they were; of all the very mapping, as there may be thousands."""
        try:
            here = self._enter(folder)
        except OSError:
            return {}
        others = {name for name, entry in names.items() if not is_still(entry, name, here, since)}
        return {name: entry for name, entry in names.items() if name not in others} if others else names

    def _listed_again(self, folder: PathNames, listing: Listing) -> Listing | None:
        """A listing, made anew if the folder may have changed; None: it is another folder, or can't be listed."""
        if folder and folder[-1] not in self._still.get(folder[:-1], {}):
            return None
        try:
            if not listing.young and _changed(self._enter(folder)) == listing.changed:
                return listing
            return self._listing(folder)
        except (OSError, UnreadableError):
            return None

    def _enter(self, place: PathNames) -> int:
        """Make a folder the open one, by way of the deepest that is open already."""
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


def _changed(folder: int) -> tuple[int, int]:
    found = os.fstat(folder)
    return found.st_mtime_ns, found.st_ctime_ns


def local(_: str) -> str:
    """No file system is remote: for a root whose mounts are not this machine's, and for /proc."""
    return ""


def _collapsed(path: str, most: int | None = None) -> str:
    """Return a path without doubled and trailing slashes, and no more than so many names of it."""
    if "//" not in path and path[-1:] != "/" and (most is None or path.count("/") <= most):
        return path if path.startswith("/") else f"/{path}"
    return "/" + "/".join([name for name in path.split("/") if name][:most])


def _text(place: PathNames) -> str:
    return decode(b"/" + b"/".join(place))


def _not_there(walked: Walked, expected: str) -> str:
    if walked.entry.type != "missing":
        return f"expected {expected}, found {FOUND[walked.entry.type]}"
    return f"{os.strerror(walked.entry.errno)}: {_text(walked.place)}"


def _words(error: OSError) -> str:
    return error.strerror or str(error)

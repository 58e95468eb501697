"""Follows a path through links, `..` and mounts as the kernel does (fs/namei.c), in the collected file system.

Pure: each step is looked up in the facts. All code that asks what a path is asks here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property

from auditrules.audit.model.host_facts import MOST_LINKS, Entry, Facts, Mount
from auditrules.audit.model.text import encode
from auditrules.values import dataclass

Identity = Hashable  # of an inode: equal for two names of one file
NAME_TOO_LONG = 36  # errno
TOO_MANY_LINKS = 40  # errno
PATH_MAX = 4096  # bytes, with the final NUL
MOST_KNOWN = 16_384  # paths whose mount is remembered

_DIR = Entry("dir")
_FEWEST_CHARACTERS = PATH_MAX // 4  # of a path that may have so many bytes


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """Where a walk ended: a path without links, and the entry there (None: not known).

    `unresolved` are the names left over if something on the way was missing, or not a directory.
    """

    path: str
    entry: Entry | None
    unresolved: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether it is known that nothing is there."""
        return bool(self.unresolved) or (self.entry is not None and self.entry.type == "missing")

    @property
    def type(self) -> str | None:
        """The type that stat(2) finds, as in `Entry.type`; `missing` for any failure, None if it is not known."""
        if self.missing:
            return "missing"
        return None if self.entry is None else self.entry.type

    @property
    def full_path(self) -> str:
        """The path with the unresolved names: where the walk would have ended."""
        return "/".join((self.path.rstrip("/"), *self.unresolved)) if self.unresolved else self.path


def below(path: str, folder: str) -> bool:
    """Whether a path is strictly below a folder, by its text alone."""
    return path != folder and path.startswith(folder if folder.endswith("/") else f"{folder}/")


def parent(path: str) -> str:
    """The folder of an absolute path."""
    return path.rstrip("/").rpartition("/")[0] or "/"


def above(path: str) -> Iterator[str]:
    """A path, and every folder above it up to the root."""
    yield path
    while path.strip("/"):
        path = parent(path)
        yield path


def name(path: str) -> str:
    """The last name of an absolute path."""
    return path.rstrip("/").rpartition("/")[2]


def _steps(path: str) -> list[str]:
    """The names of a path, the last one first. An empty name stands for a slash at the end."""
    names = [each for each in path.split("/") if each]
    return [*names, ""][::-1] if path.endswith("/") else names[::-1]


def _end(path: str, entry: Entry | None, rest: Sequence[str]) -> ResolvedPath:
    """The end of a walk that stops here, with the names in `rest` (the last one first) left over."""
    names = tuple(filter(None, reversed(rest)))
    if entry is None:
        return ResolvedPath("/".join((path, *names)), None)
    if entry.type == "missing":
        return ResolvedPath(path, entry, names)  # if only a slash is left over, mkdir could make the directory
    return ResolvedPath(path, entry, names or ("",))


@dataclass(frozen=True)
class FileSystem:
    """The file system of a host, as its facts describe it."""

    facts: Facts

    @property
    def files(self) -> Mapping[str, Entry]:
        """The entries that were collected."""
        return self.facts.files

    def walk(
        self,
        path: str,
        *,
        follow: bool = True,
        searches: Callable[[Entry], bool] | None = None,
        passed: list[str] | None = None,
    ) -> ResolvedPath:
        """Walk an absolute path. A link at its very end is followed if `follow` is true, or if a slash is behind it.

        A path with a slash at its end must lead to a directory. `searches` says whether the caller may search a
        directory; if not, the walk ends there. Each name on the way is appended to `passed`, by its own path.
        """
        if len(path) >= _FEWEST_CHARACTERS and len(encode(path)) >= PATH_MAX:
            return ResolvedPath(path, Entry("missing", errno=NAME_TOO_LONG))
        files = self.facts.files
        done = "/"
        rest = _steps(path)
        links = 0
        while rest:
            step = rest.pop()
            if not step:
                continue  # a slash at the end
            if searches is not None and not searches(folder := self._folder(done)):
                return _end(done, folder, [*rest, step])
            if step in (".", ".."):
                done = done if step == "." else parent(done)
                continue
            at = f"/{step}" if done == "/" else f"{done}/{step}"
            found = files.get(at)
            if passed is not None:
                passed.append(at)
            if found is not None and found.type == "link" and (follow or rest):
                links += 1
                if links <= MOST_LINKS:
                    done = "/" if found.target.startswith("/") else done
                    rest += _steps(found.target)
                    continue
                found = Entry("missing", errno=TOO_MANY_LINKS)
            if found is None or found.type == "missing" or (found.type != "dir" and rest):
                return _end(at, found, rest)
            done = at
        return ResolvedPath(done, self._folder(done))

    def _folder(self, path: str) -> Entry:
        return self.files.get(path, _DIR)

    def identity(self, place: ResolvedPath) -> Identity:
        """A value for the inode at a path, equal for all its names. For a missing one, the inode to be made there."""
        if place.missing:
            above = ResolvedPath(parent(place.path), self.files.get(parent(place.path)))
            if place.unresolved:
                return ("nowhere", place.full_path)
            return ("new", self.identity(above), name(place.path))
        if place.entry is None or not place.entry.ino:
            return ("path", place.path)
        return (place.entry.dev, place.entry.ino)

    def at(self, path: str) -> ResolvedPath:
        """The entry at a path that is already resolved, so that no walk is needed."""
        return ResolvedPath(path, self.files.get(path, _DIR if path == "/" else None))

    def with_inode(self, identity: Identity) -> ResolvedPath | None:
        """A collected path of the directory with this inode, if there is one."""
        path = self._paths.get(identity)
        return None if path is None else self.at(path)

    @cached_property
    def _paths(self) -> Mapping[Identity, str]:
        found: dict[Identity, str] = {}
        for path, entry in self.files.items():
            if entry.ino and entry.type == "dir":
                found.setdefault((entry.dev, entry.ino), path)
        return found

    def mount(self, path: str) -> Mount | None:
        """The mount that a resolved path is on; None if the mounts are not known."""
        known, way = self._mount_of, []
        for each in above(path):
            way.append(each)
            if each in known:
                break
        current = None
        for each in reversed(way):
            current = known.get(each, current)
            while (found := self._mounted.get((current.number if current else None, each))) is not None:
                current = found
            if len(known) < MOST_KNOWN:
                known[each] = current
        return current

    def mounts_of(self, path: str) -> Iterator[Mount]:
        """The mount that a resolved path is on, then its parent mounts; none if the mounts are not known."""
        current = self.mount(path)
        while current is not None:
            yield current
            current = self._numbered.get(current.parent) if current.parent != current.number else None

    @cached_property
    def _numbered(self) -> Mapping[int, Mount]:
        return {each.number: each for each in self.facts.mounts or ()}

    @cached_property
    def _mount_of(self) -> dict[str, Mount | None]:
        """The mounts of all paths looked up so far, and of the folders above them."""
        return {}

    @cached_property
    def _mounted(self) -> Mapping[tuple[int | None, str], Mount]:
        """The mounts by their parent mount and mount point."""
        mounts = self.facts.mounts or ()
        numbers = {each.number for each in mounts}
        return {
            (None if each.parent not in numbers or each.parent == each.number else each.parent, each.point): each
            for each in mounts
        }

    def mounts_below(self, path: str) -> Iterator[Mount]:
        """The mounts that are visible strictly below a resolved path."""
        mounts = self.facts.mounts or ()
        return (each for each in mounts if below(each.point, path) and self.mount(each.point) == each)

    def all_mounts(self) -> tuple[Mount, ...]:
        """All mounts; none if they are not known."""
        return self.facts.mounts or ()

    def location(self, path: str) -> tuple[str, str] | None:
        """A resolved path in its own file system: the device, and the path from that file system's root."""
        mount = self.mount(path)
        if mount is None:
            return None
        rest = path[len(mount.point.rstrip("/")) :]
        return mount.dev, (mount.root.rstrip("/") + rest) or "/"

    def ancestry(self, place: ResolvedPath) -> Iterator[Identity]:
        """The inode at a path and those above it, up to the root of its file system (audit_inode's handle_path)."""
        path = place.path
        yield self.identity(place)
        while True:
            mount = self.mount(path)
            if mount is not None and path == mount.point:
                if mount.root == "/":
                    return
                above = self._elsewhere(mount, parent(mount.root))
                if above is None:
                    return
                path = above
            elif path == "/":
                return
            else:
                path = parent(path)
            yield self.identity(self.at(path))

    def _elsewhere(self, mount: Mount, wanted: str) -> str | None:
        """A path at which another mount shows the directory `wanted` of this mount's file system."""
        for each in self.all_mounts():
            if each.dev == mount.dev and (wanted == each.root or below(wanted, each.root)):
                path = (each.point.rstrip("/") + wanted[len(each.root.rstrip("/")) :]) or "/"
                if self.mount(path) == each:
                    return path
        return None

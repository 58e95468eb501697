"""The one path walker: it follows a path through links, `..` and mounts as the kernel does, over what was collected.

Pure: every step is looked up in the facts. The kernel's own walk is that of fs/namei.c.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property

from auditrules.audit.model.host_facts import MOST_LINKS, Entry, Facts, Mount
from auditrules.audit.model.text import encode
from auditrules.values import dataclass

Identity = Hashable  # of an inode; equal where two names are one file
NAME_TOO_LONG = 36  # errno
TOO_MANY_LINKS = 40  # errno
PATH_MAX = 4096  # bytes, with the final NUL
MOST_KNOWN = 16_384  # paths of which a file system remembers the mount

_DIR = Entry("dir")
_FEWEST_CHARACTERS = PATH_MAX // 4  # of a path that may have so many bytes


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """Where a walk ended: a path without links, and what is there (None: not known).

    `unresolved` are the names that were left where something in the middle was missing or no directory.
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
        """What stat(2) finds there: an `Entry.type`, of which `missing` stands for every failure; None if not known."""
        if self.missing:
            return "missing"
        return None if self.entry is None else self.entry.type

    @property
    def full_path(self) -> str:
        """The path that the walk would have reached."""
        return "/".join((self.path.rstrip("/"), *self.unresolved)) if self.unresolved else self.path


def below(path: str, folder: str) -> bool:
    """Whether a path is strictly below a folder, by their text."""
    return path != folder and path.startswith(folder if folder.endswith("/") else f"{folder}/")


def parent(path: str) -> str:
    """The folder of an absolute path."""
    return path.rstrip("/").rpartition("/")[0] or "/"


def above(path: str) -> Iterator[str]:
    """A path and every folder above it, up to the root."""
    yield path
    while path.strip("/"):
        path = parent(path)
        yield path


def name(path: str) -> str:
    """The last name of an absolute path."""
    return path.rstrip("/").rpartition("/")[2]


def _steps(path: str) -> list[str]:
    """The names of a path, the last one first; an empty one stands for a slash at the end."""
    names = [each for each in path.split("/") if each]
    return [*names, ""][::-1] if path.endswith("/") else names[::-1]


def _end(path: str, entry: Entry | None, rest: Sequence[str]) -> ResolvedPath:
    """Where a walk ends that has steps left, the last one first."""
    names = tuple(filter(None, reversed(rest)))
    if entry is None:
        return ResolvedPath("/".join((path, *names)), None)
    if entry.type == "missing":
        return ResolvedPath(path, entry, names)  # of a last name with a slash behind it a directory can be made
    return ResolvedPath(path, entry, names or ("",))


@dataclass(frozen=True)
class FileSystem:
    """The file system of a host, by its facts."""

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
        """Walk an absolute path; a link at the very end is followed if `follow` says so, or a slash stands behind it.

        `searches` tells of a directory whether the one who walks may search it; where not, nothing is reached.
        What has a slash behind it must be a directory. Into `passed` come the names that were met, by their own
        paths.
        """
        if len(path) >= _FEWEST_CHARACTERS and len(encode(path)) >= PATH_MAX:
            return ResolvedPath(path, Entry("missing", errno=NAME_TOO_LONG))
        done = "/"
        rest = _steps(path)
        links = 0
        while rest:
            folder = self._folder(done)
            step = rest.pop()
            if not step:
                continue  # a slash at the end
            if searches is not None and not searches(folder):
                return _end(done, folder, [*rest, step])
            if step in (".", ".."):
                done = done if step == "." else parent(done)
                continue
            at = f"{done.rstrip('/')}/{step}"
            found = self.files.get(at)
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
        """An identity of the inode at a path, equal for all its names; of a missing one, of the inode to be made."""
        if place.missing:
            above = ResolvedPath(parent(place.path), self.files.get(parent(place.path)))
            if place.unresolved:
                return ("nowhere", place.full_path)
            return ("new", self.identity(above), name(place.path))
        if place.entry is None or not place.entry.ino:
            return ("path", place.path)
        return (place.entry.dev, place.entry.ino)

    def at(self, path: str) -> ResolvedPath:
        """A path that is resolved already."""
        return ResolvedPath(path, self.files.get(path, _DIR if path == "/" else None))

    def with_inode(self, identity: Identity) -> ResolvedPath | None:
        """A path of a directory's inode, if one was collected."""
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
        """The mount that a resolved path is on; None where the mounts are not known."""
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
        """The mount that a resolved path is on, and those that it stands on; none where the mounts are not known."""
        current = self.mount(path)
        while current is not None:
            yield current
            current = self._numbered.get(current.parent) if current.parent != current.number else None

    @cached_property
    def _numbered(self) -> Mapping[int, Mount]:
        return {each.number: each for each in self.facts.mounts or ()}

    @cached_property
    def _mount_of(self) -> dict[str, Mount | None]:
        """The mounts of paths that were asked for, and of the folders above them."""
        return {}

    @cached_property
    def _mounted(self) -> Mapping[tuple[int | None, str], Mount]:
        """The mounts by the mount they stand on and their point."""
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
        """The mounts one and all; none where they are not known."""
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
        """A path by which a part of a mount's file system is visible through another mount."""
        for each in self.all_mounts():
            if each.dev == mount.dev and (wanted == each.root or below(wanted, each.root)):
                path = (each.point.rstrip("/") + wanted[len(each.root.rstrip("/")) :]) or "/"
                if self.mount(path) == each:
                    return path
        return None

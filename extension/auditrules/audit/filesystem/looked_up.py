"""Notes what a result looked up of a file system: it depends on these entries and mounts, and on nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Generic, TypeVar

from auditrules.audit.filesystem.path_walk import FileSystem, above
from auditrules.audit.model.host_facts import Entry, Facts, Mount
from auditrules.values import dataclass, replace

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


class NotedFiles(Mapping[str, Entry]):
    """What is at paths now, before what was known of them; it notes what is looked up."""

    def __init__(self, known: Mapping[str, Entry], seen: Mapping[str, Entry] | None = None) -> None:
        self._seen = seen or {}
        self._known = known
        self.looked_up: dict[str, Entry | None] = {}

    def get(self, path: str, default: Entry | None = None) -> Entry | None:  # type: ignore[override]
        """What is at a path."""
        if path not in self.looked_up:
            self.looked_up[path] = self._seen.get(path, self._known.get(path))
        found = self.looked_up[path]
        return default if found is None else found

    def __getitem__(self, path: str) -> Entry:
        found = self.get(path)
        if found is None:
            raise KeyError(path)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter({**self._known, **self._seen})

    def __len__(self) -> int:
        return len({**self._known, **self._seen})


class FileResults(Generic[_K, _T]):
    """What a pure function makes of keys, on a host with these facts.

    Those of an `earlier` host are given again where the facts are equal, of files only those that the result was made
    of. So it holds the results that this host was asked for, and those that it may still share. Threads may share it:
    at worst two work out the same result.
    """

    def __init__(
        self, make: Callable[[_K, Facts], _T], facts: Facts, earlier: FileResults[_K, _T] | None = None
    ) -> None:
        self._make = make
        self._facts = facts
        self._rest = replace(facts, files={})
        self.results: dict[_K, tuple[_T, tuple[str, ...], tuple[Entry | None, ...]]] = {}
        self._before = earlier.results if earlier is not None and earlier._rest == self._rest else {}  # noqa: SLF001

    def __call__(self, key: _K) -> _T:
        """What the function makes of a key."""
        found = self.results.get(key)
        if found is None:
            found = self._before.get(key)
            if found is None or not all(map(self._is, *found[1:])):
                files = NotedFiles(self._facts.files)
                value = self._make(key, replace(self._rest, files=files))
                found = value, tuple(files.looked_up), tuple(files.looked_up.values())
            self.results[key] = found
        return found[0]

    def _is(self, path: str, entry: Entry | None) -> bool:
        return self._facts.files.get(path) == entry


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What was found at paths, the mounts that these are on, and those below folders.

    `all_mounts` is None where they did not matter one and all.
    """

    files: Mapping[str, Entry | None]
    on: Mapping[str, Mount | None]
    below: Mapping[str, tuple[Mount, ...]]
    all_mounts: tuple[Mount, ...] | None

    def is_below(self, points: frozenset[str]) -> bool:
        """Whether a path that was looked up is one of these, or below one."""
        return bool(points) and any(each in points for path in self.on for each in above(path))

    def is_still(self, seen: Mapping[str, Entry], file_system: FileSystem) -> bool:
        """Whether all of it is the same on a host of which this is seen now, before what was collected."""
        facts = file_system.facts
        return (
            all(seen.get(path, facts.files.get(path)) == entry for path, entry in self.files.items())
            and (self.all_mounts is None or self.all_mounts == facts.mounts)
            and all(file_system.mount(path) == mount for path, mount in self.on.items())
            and all(tuple(file_system.mounts_below(path)) == mounts for path, mounts in self.below.items())
        )


class NotingFileSystem(FileSystem):
    """The file system of a host of which this is seen now, before what was collected; it notes what is looked up."""

    def __init__(self, facts: Facts, seen: Mapping[str, Entry]) -> None:
        files = NotedFiles(facts.files, seen)
        super().__init__(replace(facts, files=files))
        self.__dict__.update(files_looked_up=files.looked_up, on={}, under={}, every=[])

    files_looked_up: Mapping[str, Entry | None]
    on: dict[str, Mount | None]
    under: dict[str, tuple[Mount, ...]]
    every: list[Mount]

    @property
    def looked_up(self) -> LookedUp:
        """What was looked up so far."""
        return LookedUp(self.files_looked_up, self.on, self.under, tuple(self.every) or None)

    def mount(self, path: str) -> Mount | None:
        """As of any file system."""
        found = self.on[path] = super().mount(path)
        return found

    def mounts_below(self, path: str) -> Iterator[Mount]:
        """As of any file system."""
        found = self.under[path] = tuple(FileSystem(self.facts).mounts_below(path))
        return iter(found)

    def all_mounts(self) -> tuple[Mount, ...]:
        """As of any file system."""
        found = super().all_mounts()
        self.every[:] = found
        return found

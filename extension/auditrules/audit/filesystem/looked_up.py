"""Notes which entries and mounts of a file system a result depends on, so that it is kept until one of them changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditrules.audit.filesystem.path_walk import FileSystem, above
from auditrules.audit.model.host_facts import Entry, Facts, Mount
from auditrules.values import dataclass, replace


class NotedFiles(Mapping[str, Entry]):
    """Entries by path, those `seen` now before those known from the collection. Notes each path that is looked up."""

    def __init__(self, known: Mapping[str, Entry], seen: Mapping[str, Entry] | None = None) -> None:
        self._seen = seen or {}
        self._known = known
        self.looked_up: dict[str, Entry | None] = {}

    def get(self, path: str, default: Entry | None = None) -> Entry | None:  # type: ignore[override]
        """The entry at a path."""
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


@dataclass(frozen=True, slots=True)
class LookedUp:
    """All lookups that a result depends on, with what they found.

    `files` are entries by path, `on` the mount that each path is on, `below` the mounts below each directory.
    `all_mounts` is None if the result does not depend on the whole list.
    """

    files: Mapping[str, Entry | None]
    on: Mapping[str, Mount | None]
    below: Mapping[str, tuple[Mount, ...]]
    all_mounts: tuple[Mount, ...] | None

    def is_below(self, points: frozenset[str]) -> bool:
        """Whether any path that was looked up is one of these, or below one."""
        return bool(points) and any(each in points for path in self.on for each in above(path))

    def is_still(self, seen: Mapping[str, Entry], file_system: FileSystem) -> bool:
        """Whether each lookup gives the same now: entries `seen` now come before those of the collected file system."""
        facts = file_system.facts
        return (
            all(seen.get(path, facts.files.get(path)) == entry for path, entry in self.files.items())
            and (self.all_mounts is None or self.all_mounts == facts.mounts)
            and all(file_system.mount(path) == mount for path, mount in self.on.items())
            and all(tuple(file_system.mounts_below(path)) == mounts for path, mounts in self.below.items())
        )


class NotingFileSystem(FileSystem):
    """A host's file system, entries `seen` now before those collected. It notes each lookup."""

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
        """The lookups so far."""
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

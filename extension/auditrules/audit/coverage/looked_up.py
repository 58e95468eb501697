"""Notes which files and mounts an answer looked up: it depends on these, and on nothing else of the file system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditrules.audit.filesystem.noted_files import NotedFiles
from auditrules.audit.filesystem.path_walk import FileSystem, above
from auditrules.audit.model.host_facts import Entry, Facts, Mount
from auditrules.values import dataclass, replace


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

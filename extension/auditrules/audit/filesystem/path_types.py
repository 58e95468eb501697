"""The types of the files at paths, each looked up once. So a result tells which lookups it depends on."""

from __future__ import annotations

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts


class PathTypes:
    """File types by path on a host with these facts. Threads may share it: at worst two look up the same path."""

    def __init__(self, facts: Facts) -> None:
        self._file_system = FileSystem(facts)
        self._found: dict[tuple[str, bool], str | None] = {}

    def at(self, path: str, *, follow: bool = True) -> str | None:
        """The type at a path, as `ResolvedPath.type`; a link at the end is followed if `follow` says so."""
        asked = path, follow
        if asked not in self._found:
            self._found[asked] = self._file_system.walk(path, follow=follow).type
        return self._found[asked]

    def agree(self, other: PathTypes) -> bool:
        """Whether all that was asked for so far is the same on another host."""
        return all(other.at(path, follow=follow) == kind for (path, follow), kind in [*self._found.items()])

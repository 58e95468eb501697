"""Notes which entries of a file system a result looked up: it depends on these, and on no others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Generic, TypeVar

from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.values import replace

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

"""A bounded memory of results, for a rule set that is asked about many paths."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class ResultCache(Generic[_T]):
    """Results by what they were computed from; all are dropped when there are `most`.

    Threads may share it: at worst two compute the same result.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._results: dict[Hashable, _T] = {}

    def get(self, key: Hashable, compute: Callable[[], _T]) -> _T:
        """The result that was computed for an equal key before, or is computed now. Never None."""
        result = self._results.get(key)
        if result is None:
            result = compute()
            if len(self._results) >= self._most:
                self._results.clear()
            self._results[key] = result
        return result

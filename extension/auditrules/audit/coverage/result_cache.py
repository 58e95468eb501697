"""A bounded cache of results, for a rule set that evaluates many paths."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class ResultCache(Generic[_T]):
    """Results by the key that they were computed from; all are dropped when there are `most`.

    Threads may share it: at worst two compute the same result.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._results: dict[Hashable, _T] = {}

    def get(self, key: Hashable, compute: Callable[[], _T]) -> _T:
        """The result for a key, computed if it is not cached. A result must not be None."""
        result = self._results.get(key)
        if result is None:
            result = compute()
            if len(self._results) >= self._most:
                self._results.clear()
            self._results[key] = result
        return result

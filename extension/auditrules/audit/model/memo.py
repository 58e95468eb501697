"""Keeps the results of a pure function from one round of calls to the next."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


class Memo(Generic[_K, _T]):
    """Results by their inputs, of this round and of the one before.

    Its size follows the host's: a result that a round does not ask for is dropped. Inputs are compared by value, so no
    result can be out of date. Threads may share it: at worst two compute the same result.
    """

    def __init__(self) -> None:
        self._results: dict[_K, _T] = {}
        self._before: dict[_K, _T] = {}

    def turn(self) -> None:
        """Begin a round. A result that nobody asks for in it is dropped with the next round."""
        self._before, self._results = self._results, {}

    def get(self, key: _K, make: Callable[[], _T]) -> _T:
        """The result for a key, made if it is not known. A result must not be None."""
        found = self._results.get(key)
        if found is None:
            found = self._before.get(key)
            self._results[key] = found = make() if found is None else found
        return found

    def end(self) -> None:
        """End a round: drop the results that it did not ask for."""
        self._before = {}

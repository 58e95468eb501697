"""Keeps the results of a pure function from one round of calls to the next."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


class Memo(Generic[_K, _T]):
    """Results by their inputs: those of this round, and of the one before while the new ones are asked for.

    So it holds what one host needs, whatever its size, and of a host that changes what stays. Inputs are compared by
    value: nothing in it can be out of date. Threads may share it: at worst two work out the same result.
    """

    def __init__(self) -> None:
        self._results: dict[_K, _T] = {}
        self._before: dict[_K, _T] = {}

    def turn(self) -> None:
        """Begin a round: what is not asked for until the next one is let go of then."""
        self._before, self._results = self._results, {}

    def get(self, key: _K, make: Callable[[], _T]) -> _T:
        """The result that was made of an equal key, or is made now. Never None."""
        found = self._results.get(key)
        if found is None:
            found = self._before.get(key)
            self._results[key] = found = make() if found is None else found
        return found

    def end(self) -> None:
        """End a round: nothing of the one before will be asked for."""
        self._before = {}

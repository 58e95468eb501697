"""Searches for the privileged programs of a host in a thread of its own, and keeps the result for an hour at most.

`chmod u+s` and `setcap` change no folder's times. So only a new search finds programs made privileged since the last.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from threading import Condition, Thread, get_native_id
from typing import NamedTuple, Protocol

from auditrules.benchmarks.privileged_programs import PrivilegedPrograms, SearchState

MAX_AGE = 3600.0
"""Seconds, from the beginning of a search, for which its result counts."""

_RENEWED = 3000.0  # seconds from the beginning of a long search to the next one
_FAILED_AGE = 60.0
_FORGOTTEN = 2 * MAX_AGE  # seconds without a query after which there is no next one

# Lower than anything that osqueryd runs. Not the lowest: a thread that waits for the processor may hold the lock of the
# interpreter, and at 19 a busy machine would let it wait, and with it an answer to osquery, for some 200 ms. The
# priority of its reads follows from this one (ioprio_set(2)).
_NICE = 10

_log = logging.getLogger("auditrules")


class RunningSearch(Protocol):
    """One search."""

    def run(self) -> PrivilegedPrograms:
        """Search to the end."""

    def so_far(self) -> PrivilegedPrograms:
        """Give what was found until now."""


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # which goes on while the machine sleeps


class PrivilegedInventory:
    """The result of the last search. Until the first call nothing is searched and no thread runs.

    A call waits at most `wait` seconds for a search, then returns what was found until then. A search that took longer
    is repeated before its result is too old, as long as there are calls, so that the next one need not wait.
    """

    def __init__(
        self,
        search: Callable[[], RunningSearch],
        wait: float,
        clock: Callable[[], float] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._search = search
        self._wait = wait
        self._clock = clock
        self._sleep = sleep
        self._changed = Condition()
        self._current: RunningSearch | None = None  # runs now
        self._kept: _Kept | None = None
        self._asked = 0.0

    def __call__(self) -> PrivilegedPrograms:
        """Give the result of a search at most an hour old, or what the running one has found until now."""
        with self._changed:
            self._asked = self._clock()
            if not self._is_fresh() and self._current is None:
                self._current = self._search()
                Thread(target=self._work, args=(self._current,), name="privileged programs", daemon=True).start()
            self._changed.wait_for(self._is_fresh, self._wait)
            if self._kept is not None and self._is_fresh():
                return self._kept.found
            current = self._current
        return current.so_far() if current is not None else PrivilegedPrograms(SearchState.RUNNING)

    def _is_fresh(self) -> bool:
        kept = self._kept
        return kept is not None and self._clock() - kept.began <= (
            MAX_AGE if kept.found.state is not SearchState.FAILED else _FAILED_AGE
        )

    def _is_running(self) -> bool:
        return self._current is not None

    def _work(self, search: RunningSearch) -> None:
        """Search once. If that takes long, search again and again until there are no more calls."""
        _lower_priority()
        while True:
            began = self._clock()
            found = _run(search)
            with self._changed:
                self._kept = kept = _Kept(began, found)
                self._current = None
                self._changed.notify_all()
            ended = self._clock()
            if ended - began <= self._wait:
                return
            self._sleep(max(0.0, began + _RENEWED - ended))
            with self._changed:
                searched = self._kept is not kept or self._is_running()
                if searched or self._clock() - self._asked > _FORGOTTEN:
                    return
                self._current = search = self._search()


class _Kept(NamedTuple):
    began: float
    found: PrivilegedPrograms


def _run(search: RunningSearch) -> PrivilegedPrograms:
    try:
        return search.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, who waits is to hear of it
        _log.exception("the search for privileged programs failed")
        return PrivilegedPrograms(SearchState.FAILED, problem=repr(error))


def _lower_priority() -> None:
    thread = get_native_id()  # on Linux each thread has a priority of its own
    try:
        os.setpriority(os.PRIO_PROCESS, thread, max(_NICE, os.getpriority(os.PRIO_PROCESS, thread)))
    except OSError as error:
        _log.debug("the search for privileged programs keeps its priority: %s", error)

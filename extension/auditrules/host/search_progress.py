"""The progress of a search for privileged programs: what it found, what it could not read, and its limits."""

from __future__ import annotations

import time
from collections.abc import Mapping

from auditrules.benchmarks.privileged_programs import PrivilegedProgram, PrivilegedPrograms, SearchState
from auditrules.host.limits import SearchLimits

BATCH = 127  # names between two looks at the clock, as a mask
SLICE = 0.004  # seconds after which the search rests for as long as it worked
_LONGEST_REST = 0.25
_MOST_NAMED = 10  # of the places that could not be read, and of those that were left out


class LimitError(Exception):
    """The search has reached one of its limits. The message names it."""


class SearchProgress:
    """The progress of one search. Other threads may call `so_far` while it goes on.

    `entries` counts the names that the search has looked at.
    """

    def __init__(self, limits: SearchLimits) -> None:
        self._limits = limits
        self._began = int(time.time())
        self.entries = 0
        self._path = ""
        self._programs: list[PrivilegedProgram] = []
        self._unread: list[str] = []
        self._unread_count = 0
        self._left_out: dict[str, str] = {}
        self._most_left_out = _MOST_NAMED

    def start(self) -> None:
        """Start the clocks of the limits."""
        self._slice = self._start = time.monotonic()
        self._cpu = time.thread_time()

    def so_far(self, state: SearchState, problem: str = "") -> PrivilegedPrograms:
        """Give what was found until now."""
        return PrivilegedPrograms(
            state,
            tuple(self._programs),
            began=self._began,
            entries=self.entries,
            place=self._path or "/",
            problem=problem,
            unread=tuple(self._unread),
            unread_count=self._unread_count,
            left_out=tuple(self._left_out.items()),
        )

    def end(self) -> PrivilegedPrograms:
        """Give what was found at the end of a complete search."""
        return self.so_far(SearchState.UNREADABLE if self._unread_count else SearchState.COMPLETE)

    def pause(self, path: str) -> None:
        """Check the limits, and rest for as long as the last slice took, so that other programs go first.

        A slice takes longer when others use the processor or the disk, and then the rest is longer too.
        """
        self._path = path
        limits = self._limits
        if self.entries > limits.entries:
            raise LimitError(f"more than {limits.entries} names")
        if time.thread_time() - self._cpu > limits.cpu:
            raise LimitError(f"more than {limits.cpu:g} s of CPU")
        now = time.monotonic()
        if now - self._start > limits.seconds:
            raise LimitError(f"longer than {limits.seconds:g} s")
        if limits.rests and now - self._slice >= SLICE:
            time.sleep(min(now - self._slice, _LONGEST_REST))
            self._slice = time.monotonic()

    def add(self, program: PrivilegedProgram) -> None:
        """Keep a program. Raises LimitError if there are too many."""
        if len(self._programs) >= self._limits.programs:
            raise LimitError(f"more than {self._limits.programs} privileged programs")
        self._programs.append(program)

    def leave_out_mounts(self, mounts: Mapping[str, str]) -> None:
        """Note all mounts that are not searched, and why."""
        self._left_out.update(mounts)
        self._most_left_out = _MOST_NAMED + len(mounts)

    def leave_out(self, path: str, why: str) -> None:
        """Note a folder that is not searched, and why, unless many are noted already."""
        if len(self._left_out) < self._most_left_out:
            self._left_out[path] = why

    def cannot_read(self, path: str, why: str) -> None:
        """Count a place that could not be read. Only the first ones are named."""
        self._unread_count += 1
        if len(self._unread) < _MOST_NAMED:
            self._unread.append(f"{path or '/'}: {why}")

"""How far a search for privileged programs has come: what it found and could not read, and the limits that end it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from auditrules.benchmarks.privileged_programs import PrivilegedProgram, PrivilegedPrograms, SearchState
from auditrules.host.limits import SearchLimits

BATCH = 127  # names between two looks at the clock, as a mask
SLICE = 0.004  # seconds after which the search rests for as long as it worked
_LONGEST_REST = 0.25
_MOST_NAMED = 10  # places that could not be looked into, or were left out, that are named


class LimitError(Exception):
    """The search has come to one of its limits, which the message names."""


class SearchProgress:
    """What one search has come to. Other threads may ask for `found` while it goes on.

    `entries` counts the names that were looked at.
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
        """Let the limits of time count from now."""
        self._slice = self._start = time.monotonic()
        self._cpu = time.thread_time()

    def found(self, state: SearchState, problem: str = "") -> PrivilegedPrograms:
        """What was found so far."""
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
        """What was found, as all has been searched that can be read."""
        return self.found(SearchState.UNREADABLE if self._unread_count else SearchState.COMPLETE)

    def pause(self, path: str) -> None:
        """Check the limits, and rest for as long as the last slice took: who else computes here goes first.

        A slice also takes long where the processor or the disk is wanted by others, and so is the rest after it.
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
        """Name the mounts that are not searched, and why not; all of them are named."""
        self._left_out.update(mounts)
        self._most_left_out = _MOST_NAMED + len(mounts)

    def leave_out(self, path: str, why: str) -> None:
        """Name a folder that is not searched, unless many are named."""
        if len(self._left_out) < self._most_left_out:
            self._left_out[path] = why

    def cannot_read(self, path: str, why: str) -> None:
        """Count what could not be looked into, and name the first of these."""
        self._unread_count += 1
        if len(self._unread) < _MOST_NAMED:
            self._unread.append(f"{path or '/'}: {why}")

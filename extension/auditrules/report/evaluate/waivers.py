"""Waivers: which verdicts each is about, until when it holds, and whether it is of any use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from fnmatch import translate

from auditrules.report.model import Waiver, WaiverState
from auditrules.report.times import DAY, day

Subject = tuple[str, str, str, str]
"""Host's key, benchmark, version, control."""

Matches = Callable[[str], bool]


def glob(pattern: str) -> Matches:
    """Give the question whether a text matches a glob, in whatever case."""
    compiled = re.compile(translate(pattern), re.IGNORECASE)
    return lambda text: compiled.match(text) is not None


class Waivers:
    """The waivers of a report that is made for a moment."""

    def __init__(self, waivers: Sequence[Waiver], until: int) -> None:
        """Those that no longer hold at `until` are expired, and are still told of."""
        today = day(until)
        self._waivers = [
            replace(waiver, state=WaiverState.EXPIRED if waiver.expires < today else WaiverState.ACTIVE)
            for waiver in waivers
        ]
        self._of: dict[Subject, Waiver] = {}
        self._used: set[int] = set()

    def spelled_out(
        self, subjects: Iterable[tuple[str, str, str, str, str]]
    ) -> Iterator[tuple[str, str, str, str, int]]:
        """Give each subject that a waiver is about, and the last moment on which one holds.

        A subject is a host's key, its name, and the benchmark, version and control.
        """
        globs = [(waiver, glob(waiver.hosts), glob(waiver.control)) for waiver in self._waivers]
        globs.sort(key=lambda each: each[0].expires, reverse=True)  # the one that holds longest comes first
        if not globs:
            return
        of_host: dict[str, list[tuple[Waiver, Matches]]] = {}
        for key, name, benchmark, version, control in subjects:
            if key not in of_host:
                of_host[key] = [(waiver, controls) for waiver, hosts, controls in globs if hosts(key) or hosts(name)]
            for waiver, controls in of_host[key]:
                if controls(control):
                    self._of[key, benchmark, version, control] = waiver
                    yield key, benchmark, version, control, _end(waiver.expires)
                    break

    def of(self, subject: Subject) -> Waiver | None:
        """Give the waiver of a verdict that fails or is unknown, and note that it is of use."""
        waiver = self._of.get(subject)
        if waiver is not None:
            self._used.add(id(waiver))
        return waiver

    def stated(self) -> tuple[Waiver, ...]:
        """Give every waiver with its state, once all verdicts were asked for."""
        return tuple(
            replace(waiver, state=WaiverState.UNUSED)
            if waiver.state is WaiverState.ACTIVE and id(waiver) not in self._used
            else waiver
            for waiver in self._waivers
        )


def _end(day: str) -> int:
    """The last second of a day, UTC."""
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), timezone.utc)
    return int(start.timestamp()) + DAY - 1

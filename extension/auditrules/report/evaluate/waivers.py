"""Finds the verdicts of each waiver, its last day, and whether it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timezone

from auditrules.report.evaluate.filters import Matches, glob
from auditrules.report.model import Waiver, WaiverState
from auditrules.report.times import DAY, day

WaiverKey = tuple[str, str, str, str]
"""The host's key, benchmark, version and control."""


class Waivers:
    """The waivers of a report."""

    def __init__(self, waivers: Sequence[Waiver], until: int) -> None:
        """Take the waivers. Those with a last day before `until`, the moment of the report, are expired."""
        today = day(until)
        self._waivers = [
            replace(waiver, state=WaiverState.EXPIRED if waiver.expires < today else WaiverState.ACTIVE)
            for waiver in waivers
        ]
        self._of: dict[WaiverKey, Waiver] = {}
        self._used: set[int] = set()

    def waived_subjects(
        self, subjects: Iterable[tuple[str, str, str, str, str]]
    ) -> Iterator[tuple[str, str, str, str, int]]:
        """Yield each subject of a waiver, and the last moment of the waiver that holds longest.

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

    def waiver_of(self, subject: WaiverKey) -> Waiver | None:
        """Return the waiver of a failing or unknown verdict, and note that it is used."""
        waiver = self._of.get(subject)
        if waiver is not None:
            self._used.add(id(waiver))
        return waiver

    def with_states(self) -> tuple[Waiver, ...]:
        """Return every waiver with its state. Call `waiver_of` for all verdicts before."""
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

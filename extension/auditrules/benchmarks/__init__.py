"""Benchmarks as data: what each control wants, in our own words, where that is on a host, and what to do about it."""

from __future__ import annotations

from auditrules.benchmarks.cis_docker import BENCHMARKS
from auditrules.benchmarks.control import Assessment, Benchmark, Control, Kind, Subject
from auditrules.benchmarks.remediation import remedy

__all__ = [
    "BENCHMARKS",
    "CONTROLS",
    "LATEST",
    "Assessment",
    "Benchmark",
    "Control",
    "Kind",
    "Subject",
    "UnknownControlError",
    "remediation",
]

CONTROLS = tuple(control for benchmark in BENCHMARKS for control in benchmark.controls)
LATEST = BENCHMARKS[-1]

_BY_ID = {(control.benchmark, control.version, control.id): control for control in CONTROLS}


class UnknownControlError(LookupError):
    """There is no such control; the message names it."""


def remediation(benchmark: str, version: str, control: str, path: str) -> str:
    """What to do so that a control passes on a host where its target is `path`. Raises UnknownControlError."""
    found = _BY_ID.get((benchmark, version, control))
    if found is None:
        raise UnknownControlError(f"expected a control of a known benchmark, found {benchmark} {version} {control}")
    return remedy(found, path)

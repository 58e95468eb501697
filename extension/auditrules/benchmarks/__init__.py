"""Benchmarks as data: what each control requires, in our own words, where that is on a host, and the remediation."""

from __future__ import annotations

from types import MappingProxyType

from auditrules.benchmarks.cis_docker import BENCHMARKS
from auditrules.benchmarks.control import Assessment, Benchmark, BenchmarkControl, Subject, TargetKind

__all__ = [
    "BENCHMARKS",
    "BY_ID",
    "CONTROLS",
    "LATEST",
    "Assessment",
    "Benchmark",
    "BenchmarkControl",
    "Subject",
    "TargetKind",
]

CONTROLS = tuple(control for benchmark in BENCHMARKS for control in benchmark.controls)
LATEST = BENCHMARKS[-1]

BY_ID = MappingProxyType({(control.benchmark, control.version, control.id): control for control in CONTROLS})
"""Every control by benchmark, version and number."""

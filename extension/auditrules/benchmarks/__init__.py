"""Benchmarks: what each control requires (as data files, in our own words), and its verdict on a host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditrules.benchmarks.catalogue import BENCHMARKS
from auditrules.benchmarks.control import Assessment, Benchmark, BenchmarkControl

__all__ = ["BENCHMARKS", "BY_ID", "CIS_DOCKER", "Assessment", "Benchmark", "BenchmarkControl"]

CIS_DOCKER = tuple(each for each in BENCHMARKS if each.short_name == "cis-docker")
"""The versions of the CIS Docker Benchmark, the newest last."""


class _ById(Mapping[tuple[str, str, str], BenchmarkControl]):
    """Controls by benchmark, version and number. A benchmark's file is read when one of its controls is looked up."""

    def __init__(self) -> None:
        self._benchmarks = {each.key: each for each in BENCHMARKS}

    def __getitem__(self, key: tuple[str, str, str]) -> BenchmarkControl:
        known = self._benchmarks.get(key[:2])
        for control in known.controls if known else ():
            if control.id == key[2]:
                return control
        raise KeyError(key)

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        return (control.key for each in self._benchmarks.values() for control in each.controls)

    def __len__(self) -> int:
        return sum(len(each.controls) for each in self._benchmarks.values())


BY_ID = _ById()
"""Every control that ships."""

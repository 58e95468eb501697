"""Finds the controls of a query by its name in our packs, for queries that never logged a row on a host.

That of a control names it in each version that has it; that of a whole benchmark names all controls of one version, and
that of all systems those of the newest of each: which of them is the host's, its other rows or the other hosts say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from auditrules.benchmarks import BENCHMARKS, CIS_DOCKER, BenchmarkControl
from auditrules.benchmarks.control import query_name
from auditrules.packs import systems
from auditrules.packs.shipped import WHOLE, all_controls_name

NamedQuery = tuple[str, str, str, str, int]
"""Query, benchmark, version, control, preference: 0 for the version that the packs ask first."""

_PREFERRED = [each.key for each in (CIS_DOCKER[0], CIS_DOCKER[-1], *systems.NEWEST, *BENCHMARKS)]
_GROUPS = {
    "cis_linux": systems.CIS_LINUX,
    "CIS Linux": systems.CIS_LINUX,
    "stig_linux": systems.STIG_LINUX,
    "DISA STIG Linux": systems.STIG_LINUX,
}
# The first policies for Docker had no version in their names.
_DOCKER = re.compile(r"CIS Docker (?P<id>\d+(?:\.\d+)+)(?: |\Z)")


def named_queries(names: Iterable[str]) -> Iterator[NamedQuery]:
    """Yield the controls of each query with a name from our packs, whatever the name of its pack."""
    for name in names:
        for control in _controls(name):
            yield name, control.benchmark, control.version, control.id, _preference(control)


def _controls(name: str) -> list[BenchmarkControl]:
    found = _pack_pattern().search(name)
    if found:
        return _by_pack_name()[found["name"]]
    found = _fleet_pattern().search(name)
    if found:
        return [each for each in _by_fleet_name()[found["name"]] if found["id"] in (None, each.id)]
    found = _DOCKER.search(name)
    return [each for each in _ordered() if found and each.key[0] == CIS_DOCKER[0].name and each.id == found["id"]]


@cache
def _pack_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?P<name>{_any_of(_by_pack_name())})(?:_snapshot)?\Z")


@cache
def _fleet_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?P<name>{_any_of(_by_fleet_name())})(?: - (?P<id>\S+)(?: |\Z)| evidence\Z)")


def _any_of(names: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


@cache
def _by_pack_name() -> dict[str, list[BenchmarkControl]]:
    docker = ((all_controls_name(pack), control) for pack, of in WHOLE.items() for control in of.controls)
    pinned = ((query_name(each.short_name, each.version), control) for each in BENCHMARKS for control in each.controls)
    return _grouped((*((control.name, control) for control in _ordered()), *docker, *pinned, *_of_groups()))


@cache
def _by_fleet_name() -> dict[str, list[BenchmarkControl]]:
    called = ((systems.fleet_name(*each.key), control) for each in BENCHMARKS for control in each.controls)
    return _grouped((*called, *_of_groups()))


def _of_groups() -> Iterator[tuple[str, BenchmarkControl]]:
    for name, benchmarks in _GROUPS.items():
        yield from ((name, control) for each in benchmarks for control in each.controls)


@cache
def _ordered() -> list[BenchmarkControl]:
    return sorted((control for each in BENCHMARKS for control in each.controls), key=_preference)


def _preference(control: BenchmarkControl) -> int:
    return _PREFERRED.index((control.benchmark, control.version))


def _grouped(pairs: Iterable[tuple[str, BenchmarkControl]]) -> dict[str, list[BenchmarkControl]]:
    groups: dict[str, list[BenchmarkControl]] = {}
    for key, control in pairs:
        groups.setdefault(key, []).append(control)
    return groups

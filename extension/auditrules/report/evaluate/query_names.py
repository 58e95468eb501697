"""The controls that the name of a query of our packs stands for, for queries that never logged a row on a host.

That of a control names it in each version that has it; that of a whole benchmark names all controls of one version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from auditrules.benchmarks import CIS_DOCKER, BenchmarkControl
from auditrules.packs.shipped import WHOLE, all_controls_name

NamedQuery = tuple[str, str, str, str, int]
"""Query, benchmark, version, control, preference: 0 for the version that the packs ask first."""

_FLEETS = re.compile(r"(?P<prefix>[A-Z][A-Za-z0-9 ]*?) (?:(?P<version>\d[\d.]*\d) - )?(?P<id>\d+(?:\.\d+)+)(?: |\Z)")
_PREFERRED = [(each.name, each.version) for each in (CIS_DOCKER[0], CIS_DOCKER[-1], *CIS_DOCKER)]


def named_queries(names: Iterable[str]) -> Iterator[NamedQuery]:
    """Return the controls of each query whose name is one of our packs', whatever the pack is called."""
    for name in names:
        for control in _controls(name):
            yield name, control.benchmark, control.version, control.id, _preference(control)


def _controls(name: str) -> list[BenchmarkControl]:
    found = _pack_pattern().search(name)
    if found:
        return _by_pack_name()[found["name"]]
    return [
        control
        for found in _FLEETS.finditer(name)
        for control in _by_id().get(found["id"], ())
        if control.benchmark.removesuffix(" Benchmark") == found["prefix"]
        and found["version"] in (None, control.version)
    ]


@cache
def _pack_pattern() -> re.Pattern[str]:
    longest_first = sorted(_by_pack_name(), key=len, reverse=True)
    return re.compile(rf"(?P<name>{'|'.join(map(re.escape, longest_first))})(?:_snapshot)?\Z")


@cache
def _by_pack_name() -> dict[str, list[BenchmarkControl]]:
    whole = ((all_controls_name(pack), control) for pack, of in WHOLE.items() for control in of.controls)
    return _grouped((*((control.name, control) for control in _ordered()), *whole))


@cache
def _by_id() -> dict[str, list[BenchmarkControl]]:
    return _grouped((control.id, control) for control in _ordered())


def _ordered() -> list[BenchmarkControl]:
    return sorted((control for each in CIS_DOCKER for control in each.controls), key=_preference)


def _preference(control: BenchmarkControl) -> int:
    return _PREFERRED.index((control.benchmark, control.version))


def _grouped(pairs: Iterable[tuple[str, BenchmarkControl]]) -> dict[str, list[BenchmarkControl]]:
    groups: dict[str, list[BenchmarkControl]] = {}
    for key, control in pairs:
        groups.setdefault(key, []).append(control)
    return groups

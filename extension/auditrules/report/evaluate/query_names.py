"""The control that the name of a query of our packs says, for queries that never returned a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditrules.benchmarks import BENCHMARKS, BY_ID, LATEST

_PACKS = re.compile(r"cis_docker_(?P<id>\d+(?:_\d+)+)(?:_snapshot)?\Z")
_FLEETS = re.compile(r"CIS Docker (?:(?P<version>\d[\d.]*\d) - )?(?P<id>\d+(?:\.\d+)+)(?: |\Z)")

_PREFERRED = [(each.name, each.version) for each in (BENCHMARKS[0], LATEST, *BENCHMARKS)]

NamedQuery = tuple[str, str, str, str]
"""Query, benchmark, version, control."""


def named_queries(names: Iterable[str], logged: Iterable[tuple[str, str, str]]) -> Iterator[NamedQuery]:
    """Return the control of each query whose name is one of our packs'.

    `logged` are benchmark, version and control of all rows: what the fleet runs comes first, then what the packs ask.
    """
    known = sorted(set(logged))
    for name in names:
        found = _PACKS.search(name) or _FLEETS.search(name)
        if not found:
            continue
        control = found["id"].replace("_", ".")
        versions = [*((benchmark, version) for benchmark, version, _ in known), *_PREFERRED]
        wanted = found.groupdict().get("version")
        for benchmark, version in versions:
            candidate = (benchmark, version, control)
            if (candidate in BY_ID or candidate in known) and wanted in (None, version):
                yield name, *candidate
                break

"""The tables whose rows are made only for a query: they depend on its constraints, or take long to make.

Imported when the first query for one of them comes, as all that they take is more than what a host at rest needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from auditrules.audit.coverage.answer import path_error
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.model.collected import File
from auditrules.benchmarks.catalogue import WHAT_SHIPS, Catalogue
from auditrules.benchmarks.site import site_catalogue
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.tables import HostView
from auditrules.tables.controls import audit_controls
from auditrules.tables.coverage import asked as asked_paths
from auditrules.tables.coverage import audit_coverage
from auditrules.tables.judging import HostJudge
from auditrules.tables.schemas import (
    AUDIT_CONTROLS,
    AUDIT_COVERAGE,
    AUDIT_REQUIREMENTS,
    AUDIT_SYSCALLS,
    AUDIT_VERDICTS,
)
from auditrules.tables.syscalls import asked_syscalls, audit_syscalls
from auditrules.tables.verdicts import VerdictTables

MOST_ANSWERS = 1024  # rows of coverage that are kept, by the paths of a query: a join asks for one after the other

RowsOf = Callable[[Context], Iterable[Row]]
"""What makes the rows that a query asks for."""


def rows_by_table(host: HostView, *, at_boot: bool) -> Mapping[str, RowsOf]:
    """What makes the rows of each of these tables, by its name; `at_boot` is that of `HostJudge`."""
    catalogue = _catalogue(host)
    judged = VerdictTables(HostJudge(host, catalogue, at_boot=at_boot))
    return MappingProxyType(
        {
            AUDIT_COVERAGE.name: _coverage(host),
            AUDIT_SYSCALLS.name: lambda context: audit_syscalls(asked_syscalls(context, host)),
            AUDIT_CONTROLS.name: lambda context: audit_controls(catalogue(), context),
            AUDIT_VERDICTS.name: judged.verdicts,
            AUDIT_REQUIREMENTS.name: judged.requirements,
        }
    )


def _catalogue(host: HostView) -> Callable[[], Catalogue]:
    """What ships and what the site has of its own, read anew where its files are others."""
    last: tuple[tuple[File, ...], Catalogue] = ((), WHAT_SHIPS)

    def current() -> Catalogue:
        nonlocal last
        files = host.site()
        kept = last  # another thread may put a newer one in its place
        if kept[0] != files:
            last = kept = (files, site_catalogue(files))
        return kept[1]

    return current


def _coverage(host: HostView) -> Callable[[Context], list[Row]]:
    """The rows of the paths that are asked for; those of an answer that stays are kept."""
    kept: dict[tuple[str, ...], tuple[tuple[PathAnswer, ...], list[Row]]] = {}

    def rows(context: Context) -> list[Row]:
        answers = asked_paths(context, host.audit(), host.look)
        paths = tuple(answer.path for answer in answers)
        if any(map(path_error, paths)):  # whose length has no bound
            return audit_coverage(answers)
        known = kept.get(paths)
        if known is None or known[0] != answers:
            if len(kept) >= MOST_ANSWERS:
                kept.clear()
            known = kept[paths] = (answers, audit_coverage(answers))
        return known[1]

    return rows

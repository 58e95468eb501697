"""The tables whose rows are made for each query: they depend on its constraints, or take long to make.

This module is imported with the first query for one of them, as its imports take more memory than an idle host needs.
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
from auditrules.tables.coverage import asked_paths, audit_coverage
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

MOST_ANSWERS = 1024  # cached rows of coverage, by the paths of a query: a join asks for one path after the other

RowsOf = Callable[[Context], Iterable[Row]]
"""Makes the rows for a query."""


def rows_by_table(host: HostView, *, at_boot: bool) -> Mapping[str, RowsOf]:
    """The function that makes each table's rows, by the table's name; `at_boot` is as in `HostJudge`."""
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
    """The shipped and the site's own benchmarks, read anew if the site's files have changed."""
    last: tuple[tuple[File, ...], Catalogue] = ((), WHAT_SHIPS)

    def current() -> Catalogue:
        nonlocal last
        files = host.site()
        kept = last  # another thread may replace it meanwhile
        if kept[0] != files:
            last = kept = (files, site_catalogue(files))
        return kept[1]

    return current


def _coverage(host: HostView) -> Callable[[Context], list[Row]]:
    """The rows of audit_coverage; rows are kept while the answers are the same."""
    kept: dict[tuple[str, ...], tuple[tuple[PathAnswer, ...], list[Row]]] = {}

    def rows(context: Context) -> list[Row]:
        answers = asked_paths(context, host.audit(), host.look)
        paths = tuple(answer.path for answer in answers)
        if any(map(path_error, paths)):  # not kept: such a path may be of any length
            return audit_coverage(answers)
        known = kept.get(paths)
        if known is None or known[0] != answers:
            if len(kept) >= MOST_ANSWERS:
                kept.clear()
            known = kept[paths] = (answers, audit_coverage(answers))
        return known[1]

    return rows

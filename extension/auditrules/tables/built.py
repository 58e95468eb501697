"""The tables over a host: their rows made when they are asked for, and kept while what they are made of stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from auditrules.audit.coverage.answer import bad_path
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.model.collected import File
from auditrules.benchmarks.catalogue import WHAT_SHIPS, Catalogue
from auditrules.benchmarks.site import site_catalogue
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.table import Table
from auditrules.tables import HostView
from auditrules.tables.controls import audit_controls
from auditrules.tables.coverage import asked, audit_coverage
from auditrules.tables.judging import HostJudge
from auditrules.tables.rules import audit_rules
from auditrules.tables.schemas import (
    AUDIT_CONTROLS,
    AUDIT_COVERAGE,
    AUDIT_REQUIREMENTS,
    AUDIT_RULES,
    AUDIT_STATUS,
    AUDIT_SYSCALLS,
    AUDIT_VERDICTS,
    AUDITD_SETTINGS,
)
from auditrules.tables.settings import auditd_settings
from auditrules.tables.status import audit_status
from auditrules.tables.syscalls import asked_syscalls, audit_syscalls
from auditrules.tables.verdicts import VerdictTables

MOST_ANSWERS = 1024  # rows of coverage that are kept, by the paths of a query: a join asks for one after the other

_S = TypeVar("_S")


def build(host: HostView, *, at_boot: bool = False) -> tuple[Table, ...]:
    """The tables over what the host says at each call; `at_boot` is that of `HostJudge`."""
    catalogue = _catalogue(host)
    judged = VerdictTables(HostJudge(host, catalogue, at_boot=at_boot))
    return (
        Table(AUDIT_RULES, memoize(audit_rules, lambda: host.audit().drift)),
        Table(AUDIT_STATUS, memoize(audit_status, host.audit)),
        Table(AUDIT_COVERAGE, _coverage(host)),
        Table(AUDIT_SYSCALLS, lambda context: audit_syscalls(asked_syscalls(context, host)), eager=False),
        Table(AUDITD_SETTINGS, memoize(auditd_settings, lambda: host.audit().conf)),
        Table(AUDIT_CONTROLS, lambda context: audit_controls(catalogue(), context), eager=False),
        Table(AUDIT_VERDICTS, judged.verdicts, eager=False),
        Table(AUDIT_REQUIREMENTS, judged.requirements, eager=False),
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


def memoize(make: Callable[[_S], list[Row]], current: Callable[[], _S]) -> Callable[[Context], list[Row]]:
    """The rows of what is current, made anew where that is another. A row that says the same stays the same object."""
    last: tuple[_S, list[Row]] | None = None

    def rows(_context: Context) -> list[Row]:
        nonlocal last
        kept = last  # another thread may put a newer one in its place
        found = current()
        if kept is None or kept[0] != found:
            kept = (found, reuse_rows(kept[1] if kept else (), make(found)))
        last = (found, kept[1])
        return kept[1]

    return rows


def reuse_rows(old: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """The new rows, with the old one itself in the place of each that says the same: what is kept with it lives on."""
    known = {row: row for row in old}
    return [known.get(row, row) for row in new]


def _coverage(host: HostView) -> Callable[[Context], list[Row]]:
    """The rows of the paths that are asked for; those of an answer that stays are kept."""
    kept: dict[tuple[str, ...], tuple[tuple[PathAnswer, ...], list[Row]]] = {}

    def rows(context: Context) -> list[Row]:
        answers = asked(context, host.audit(), host.look)
        paths = tuple(answer.path for answer in answers)
        if any(map(bad_path, paths)):  # whose length has no bound
            return audit_coverage(answers)
        known = kept.get(paths)
        if known is None or known[0] != answers:
            if len(kept) >= MOST_ANSWERS:
                kept.clear()
            known = kept[paths] = (answers, audit_coverage(answers))
        return known[1]

    return rows

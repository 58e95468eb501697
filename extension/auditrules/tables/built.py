"""The tables over a host: their rows made when they are asked for, and kept while what they are made of stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from auditrules.audit.kernel.interpret import but_for_counts
from auditrules.audit.model.collected import Sources
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.table import Table
from auditrules.tables import HostView
from auditrules.tables.coverage import audit_coverage
from auditrules.tables.rules import audit_rules
from auditrules.tables.schemas import AUDIT_COVERAGE, AUDIT_RULES, AUDIT_STATUS, AUDIT_TARGETS, AUDITD_SETTINGS
from auditrules.tables.settings import auditd_settings
from auditrules.tables.sides import Sides
from auditrules.tables.status import audit_status
from auditrules.tables.targets import audit_targets

_S = TypeVar("_S")
_T = TypeVar("_T")


def build(host: HostView) -> tuple[Table, ...]:
    """The tables over what the host says at each call."""
    return (
        Table(AUDIT_RULES, _kept(audit_rules, host.sources, _rules)),
        Table(AUDIT_STATUS, _kept(audit_status, host.sources, _whole)),
        Table(AUDIT_COVERAGE, _asking(host)),
        Table(AUDITD_SETTINGS, _kept(auditd_settings, host.sources, _settings_file)),
        Table(AUDIT_TARGETS, _kept(audit_targets, host.services, lambda services: services)),
    )


# What of the sources something is made of: while it stays equal, so does what was made.


def _whole(sources: Sources) -> object:
    return sources, _rights(sources)


def _auditing(sources: Sources) -> object:
    """Without what the kernel counts while it audits: rules stay for days, and the backlog changes at each look."""
    return replace(sources, kernel=but_for_counts(sources.kernel)), _rights(sources)


def _rules(sources: Sources) -> object:
    """Without the mounts, too, which come and go with each container."""
    return _auditing(replace(sources, facts=replace(sources.facts, mounts=None)))


def _settings_file(sources: Sources) -> object:
    return sources.auditd_conf


def _rights(sources: Sources) -> list[tuple[int | None, int | None]]:
    """Who may do what with the files: files are equal without it, but auditctl refuses some for it."""
    units = sources.units.files if sources.units else ()
    files = (*sources.rules_d, *units, *filter(None, (sources.audit_rules, sources.auditd_conf)))
    return [(file.mode, file.uid) for file in files]


@dataclass(frozen=True, slots=True)
class _Made(Generic[_S, _T]):
    sources: _S
    part: object
    value: _T


def _derived(make: Callable[[_S, _T | None], _T], part: Callable[[_S], object]) -> Callable[[_S], _T]:
    """What is made of sources and of what was made before, made anew only where that part of them has changed."""
    last: _Made[_S, _T] | None = None

    def derived(found: _S) -> _T:
        nonlocal last
        kept = last  # another thread may put a newer one in its place
        if kept is not None and kept.sources is found:
            return kept.value
        of = part(found)
        if kept is not None and kept.part == of:
            value = kept.value
        else:
            value = make(found, None if kept is None else kept.value)
        last = _Made(found, of, value)
        return value

    return derived


def _kept(
    make: Callable[[_S], list[Row]], sources: Callable[[], _S], part: Callable[[_S], object]
) -> Callable[[Context], list[Row]]:
    """The rows. One that comes out as before is the same object, so that what is kept with it lives as long as it."""
    derived = _derived(lambda found, old: _renewed(old or (), make(found)), part)
    return lambda _context: derived(sources())


def _renewed(old: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """The new rows, with the old one itself in the place of each that says the same."""
    known = {row: row for row in old}
    return [known.get(row, row) for row in new]


def _asking(host: HostView) -> Callable[[Context], list[Row]]:
    """The rows of a question on paths; what is known of the rules is kept."""
    sides = _derived(lambda found, _old: Sides(found), _auditing)
    return lambda context: audit_coverage(context, sides(host.sources()), host.look)

"""The seam: what the audit language says, as rows of osquery tables.

Nothing below it knows a row, and nothing above it splits a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from auditrules.audit.facts import Entry
from auditrules.audit.sources import Sources
from auditrules.benchmarks.services import Services
from auditrules.plugin.context import Context
from auditrules.plugin.table import Row, Table
from auditrules.tables.coverage import audit_coverage
from auditrules.tables.rules import audit_rules
from auditrules.tables.schemas import AUDIT_COVERAGE, AUDIT_RULES, AUDIT_STATUS, AUDIT_TARGETS, AUDITD_SETTINGS, SCHEMAS
from auditrules.tables.settings import auditd_settings
from auditrules.tables.sides import Sides
from auditrules.tables.status import audit_status
from auditrules.tables.targets import audit_targets

__all__ = ["SCHEMAS", "HostView", "build"]

_T = TypeVar("_T")


class HostView(Protocol):
    """A host as the tables see it. The same value twice is the same moment."""

    def sources(self) -> Sources:
        """Everything that was collected of it."""

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """What is at absolute paths and at each step of the way there."""

    def services(self) -> Services:
        """What it runs and has of what the benchmarks want audited."""


def build(host: HostView) -> tuple[Table, ...]:
    """The tables over what the host says at each call."""
    return (
        Table(AUDIT_RULES, _kept(audit_rules, host.sources)),
        Table(AUDIT_STATUS, _kept(audit_status, host.sources)),
        Table(AUDIT_COVERAGE, _asking(host)),
        Table(AUDITD_SETTINGS, _kept(auditd_settings, host.sources)),
        Table(AUDIT_TARGETS, _kept(audit_targets, host.services)),
    )


def _kept(make: Callable[[_T], list[Row]], look: Callable[[], _T]) -> Callable[[Context], list[Row]]:
    """The rows, made once for all calls that are given the same value: one query may come as many calls."""
    last: tuple[_T, list[Row]] | None = None

    def rows(_context: Context) -> list[Row]:
        nonlocal last
        found = look()
        kept = last  # another thread may put a newer one in its place
        if kept is None or kept[0] is not found:
            last = kept = (found, make(found))
        return kept[1]

    return rows


def _asking(host: HostView) -> Callable[[Context], list[Row]]:
    """The rows of a question on paths; what is known of the rules is kept while the host's reading lasts."""
    last: Sides | None = None

    def rows(context: Context) -> list[Row]:
        nonlocal last
        found = host.sources()
        kept = last  # another thread may put a newer one in its place
        if kept is None or kept.sources is not found:
            last = kept = Sides(found)
        return audit_coverage(context, kept, host.look)

    return rows

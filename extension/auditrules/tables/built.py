"""Makes the tables over a host. Rows are made on demand, and kept until their inputs change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TypeVar

from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Schema
from auditrules.plugin.table import Table
from auditrules.tables import HostView
from auditrules.tables.rules import RuleRows
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from auditrules.tables.on_request import RowsOf

_S = TypeVar("_S")


def build(host: HostView, *, at_boot: bool = False) -> tuple[Table, ...]:
    """Make the tables over a host; `at_boot` is as in `HostJudge`."""

    @cache
    def rows_by_table() -> Mapping[str, RowsOf]:
        from auditrules.tables import on_request  # noqa: PLC0415 - it says why

        return on_request.rows_by_table(host, at_boot=at_boot)

    def on_request(schema: Schema) -> Table:
        def rows(context: Context) -> Iterable[Row]:
            return rows_by_table()[schema.name](context)

        return Table(schema, rows, eager=False)

    return (
        Table(AUDIT_RULES, memoize(RuleRows(), lambda: host.audit().drift)),
        Table(AUDIT_STATUS, memoize(audit_status, host.audit)),
        on_request(AUDIT_COVERAGE),
        on_request(AUDIT_SYSCALLS),
        Table(AUDITD_SETTINGS, memoize(auditd_settings, lambda: host.audit().conf)),
        on_request(AUDIT_CONTROLS),
        on_request(AUDIT_VERDICTS),
        on_request(AUDIT_REQUIREMENTS),
    )


def memoize(make: Callable[[_S], list[Row]], current: Callable[[], _S]) -> Callable[[Context], list[Row]]:
    """A function that returns the rows made from the current value, made anew only if that has changed."""
    last: tuple[_S, list[Row]] | None = None

    def rows(_context: Context) -> list[Row]:
        nonlocal last
        kept = last  # another thread may replace it meanwhile
        found = current()
        if kept is None or kept[0] != found:
            kept = (found, make(found))
        last = (found, kept[1])
        return kept[1]

    return rows

"""Finds the parts of a host that could not be read, and whether a query could have had rows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from auditrules.audit.auditctl.kernel_answer import AnswerState
from auditrules.audit.coverage.answer import Reason
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.benchmarks.remediation import TARGET_UNREAD
from auditrules.plugin.context import Constraint, ConstraintOperator, Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, Schema
from auditrules.plugin.table import Table, could_equal
from auditrules.tables import HostView
from auditrules.tables.controls import CONTROL_KEY
from auditrules.tables.judging import HostJudge
from auditrules.tables.schemas import (
    AUDIT_COVERAGE,
    AUDIT_REQUIREMENTS,
    AUDIT_RULES,
    AUDIT_STATUS,
    AUDIT_SYSCALLS,
    AUDIT_VERDICTS,
    AUDITD_SETTINGS,
)
from auditrules.values import dataclass, field

_UNREADABLE = Reason.UNREADABLE.value

_READ = frozenset({AnswerState.OK, AnswerState.NO_RULES, AnswerState.DISABLED, AnswerState.NOT_ASKED})

# The columns of audit_status that the kernel fills.
_STATUS = frozenset(
    {
        "enabled",
        "immutable",
        "failure",
        "pid",
        "rate_limit",
        "backlog_limit",
        "backlog",
        "lost",
        "backlog_wait_time",
        "loginuid_immutable",
        "kernel_rules",
        "task_never",
    }
)


@dataclass(frozen=True)
class Unread:
    """Rows that a table lacks, or cells of them. `cells`: the known cells of the rows. `columns`: the missing cells."""

    table: str
    reason: str
    cells: Mapping[str, str] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()  # empty: the whole row


@dataclass(slots=True)
class RecordedCalls:
    """The tables of a host, and the contexts with which a query has called each."""

    build: Callable[[HostView], tuple[Table, ...]]
    host: HostView | None = None
    tables: dict[str, Table] = field(default_factory=dict)
    contexts: dict[str, list[Context]] = field(default_factory=dict)

    def tables_of(self, host: HostView) -> tuple[Table, ...]:
        """Build the tables of a host, so that each call of them is recorded."""
        self.host = host
        self.tables = {table.schema.name: table for table in self.build(host)}
        return tuple(map(self._recording, self.tables.values()))

    def unread(self) -> tuple[str, ...]:
        """The reasons why rows or cells of the query could not be read, each once."""
        found = (each for each in self._all_unread() if any(self._concerns(each, c) for c in self.contexts[each.table]))
        return tuple(dict.fromkeys(each.reason for each in found))

    def _recording(self, table: Table) -> Table:
        def rows(context: Context) -> Iterable[Row]:
            self.contexts.setdefault(table.schema.name, []).append(context)
            return table.rows(context)

        return Table(table.schema, rows)

    def _all_unread(self) -> Iterator[Unread]:
        if self.host is None or not self.contexts:
            return
        found = _of_audit(self.host.audit())
        judge = HostJudge(self.host)
        for schema in (AUDIT_VERDICTS, AUDIT_REQUIREMENTS):
            found = [*found, *_of_requirements(judge, schema, self.contexts.get(schema.name, ()))]
        yield from (each for each in found if each.table in self.contexts)

    def _concerns(self, unread: Unread, context: Context) -> bool:
        if unread.columns and context.columns_used is not None and unread.columns.isdisjoint(context.columns_used):
            return False
        columns = self.tables[unread.table].schema.columns
        return all(
            _could_have(column, unread.cells[column.name], context) for column in columns if column.name in unread.cells
        )


def _of_audit(audit: HostAudit) -> Iterable[Unread]:
    if audit.kernel.state not in _READ:
        reason = f"the kernel's rules and status: {audit.kernel.error or audit.kernel.state.value}"
        yield Unread(AUDIT_RULES.name, reason, {"source": KERNEL, "source_path": ""})
        yield Unread(AUDIT_COVERAGE.name, reason, {"source": KERNEL})
        yield Unread(AUDIT_SYSCALLS.name, reason, {"source": KERNEL})
        yield Unread(AUDIT_STATUS.name, reason, columns=_STATUS)
        yield Unread(AUDIT_VERDICTS.name, reason)
        yield Unread(AUDIT_REQUIREMENTS.name, reason, {"source": KERNEL})
    for line in audit.files.lines:
        if line.number is None:  # the row of a file or a folder that can't be read
            reason = f"{line.path}: {line.error}"
            yield Unread(AUDIT_RULES.name, reason, {"source": line.source, "source_path": line.path})
            yield Unread(AUDIT_COVERAGE.name, reason, {"source": BOOT})
            yield Unread(AUDIT_SYSCALLS.name, reason, {"source": BOOT})
            yield Unread(AUDIT_VERDICTS.name, reason, columns=frozenset({"next_boot"}))
            yield Unread(AUDIT_REQUIREMENTS.name, reason, {"source": BOOT})
    if audit.conf.error:
        yield Unread(AUDITD_SETTINGS.name, f"{audit.conf.path}: {audit.conf.error}", {"source_path": audit.conf.path})


def _of_requirements(judge: HostJudge, schema: Schema, contexts: Iterable[Context]) -> Iterable[Unread]:
    """The unread parts of the host that requirements are about, except the kernel's rules (see `_of_audit`)."""
    for context in contexts:
        asked, system = judge.asked(context, schema)
        if system.error and system.path:  # where there is no such file, that is the answer
            yield Unread(schema.name, system.error, {"applies": "0"})
        controls = [control for each in asked if each.applies for control in each.controls]
        for key, found in judge.judge(controls).items():
            cells = dict(zip(CONTROL_KEY, key, strict=True))
            for each in chain.from_iterable(found.values()):
                if each.reason == _UNREADABLE and each.remedy.text == TARGET_UNREAD:
                    yield Unread(schema.name, each.evidence, cells)


def _could_have(column: Column, cell: str, context: Context) -> bool:
    """Whether a row with this cell could meet the constraints of a call."""
    operands = context.equals(column.name)
    if operands is not None and not could_equal(column, operands)({column.name: cell}):
        return False
    return not any(_excludes(term, cell) for term in context.constraints if term.column == column.name)


def _excludes(term: Constraint, cell: str) -> bool:
    return term.op in (ConstraintOperator.NE, ConstraintOperator.ISNOT) and term.expr == cell

"""Makes a table of ours a virtual table of SQLite: it plans a query, sends the table a request, and converts its cells.

The table gets the request that osquery would send: the same constraints in the same JSON, through
`plugin.table.select`. The planning is that of osquery's sql/virtual_table.cpp, so a query calls the table as often as
in osquery. Only REQUIRED columns differ, where osquery reports an error although SQL has an answer: a comparison with
an empty text is passed on, an equality with NULL has no rows, and a plan with an equality is preferred.
"""

# ruff: noqa: N802 - the methods of a virtual table are named by apsw

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import cast

import apsw

from auditrules.plugin.context import ConstraintOperator, Context
from auditrules.plugin.row import ROWID, Row
from auditrules.plugin.schema import Column, ColumnOption, ColumnType
from auditrules.plugin.table import Table, select
from auditrules.sql.result import Value
from auditrules.values import dataclass, field

_MOST_COST = 1_000_000  # osquery's kMaxIndexCost
_LAST_BIT = 63  # of SQLite's colUsed: it stands for every column from here on
_INDEXED = ColumnOption.INDEX | ColumnOption.ADDITIONAL | ColumnOption.REQUIRED
_RANGES = frozenset(
    {
        ConstraintOperator.GREATER_THAN,
        ConstraintOperator.GREATER_THAN_OR_EQUALS,
        ConstraintOperator.LESS_THAN,
        ConstraintOperator.LESS_THAN_OR_EQUALS,
    }
)

# A number as C's strtoll reads it with base 0, and so osquery.
_NUMBER = re.compile(r"\s*([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]{0,18}))", re.ASCII)
_BIGINTS = range(-(2**63), 2**63)


class TableError(Exception):
    """A table answered with an error. The message is the table's."""


class VirtualTableModule:
    """A table as the module of virtual tables that apsw registers."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.names = table.schema.names

    def Connect(self, _connection: apsw.Connection, *_: apsw.SQLiteValue) -> tuple[str, apsw.VTTable]:
        """Give the table's declaration, and the table."""
        return self._table.schema.ddl(), cast("apsw.VTTable", _Virtual(self._table))

    Create = Connect


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan of SQLite's: column and operator of each constraint, in the order of the operands.

    `passed_lists` are the places of IN lists that were passed whole. Like osquery's xFilter, we pass each only once.
    """

    constraints: tuple[tuple[str, int], ...]
    used: tuple[str, ...]
    bits: int
    passed_lists: set[int] = field(default_factory=set)


class _Virtual:
    """A table in one statement; mirrors xBestIndex of osquery's sql/virtual_table.cpp."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = table.schema.columns
        self._affinities = sorted((column.name, column.type.value) for column in self.columns)
        self._required = {column.name for column in self.columns if column.option & ColumnOption.REQUIRED}
        self.plans: list[_Plan] = []

    def BestIndexObject(self, index: apsw.IndexInfo) -> bool:
        cost = _MOST_COST
        constraints: list[tuple[str, int]] = []
        for place in range(index.nConstraint):
            column = self._column(index, place)
            if column is None:
                continue
            operator = index.get_aConstraint_op(place)
            if column.type is ColumnType.TEXT and operator in _RANGES:
                cost += 10
                continue
            option = column.option or ColumnOption.INDEX  # as --extensions_default_index has it
            if not option & _INDEXED:
                continue
            cost = 1
            if option & ColumnOption.OPTIMIZED and index.get_aConstraintUsage_in(place):
                index.set_aConstraintUsage_in(place, True)  # noqa: FBT003 - apsw's
            constraints.append((column.name, operator))
            index.set_aConstraintUsage_argvIndex(place, len(constraints))
        plan = self._plan(constraints, index.colUsed)
        if self._required and (
            ConstraintOperator.EQUALS not in {op for name, op in constraints if name in self._required}
        ):
            cost = _MOST_COST  # osquery does so only for a plan without any constraint on these columns
        index.idxNum = len(self.plans)
        index.estimatedCost = float(cost)
        self.plans.append(plan)
        return True

    def Open(self) -> apsw.VTCursor:
        return cast("apsw.VTCursor", _Cursor(self))

    def Disconnect(self) -> None:
        """Do nothing: there is nothing to release."""

    Destroy = Disconnect

    def request(self, plan: _Plan, operands: tuple[object, ...]) -> dict[str, str]:
        """Write the request as osquery does. It drops NULL and empty operands, and makes an IN list several equalities.

        Empty operands stay if they are in a whole IN list or on a REQUIRED column. Raises TableError if the plan has no
        constraint on a REQUIRED column.
        """
        if not self._is_answerable(plan):
            name = self.table.schema.name
            raise TableError(f"Table {name} was queried without a required column in the WHERE clause")
        lists: dict[str, list[dict[str, object]]] = {name: [] for name, _ in self._affinities}
        for place, ((column, operator), operand) in enumerate(zip(plan.constraints, operands, strict=True)):
            if not isinstance(operand, set):
                value = _expression(operand)
                values = [value] if value or column in self._required else []
            elif place in plan.passed_lists:
                values = []
            else:
                values = sorted(_expression(each) for each in operand if each is not None)
                plan.passed_lists.add(place)
            lists[column] += [{"op": operator, "expr": value} for value in values]
        constraints = [{"name": name, "list": lists[name], "affinity": type_} for name, type_ in self._affinities]
        context = {"constraints": constraints, "colsUsed": plan.used, "colsUsedBitset": plan.bits}
        return {"action": "generate", "context": json.dumps(context)}

    def is_without_answer(self, plan: _Plan, operands: tuple[object, ...]) -> bool:
        """Whether a REQUIRED column is compared with NULL, which equals nothing."""
        return any(
            operand is None and operator == ConstraintOperator.EQUALS and column in self._required
            for (column, operator), operand in zip(plan.constraints, operands, strict=True)
        )

    def _column(self, index: apsw.IndexInfo, place: int) -> Column | None:
        number = index.get_aConstraint_iColumn(place)
        return self.columns[number] if index.get_aConstraint_usable(place) and number >= 0 else None

    def _is_answerable(self, plan: _Plan) -> bool:
        return not self._required or any(column in self._required for column, _ in plan.constraints)

    def _plan(self, constraints: list[tuple[str, int]], used: set[int]) -> _Plan:
        names = tuple(c.name for number, c in enumerate(self.columns) if min(number, _LAST_BIT) in used)
        return _Plan(tuple(constraints), names, sum(1 << bit for bit in used))


class _Cursor:
    """One scan of a table; mirrors xFilter, and get_column of osquery's dynamic_table_row.cpp."""

    def __init__(self, virtual: _Virtual) -> None:
        self._virtual = virtual
        self._columns = virtual.columns
        self._rows: Sequence[Row] = ()
        self._place = 0

    def Filter(self, number: int, _name: str | None, operands: tuple[object, ...] | None) -> None:
        plan = self._virtual.plans[number]
        self._place, self._rows = 0, ()
        if self._virtual.is_without_answer(plan, operands or ()):
            return
        request = self._virtual.request(plan, operands or ())
        table = self._virtual.table
        interrupts: list[KeyboardInterrupt] = []

        def rows(context: Context) -> list[Row]:
            try:
                return list(table.rows(context))
            except KeyboardInterrupt as interrupt:
                interrupts.append(interrupt)
                raise

        found = select(Table(table.schema, rows), request)
        if interrupts:  # `select` answers Ctrl-C as any failure; here it ends the query
            raise interrupts[0]
        if found.code:
            raise TableError(found.message)
        self._rows = found.rows  # SQLite reads only the columns that the plan uses

    def Eof(self) -> bool:
        return self._place >= len(self._rows)

    def Next(self) -> None:
        self._place += 1

    def Rowid(self) -> int:
        return int(self._rows[self._place][ROWID])

    def Column(self, number: int) -> Value:
        column = self._columns[number]
        text = self._rows[self._place].get(column.name)
        return None if text is None else _VALUES[column.type](text)

    def Close(self) -> None:
        self._rows = ()


def _expression(operand: object) -> str:
    """The text of an operand; empty for NULL."""
    if isinstance(operand, bytes):
        operand = operand.decode(errors="replace")
    return "" if operand is None else str(operand).partition("\0")[0]  # a C string ends there


def _text(text: str) -> str:
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()  # as on the wire


def _bigint(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, hexadecimal, octal, decimal = match.groups()
    number = int(hexadecimal, 16) if hexadecimal else int(decimal) if decimal else int(octal or "0", 8)
    value = -number if sign == "-" else number
    return value if value in _BIGINTS else None


def _integer(text: str) -> int | None:
    """Cut a number to 32 bits, as osquery silently does."""
    value = _bigint(text)
    return None if value is None else (value + 2**31) % 2**32 - 2**31


_VALUES = {ColumnType.TEXT: _text, ColumnType.INTEGER: _integer, ColumnType.BIGINT: _bigint}

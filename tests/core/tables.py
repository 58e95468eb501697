"""osquery's virtual tables in SQLite, after osquery/sql/virtual_table.cpp and dynamic_table_row.cpp."""
# ruff: noqa: N802 - the methods have apsw's names

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import apsw

from auditrules.plugin.table import Table, answer

INDEX, REQUIRED, ADDITIONAL, OPTIMIZED, HIDDEN = 1, 2, 4, 8, 16

RANGES = (4, 8, 16, 32)
MAX_COST = 1_000_000.0


class Reply(NamedTuple):
    """What came of a call to an extension."""

    code: int
    message: str
    rows: list[dict[str, str]]


Call = Callable[[str, Mapping[str, str]], Reply]
"""A call to a table: its name and the request."""


class TableError(Exception):
    """The error that a query ends with."""


def local(*tables: Table) -> Call:
    """Return a caller of tables in this process."""
    by_name = {table.schema.name: table for table in tables}

    def call(name: str, request: Mapping[str, str]) -> Reply:
        response = answer(by_name[name], request)
        return Reply(response.code, response.message, response.rows)

    return call


class Database:
    """SQLite with extension tables; every generate call's context is kept in `contexts`."""

    def __init__(self) -> None:
        # Each query is planned anew, as in osquery: what a plan has lost is not lost to the next query.
        self.connection = apsw.Connection(":memory:", statementcachesize=0)
        self.contexts: list[dict[str, Any]] = []

    def attach(self, name: str, call: Call, *, default_index: bool = True) -> None:
        """Attach a table, as osquery does once an extension has registered it."""
        module = _Module(name, call, self.contexts, default_index=default_index)
        self.connection.createmodule(name, cast("apsw.VTModule", module), use_bestindex_object=True)
        self.connection.execute(f"CREATE VIRTUAL TABLE temp.{name} USING {name}")

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; raise `TableError` where a table gives none."""
        self.contexts.clear()
        return list(self.connection.execute(sql, tuple(values)))

    def operands(self) -> list[dict[str, list[tuple[int, str]]]]:
        """Return the constraints of each generate call of the last query: column to (op, expr), where it has any."""
        return [
            {
                column["name"]: [(term["op"], term["expr"]) for term in column["list"]]
                for column in context["constraints"]
                if column["list"]
            }
            for context in self.contexts
        ]


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    option: int


@dataclass(frozen=True)
class _Plan:
    terms: tuple[tuple[str, int], ...]
    used: tuple[str, ...]
    used_bits: int
    overwritten: set[int] = field(default_factory=set)  # IN constraints that an xFilter has made equalities


class _Module:
    def __init__(self, name: str, call: Call, contexts: list[dict[str, Any]], *, default_index: bool) -> None:
        self.name = name
        self.call = call
        self.contexts = contexts
        self.default_index = default_index
        self.columns: list[_Column] = []
        self.plans: dict[int, _Plan] = {}

    def Create(
        self, _db: apsw.Connection, _module: str, _database: str, _table: str, *_arguments: object
    ) -> tuple[str, _Module]:
        reply = self.call(self.name, {"action": "columns"})
        routes = [route for route in reply.rows if route["id"] == "column"]
        if reply.code or not routes:
            raise TableError(f"vtable constructor failed: {self.name}")
        declared = [_Column(route["name"], route["type"], int(route.get("op", "0"))) for route in routes]
        self.columns = [
            _Column(column.name, column.type, column.option or (INDEX if self.default_index else 0))
            for column in declared
        ]
        return _ddl(self.name, declared), self

    Connect = Create

    def BestIndexObject(self, info: apsw.IndexInfo) -> bool:
        terms: list[tuple[str, int]] = []
        cost = MAX_COST
        for number in range(info.nConstraint):
            place = info.get_aConstraint_iColumn(number)
            if not info.get_aConstraint_usable(number) or not 0 <= place < len(self.columns):
                continue
            column, op = self.columns[place], info.get_aConstraint_op(number)
            if column.type == "TEXT" and op in RANGES:
                cost += 10
                continue
            if not column.option & (INDEX | REQUIRED | ADDITIONAL):
                continue
            cost = 1.0
            if column.option & OPTIMIZED and info.get_aConstraintUsage_in(number):
                info.set_aConstraintUsage_in(number, True)  # noqa: FBT003 - apsw takes it by place alone
            terms.append((column.name, op))
            info.set_aConstraintUsage_argvIndex(number, len(terms))
        used = [column for place, column in enumerate(self.columns) if min(place, 63) in info.colUsed]
        if any(column.option & REQUIRED for column in used) and not self._has_required(terms):
            cost = MAX_COST
        bits = sum(1 << bit for bit in info.colUsed)
        info.idxNum = len(self.plans)
        info.estimatedCost = cost
        self.plans[info.idxNum] = _Plan(tuple(terms), tuple(column.name for column in used), bits)
        return True

    def _has_required(self, terms: Sequence[tuple[str, int]]) -> bool:
        required = {column.name for column in self.columns if column.option & REQUIRED}
        return not required or any(name in required for name, _ in terms)

    def generate(self, plan: _Plan, values: Sequence[object]) -> list[dict[str, str]]:
        if not self._has_required(plan.terms):
            raise TableError(f"Table {self.name} was queried without a required column in the WHERE clause")
        lists: dict[str, list[dict[str, object]]] = {column.name: [] for column in self.columns}
        for place, ((name, op), value) in enumerate(zip(plan.terms, values, strict=True)):
            if not isinstance(value, set | frozenset):
                operands = [operand for operand in (_operand(value),) if operand]
            elif place in plan.overwritten:
                operands = []  # `constraint.second.op = EQUALS` has stayed, and the text of a whole list is NULL
            else:
                operands = sorted(_operand(each) for each in value if each is not None)
                plan.overwritten.add(place)
            lists[name] += [{"op": op, "expr": operand} for operand in operands]
        types = {column.name: column.type for column in self.columns}
        context = {
            "constraints": [{"name": name, "list": lists[name], "affinity": types[name]} for name in sorted(lists)],
            "colsUsed": list(plan.used),
            "colsUsedBitset": plan.used_bits,
        }
        self.contexts.append(context)
        reply = self.call(self.name, {"action": "generate", "context": json.dumps(context)})
        if reply.code:
            raise TableError(reply.message)
        return reply.rows

    def Open(self) -> _Cursor:
        return _Cursor(self)

    def Disconnect(self) -> None:
        pass

    Destroy = Disconnect


class _Cursor:
    def __init__(self, module: _Module) -> None:
        self._module = module
        self._rows: list[dict[str, str]] = []
        self._place = 0

    def Filter(self, number: int, _name: str | None, values: Sequence[object]) -> None:
        self._rows = self._module.generate(self._module.plans[number], values)
        self._place = 0

    def Eof(self) -> bool:
        return self._place >= len(self._rows)

    def Next(self) -> None:
        self._place += 1

    def Rowid(self) -> int:
        return int(self._rows[self._place].get("rowid", self._place))

    def Column(self, number: int) -> str | int | float | None:
        if number == -1:
            return self.Rowid()
        column = self._module.columns[number]
        return converted(column.type, self._rows[self._place].get(column.name))

    def Close(self) -> None:
        pass


def _ddl(name: str, columns: Sequence[_Column]) -> str:
    lines = [f"`{column.name}` {column.type}{' HIDDEN' if column.option & HIDDEN else ''}" for column in columns]
    keys = [column.name for column in columns if column.option & (INDEX | ADDITIONAL)]
    if keys and not any(column.option & INDEX for column in columns):
        keys = [column.name for column in columns]
    if keys:
        lines.append(f"PRIMARY KEY ({', '.join(f'`{name}`' for name in keys)})")
    return f"CREATE TABLE {name}({', '.join(lines)})"


def _operand(value: object) -> str:
    """Return what sqlite3_value_text and a C string make of a value; osquery drops an empty one outside of a list."""
    if value is None:
        return ""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.partition("\0")[0]


_C_INTEGER = re.compile(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", re.ASCII)


def _strtoll(text: str) -> int | None:
    """Read an integer as C does with base 0: 010 is 8, 0x10 is 16."""
    found = _C_INTEGER.fullmatch(text)
    if not found:
        return None
    sign, digits = found.groups()
    octal = digits.startswith("0") and digits.isdigit()
    value = int(sign + digits, 8 if octal else 0)
    return value if -(2**63) <= value < 2**63 else None


def converted(kind: str, text: str | None) -> str | int | float | None:
    """Return the SQL value of a cell; None where the extension sent no such cell."""
    if text is None or kind in ("TEXT", "BLOB"):
        return text
    if kind == "DOUBLE":
        try:
            return float(text)
        except ValueError:
            return None
    if kind not in ("INTEGER", "BIGINT", "UNSIGNED BIGINT"):
        return None
    value = _strtoll(text)
    if value is None or kind != "INTEGER":
        return value
    return (value + 2**31) % 2**32 - 2**31

"""Queries the tables with SQLite inside this process, without osquery.

Only this module and `virtual_table` use apsw. They use its older names, which also work with the apsw for SQLite 3.42,
the version inside osquery.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import cast

import apsw

from auditrules.plugin.table import Table
from auditrules.sql.error import SqlError, expect_one_query, explained
from auditrules.sql.functions import FUNCTIONS
from auditrules.sql.result import QueryResult, Value
from auditrules.sql.virtual_table import TableError, VirtualTableModule

_READS = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_RECURSIVE})
_PRAGMAS = ("function_list", "table_info", "table_list", "table_xinfo")
_PERIOD = 10_000  # steps of SQLite's machine between two checks for Ctrl-C


class Database:
    """The tables, ready for SELECT statements. It runs no other statement, and opens no file or SQLite extension.

    Each query fills the tables anew. Whether they all show the same moment depends on the functions that fill them.
    """

    def __init__(self, tables: Iterable[Table]) -> None:
        self._modules = {table.schema.name: VirtualTableModule(table) for table in tables}
        self._refusal = ""  # why the authorizer said no
        # Plan each query anew, as osquery does: a plan passes an IN list to the table only once.
        self._connection = apsw.Connection(":memory:", statementcachesize=0)
        self._connection.execute("PRAGMA temp_store = memory")  # no file on this host for a large sort either
        for name, module in self._modules.items():
            self._connection.createmodule(
                name, cast("apsw.VTModule", module), use_bestindex_object=True, read_only=True
            )
            self._connection.execute(f"CREATE VIRTUAL TABLE temp.{name} USING {name}")  # where osquery has them too
        for name, (function, arguments) in FUNCTIONS.items():
            self._connection.createscalarfunction(name, function, arguments, deterministic=True)
        self._connection.authorizer = self._authorize
        self._connection.setprogresshandler(lambda: False, _PERIOD)

    def __enter__(self) -> Database:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def query(self, sql: str) -> QueryResult:
        """Run one SELECT; raises `SqlError`."""
        try:
            sql.encode()
        except UnicodeEncodeError as error:
            raise SqlError("expected SQL in UTF-8", sql, error.start) from error
        columns: list[str] = []

        def inspect(cursor: apsw.Cursor, statement: str, _bindings: object) -> bool:
            if not columns:  # later calls are for the rest of the text, which holds no second statement
                columns.extend(name for name, *_ in cursor.getdescription())
                expect_one_query(sql, statement, columns)
            return True

        cursor = self._connection.cursor()
        cursor.setexectrace(inspect)
        try:
            rows = tuple(cast("Iterable[tuple[Value, ...]]", cursor.execute(sql)))
        except TableError as error:
            raise SqlError(str(error), sql) from error
        except (apsw.Error, ValueError) as error:  # ValueError: from a function, or for a NUL in the text
            raise self._explained(error, sql) from error
        return QueryResult(tuple(columns), rows)

    def _authorize(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if action == apsw.SQLITE_FUNCTION:  # SQLite's own message names a refused function
            return apsw.SQLITE_DENY if second == "load_extension" else apsw.SQLITE_OK
        if action in _READS or (action == apsw.SQLITE_PRAGMA and first in _PRAGMAS):
            return apsw.SQLITE_OK
        if action == apsw.SQLITE_PRAGMA:
            self._refusal = f"expected a PRAGMA out of {', '.join(_PRAGMAS)}, found {first}"
        else:
            self._refusal = "expected one SELECT: the tables can only be read"
        return apsw.SQLITE_DENY

    def _explained(self, error: Exception, sql: str) -> SqlError:
        if isinstance(error, apsw.AuthError):
            return SqlError(self._refusal, sql)
        message = str(error).removeprefix(f"{type(error).__name__}: ")  # apsw 3.42 puts it before SQLite's message
        offset = getattr(error, "error_offset", -1)  # in bytes; -1 if SQLite names no place
        place = None if offset < 0 else len(sql.encode()[:offset].decode(errors="ignore"))
        return explained(message, sql, place, {name: module.names for name, module in self._modules.items()})

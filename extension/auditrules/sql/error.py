"""The error of a query: what is wrong, at which place of the SQL, and which name was perhaps meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_WIDTH = 100  # characters of a SQL line that an error shows

# White space, semicolons and comments may follow the statement. The last comment need not be closed.
_NOTHING = re.compile(r"(?:[\s;]|--[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)


class SqlError(Exception):
    """A query failed. `offset` is the wrong character of `sql`; None: not known."""

    def __init__(self, message: str, sql: str, offset: int | None = None) -> None:
        super().__init__(message, sql, offset)
        self.message = message
        self.sql = sql
        self.offset = offset

    def __str__(self) -> str:
        r"""Give the message, the line of SQL, and a caret under the wrong character.

        >>> print(SqlError("no such column: b", "SELECT a,\n b", 11))
        no such column: b
         b
         ^
        """
        if self.offset is None:
            return self.message
        start = self.sql.rfind("\n", 0, self.offset) + 1
        line, column = self.sql[start:].partition("\n")[0], self.offset - start
        cut = max(0, column - _WIDTH // 2)
        shown = "".join(c if c.isprintable() else " " for c in line[cut : cut + _WIDTH]).rstrip()
        return f"{self.message}\n{shown}\n{' ' * (column - cut)}^"


def expect_one_query(sql: str, statement: str, columns: Iterable[str]) -> None:
    """Raise `SqlError` if the SQL holds more than this statement, or the statement has no columns."""
    rest = len(statement) + len(_match(sql[len(statement) :]))
    if rest < len(sql):
        raise SqlError("expected one statement, found a second one", sql, rest)
    if not list(columns):
        raise SqlError("expected one SELECT, found none", sql)


def explained(message: str, sql: str, offset: int | None, tables: Mapping[str, Iterable[str]]) -> SqlError:
    """Add the names of tables or columns to SQLite's message about an unknown one. `tables`: columns by table."""
    kind, _, unknown = message.partition(": ")
    name = unknown.rpartition(".")[2]
    if kind == "no such table":
        places = _places(name, sql)
        place = places[0] if len(places) == 1 else None
        return SqlError(f"{message}; {_near(name, 'tables', sorted(tables))}", sql, place)
    if kind == "no such column":
        used = (columns for table, columns in tables.items() if _places(table, sql))
        names = list(dict.fromkeys(column for columns in used for column in columns))
        return SqlError(f"{message}; {_near(name, 'columns', names)}" if names else message, sql, offset)
    return SqlError(message, sql, offset)


def _match(text: str) -> str:
    found = _NOTHING.match(text)
    return found[0] if found else ""


def _near(name: str, kind: str, names: list[str]) -> str:
    """List the names with similar spelling, or all names if there are none."""
    from difflib import get_close_matches  # noqa: PLC0415 - few queries have an unknown name

    near = get_close_matches(name.lower(), names)
    return f"{kind} spelt alike: {', '.join(near)}" if near else f"{kind}: {', '.join(names)}"


def _places(word: str, sql: str) -> list[int]:
    return [match.start() for match in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", sql, re.IGNORECASE)]

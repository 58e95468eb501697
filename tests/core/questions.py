"""Queries made at random over one table: what people write, and what makes SQLite ask a table more than once."""
# ruff: noqa: S608 - queries are made at random, from words of this file and the cells that are given

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auditrules.plugin.schema import ColumnType
from tests.core.tables import converted

Aliases = tuple[str, ...]


@dataclass
class Questions:
    """The table `{t}` by its columns and some cells of each; `required` is the column that every query must bring.

    Of an empty or NULL operand of that column osquery tells the table nothing, so that another comparison beside it or
    a LIMIT looks as if it were alone, which is an error: a query has either such operands, or such comparisons and a
    LIMIT, or these comparisons behind a plus sign, as the error advises. `empty_lists` are left out where apsw fails on
    a whole one (3.54 does).
    """

    rng: random.Random
    kinds: Mapping[str, ColumnType]
    cells: Mapping[str, Sequence[str]]
    required: str = ""
    empty_lists: bool = True
    bare: bool = False

    def query(self) -> tuple[str, int | None]:
        """Return a query over `{t}` and its LIMIT, which says how many rows to expect and not which."""
        self.bare = self.rng.random() < 0.5
        shape = self.rng.choice(self._shapes())
        query, limit = shape(), self.rng.choice((None, None, 1, 3))
        return query, limit if self.bare or not self.required else None

    def _shapes(self) -> tuple[Callable[[], str], ...]:
        return (
            self._plain,
            self._joined,
            self._counted,
            self._distinct,
            self._distinct_counted,
            self._correlated,
            self._used_twice,
            self._of_values,
        )

    def _plain(self) -> str:
        return f"SELECT {self._columns('a')} FROM {{t}} AS a WHERE {self._where('a')}"

    def _joined(self) -> str:
        left, right = self._column(), self._column()
        kind = self.rng.choice(("", "LEFT "))
        asked = f" AND {self._asked('b')}" if self.required else ""
        return (
            f"SELECT {self._columns('a', 'b')} FROM {{t}} AS a {kind}JOIN {{t}} AS b ON a.{left} = b.{right}{asked} "
            f"WHERE {self._where('a', others=('b',))}"
        )

    def _counted(self) -> str:
        name = self._column()
        what = self.rng.choice((f"min(a.{name})", f"max(a.{name})", f"count(a.{name})"))
        return f"SELECT count(*), {what} FROM {{t}} AS a WHERE {self._where('a')}"

    def _distinct(self) -> str:
        columns = self.rng.choice((f"a.{self._key()}", self._columns("a")))
        return f"SELECT DISTINCT {columns} FROM {{t}} AS a WHERE {self._where('a')}"

    def _distinct_counted(self) -> str:
        name = self._key()
        return f"SELECT count(DISTINCT a.{name}), count(*) FROM {{t}} AS a WHERE {self._where('a')}"

    def _correlated(self) -> str:
        name = self._key()
        where = f"s.{name} = a.{name} AND {self._where('s', others=('a',))}"
        if self.rng.random() < 0.5:
            return (
                f"SELECT {self._columns('a')} FROM {{t}} AS a WHERE {self._where('a')} "
                f"AND EXISTS (SELECT 1 FROM {{t}} AS s WHERE {where} LIMIT 1)"
            )
        inner = f"SELECT count(*) FROM {{t}} AS s WHERE {where}"
        return f"SELECT {self._columns('a')}, ({inner}) FROM {{t}} AS a WHERE {self._where('a')}"

    def _used_twice(self) -> str:
        name, kind = self._key(), self.rng.choice(("", "MATERIALIZED ", "NOT MATERIALIZED "))
        return (
            f"WITH c AS {kind}(SELECT * FROM {{t}} AS a WHERE {self._where('a')}) "
            f"SELECT {self._columns('l', 'r')} FROM c AS l {self.rng.choice(('', 'LEFT '))}JOIN c AS r "
            f"ON l.{name} = r.{name}"
        )

    def _of_values(self) -> str:
        name = self._key()
        self.bare = False  # or SQLite may begin with the table, by what is compared bare
        values = ", ".join(f"({self._cell(name) if self.required else self._literal(name)})" for _ in range(3))
        return (
            f"SELECT v.column1, {self._columns('a')} FROM (VALUES {values}) AS v "
            f"{self.rng.choice(('', 'LEFT '))}JOIN {{t}} AS a ON a.{name} = v.column1 AND {self._condition(('a',))}"
        )

    def _key(self) -> str:
        return self.required or self._column()

    def _column(self) -> str:
        return self.rng.choice(tuple(self.cells))

    def _columns(self, *aliases: str) -> str:
        names = [f"{alias}.{name}" for alias in aliases for name in self.cells]
        return ", ".join(self.rng.sample(names, self.rng.randint(1, min(4, len(names)))))

    def _where(self, alias: str, others: Aliases = ()) -> str:
        if not self.required:
            return self._condition((alias, *others))
        asked = self._asked(alias)
        return asked if self.rng.random() < 0.4 else f"{asked} AND {self._condition((alias, *others))}"

    def _asked(self, alias: str) -> str:
        """What asks for rows of a table that has none unasked."""
        name = f"{alias}.{self.required}"
        a, b, c = (self._cell(self.required) for _ in range(3))
        return self.rng.choice(
            (
                f"{name} = {a}",
                f"{name} IN ({a}, {b})",
                f"{name} IN ({a}, {b}, {c})",
                f"{name} IN ({a}, {b if self.bare else 'NULL'})",
                f"{name} IN (SELECT column1 FROM (VALUES ({a}), ({b})))",
            )
        )

    def _cell(self, column: str) -> str:
        cells = self.cells[column]
        return _quoted(self.rng.choice([cell for cell in cells if cell] if self.bare else cells))

    def _literal(self, column: str) -> str:
        other = column if self.rng.random() < 0.8 else self._column()
        cell = self.rng.choice(self.cells[other])
        kind = self.kinds[column]
        if kind is not ColumnType.TEXT and self.rng.random() < 0.7:
            value = converted(kind.value, cell)
            return "NULL" if value is None else str(value)
        return self.rng.choice(("NULL", "16", "16.0", "x'3136'")) if self.rng.random() < 0.1 else _quoted(cell)

    def _condition(self, aliases: Aliases, depth: int = 0) -> str:
        if depth < 2 and self.rng.random() < 0.45:
            left, right = self._condition(aliases, depth + 1), self._condition(aliases, depth + 1)
            return f"({left} {self.rng.choice(('AND', 'OR', 'OR'))} {right})"
        if depth < 2 and self.rng.random() < 0.08:
            return f"NOT {self._condition(aliases, depth + 1)}"
        return self._term(aliases)

    def _term(self, aliases: Aliases) -> str:
        column, second = self._column(), self._column()
        name, more = f"{self.rng.choice(aliases)}.{column}", f"{self.rng.choice(aliases)}.{second}"
        a, b, c = (self._literal(column) for _ in range(3))
        terms = [
            f"{name} = {a}",
            f"{name} = {a}",
            f"{name} = {a} COLLATE NOCASE",
            f"{name} = {a} COLLATE RTRIM",
            f"{name} IN ({a}, {b}, {c})",
            f"{name} IN ({a}, {b}, '')",
            f"({name} IN ({a}, {b}) AND {more} IN ({self._literal(second)}, {self._literal(second)}))",
            f"{name} = {more}",
        ]
        if column == self.required and not self.bare:
            name = f"+{name}"
        terms += [
            f"{name} NOT IN ({a}, {b})",
            f"{name} != {a}",
            f"{name} < {a}",
            f"{name} >= {a}",
            f"{name} BETWEEN {a} AND {b}",
            f"{name} IS {a}",
            f"{name} IS NOT {a}",
            f"{name} IS NULL",
            f"{name} LIKE '%p%'",
            f"{name} GLOB 'A*'",
        ]
        if not self.required:  # whose subqueries are in shapes of their own
            more = "" if self.empty_lists else f" UNION ALL SELECT {a}"
            terms += [
                f"{name} IN (SELECT i.{column} FROM {{t}} AS i WHERE i.{second} = {self._literal(second)}{more})",
                f"EXISTS (SELECT 1 FROM {{t}} AS e WHERE e.{column} = {name} LIMIT 1)",
            ]
        return self.rng.choice(terms)


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''").replace("{", "{{").replace("}", "}}")
    return f"'{doubled}'"

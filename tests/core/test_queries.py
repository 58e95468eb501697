"""Random queries: a table behind osquery's virtual tables answers as the same rows in a plain SQLite table.

The cells are the hard ones: case, trailing spaces, numbers as text, octal, values that osquery cuts.
"""
# ruff: noqa: S311, S608 - queries are made at random, from words of this file

from __future__ import annotations

import itertools
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import apsw
import pytest

from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, Option, Schema, Type
from auditrules.plugin.table import Table
from tests.core.tables import Call, Database, Reply, converted, local

QUERIES = 1_500 if os.environ.get("SOAK") else 150  # `make soak` asks as many as are promised

NAMES = ("apple", "Apple", "APPLE  ", "pear", "16", "016", "16.0", " 16", "0x10", "", " ", "é", "É", "it''s")
NUMBERS = ("0", "1", "7", "8", "010", "16", "0x10", "-3", "4294967295", "9223372036854775807", "", "junk")
SMALL = ("0", "1", "-1", "", "7", "4294967295", "2147483648")

KINDS = {"name": Type.TEXT, "number": Type.BIGINT, "small": Type.INTEGER, "note": Type.TEXT}
CELLS = {"name": NAMES, "number": NUMBERS, "small": SMALL, "note": NAMES[:5]}


def made_rows(rng: random.Random) -> list[dict[str, str]]:
    names = tuple(CELLS)
    rows = [{name: rng.choice(CELLS[name]).replace("''", "'") for name in names} for _ in range(25)]
    return [{**row, "rowid": str(place * 7919)} for place, row in enumerate(rows)]


def made_table(rows: list[dict[str, str]], option: Option) -> Table:
    columns = tuple(Column(name, kind, "cells", option) for name, kind in KINDS.items())

    def given(_context: Context) -> Iterator[Row]:
        yield from rows

    return Table(Schema("t", "rows", columns, ()), given)


def naive(table: Table) -> Call:
    """Return the same rows behind an exact filter on equality, without a rowid."""

    def call(_name: str, request: Mapping[str, str]) -> Reply:
        if request["action"] == "columns":
            return Reply(0, "OK", table.schema.routes())
        terms = [
            (column["name"], term["expr"])
            for column in json.loads(request["context"])["constraints"]
            for term in column["list"]
            if term["op"] == 2
        ]
        rows = [
            {name: value for name, value in row.items() if name != "rowid"}
            for row in table.rows(Context())
            if all(row[name] == operand for name, operand in terms)
        ]
        return Reply(0, "OK", rows)

    return call


def literal(rng: random.Random, column: str) -> str:
    cell = rng.choice(CELLS[column if rng.random() < 0.8 else rng.choice(tuple(CELLS))])
    if KINDS[column] is not Type.TEXT and rng.random() < 0.7:
        value = converted(KINDS[column].value, cell)
        return "NULL" if value is None else str(value)
    return rng.choice(("NULL", "16", "16.0", "x'3136'")) if rng.random() < 0.1 else f"'{cell}'"


def condition(rng: random.Random, aliases: tuple[str, ...], depth: int = 0) -> str:
    if depth < 2 and rng.random() < 0.45:
        left, right = condition(rng, aliases, depth + 1), condition(rng, aliases, depth + 1)
        return f"({left} {rng.choice(('AND', 'OR', 'OR'))} {right})"
    if depth < 2 and rng.random() < 0.08:
        return f"NOT {condition(rng, aliases, depth + 1)}"
    column = rng.choice(tuple(CELLS))
    name = f"{rng.choice(aliases)}.{column}"
    a, b, c = (literal(rng, column) for _ in range(3))
    other = f"{rng.choice(aliases)}.{rng.choice(tuple(CELLS))}"
    return rng.choice(
        (
            f"{name} = {a}",
            f"{name} = {a}",
            f"{name} = {a} COLLATE NOCASE",
            f"{name} = {a} COLLATE RTRIM",
            f"{name} IN ({a}, {b}, {c})",
            f"{name} IN ({a}, {b}, '')",
            f"{name} NOT IN ({a}, {b})",
            f"{name} IN (SELECT i.{column} FROM {{t}} AS i WHERE i.small = {rng.choice(SMALL[:3])})",
            f"{name} != {a}",
            f"{name} < {a}",
            f"{name} >= {a}",
            f"{name} BETWEEN {a} AND {b}",
            f"{name} IS {a}",
            f"{name} IS NOT {a}",
            f"{name} IS NULL",
            f"{name} LIKE '%p%'",
            f"{name} GLOB 'A*'",
            f"{name} = {other}",
            f"EXISTS (SELECT 1 FROM {{t}} AS e WHERE e.{column} = {name} LIMIT 1)",
        )
    )


def made_query(rng: random.Random) -> tuple[str, int | None]:
    """Return a query over `{t}` and its LIMIT, which says how many rows to expect and not which."""
    shape = rng.randrange(4)
    where = condition(rng, ("a",) if shape < 2 else ("a", "b"))
    left, right = rng.choice(tuple(CELLS)), rng.choice(tuple(CELLS))
    source = (
        "{t} AS a" if shape < 2 else f"{{t}} AS a {rng.choice(('', 'LEFT '))}JOIN {{t}} AS b ON a.{left} = b.{right}"
    )
    columns = ", ".join(rng.sample([f"a.{name}" for name in CELLS], rng.randint(1, 4)))
    if shape == 1 and rng.random() < 0.3:
        return f"SELECT count(*), {rng.choice(('min', 'max'))}(a.number) FROM {source} WHERE {where}", None
    return f"SELECT {columns} FROM {source} WHERE {where}", rng.choice((None, None, 1, 3))


def differences(call: Callable[[Table], Call], option: Option, seed: int) -> list[str]:
    """Run the queries both ways, and return those that differ."""
    rng = random.Random(seed)
    rows = made_rows(rng)
    table = made_table(rows, option)
    database = Database()
    database.attach("t", call(table))
    database.connection.execute(
        f"CREATE TABLE plain({', '.join(f'{name} {kind.value}' for name, kind in KINDS.items())})"
    )
    database.connection.executemany(
        f"INSERT INTO plain VALUES ({', '.join('?' * len(KINDS))})",
        [tuple(converted(kind.value, row[name]) for name, kind in KINDS.items()) for row in rows],
    )
    wrong = []
    for _ in range(QUERIES):
        query, limit = made_query(rng)
        true = Counter(database.query(query.format(t="plain")))
        given = Counter(database.query(query.format(t="t") + (f" LIMIT {limit}" if limit else "")))
        expected = min(limit, true.total()) if limit else true.total()
        if given.total() != expected or given - true:
            wrong.append(query)
    return wrong


OPTIONS = (Option.DEFAULT, Option.INDEX, Option.INDEX | Option.OPTIMIZED)


SQLITE = apsw.sqlitelibversion()


@pytest.mark.parametrize(
    ("option", "seed"),
    [
        pytest.param(option, seed, id=f"{QUERIES} queries, SQLite {SQLITE}, op {int(option)}, seed {seed}")
        for option, seed in itertools.product(OPTIONS, (1, 2))
    ],
)
def test_random_queries_differ_nowhere(option: Option, seed: int) -> None:
    assert differences(local, option, seed) == []


@pytest.mark.parametrize(
    "option", [pytest.param(option, id=f"{QUERIES} queries, op {int(option)}") for option in OPTIONS]
)
def test_the_queries_find_an_exact_filter_without_rowid_out(option: Option) -> None:
    assert len(differences(naive, option, 1)) > QUERIES // 20

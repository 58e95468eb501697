"""Random queries: a table behind osquery's virtual tables answers as the same rows in a plain SQLite table.

Once with cells that are the hard ones (case, trailing spaces, numbers as text, octal, values that osquery cuts) under
every option of a column, and once with each of our tables over a host.
"""
# ruff: noqa: S311, S608 - queries are made at random

from __future__ import annotations

import itertools
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import apsw
import pytest

from auditrules.plugin.context import Constraint, ConstraintOperator, Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Schema
from auditrules.plugin.table import Table
from auditrules.tables import SCHEMAS
from tests.core.questions import Questions
from tests.core.tables import Call, Database, Reply, TableError, converted, local
from tests.fixtures.hosts import everything

QUERIES = 1_500 if os.environ.get("SOAK") else 150  # `make soak` asks as many as are promised

NAMES = ("apple", "Apple", "APPLE  ", "pear", "16", "016", "16.0", " 16", "0x10", "", " ", "é", "É", "it's")
NUMBERS = ("0", "1", "7", "8", "010", "16", "0x10", "-3", "4294967295", "9223372036854775807", "", "junk")
SMALL = ("0", "1", "-1", "", "7", "4294967295", "2147483648")

KINDS = {"name": ColumnType.TEXT, "number": ColumnType.BIGINT, "small": ColumnType.INTEGER, "note": ColumnType.TEXT}
CELLS = {"name": NAMES, "number": NUMBERS, "small": SMALL, "note": NAMES[:5]}


def made_rows(rng: random.Random) -> list[dict[str, str]]:
    """Give rows of which no two are the same to SQLite: where all columns are INDEX, they are the key together."""
    made = ({name: rng.choice(cells) for name, cells in CELLS.items()} for _ in range(25))
    rows = {tuple(converted(KINDS[name].value, row[name]) for name in CELLS): row for row in made}
    return [{**row, "rowid": str(place * 7919)} for place, row in enumerate(rows.values())]


def made_table(rows: list[dict[str, str]], option: ColumnOption) -> Table:
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


def beside_a_plain_table(table: Table, rows: Sequence[Row], call: Callable[[Table], Call]) -> Database:
    """Give the table, and the rows in a table of SQLite's own by the name of `plain`."""
    columns = table.schema.columns
    database = Database()
    database.attach(table.schema.name, call(table))
    database.connection.execute(f"CREATE TABLE plain({', '.join(f'{c.name} {c.type.value}' for c in columns)})")
    database.connection.executemany(
        f"INSERT INTO plain VALUES ({', '.join('?' * len(columns))})",
        [tuple(converted(column.type.value, row[column.name]) for column in columns) for row in rows],
    )
    return database


def differences(table: Table, rows: Sequence[Row], questions: Questions, call: Callable[[Table], Call]) -> list[str]:
    """Ask both ways, and return the queries whose answers differ, or that the table refuses."""
    name, database = table.schema.name, beside_a_plain_table(table, rows, call)
    wrong = []
    for _ in range(QUERIES):
        query, limit = questions.query()
        true = Counter(database.query(query.format(t="plain")))
        try:
            given = Counter(database.query(query.format(t=name) + (f" LIMIT {limit}" if limit else "")))
        except TableError as error:
            wrong.append(f"{query}: {error}")
            continue
        expected = true.total() if limit is None else min(limit, true.total())
        if given - true or given.total() != expected:
            wrong.append(query)
    return wrong


def of_made_rows(option: ColumnOption, seed: int, call: Callable[[Table], Call] = local) -> list[str]:
    rng = random.Random(seed)
    rows = made_rows(rng)
    questions = Questions(rng, KINDS, CELLS, empty_lists=ColumnOption.OPTIMIZED not in option)
    return differences(made_table(rows, option), rows, questions, call)


MOST_ROWS = 40  # of a table: what joins it with itself takes the square of that
PATHS = ("/usr/bin/dockerd", "/etc/docker", "/etc", "/nowhere", "relative", "")  # the last as of a kernel thread


def rows_of_a_host(table: Table) -> tuple[list[Row], str]:
    """Give a table's rows, and the column that it asks for, of which it then has those of a few paths."""
    (required,) = [column.name for column in table.schema.columns if column.option & ColumnOption.REQUIRED] or ("",)
    asked = Context(tuple(Constraint(required, ConstraintOperator.EQUALS, path) for path in PATHS) if required else ())
    return list(table.rows(asked)), required


def of_a_host(table: Table, seed: int) -> list[str]:
    """Ask one of our tables."""
    schema = table.schema
    rows, required = rows_of_a_host(table)
    rows = rows[:MOST_ROWS]
    if not required:
        table = replace(table, rows=lambda _context: rows)
    cells = {name: sorted({row[name] for row in rows}) for name in schema.names}
    kinds = {column.name: column.type for column in schema.columns}
    return differences(table, rows, Questions(random.Random(seed), kinds, cells, required), local)


OPTIONS = (ColumnOption.DEFAULT, ColumnOption.INDEX, ColumnOption.INDEX | ColumnOption.OPTIMIZED)


SQLITE = apsw.sqlitelibversion()


@pytest.mark.parametrize(
    ("option", "seed"),
    [
        pytest.param(option, seed, id=f"{QUERIES} queries, SQLite {SQLITE}, op {int(option)}, seed {seed}")
        for option, seed in itertools.product(OPTIONS, (1, 2))
    ],
)
def test_random_queries_differ_nowhere(option: ColumnOption, seed: int) -> None:
    assert of_made_rows(option, seed) == []


@pytest.mark.parametrize(
    "option", [pytest.param(option, id=f"{QUERIES} queries, op {int(option)}") for option in OPTIONS]
)
def test_the_queries_find_an_exact_filter_without_rowid_out(option: ColumnOption) -> None:
    assert len(of_made_rows(option, 1, naive)) > QUERIES // 20


@cache
def ours(name: str) -> Table:
    return next(table for table in everything().own() if table.schema.name == name)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: f"{schema.name}, {QUERIES} queries, SQLite {SQLITE}")
def test_our_tables_answer_as_their_rows_in_a_plain_table(schema: Schema, seed: int) -> None:
    assert of_a_host(ours(schema.name), seed) == []


def coverage_with(**options: ColumnOption) -> Table:
    """Give audit_coverage with other options for some columns."""
    table = ours("audit_coverage")
    columns = tuple(replace(c, option=options.get(c.name, c.option)) for c in table.schema.columns)
    return replace(table, schema=replace(table.schema, columns=columns))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            {"path": ColumnOption.INDEX | ColumnOption.REQUIRED | ColumnOption.OPTIMIZED}, id="a whole IN list"
        ),
        pytest.param({"source": ColumnOption.DEFAULT}, id="a key that is not unique"),
    ],
)
def test_the_queries_find_out(options: dict[str, ColumnOption]) -> None:
    assert of_a_host(coverage_with(**options), 1) != []


LONG = "printf('%.*c', 1000000, 'x')"
MANY = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT 'x' || i FROM n"
OPERANDS = {
    "NULL": "= NULL",
    "an empty text": "= ''",
    "a megabyte": f"= {LONG}",
    "a megabyte of a list": f"IN ('', {LONG}, NULL)",
    "a thousand texts": f"IN ({MANY})",
    "a thousand texts and a cell": f"IN ({MANY} UNION ALL SELECT {{cell}})",
    "bytes": "= x'00ff'",
    "a NUL": "= {cell} || char(0) || 'x'",
    "a number beyond 64 bits": "= 1e300",
    "a text beyond 64 bits": "= '99999999999999999999'",
    "text that looks like a number": "IN (' 1', '1.0', '0x1', '01')",
}


# Tables of some 2,000 rows: `make test` asks one of them one of the operands, `make test-full` all.
LONG_TABLES = ("audit_controls", "audit_verdicts", "audit_requirements")
ASKED = ("audit_requirements", "an empty text")


@cache
def whole(name: str) -> tuple[Database, list[Row], str]:
    """Give one of our tables beside its rows in a plain one, these rows, and the column that it asks for."""
    table = ours(name)
    rows, required = rows_of_a_host(table)
    return beside_a_plain_table(table, rows, local), rows, required


@pytest.mark.parametrize(
    ("schema", "operand"),
    [
        pytest.param(
            schema,
            operand,
            marks=pytest.mark.full if schema.name in LONG_TABLES and (schema.name, operand) != ASKED else (),
            id=f"{operand}-{schema.name}",
        )
        for schema in SCHEMAS
        for operand in OPERANDS
    ],
)
def test_a_hard_operand_gives_the_rows_of_a_plain_table(schema: Schema, operand: str) -> None:
    database, rows, required = whole(schema.name)
    asked = f"{required} = '/etc' AND " if required else ""
    wrong = []
    names = [name for name in schema.names if name != required]  # of which every value has rows
    for name in names[:1] if "thousand" in operand else names:
        cell = "'" + rows[0][name].replace("'", "''") + "'"
        sql = f"SELECT {name} FROM {{t}} WHERE {asked}{name} {OPERANDS[operand].replace('{cell}', cell)}"
        if sorted(database.query(sql.format(t=schema.name))) != sorted(database.query(sql.format(t="plain"))):
            wrong.append(sql)
    assert wrong == []

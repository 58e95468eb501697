"""The embedded SQL host: the contract of osquery's virtual tables, one read-only statement, and its errors."""

from __future__ import annotations

import doctest
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing

import pytest

from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Schema
from auditrules.plugin.table import Selection, Table, UnsupportedQuery, select
from auditrules.sql import error as errors
from auditrules.sql import functions, virtual_table
from auditrules.sql.database import Database
from auditrules.sql.error import SqlError
from auditrules.sql.result import QueryResult, Value
from tests.core import tables as core

CELLS = (
    {"name": "apple", "number": "1", "small": "7", "hint": ""},
    {"name": "Apple", "number": "16", "small": "010", "hint": ""},
    {"name": "pear ", "number": "", "small": "0x10", "hint": ""},
    {"name": "", "number": "9223372036854775807", "small": "4294967295", "hint": ""},
    {"name": "caf\u00e9", "number": "9223372036854775808", "small": "junk", "hint": ""},
    {"name": "16", "number": "-3", "small": "-0", "hint": ""},
)


def rows(_context: Context) -> Iterator[Row]:
    for place, cells in enumerate(CELLS):
        yield {**cells, "rowid": str(place * 1000)}


def schema(name: str = "fruit", option: ColumnOption = ColumnOption.DEFAULT) -> Schema:
    return Schema(
        name,
        "Fruit.",
        (
            Column("name", ColumnType.TEXT, "A name", option),
            Column("number", ColumnType.BIGINT, "A number"),
            Column("small", ColumnType.INTEGER, "A number that osquery cuts"),
            Column("hint", ColumnType.TEXT, "Nothing", ColumnOption.ADDITIONAL | ColumnOption.HIDDEN),
        ),
        (),
    )


FRUIT = Table(schema(), rows)
BULK = Table(schema("bulk", ColumnOption.INDEX | ColumnOption.OPTIMIZED), rows)
UNTOLD = Table(schema("untold", ColumnOption.OPTIMIZED), rows)
WANTED = Table(schema("wanted", ColumnOption.INDEX | ColumnOption.REQUIRED), rows)
TABLES = (FRUIT, BULK, UNTOLD, WANTED)


def query(text: str, *tables: Table) -> QueryResult:
    with Database(tables or TABLES) as database:
        return database.query(text)


def values(text: str) -> list[Value]:
    return [row[0] for row in query(text).rows]


def error(text: str, *tables: Table) -> str:
    with pytest.raises(SqlError) as caught:
        query(text, *tables)
    return str(caught.value)


def test_a_result_has_columns_and_rows() -> None:
    assert query("SELECT number, name AS n FROM fruit WHERE number < 10") == QueryResult(
        ("number", "n"), ((1, "apple"), (-3, "16"))
    )


def test_a_result_without_rows_has_columns() -> None:
    assert query("SELECT name, 1 AS one FROM fruit WHERE number = 2") == QueryResult(("name", "one"), ())


def test_a_hidden_column_is_not_part_of_a_star() -> None:
    assert query("SELECT * FROM fruit").columns == ("name", "number", "small")


def test_text_is_taken_as_it_is() -> None:
    assert values("SELECT name FROM fruit") == ["apple", "Apple", "pear ", "", "caf\u00e9", "16"]


def test_numbers_are_read_as_c_does_and_empty_is_null() -> None:
    assert values("SELECT number FROM fruit") == [1, 16, None, 2**63 - 1, None, -3]


def test_an_integer_is_cut_to_32_bits() -> None:
    assert values("SELECT small FROM fruit") == [7, 8, 16, -1, None, 0]


def test_a_lone_surrogate_becomes_an_escape_as_on_the_wire() -> None:
    table = Table(FRUIT.schema, lambda _: [{"name": "a\udcff", "number": "", "small": "", "hint": "", "rowid": "1"}])
    assert query("SELECT name FROM fruit", table).rows == (("a\\udcff",),)


def test_rows_keep_their_rowid() -> None:
    assert values("SELECT rowid FROM fruit WHERE number IN (1, 16, -3) ORDER BY rowid") == [0, 1000, 5000]


def calls(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[object]]:
    """Return the contexts that the tables get from this host and from the stand-in core."""
    seen: list[object] = []

    def heard(table: Table, request: Mapping[str, str]) -> Selection:
        seen.append(json.loads(request["context"]))
        return select(table, request)

    stand_in = core.Database()
    for table in TABLES:
        stand_in.attach(table.schema.name, core.local(table))
    expected = stand_in.query(text)
    monkeypatch.setattr(virtual_table, "select", heard)
    assert sorted(map(repr, query(text).rows)) == sorted(map(repr, expected))
    return seen, list(stand_in.contexts)


QUERIES = (
    "SELECT * FROM fruit",
    "SELECT number FROM fruit WHERE name = 'apple'",
    "SELECT number FROM fruit WHERE name = 'apple' COLLATE NOCASE",
    "SELECT name FROM fruit WHERE name = 'apple' OR number = 16",
    "SELECT name FROM fruit WHERE name IN ('apple', 'Apple', '', NULL)",
    "SELECT name FROM bulk WHERE name IN ('apple', 'Apple', '', NULL)",
    "SELECT name FROM bulk WHERE name IN ('')",
    "SELECT name FROM bulk WHERE name IN (SELECT name FROM fruit WHERE number > 0)",
    "SELECT name FROM untold WHERE name IN ('apple', 'pear ')",
    "SELECT name FROM wanted WHERE name IN ('apple', 'pear ')",
    "SELECT name FROM wanted WHERE name = 'apple' AND name LIKE 'a%'",
    "SELECT name FROM bulk WHERE name IN ('apple', 'Apple') AND number IN (1, 16)",
    "SELECT (SELECT count(*) FROM bulk AS b WHERE b.name IN ('apple', '') AND b.number >= f.number) FROM fruit AS f",
    "WITH b AS (SELECT * FROM bulk WHERE name IN ('apple', '')) SELECT * FROM b LEFT JOIN b AS c ON b.small = c.small",
    "SELECT DISTINCT name FROM bulk WHERE name = 'apple'",
    "SELECT count(DISTINCT name) FROM wanted WHERE name IN ('apple', 'pear ')",
    "SELECT name FROM fruit WHERE name > 'b' AND number >= 1",
    "SELECT name FROM fruit WHERE name != 'apple' AND number IS NOT NULL AND small IS 8",
    "SELECT name FROM fruit WHERE name GLOB 'a*' OR name LIKE 'p%'",
    "SELECT name FROM fruit WHERE name = NULL",
    "SELECT name FROM fruit WHERE name = ''",
    "SELECT name FROM fruit WHERE name = x'6170706c65'",
    "SELECT name FROM fruit WHERE name = 'apple' || char(0) || 'x'",
    "SELECT name FROM fruit WHERE number = 16.0",
    "SELECT name FROM fruit LIMIT 2 OFFSET 1",
    "SELECT a.name FROM fruit AS a JOIN bulk AS b ON a.number = b.number",
    "SELECT a.name, b.small FROM fruit AS a LEFT JOIN bulk AS b ON a.name = b.name AND b.number = 1",
    "WITH f AS MATERIALIZED (SELECT * FROM fruit) SELECT count(*) FROM f AS a LEFT JOIN f AS b ON a.name = b.name",
    "SELECT EXISTS (SELECT 1 FROM fruit WHERE name = 'apple' LIMIT 1)",
    "SELECT hint FROM fruit WHERE hint = 'x'",
)


@pytest.mark.parametrize("text", QUERIES)
def test_tables_get_the_calls_that_the_stand_in_core_makes(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, expected = calls(text, monkeypatch)
    assert ours == expected


def test_an_in_list_is_one_call_where_the_column_is_optimized(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = calls("SELECT name FROM bulk WHERE name IN ('b', 'a', '', NULL)", monkeypatch)  # NULL alone is dropped
    assert ours == [
        {
            "constraints": [
                {"name": "hint", "list": [], "affinity": "TEXT"},
                {"name": "name", "list": [{"op": 2, "expr": e} for e in ("", "a", "b")], "affinity": "TEXT"},
                {"name": "number", "list": [], "affinity": "BIGINT"},
                {"name": "small", "list": [], "affinity": "INTEGER"},
            ],
            "colsUsed": ["name"],
            "colsUsedBitset": 1,
        }
    ]


# Where osquery drops an operand of a required column, and with it the question.
SAID_HERE: tuple[tuple[str, list[str]], ...] = (
    ("name IN ('apple', '', NULL)", ["", "apple"]),
    ("name = ''", [""]),
    ("name = NULL", []),
)


@pytest.mark.parametrize(("term", "operands"), SAID_HERE)
def test_an_empty_operand_of_a_required_column_is_passed_on(term: str, operands: list[str]) -> None:
    asked: list[str] = []

    def noted(context: Context) -> Iterator[Row]:
        asked.extend(context.equals("name") or ())
        return rows(context)

    found = query(f"SELECT name FROM wanted WHERE {term}", Table(WANTED.schema, noted))  # noqa: S608 - of three
    assert sorted(asked) == sorted(str(row[0]) for row in found.rows) == operands


def test_a_whole_in_list_is_gone_when_the_cursor_filters_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = calls("SELECT name FROM bulk WHERE name IN ('b', 'a') AND number IN (1, 2)", monkeypatch)
    terms = [[(term.column, term.expr) for term in Context.from_json(json.dumps(each)).constraints] for each in ours]
    assert terms == [[("name", "a"), ("name", "b"), ("number", "1")], [("number", "2")]]


def test_a_whole_in_list_is_there_again_for_the_same_query_asked_again() -> None:
    with Database(TABLES) as database:
        found = [database.query("SELECT name FROM bulk WHERE name IN ('apple', '16')") for _ in range(2)]
    assert found[0].rows == found[1].rows == (("apple",), ("16",))


def test_sqlite_believes_that_index_columns_are_unique() -> None:
    twice = Table(schema("twice", ColumnOption.INDEX), lambda context: [*rows(context), *rows(context)])
    assert query("SELECT DISTINCT name FROM twice WHERE name = 'apple' AND hint = ''", twice).rows == (("apple",),) * 2


def test_an_in_list_is_one_call_a_value_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = calls("SELECT name FROM fruit WHERE name IN ('b', 'a')", monkeypatch)
    assert len(ours) == 2


TERMS = (
    "name = 'apple'",
    "name = 'APPLE' COLLATE NOCASE",
    "name IN ('pear ', '16', '')",
    "name = 16",
    "name LIKE 'a%'",
    "name > 'b'",
    "number = 16",
    "number = '16'",
    "number IS NULL",
    "number BETWEEN 1 AND 20",
    "small = 8",
    "small != 7",
    "small = '8.0'",
)


@pytest.mark.parametrize("name", ["fruit", "bulk", "untold"])
def test_random_conditions_give_what_the_same_rows_give_in_a_plain_table(name: str) -> None:
    rng = random.Random(name)  # noqa: S311 - the same cases each time
    with Database(TABLES) as database, closing(sqlite3.connect(":memory:")) as plain:
        plain.execute("CREATE TABLE plain(name TEXT, number BIGINT, small INTEGER)")
        cells = database.query("SELECT name, number, small FROM fruit").rows
        plain.executemany("INSERT INTO plain VALUES (?, ?, ?)", cells)
        for _ in range(150):
            left, middle, right = rng.sample(TERMS, 3)
            where = f"{left} {rng.choice(('AND', 'OR'))} ({middle} {rng.choice(('AND', 'OR'))} NOT {right})"
            expected = plain.execute("SELECT * FROM plain WHERE " + where)  # noqa: S608 - from TERMS
            found = database.query(f"SELECT * FROM {name} WHERE {where}").rows  # noqa: S608 - from TERMS
            assert Counter(found) == Counter(expected)


def test_a_missing_required_column_is_osquerys_error() -> None:
    assert error("SELECT * FROM wanted") == "Table wanted was queried without a required column in the WHERE clause"


@pytest.mark.parametrize("term", ["name LIKE 'a%'", "name GLOB 'a*'", "name != 'a'", "name IS NOT 'a'"])
def test_a_required_column_with_anything_but_an_equality_is_an_error_with_its_reason(term: str) -> None:
    assert error(f"SELECT * FROM wanted WHERE {term}").startswith(  # noqa: S608 - one of these
        f"wanted: expected name with = or IN, for the rows are worked out of it; found only {term} ("
    )


def test_a_question_is_the_error_of_the_query() -> None:
    def ask(_context: Context) -> Iterator[Row]:
        raise UnsupportedQuery("expected a path")

    assert error("SELECT * FROM fruit", Table(FRUIT.schema, ask)) == "fruit: expected a path"


def test_a_bug_in_a_table_is_the_error_of_the_query() -> None:
    def fail(_context: Context) -> Iterator[Row]:
        raise KeyError("nope")

    assert error("SELECT * FROM fruit", Table(FRUIT.schema, fail)) == "fruit: KeyError: 'nope'"


def test_an_interrupt_in_a_table_stays_an_interrupt() -> None:
    def stop(_context: Context) -> Iterator[Row]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        query("SELECT * FROM fruit", Table(FRUIT.schema, stop))


ERRORS = (
    ("SELEC 1", 'near "SELEC": syntax error\nSELEC 1\n^'),
    ("SELECT 1 FROM", "incomplete input"),
    ("SELECT\n  nme\nFROM fruit", "no such column: nme; columns spelt alike: name, number\n  nme\n  ^"),
    ("SELECT z FROM fruit", "no such column: z; columns: name, number, small, hint\nSELECT z FROM fruit\n       ^"),
    ("SELECT t.nam FROM fruit", "no such column: t.nam; columns spelt alike: name\nSELECT t.nam FROM fruit\n       ^"),
    ("SELECT zzz", "no such column: zzz\nSELECT zzz\n       ^"),
    ("SELECT 'é', zzz", "no such column: zzz\nSELECT 'é', zzz\n            ^"),
    ("SELECT\t'\x1b', zzz", "no such column: zzz\nSELECT ' ', zzz\n            ^"),
    ("SELECT 1 FROM friut", "no such table: friut; tables spelt alike: fruit\nSELECT 1 FROM friut\n              ^"),
    ("SELECT * FROM x", "no such table: x; tables: bulk, fruit, untold, wanted\nSELECT * FROM x\n              ^"),
    ("SELECT 1 FROM b.fruit", f"no such table: b.fruit; tables spelt alike: fruit\nSELECT 1 FROM b.fruit\n{'^':>17}"),
    ("SELECT 'zz' FROM zz", "no such table: zz; tables: bulk, fruit, untold, wanted"),
    ("SELECT nofunc(1)", "no such function: nofunc\nSELECT nofunc(1)\n       ^"),
    ("SELECT 1; SELECT 2", "expected one statement, found a second one\nSELECT 1; SELECT 2\n          ^"),
    ("\n SELECT 1;\n SELECT 2", "expected one statement, found a second one\n SELECT 2\n ^"),
    ("/* a */ SELECT z", "no such column: z\n/* a */ SELECT z\n               ^"),
    ("SELECT 1; selec", "expected one statement, found a second one\nSELECT 1; selec\n          ^"),
    ("SELECT 1; -- a\n ;  SELECT 2", "expected one statement, found a second one\n ;  SELECT 2\n    ^"),
    ("", "expected one SELECT, found none"),
    (" ;-- nothing", "expected one SELECT, found none"),
    ("REINDEX", "expected one SELECT, found none"),
    ("SELECT 1\0", "null character in query"),
    ("SELECT '\udcff'", "expected SQL in UTF-8\nSELECT ' '\n        ^"),
    ("SELECT load_extension(1)", "not authorized to use function: load_extension\nSELECT load_extension(1)\n       ^"),
    ("PRAGMA x = 0", "expected a PRAGMA out of function_list, table_info, table_list, table_xinfo, found x"),
    ("ATTACH '/x' AS x", "expected one SELECT: the tables can only be read"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_errors_say_what_and_where(text: str, message: str) -> None:
    assert error(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "ATTACH '{file}' AS x",
        "VACUUM INTO '{file}'",
        "CREATE TABLE x(a)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "CREATE VIRTUAL TABLE temp.x USING fruit",
        "INSERT INTO fruit(name) VALUES ('a')",
        "UPDATE fruit SET name = 'a'",
        "DELETE FROM fruit",
        "DROP TABLE fruit",
        "BEGIN",
        "SAVEPOINT a",
        "ANALYZE",
        "DETACH main",
    ],
)
def test_nothing_but_reading_is_allowed(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("none") / "file"
    with pytest.raises(SqlError):
        query(text.format(file=file))
    assert not file.exists()


def test_a_refusal_does_not_outlast_its_query() -> None:
    with Database([FRUIT]) as database:
        for text in ("PRAGMA query_only", "BEGIN"):
            with pytest.raises(SqlError) as caught:
                database.query(text)
    assert str(caught.value) == "expected one SELECT: the tables can only be read"


def test_a_trailing_semicolon_and_a_comment_are_no_second_statement() -> None:
    assert query("SELECT 1 AS one ; /* done */ -- really").rows == ((1,),)


def test_a_long_line_is_shown_around_the_place() -> None:
    text = f"SELECT {'1, ' * 100}zzz, {'2, ' * 100}3"
    shown = f"{'1, ' * 16}zzz, {'2, ' * 15}".rstrip()
    message, line, caret = error(text).split("\n")
    assert (message, line.strip(" ,"), caret) == ("no such column: zzz", f", {shown}".strip(" ,"), f"{' ' * 50}^")


def test_the_columns_of_a_table_can_be_asked_for() -> None:
    assert query("SELECT name FROM pragma_table_info('fruit')").rows == (("name",), ("number",), ("small",))


def test_tables_are_where_osquery_has_them() -> None:
    assert query("SELECT DISTINCT 1 FROM temp.fruit").rows == ((1,),)


def test_nothing_is_kept_in_files() -> None:
    with Database([]) as database:
        database._connection.authorizer = None
        assert database._connection.pragma("temp_store") == 2


def test_explain_shows_the_plan() -> None:
    assert query("EXPLAIN QUERY PLAN SELECT * FROM fruit WHERE name = 'a'").rows[0][3] == (
        "SCAN fruit VIRTUAL TABLE INDEX 0:"
    )


FUNCTIONS = (
    ("split('a, b,,c', ',', 1)", "b"),
    ("split('a, b,,c', ',', 2)", "c"),
    ("split('a, b,,c', ',', 3)", None),
    ("split('a, b,,c', ',', -1)", None),
    ("split('a, b,,c', ',', '1x')", "b"),
    (f"split('a, b,,c', ',', '{'9' * 5_000}')", None),
    ("split('a.b-c', '.-', 2)", "c"),
    ("split('a]b^c', ']^', 2)", "c"),
    ("split(NULL, ',', 0)", None),
    ("split('', ',', 0)", None),
    ("split(123, 2, 1)", "3"),
    ("regex_match('/usr/bin/dockerd', '[^/]+$', 0)", "dockerd"),
    ("regex_match('key=docker', '(k.y)=(d)?', 1)", "key"),
    ("regex_match('key=x', 'key=(d)?', 1)", ""),
    ("regex_match('key=x', 'key', 1)", None),
    ("regex_match('key', 'x', 0)", None),
    ("regex_match('key', NULL, 0)", None),
    ("concat('a', NULL, 1, x'62')", "a1b"),
    ("concat()", None),
    ("concat_ws('-', 'a', NULL, 'b')", "a-b"),
    ("concat_ws('-', 'a', NULL)", "a-"),
    ("concat_ws(NULL, 'a', 'b')", "ab"),
    ("concat_ws('-')", None),
)


@pytest.mark.parametrize(("call", "value"), FUNCTIONS)
def test_functions_compute_as_osquerys(call: str, value: str | None) -> None:
    assert values(f"SELECT {call}") == [value]


FUNCTION_ERRORS = (
    ("regex_match('a', '(', 0)", "Invalid regex"),
    ("regex_match('a', printf('%257s', 'a'), 0)", "Invalid regex: too big, max size is 256 bytes"),
    ("split('a', '', 0)", "Invalid input to split function"),
    ("concat_ws()", "Missing separator to concat_ws"),
)


@pytest.mark.parametrize(("call", "message"), FUNCTION_ERRORS)
def test_functions_fail_as_osquerys(call: str, message: str) -> None:
    assert error(f"SELECT {call}") == message


def test_the_examples_in_docstrings_hold() -> None:
    assert [doctest.testmod(module) for module in (errors, functions)] == [(0, 1), (0, 2)]

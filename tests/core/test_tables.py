"""What osquery's virtual tables do to a plugin, each with a plugin that falls for it and ours that does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from auditrules.plugin.context import ConstraintOperator, Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Schema
from auditrules.plugin.table import Table, UnsupportedQuery
from tests.core.tables import Call, Database, Reply, TableError, converted, local

FRUITS = (("apple", "1"), ("Apple", "2"), ("pear", "3"), ("", "4"))


def schema(option: int = 0, name: str = "t") -> Schema:
    columns = (
        Column("name", ColumnType.TEXT, "a name", ColumnOption(option)),
        Column("number", ColumnType.BIGINT, "a number"),
    )
    return Schema(name, "names and numbers", columns, ())


def rows(_context: Context) -> Iterator[Row]:
    for name, number in FRUITS:
        yield {"name": name, "number": number, "rowid": number}


def ours(option: int = 0) -> Call:
    return local(Table(schema(option), rows))


Terms = list[tuple[str, int, str]]
Plugin = Callable[[Terms], Sequence[Mapping[str, str]]]


def naive(generate: Plugin, option: int = 0) -> Call:
    """Return a plugin that is handed its constraints and gives what it gives."""

    def call(_name: str, request: Mapping[str, str]) -> Reply:
        if request["action"] == "columns":
            return Reply(0, "OK", schema(option).routes())
        context = json.loads(request["context"])
        terms = [
            (column["name"], term["op"], term["expr"]) for column in context["constraints"] for term in column["list"]
        ]
        return Reply(0, "OK", [dict(row) for row in generate(terms)])

    return call


def exact(terms: Terms) -> list[dict[str, str]]:
    """Filter by equality alone, exactly, and send no rowid."""
    table = [{"name": name, "number": number} for name, number in FRUITS]
    return [
        row
        for row in table
        if all(row[name] == operand for name, op, operand in terms if op == ConstraintOperator.EQUALS)
    ]


def exact_with_rowid(terms: Terms) -> list[dict[str, str]]:
    return [{**row, "rowid": row["number"]} for row in exact(terms)]


def any_constraint_is_equality(terms: Terms) -> list[dict[str, str]]:
    table = [{"name": name, "number": number} for name, number in FRUITS]
    return [row for row in table if all(row[name] == operand for name, _, operand in terms)]


def one_lookup(terms: Terms) -> list[dict[str, str]]:
    """Look up the one name that the query must bring."""
    return [row for row in exact([]) if row["name"] == terms[0][2]] if terms else []


def last_lookup(terms: Terms) -> list[dict[str, str]]:
    """Look up one name of those that the query brings."""
    return [row for row in exact([]) if row["name"] == terms[-1][2]]


def needs_a_name(terms: Terms) -> list[dict[str, str]]:
    """Look up the names that the query brings, and have nothing to say without one."""
    names = [operand for name, op, operand in terms if (name, op) == ("name", ConstraintOperator.EQUALS)]
    return [row for row in exact_with_rowid([]) if row["name"] in names]


def asked(call: Call, sql: str) -> tuple[list[tuple[object, ...]], list[dict[str, list[tuple[int, str]]]]]:
    database = Database()
    database.attach("t", call)
    return database.query(sql), database.operands()


# query; what each generate call is told; the true rows; a plugin that gets it wrong; option of the column `name`
CASES = {
    "or_runs_twice_and_drops_rows_that_share_a_rowid": (
        "SELECT name FROM t WHERE name = 'apple' OR number = 3",
        [{"name": [(2, "apple")]}, {"number": [(2, "3")]}],
        [("apple",), ("pear",)],
        exact,
        0,
    ),
    "the_collation_of_an_equality_is_not_told": (
        "SELECT name FROM t WHERE name = 'APPLE' COLLATE NOCASE",
        [{"name": [(2, "APPLE")]}],
        [("Apple",), ("apple",)],
        exact_with_rowid,
        0,
    ),
    "a_limit_is_a_constraint_on_the_first_column": (
        "SELECT name FROM t LIMIT 2",
        [{"name": [(73, "2")]}],
        [("Apple",), ("apple",)],
        any_constraint_is_equality,
        0,
    ),
    "op_0_takes_an_in_list_apart": (
        "SELECT number FROM t WHERE name IN ('apple', 'pear')",
        [{"name": [(2, "apple")]}, {"name": [(2, "pear")]}],
        [(1,), (3,)],
        lambda terms: exact(terms)[:1] if terms[0][2] == "apple" else [],
        0,
    ),
    "op_9_brings_a_whole_in_list": (
        "SELECT number FROM t WHERE name IN ('apple', 'pear')",
        [{"name": [(2, "apple"), (2, "pear")]}],
        [(1,), (3,)],
        exact_with_rowid,
        ColumnOption.INDEX | ColumnOption.OPTIMIZED,
    ),
    "op_11_brings_a_whole_in_list": (
        "SELECT number FROM t WHERE name IN ('apple', 'pear')",
        [{"name": [(2, "apple"), (2, "pear")]}],
        [(1,), (3,)],
        exact_with_rowid,
        ColumnOption.INDEX | ColumnOption.REQUIRED | ColumnOption.OPTIMIZED,
    ),
    "op_8_alone_brings_no_constraint": (
        "SELECT number FROM t WHERE name = 'pear'",
        [{}],
        [(3,)],
        one_lookup,
        ColumnOption.OPTIMIZED,
    ),
    "op_16_alone_brings_no_constraint": (
        "SELECT number FROM t WHERE name = 'pear'",
        [{}],
        [(3,)],
        one_lookup,
        ColumnOption.HIDDEN,
    ),
    "an_empty_operand_is_dropped": (
        "SELECT number FROM t WHERE name = ''",
        [{}],
        [(4,)],
        one_lookup,
        0,
    ),
    "a_whole_in_list_comes_with_its_empty_operands_and_without_null": (
        "SELECT number FROM t WHERE name IN ('', NULL, 'pear')",
        [{"name": [(2, ""), (2, "pear")]}],
        [(3,), (4,)],
        last_lookup,
        ColumnOption.INDEX | ColumnOption.OPTIMIZED,
    ),
    "a_whole_in_list_is_gone_when_its_cursor_filters_again": (
        "SELECT number FROM t WHERE name IN ('apple', 'pear') AND number IN (1, 3)",
        [{"name": [(2, "apple"), (2, "pear")], "number": [(2, "1")]}, {"number": [(2, "3")]}],
        [(1,), (3,)],
        needs_a_name,
        ColumnOption.INDEX | ColumnOption.OPTIMIZED,
    ),
    "a_whole_in_list_is_gone_for_the_second_row_of_a_correlated_subquery": (
        (
            "SELECT v.column1, (SELECT count(*) FROM t WHERE t.name IN ('apple', 'pear') AND t.number >= v.column1) "
            "FROM (VALUES (1), (2)) AS v"
        ),
        [{"name": [(2, "apple"), (2, "pear")], "number": [(32, "1")]}, {"number": [(32, "2")]}],
        [(1, 2), (2, 1)],
        needs_a_name,
        ColumnOption.INDEX | ColumnOption.OPTIMIZED,
    ),
    "op_1_brings_the_values_of_an_in_list_to_each_filter": (
        "SELECT number FROM t WHERE name IN ('apple', 'pear') AND number IN (1, 3)",
        [
            {"name": [(2, "apple")], "number": [(2, "1")]},
            {"name": [(2, "apple")], "number": [(2, "3")]},
            {"name": [(2, "pear")], "number": [(2, "1")]},
            {"name": [(2, "pear")], "number": [(2, "3")]},
        ],
        [(1,), (3,)],
        lambda _terms: [],
        ColumnOption.INDEX,
    ),
    "index_columns_are_the_primary_key_and_sqlite_believes_it": (
        "SELECT DISTINCT name FROM t WHERE name = 'pear'",
        [{"name": [(2, "pear")]}],
        [("pear",)],
        lambda terms: [*exact(terms), *exact(terms)],
        ColumnOption.INDEX,
    ),
    "a_range_of_text_is_dropped": (
        "SELECT number FROM t WHERE name > 'b'",
        [{}],
        [(3,)],
        one_lookup,
        0,
    ),
    "like_comes_with_its_pattern": (
        "SELECT number FROM t WHERE name LIKE 'p%'",
        [{"name": [(65, "p%")]}],
        [(3,)],
        any_constraint_is_equality,
        0,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_ours_is_right_where(name: str) -> None:
    sql, told, answer, _, option = CASES[name]
    result, contexts = asked(ours(option), sql)
    assert (contexts, sorted(result)) == (told, answer)


@pytest.mark.parametrize("name", CASES)
def test_a_naive_plugin_is_wrong_where(name: str) -> None:
    sql, told, answer, plugin, option = CASES[name]
    result, contexts = asked(naive(plugin, option), sql)
    assert contexts == told
    assert sorted(result) != answer


def test_a_missing_required_column_is_an_error() -> None:
    with pytest.raises(TableError, match=r"^Table t was queried without a required column in the WHERE clause$"):
        asked(ours(ColumnOption.INDEX | ColumnOption.REQUIRED), "SELECT * FROM t WHERE number = 1")


def test_a_plugin_that_does_not_say_required_gives_no_error_but_no_rows() -> None:
    assert asked(naive(one_lookup), "SELECT * FROM t WHERE number = 1") == ([], [{"number": [(2, "1")]}])


@pytest.mark.parametrize(("clause", "term"), [("WHERE name LIKE 'x%'", (65, "x%")), ("LIMIT 3", (73, "3"))])
def test_any_operator_satisfies_a_required_column(clause: str, term: tuple[int, str]) -> None:
    call = naive(one_lookup, ColumnOption.INDEX | ColumnOption.REQUIRED)
    _, contexts = asked(call, f"SELECT * FROM t {clause}")  # noqa: S608 - a case of this table
    assert contexts == [{"name": [term]}]


def test_a_query_of_before_takes_no_list_from_the_next() -> None:
    database = Database()
    database.attach("t", naive(needs_a_name, ColumnOption.INDEX | ColumnOption.OPTIMIZED))
    sql = "SELECT number FROM t WHERE name IN ('apple', 'pear')"
    assert database.query(sql) == database.query(sql) == [(1,), (3,)]


@pytest.mark.parametrize(
    ("option", "key"),
    [
        (0, []),
        (ColumnOption.INDEX, ["name"]),
        (ColumnOption.ADDITIONAL, ["name", "number"]),
        (ColumnOption.REQUIRED, []),
    ],
)
def test_the_primary_key_is_of_what_says_index_itself(option: int, key: list[str]) -> None:
    database = Database()
    database.attach("t", ours(option))
    assert [name for name, place in database.query("SELECT name, pk FROM pragma_table_info('t')") if place] == key


def test_without_the_default_index_op_0_brings_no_constraint() -> None:
    database = Database()
    database.attach("t", ours(), default_index=False)
    database.query("SELECT * FROM t WHERE name = 'pear'")
    assert database.operands() == [{}]


def test_a_join_calls_once_for_each_outer_row() -> None:
    database = Database()
    database.attach("t", ours())
    database.query("SELECT * FROM (VALUES (1), (2), (3)) AS v CROSS JOIN t ON t.number = v.column1")
    assert database.operands() == [{"number": [(2, "1")]}, {"number": [(2, "2")]}, {"number": [(2, "3")]}]


def test_only_the_columns_that_a_query_uses_are_asked_for() -> None:
    database = Database()
    database.attach("t", ours())
    database.query("SELECT number FROM t")
    context = database.contexts[0]
    assert (context["colsUsed"], context["colsUsedBitset"]) == (["number"], 2)


def test_the_error_of_a_query_is_the_plugins_message() -> None:
    def refuse(_context: Context) -> Iterator[Row]:
        raise UnsupportedQuery("expected a path")

    with pytest.raises(TableError, match=r"^t: expected a path$"):
        asked(local(Table(schema(), refuse)), "SELECT * FROM t")


# type, cell, SQL value
CELLS = [
    ("TEXT", "", ""),
    ("TEXT", None, None),
    ("INTEGER", "", None),
    ("BIGINT", "", None),
    ("BIGINT", None, None),
    ("INTEGER", "4294967295", -1),  # cut to 32 bits: the reason for BIGINT
    ("BIGINT", "4294967295", 4294967295),
    ("INTEGER", "010", 8),
    ("BIGINT", "010", 8),
    ("BIGINT", "0x10", 16),
    ("BIGINT", "-3", -3),
    ("BIGINT", "9223372036854775807", 9223372036854775807),
    ("BIGINT", "9223372036854775808", None),
    ("BIGINT", "08", None),
    ("BIGINT", "12 rules", None),
    ("DOUBLE", "1.5", 1.5),
    ("DOUBLE", "junk", None),
    ("BOOLEAN", "1", None),
]


@pytest.mark.parametrize(("kind", "cell", "value"), CELLS)
def test_cells_become_values_as_in_osquery(kind: str, cell: str | None, value: object) -> None:
    assert converted(kind, cell) == value

from __future__ import annotations

import sqlite3

import pytest

from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Schema

SCHEMA = Schema(
    "audit_things",
    "Things.",
    (
        Column("path", ColumnType.TEXT, "A path", ColumnOption.INDEX | ColumnOption.REQUIRED | ColumnOption.OPTIMIZED),
        Column("count", ColumnType.BIGINT, "How many, a|b"),
        Column("debug", ColumnType.INTEGER, "1 or 0", ColumnOption.INDEX | ColumnOption.HIDDEN),
    ),
    (),
)


def test_routes_are_columns_with_their_option_bits_and_the_attributes() -> None:
    assert SCHEMA.routes() == [
        {"id": "column", "name": "path", "type": "TEXT", "op": "11"},
        {"id": "column", "name": "count", "type": "BIGINT", "op": "0"},
        {"id": "column", "name": "debug", "type": "INTEGER", "op": "17"},
        {"id": "attributes", "attributes": "0"},
    ]


def test_ddl_quotes_names_and_honours_hidden_and_has_osquerys_primary_key() -> None:
    assert SCHEMA.ddl() == (
        'CREATE TABLE "audit_things"("path" TEXT, "count" BIGINT, "debug" INTEGER HIDDEN, '
        'PRIMARY KEY ("path", "debug"))'
    )


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ((ColumnOption.DEFAULT, ColumnOption.DEFAULT), ()),
        ((ColumnOption.INDEX, ColumnOption.DEFAULT), ("a",)),
        ((ColumnOption.INDEX, ColumnOption.ADDITIONAL), ("a", "b")),
        ((ColumnOption.INDEX | ColumnOption.REQUIRED, ColumnOption.INDEX), ("a", "b")),
        ((ColumnOption.REQUIRED, ColumnOption.OPTIMIZED), ()),
        ((ColumnOption.ADDITIONAL, ColumnOption.DEFAULT), ("a", "b")),  # osquery then takes the whole row
    ],
)
def test_the_primary_key_is_osquerys(options: tuple[ColumnOption, ColumnOption], key: tuple[str, ...]) -> None:
    columns = tuple(Column(name, ColumnType.TEXT, "", option) for name, option in zip("ab", options, strict=True))
    assert Schema("t", "", columns, ()).key == key


@pytest.mark.parametrize("name", ['a"b', "order", "two words"])
def test_ddl_of_any_name_is_sql(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(Schema(name, "", (Column(name, ColumnType.TEXT, ""),), ()).ddl())
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [(name,)]
    connection.close()


def test_markdown_has_a_line_for_each_column_and_says_what_is_required_or_hidden() -> None:
    assert SCHEMA.markdown() == (
        "| column | type | description |\n"
        "|---|---|---|\n"
        "| `path` | TEXT | A path (required) |\n"
        "| `count` | BIGINT | How many, a\\|b |\n"
        "| `debug` | INTEGER | 1 or 0 (hidden) |\n"
    )


def test_names_are_in_the_order_of_declaration() -> None:
    assert SCHEMA.names == ("path", "count", "debug")

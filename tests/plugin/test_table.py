from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

import pytest

from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Response, Table, UnsupportedQuery, answer

SCHEMA = Schema(
    "things",
    "Things.",
    (
        Column("name", ColumnType.TEXT, "a name"),
        Column("number", ColumnType.BIGINT, "a number"),
        Column("small", ColumnType.INTEGER, "a small number"),
    ),
    (),
)


def row(name: str = "", number: str = "", small: str = "") -> Row:
    return {"name": name, "number": number, "small": small, "rowid": "7"}


def table(*rows: Row) -> Table:
    return Table(SCHEMA, lambda _context: rows)


def request(columns: list[str] | None = None, **equalities: list[str]) -> dict[str, str]:
    constraints = [
        {"name": name, "list": [{"op": 2, "expr": operand} for operand in operands], "affinity": "TEXT"}
        for name, operands in equalities.items()
    ]
    used = {} if columns is None else {"colsUsed": columns}
    return {"action": "generate", "context": json.dumps({"constraints": constraints, **used})}


def test_generate_gives_the_rows_with_their_rowid() -> None:
    assert answer(table(row("a", "1", "2")), request()) == Response(
        0, "OK", [{"name": "a", "number": "1", "small": "2", "rowid": "7"}]
    )


def test_generate_without_a_context_gives_all() -> None:
    assert answer(table(row("a"), row("b")), {"action": "generate"}).rows == [row("a"), row("b")]


def test_unused_columns_are_left_out_and_the_rowid_stays() -> None:
    assert answer(table(row("a", "1")), request(["number", "no_such"])).rows == [{"number": "1", "rowid": "7"}]


def test_a_query_that_uses_no_column_still_gets_its_rows() -> None:
    assert answer(table(row("a"), row("b")), request([])).rows == [{"rowid": "7"}, {"rowid": "7"}]


def test_the_context_reaches_the_function_that_fills_the_table() -> None:
    seen: list[Context] = []

    def rows(context: Context) -> Iterable[Row]:
        seen.append(context)
        return ()

    answer(Table(SCHEMA, rows), request(["name"], name=["a", "b"]))
    assert [(context.equals("name"), context.columns_used) for context in seen] == [(("a", "b"), frozenset({"name"}))]


# column, operands, cell
KEPT = [
    ("name", ["a"], "a"),
    ("name", ["a"], "A"),  # COLLATE NOCASE
    ("name", ["A "], "a"),  # COLLATE RTRIM
    ("name", ["a"], "a   "),
    ("name", ["a", "b"], "b"),  # an IN list
    ("name", ["16"], "016"),  # compared with a number: name = other.number
    ("name", ["16"], "1.6e1"),
    ("number", ["16"], "16"),
    ("number", ["8"], "010"),  # octal to osquery
    ("number", ["16"], "0x10"),
    ("number", ["16.0"], "3"),  # not a plain operand: nothing is judged
    ("number", ["16", "x"], "3"),
    ("number", ["16"], ""),
    ("number", ["16"], "junk"),
    ("small", ["-1"], "4294967295"),  # cut to 32 bits
    ("small", ["-1"], "-1"),
]

DROPPED = [
    ("name", ["a"], "b"),
    ("name", ["a", "b"], "ab"),
    ("name", ["a"], " a"),
    ("name", ["16"], "sixteen"),
    ("name", ["a"], ""),
    ("number", ["16"], "17"),
    ("number", ["16", "18"], "17"),
    ("number", ["16"], "-16"),
    ("small", ["0"], "1"),
]


@pytest.mark.parametrize(("column", "operands", "cell"), KEPT)
def test_a_row_that_some_comparison_may_want_is_kept(column: str, operands: list[str], cell: str) -> None:
    assert len(answer(table(row(**{column: cell})), request(**{column: operands})).rows) == 1


@pytest.mark.parametrize(("column", "operands", "cell"), DROPPED)
def test_a_row_that_no_comparison_wants_is_dropped(column: str, operands: list[str], cell: str) -> None:
    assert answer(table(row(**{column: cell})), request(**{column: operands})).rows == []


@pytest.mark.parametrize("op", [1, 3, 4, 8, 16, 32, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 99])
def test_only_equality_narrows(op: int) -> None:
    constraints = [{"name": "name", "list": [{"op": op, "expr": "z"}], "affinity": "TEXT"}]
    asked = {"action": "generate", "context": json.dumps({"constraints": constraints})}
    assert len(answer(table(row("a")), asked).rows) == 1


def test_a_constraint_on_a_column_that_is_not_there_narrows_nothing() -> None:
    assert len(answer(table(row("a")), request(other=["z"])).rows) == 1


def test_columns_are_the_routes_of_the_schema() -> None:
    assert answer(table(), {"action": "columns"}) == Response(0, "OK", SCHEMA.routes())


@pytest.mark.parametrize("action", ["insert", "update", "delete"])
def test_writing_is_answered_by_one_row_that_says_readonly(action: str) -> None:
    assert answer(table(), {"action": action, "json_value_array": "[]"}) == Response(0, "OK", [{"status": "readonly"}])


def failing(error: Callable[[], BaseException]) -> Table:
    def rows(_context: Context) -> Iterator[Row]:
        yield row("a")
        raise error()

    return Table(SCHEMA, rows)


class Unprintable(Exception):  # noqa: N818 - a fixture
    def __str__(self) -> str:
        raise ValueError("no text")


FAILURES: list[tuple[Table, Mapping[str, str], str]] = [
    (
        table(),
        {},
        "things: expected the action generate, columns, insert, update or delete, found None",
    ),
    (
        table(),
        {"action": "drop"},
        "things: expected the action generate, columns, insert, update or delete, found 'drop'",
    ),
    (
        table(),
        {"action": "generate", "context": ""},
        "things: expected the query context as JSON: Expecting value: line 1 column 1 (char 0)",
    ),
    (failing(lambda: UnsupportedQuery("expected path = …")), request(), "things: expected path = …"),
    (failing(lambda: KeyError("k")), request(), "things: KeyError: 'k'"),
    (failing(lambda: ValueError("two\nlines")), request(), "things: ValueError: two lines"),
    (failing(lambda: SystemExit(3)), request(), "things: SystemExit: 3"),
    (failing(KeyboardInterrupt), request(), "things: KeyboardInterrupt"),
    (failing(MemoryError), request(), "things: MemoryError"),
    (table({"name": "a", "rowid": "1"}), request(), "things: KeyError: 'number'"),
    (table({"name": "a", "number": "1", "small": "2"}), request(), "things: KeyError: 'rowid'"),
    (
        table({**row(), "number": None}),  # type: ignore[dict-item]
        request(),
        "things: TypeError: expected text in column number, found None",
    ),
]


@pytest.mark.parametrize(("asked_of", "asked", "message"), FAILURES)
def test_a_failure_is_an_answer_with_its_cause_in_one_line(
    asked_of: Table, asked: Mapping[str, str], message: str
) -> None:
    assert answer(asked_of, asked) == Response(1, message, [])


def test_an_exception_without_text_is_an_answer_too() -> None:
    response = answer(failing(Unprintable), request())
    assert (response.code, response.rows) == (1, [])
    assert response.message.startswith("things: ")
    assert "Unprintable" in response.message

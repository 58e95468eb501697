"""Answers osquery's requests to a table. Every request gets an answer, and a failure names its cause."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from auditrules.plugin.context import Constraint, ConstraintOperator, Context, ContextError
from auditrules.plugin.row import ROWID, KeptRow, Row
from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Schema
from auditrules.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Table:
    """A schema and the function that fills it.

    A row has a text for every column of the schema, and `rowid`: a decimal that is the same for the same row in every
    answer. Without rowids osquery would number the rows of each answer from 0. As SQLite drops rows of one query that
    share a rowid, `a = 1 OR b = 2` would then lose rows.

    If the schema has REQUIRED columns, each context has an equality on one of them. A table that is not `eager` is
    filled only when a query asks for it, as its inputs take memory.
    """

    schema: Schema
    rows: Callable[[Context], Iterable[Row]]
    eager: bool = True


class UnsupportedQuery(Exception):  # noqa: N818 - it is no error of the program
    """A query that the table cannot answer; the message is for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to osquery: code 0 and rows, or code 1 and a message, which osquery shows as the query's error."""

    code: int
    message: str
    rows: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Selection:
    """An answer with the table's own rows. The query uses only `columns` of them; None: all."""

    code: int
    message: str
    rows: Sequence[Row] = ()
    columns: tuple[str, ...] | None = None

    def response(self) -> Response:
        """Copy the rows, with the columns that the query uses."""
        names = self.columns
        return Response(
            self.code,
            self.message,
            [dict(row) if names is None else {name: row[name] for name in names} for row in self.rows],
        )


def answer(table: Table, request: Mapping[str, str]) -> Response:
    """Answer one request to a table. Never raises: an exception would end the connection, and its cause be lost."""
    return select(table, request).response()


def select(table: Table, request: Mapping[str, str]) -> Selection:
    """As `answer`, but give the table's own rows, so that the caller can send rows that are encoded already."""
    try:
        return _selected(table, request)
    except (UnsupportedQuery, ContextError) as error:
        return _failed(table, str(error))
    except BaseException as error:  # SystemExit too would end a serving thread without an answer
        import logging  # noqa: PLC0415 - a command that meets no bug needs neither
        import traceback  # noqa: PLC0415

        logging.getLogger(__name__).debug("%s: no answer to %r", table.schema.name, request, exc_info=True)
        return _failed(table, traceback.format_exception_only(type(error), error)[-1])


def _selected(table: Table, request: Mapping[str, str]) -> Selection:
    match request.get("action"):
        case "generate":
            return _generate(table, Context.from_json(request["context"]) if "context" in request else Context())
        case "columns":
            return Selection(0, "OK", table.schema.routes())
        case "insert" | "update" | "delete":
            return Selection(0, "OK", [{"status": "readonly"}])
        case action:
            raise UnsupportedQuery(f"expected the action generate, columns, insert, update or delete, found {action!r}")


def _failed(table: Table, cause: str) -> Selection:
    return Selection(1, f"{table.schema.name}: {' '.join(cause.split())}")


def _generate(table: Table, context: Context) -> Selection:
    context = _with_required(table.schema, context)
    used = context.columns_used
    names = (*(name for name in table.schema.names if used is None or name in used), ROWID)
    rows: Iterable[Row] = table.rows(context)
    for keep in row_filters(table.schema, context):
        rows = filter(keep, rows)
    found = list(rows)
    for row in found:
        if not isinstance(row, KeptRow):
            _check(row, names)
    return Selection(0, "OK", found, names)


_WORDS: Mapping[int, str] = {
    ConstraintOperator.GREATER_THAN: ">",
    ConstraintOperator.LESS_THAN_OR_EQUALS: "<=",
    ConstraintOperator.LESS_THAN: "<",
    ConstraintOperator.GREATER_THAN_OR_EQUALS: ">=",
    ConstraintOperator.NE: "!=",
    ConstraintOperator.ISNOT: "IS NOT",
    ConstraintOperator.NOTNULL: "IS NOT NULL",
    ConstraintOperator.ISNULL: "IS NULL",
}
# They come with the table's first column, but are no constraint on it.
_OF_NO_COLUMN = frozenset({ConstraintOperator.LIMIT, ConstraintOperator.OFFSET})


def _with_required(schema: Schema, context: Context) -> Context:
    """Give the context an equality on a REQUIRED column if it lacks one. Raises UnsupportedQuery if that can't be done.

    osquery accepts any operator on such a column, and silently drops operands that are NULL or empty: `path = ''`,
    `path = NULL` and `path != ''` all come without a constraint. Then two equalities are added: with the empty string,
    and with a text that no query uses. osquery filters the rows again, which gives the right rows in all three cases:
    the first, none, and the second.
    """
    required = [column.name for column in schema.columns if column.option & ColumnOption.REQUIRED]
    if not required or any(context.equals(name) for name in required):
        return context
    found = [term for term in context.constraints if term.column in required]
    if found or not context.columns_listed.issuperset(required):
        raise UnsupportedQuery(_expected_equality(required, found))
    texts = [(name, text) for name in required for text in ("", f"(no {name})")]
    added = (Constraint(name, ConstraintOperator.EQUALS, text) for name, text in texts)
    return replace(context, constraints=(*context.constraints, *added))


def _expected_equality(required: Sequence[str], found: Iterable[Constraint]) -> str:
    """Say that an equality is missing, and how to write one in place of the terms that were found."""
    expected = f"expected {' or '.join(required)} with = or IN, for the rows are worked out of it"
    terms = [term for term in found if term.op not in _OF_NO_COLUMN]
    if not terms:
        return f"{expected}; found neither (osquery leaves out an operand that is empty or NULL)"
    shown = ", ".join(map(_shown, terms))
    name, word = terms[0].column, _operator(terms[0].op)
    return f"{expected}; found only {shown} (in a join that has {name} = …, write +{name} {word} …)"


_MOST_SHOWN = 100  # characters of an operand in a message


def _shown(term: Constraint) -> str:
    word = _operator(term.op)
    return f"{term.column} {word}" + ("" if word.endswith("NULL") else f" '{term.expr[:_MOST_SHOWN]}'")


def _operator(op: int) -> str:
    return _WORDS.get(op) or (ConstraintOperator(op).name if op in set(ConstraintOperator) else f"operator {op}")


def _check(row: Row, names: Iterable[str]) -> None:
    for name in names:
        if not isinstance(row[name], str):
            raise TypeError(f"expected text in column {name}, found {row[name]!r}")


def row_filters(schema: Schema, context: Context, names: Iterable[str] | None = None) -> list[Callable[[Row], bool]]:
    """Return a test for each column with equalities: it is true for every row that could satisfy one of them.

    `names` are the columns to look at; None: all.

    SQLite applies the WHERE clause to the rows again. Only SQLite knows the collation and affinity of a comparison, so
    a row is left out only if no collation and affinity could make it equal.
    """
    wanted = schema.names if names is None else frozenset(names)
    return [
        could_equal(column, operands)
        for column in schema.columns
        if column.name in wanted and (operands := context.equals(column.name)) is not None
    ]


def could_equal(column: Column, operands: tuple[str, ...]) -> Callable[[Row], bool]:
    """Return a test of rows: it is true if the column could equal an operand, however SQLite compares them."""
    name = column.name
    if column.type is ColumnType.TEXT:
        folded = {_folded(operand) for operand in operands}
        numeric = any(_is_numeric(operand) for operand in operands)
        results: dict[str, bool] = {}  # most rows have one of a few values

        def could_be(row: Row) -> bool:
            value = row[name]
            if value not in results:
                results[value] = _folded(value) in folded or (numeric and _is_numeric(value))
            return results[value]

        return could_be
    if not all(_PLAIN_DECIMAL.fullmatch(operand) for operand in operands):
        return lambda _row: True
    wanted = frozenset(operands)
    return lambda row: row[name] in wanted or not _PLAIN_DECIMAL.fullmatch(row[name])


# No leading zero, which osquery reads as octal; at most nine digits, which no column type cuts.
_PLAIN_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,8}")


def _folded(text: str) -> str:
    """A form that is the same for texts that are equal under the collation BINARY, NOCASE or RTRIM."""
    return text.lower().rstrip(" ")


def _is_numeric(text: str) -> bool:
    """Whether SQLite may compare the text as a number: it casts text if the other side has numeric affinity."""
    try:
        float(text)
    except ValueError:
        return False
    return True

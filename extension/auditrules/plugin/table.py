"""A table that answers osquery's requests. Every request gets an answer, and a failure names its cause."""

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

    A row holds text for every column of the schema, and `rowid`: a decimal that is the same for the same row in every
    answer. SQLite drops rows of one query that share a rowid, and osquery numbers the rows of each answer from 0 where
    they bring none, so that `a = 1 OR b = 2` would lose rows.

    Where the schema has REQUIRED columns, a context has an equality on one of them. A table that is not `eager` is
    filled when a query asks for it and not before: what its rows are made of takes memory.
    """

    schema: Schema
    rows: Callable[[Context], Iterable[Row]]
    eager: bool = True


class UnsupportedQuery(Exception):  # noqa: N818 - a question without an answer is no error of the program
    """A query that the table cannot answer; the message is for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Response:
    """What osquery gets: code 0 and rows, or code 1 and a message that it shows as the query's error."""

    code: int
    message: str
    rows: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Selection:
    """A response before its rows are cut down to `columns`, those that the query uses; None: to all that a row has."""

    code: int
    message: str
    rows: Sequence[Row] = ()
    columns: tuple[str, ...] | None = None

    def response(self) -> Response:
        """The response itself, in rows of its own."""
        names = self.columns
        return Response(
            self.code,
            self.message,
            [dict(row) if names is None else {name: row[name] for name in names} for row in self.rows],
        )


def answer(table: Table, request: Mapping[str, str]) -> Response:
    """Answer one request to a table; never raises, since an exception would cost the connection and its cause."""
    return select(table, request).response()


def select(table: Table, request: Mapping[str, str]) -> Selection:
    """As `answer`, with the table's own rows, for a wire that keeps what it makes of them."""
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
    context = _answerable(table.schema, context)
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
_OF_NO_COLUMN = frozenset(
    {ConstraintOperator.LIMIT, ConstraintOperator.OFFSET}
)  # which stand with the table's first column


def _answerable(schema: Schema, context: Context) -> Context:
    """Return the context with an equality on a REQUIRED column, if there are such; raise `Question` where none comes.

    osquery is content with any operator on such a column, and leaves out an operand that is NULL or empty, without a
    word: `path = ''`, `path = NULL` and `path != ''` all come as no constraint at all. So that is answered as the empty
    string and a text that nobody asks for. osquery compares the rows again: the first is the right answer to the first
    question, neither is left to the second, and the last is not told that there is nothing.
    """
    required = [column.name for column in schema.columns if column.option & ColumnOption.REQUIRED]
    if not required or any(context.equals(name) for name in required):
        return context
    found = [term for term in context.constraints if term.column in required]
    if found or not context.columns_told.issuperset(required):
        raise UnsupportedQuery(_expected_equality(required, found))
    texts = [(name, text) for name in required for text in ("", f"(no {name})")]
    added = (Constraint(name, ConstraintOperator.EQUALS, text) for name, text in texts)
    return replace(context, constraints=(*context.constraints, *added))


def _expected_equality(required: Sequence[str], found: Iterable[Constraint]) -> str:
    """Say what a question lacks, and what to write for what it has instead."""
    expected = f"expected {' or '.join(required)} with = or IN, for the rows are worked out of it"
    terms = [term for term in found if term.op not in _OF_NO_COLUMN]
    if not terms:
        return f"{expected}; found neither (osquery leaves out an operand that is empty or NULL)"
    said = ", ".join(map(_said, terms))
    name, word = terms[0].column, _operator(terms[0].op)
    return f"{expected}; found only {said} (in a join that has {name} = …, write +{name} {word} …)"


_SHOWN = 100  # characters of an operand that a message shows


def _said(term: Constraint) -> str:
    word = _operator(term.op)
    return f"{term.column} {word}" + ("" if word.endswith("NULL") else f" '{term.expr[:_SHOWN]}'")


def _operator(op: int) -> str:
    return _WORDS.get(op) or (ConstraintOperator(op).name if op in set(ConstraintOperator) else f"operator {op}")


def _check(row: Row, names: Iterable[str]) -> None:
    for name in names:
        if not isinstance(row[name], str):
            raise TypeError(f"expected text in column {name}, found {row[name]!r}")


def row_filters(schema: Schema, context: Context, names: Iterable[str] | None = None) -> list[Callable[[Row], bool]]:
    """Return a test for each column with equalities, true of every row that could satisfy one of them.

    `names` are the columns to look at; by default all of them.

    osquery applies the WHERE clause again to whatever it gets, and knows the collation and affinity of a comparison,
    which it does not tell. So a row goes only where no comparison that SQLite could mean would keep it.
    """
    wanted = schema.names if names is None else frozenset(names)
    return [
        could_equal(column, operands)
        for column in schema.columns
        if column.name in wanted and (operands := context.equals(column.name)) is not None
    ]


def could_equal(column: Column, operands: tuple[str, ...]) -> Callable[[Row], bool]:
    """A test of rows, true where a column could equal an operand, however SQLite compares them."""
    name = column.name
    if column.type is ColumnType.TEXT:
        folded = {_folded(operand) for operand in operands}
        numeric = any(_is_numeric(operand) for operand in operands)
        told: dict[str, bool] = {}  # of many rows most have one of few values

        def could_be(row: Row) -> bool:
            value = row[name]
            if value not in told:
                told[value] = _folded(value) in folded or (numeric and _is_numeric(value))
            return told[value]

        return could_be
    if not all(_PLAIN_DECIMAL.fullmatch(operand) for operand in operands):
        return lambda _row: True
    wanted = frozenset(operands)
    return lambda row: row[name] in wanted or not _PLAIN_DECIMAL.fullmatch(row[name])


# No leading zero, which osquery reads as octal; at most nine digits, which no column type cuts.
_PLAIN_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,8}")


def _folded(text: str) -> str:
    """Return what two texts share that are equal under BINARY, NOCASE or RTRIM."""
    return text.lower().rstrip(" ")


def _is_numeric(text: str) -> bool:
    """Tell whether SQLite may compare the text as a number: text is cast where the other side has numeric affinity."""
    try:
        float(text)
    except ValueError:
        return False
    return True

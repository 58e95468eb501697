"""The query context that osquery passes to a table: constraints of the WHERE clause, and columns that are used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import IntEnum
from itertools import chain

from auditrules.values import dataclass


class ConstraintOperator(IntEnum):
    """The operators of constraints: osquery's core/tables.h up to 32, SQLite's own codes from 64.

    LIMIT and OFFSET come with the table's first column, although they are no constraint on it.
    """

    UNIQUE = 1
    EQUALS = 2
    GREATER_THAN = 4
    LESS_THAN_OR_EQUALS = 8
    LESS_THAN = 16
    GREATER_THAN_OR_EQUALS = 32
    MATCH = 64
    LIKE = 65
    GLOB = 66
    REGEXP = 67
    NE = 68
    ISNOT = 69
    NOTNULL = 70
    ISNULL = 71
    IS = 72
    LIMIT = 73
    OFFSET = 74


class ContextError(ValueError):
    """The text is no query context. The message says what was expected, and where."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One term of the WHERE clause. `op` is a number, as a newer osquery may send operators that we don't know."""

    column: str
    op: int
    expr: str


@dataclass(frozen=True, slots=True)
class Context:
    """All constraints of one call, in osquery's order, and the columns that the query uses."""

    constraints: tuple[Constraint, ...] = ()
    columns_used: frozenset[str] | None = None  # None: not sent, so all
    columns_listed: frozenset[str] = frozenset()  # with or without constraints; osquery lists all columns

    @classmethod
    def from_json(cls, text: str) -> Context:
        """Parse the context of a `generate` request. Raises ContextError."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ContextError(f"expected the query context as JSON: {error}") from error
        context = _object(value, "the query context")
        columns = [
            _constraints(column, f"constraints[{number}]")
            for number, column in enumerate(_list(context.get("constraints", []), "constraints"))
        ]
        constraints = tuple(chain.from_iterable(terms for _, terms in columns))
        used = None
        if "colsUsed" in context:
            names = _list(context["colsUsed"], "colsUsed")
            used = frozenset(_text(name, f"colsUsed[{number}]") for number, name in enumerate(names))
        return cls(constraints, used, frozenset(name for name, _ in columns))

    def equals(self, column: str) -> tuple[str, ...] | None:
        """The operands of the column's equalities (from `=` and whole IN lists); None if there are none."""
        operands = tuple(
            constraint.expr
            for constraint in self.constraints
            if constraint.column == column and constraint.op == ConstraintOperator.EQUALS
        )
        return operands or None


def _constraints(value: object, place: str) -> tuple[str, tuple[Constraint, ...]]:
    column = _object(value, place)
    name = _text(column.get("name"), f"{place}.name")
    terms = _list(column.get("list", []), f"{place}.list")
    return name, tuple(_constraint(name, term, f"{place}.list[{number}]") for number, term in enumerate(terms))


def _constraint(name: str, value: object, place: str) -> Constraint:
    term = _object(value, place)
    return Constraint(name, _number(term.get("op"), f"{place}.op"), _text(term.get("expr"), f"{place}.expr"))


def _object(value: object, place: str) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise _expected("an object", place, value)


def _list(value: object, place: str) -> list[object]:
    if isinstance(value, list):
        return value
    if value == "":  # an empty list of osquery before 3.0
        return []
    raise _expected("a list", place, value)


def _text(value: object, place: str) -> str:
    if isinstance(value, str):
        return value
    raise _expected("a string", place, value)


def _number(value: object, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    # A number of osquery before 3.0.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    raise _expected("a number", place, value)


_MOST_DIGITS = 20  # of a 64-bit number

_FOUND = {type(None): "nothing", bool: "true or false", int: "a number", float: "a number with a fraction",
          str: "a string", list: "a list", dict: "an object"}  # fmt: skip


def _expected(what: str, place: str, value: object) -> ContextError:
    return ContextError(f"expected {what} as {place}, found {_FOUND[type(value)]}")

"""A table that behaves as it is told, for the extensions under test: `WHERE behave = 'sleep 3'`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Schema
from auditrules.plugin.table import Table, UnsupportedQuery

NAMES = ("apple", "Apple", "pear", "quince ", "")

SCHEMA = Schema(
    "sample",
    "Names and numbers.",
    (
        Column("name", ColumnType.TEXT, "A name"),
        Column("number", ColumnType.BIGINT, "The name's place, from 1"),
        Column("behave", ColumnType.TEXT, "How to behave", ColumnOption.INDEX | ColumnOption.HIDDEN),
    ),
    (),
)


def rows(context: Context) -> Iterator[Row]:
    """Give the names, after doing what `behave` says."""
    for behaviour in context.equals("behave") or ("",):
        yield from behaved(behaviour)


def behaved(behaviour: str) -> Iterator[Row]:
    """Do as told, and give the rows."""
    match behaviour.split():
        case ["sleep", seconds]:
            print("asleep", file=sys.stderr, flush=True)  # noqa: T201 - a word to the test
            time.sleep(float(seconds))
        case ["raise"]:
            raise KeyError("no such key in the table's own code")
        case ["ask"]:
            raise UnsupportedQuery("this cannot be answered")
        case ["exit"]:
            sys.exit(3)
        case ["die"]:
            os._exit(9)
        case ["surrogate"]:
            yield {"name": "caf\udce9", "number": "6", "behave": behaviour, "rowid": "6"}
        case _:
            pass
    for number, name in enumerate(NAMES, 1):
        yield {"name": name, "number": str(number), "behave": behaviour, "rowid": str(number)}


TABLE = Table(SCHEMA, rows)

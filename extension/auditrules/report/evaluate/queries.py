"""The SQL of a report: one SELECT a file, in folders numbered by stage, in SQL that DuckDB and Spark both take.

    sql/20_hosts/10_queries.sql          a step: its result is kept as the table `queries`
    sql/30_subjects/10_attributed.view.sql   a step whose result nobody needs to keep: a view
    sql/20_hosts/hosts_named.sql         without a number: a question that the program asks after the stage

A step may stand on the tables of `auditrules.report.tables`, and on the steps before it in the order of the numbers; a
question on those of its stage, too. Between the stages the program fills in what the caller asks (`evaluate.judge`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

_FILE = re.compile(r"(?:(?P<number>\d+)_)?(?P<name>[a-z_]+)(?P<view>\.view)?\.sql\Z")

LONG = frozenset({"judged_rows"})
"""Questions with an answer as long as the fleet is large; their columns are text and whole numbers, and no sums."""


class Query(NamedTuple):
    """A file of SQL: its folder, its number in it, or None for a question, and whether a view is enough."""

    stage: str
    number: int | None
    name: str
    view: bool
    text: str


def text(name: str) -> str:
    """Give the SQL of a step or a question."""
    return _queries()[name].text


def is_view(name: str) -> bool:
    """Whether the result of a step need not be kept: each reader takes only a part of it, or there is one reader."""
    return _queries()[name].view


def steps(stage: str = "") -> tuple[str, ...]:
    """Give the names of the steps of a stage, such as `20_hosts`, or of all stages, in their order."""
    ordered = sorted((each.stage, each.number, each.name) for each in _queries().values() if each.number is not None)
    return tuple(name for folder, _, name in ordered if stage in ("", folder))


def names() -> tuple[str, ...]:
    """Give the names of all steps and questions."""
    return tuple(sorted(_queries()))


@cache
def _queries() -> Mapping[str, Query]:
    found: dict[str, Query] = {}
    for folder in files(__package__).joinpath("sql").iterdir():
        for file in folder.iterdir() if folder.is_dir() else ():
            parts = _FILE.match(file.name)
            if parts:
                number = int(parts["number"]) if parts["number"] else None
                found[parts["name"]] = Query(
                    folder.name, number, parts["name"], bool(parts["view"]), file.read_text(encoding="utf-8")
                )
    return MappingProxyType(found)

"""The SQL of a report: one SELECT in each file, in folders numbered by stage, in SQL that DuckDB and Spark both run.

    sql/40_slots/50_series_slots.sql      a step: its result is kept as the table `series_slots`
    sql/50_streaks/20_events.view.sql     a step whose result nobody needs to keep: a view
    sql/20_hosts/selectable_hosts.sql     no number: what the program asks after the stage, or makes where it wants to

A step may stand on the tables of `auditrules.report.tables`, and on the steps before it in the order of the numbers; a
question on those of its stage, too. Between the stages the program fills in what the caller asks (`evaluate.report`).
Words such as `order_key(…)` are expanded (`evaluate.expressions`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

from auditrules.report.evaluate.expressions import expanded

_FILE = re.compile(r"(?:(?P<number>\d+)_)?(?P<name>[a-z_]+)(?P<view>\.view)?\.sql\Z")

LONG = frozenset({"verdict_rows"})
"""Questions whose result grows with the fleet. Their columns are texts and whole numbers, and no sums."""


class _Query(NamedTuple):
    stage: str
    number: int | None
    """Its position in the stage; None for a question."""
    view: bool
    text: str


@cache
def text(name: str) -> str:
    """Return the SQL of a step or a question."""
    return expanded(_queries()[name].text)


def is_view(name: str) -> bool:
    """Whether a step is a view: it has one reader, or each reader needs only a part of its result."""
    return _queries()[name].view


def steps(stage: str = "") -> tuple[str, ...]:
    """Return the names of the steps of a stage, such as `20_hosts`, or of all stages, in order."""
    ordered = sorted((each.stage, each.number, name) for name, each in _queries().items() if each.number is not None)
    return tuple(name for folder, _, name in ordered if stage in ("", folder))


def names() -> tuple[str, ...]:
    """Return the names of all steps and questions."""
    return tuple(sorted(_queries()))


@cache
def _queries() -> Mapping[str, _Query]:
    found: dict[str, _Query] = {}
    for folder in files(__package__).joinpath("sql").iterdir():
        for file in folder.iterdir() if folder.is_dir() else ():
            parts = _FILE.match(file.name)
            if parts:
                number = int(parts["number"]) if parts["number"] else None
                content = file.read_text(encoding="utf-8")
                found[parts["name"]] = _Query(folder.name, number, bool(parts["view"]), content)
    return MappingProxyType(found)

"""The questions of a report, each a SELECT in a file of its own, in SQL that DuckDB and Spark both take.

Each may stand on the tables of `auditrules.report.tables`, and on the results of those before it in `STEPS`.
"""

from __future__ import annotations

from importlib.resources import files

VIEWS = frozenset({"placed", "words"})
"""Steps whose result nobody needs to keep: each reader takes only a part of it, or there is one reader."""

NAMING = ("queries", "interruptions", "heard", "aliases", "speakers")
"""Which host and which control a line is of; before them `named`, after them `wanted_hosts` is filled in."""

SUBJECTS = ("voices", "pairs", "hosts", "subjects")
"""What is said or expected of whom; after them `waived` is filled in."""

PLACING = ("voiced", "placed", "targeted", "several", "slots", "doubts", "rows_said", "words", "spells")
"""What each of them says, in time: the trend stands on no more."""

JUDGING = ("turns", "said", "texts", "judged", "worst")
"""What counts of it."""


def text(name: str) -> str:
    """Give the SQL of a query."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")

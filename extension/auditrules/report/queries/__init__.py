"""The questions of a report, each a SELECT in a file of its own, in SQL that DuckDB and Spark both take.

Each may stand on the tables of `auditrules.report.tables`, and on the results of those before it in `STEPS`.
"""

from __future__ import annotations

from importlib.resources import files

VIEWS = frozenset({"turned", "attributed", "words"})
"""Steps whose result nobody needs to keep: each reader takes only a part of it, or there is one reader."""

ROWS = ("turned",)
"""What every row says, whoever's it is."""

LONG = frozenset({"judged_rows"})
"""Questions with an answer as long as the fleet is large; their columns are text and whole numbers, and no sums."""

VOICES = ("numbered", "voices")
"""Who said something of what. They may be made beside what follows, up to `SUBJECTS`."""

NAMING = ("queries", "interruptions", "heard", "aliases", "speakers")
"""Which host and which control a line is of; before them `named`, after them `wanted_hosts` is filled in."""

SUBJECTS = ("attributed", "pairs", "hosts", "subjects")
"""What is said or expected of whom; after them `waived` is filled in."""

PLACING = (
    *("speaking", "targeted", "several", "slots", "voiced", "doubts"),
    *("breaks", "words", "spells", "turns", "said"),
)
"""What has a status of its own, and what it says, in time."""

SHOWN = "texts"
"""The rows that are shown. They may be made beside what follows, which does not stand on them."""

JUDGING = ("judged", "worst")
"""What counts of it."""

STEPS = (*ROWS, *VOICES, *NAMING, *SUBJECTS, *PLACING, SHOWN, *JUDGING)
"""All of them, in an order in which they can be made."""


def text(name: str) -> str:
    """Give the SQL of a query."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")

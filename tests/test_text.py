"""Text that anyone may have written, made harmless; every writer of CSV goes the same way."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from auditrules.present import Format, present
from auditrules.report.present.formats import write
from auditrules.sql.result import QueryResult
from auditrules.text import spreadsheet_cell
from tests.report.present.sample import sample

# What a spreadsheet runs, or trims until it does.
FORMULAS = [
    "=1+1",
    " =1+1",
    "\u3000=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "-2+3",
    "+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\xa0=1",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_quoted_in_the_result_of_a_query(formula: str) -> None:
    ((name,), (cell,)) = csv.reader(
        io.StringIO(present(QueryResult((formula,), ((formula,),)), Format.CSV), newline="")
    )
    assert (name[0], cell[0]) == ("'", "'")


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_quoted_in_a_report(formula: str) -> None:
    report = replace(sample(), verdicts=tuple(replace(each, evidence=formula) for each in sample().verdicts))
    rows = list(csv.DictReader(io.StringIO("".join(write(report, "csv")), newline="")))
    assert {row["evidence"][0] for row in rows} == {"'"}


@pytest.mark.parametrize("text", ["1=1", "a@b", "2026-11-23", "\ufeff=1", ""])
def test_other_text_is_not(text: str) -> None:
    assert not spreadsheet_cell(text).startswith("'")


def test_a_number_is_not_text() -> None:
    assert present(QueryResult(("n",), ((-1,),)), Format.CSV) == "n\r\n-1\r\n"

"""A check as SARIF and JUnit: every status, and hostile text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given

from auditrules.benchmarks.verdict_sql import COLUMNS
from auditrules.sql.result import QueryResult
from auditrules.status import Status
from auditrules.verdict_formats import FORMATS, junit, sarif
from tests.audit.strategies import TEXT
from tests.authoring.test_formats import check_log
from tests.laws import law

JUNIT = xmlschema.XMLSchema(Path(__file__).parent / "report" / "present" / "schemas" / "junit-10.xsd")


def result(*found: Status, text: str = "x") -> QueryResult:
    """One control for each status."""
    columns = tuple(COLUMNS)
    rows = []
    for number, status in enumerate(found):
        cells = dict.fromkeys(columns, text) | {"status": status.value, "control": str(number)}
        rows.append(tuple(cells[name] for name in columns))
    return QueryResult(columns, tuple(rows))


EVERY = result(*Status)


def test_sarif_has_a_result_of_its_kind_for_each_status() -> None:
    log = json.loads(sarif(EVERY))
    (run,) = log["runs"]
    assert [(each["kind"], each["level"]) for each in run["results"]] == [
        ("fail", "error"),
        ("open", "none"),
        ("pass", "none"),
        ("notApplicable", "none"),
    ]
    check_log(log)


def test_junit_is_valid_and_counts_unknown_as_an_error() -> None:
    text = junit(EVERY)
    JUNIT.validate(text)
    assert 'tests="4" failures="1" errors="1" skipped="1"' in text


@pytest.mark.parametrize("form", FORMATS)
@law(1)
@given(text=TEXT)
def test_no_format_lets_hostile_text_through(form: str, text: str) -> None:
    document = FORMATS[form](result(*Status, text=text))
    assert all(char.isprintable() or char == "\n" for char in document)
    if form == "junit":
        JUNIT.validate(document)
    else:
        check_log(json.loads(document))

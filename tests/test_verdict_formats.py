"""A check as SARIF and JUnit: every status, and hostile text."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from hypothesis import given

from auditrules.benchmarks.verdict_sql import COLUMNS
from auditrules.sql.result import QueryResult
from auditrules.status import Status
from auditrules.verdict_formats import FORMATS, hdf, junit, sarif
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
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


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


def hdf_controls(found: QueryResult) -> list[dict[str, Any]]:
    (profile,) = json.loads(hdf(found, BEGAN))["profiles"]
    controls: list[dict[str, Any]] = profile["controls"]
    return controls


def test_hdf_counts_unknown_as_not_reviewed_and_tells_what_does_not_apply_by_its_impact() -> None:
    found = [(each["results"][0]["status"], each["impact"]) for each in hdf_controls(EVERY)]
    assert dict(zip(Status, found, strict=True)) == {
        Status.FAIL: ("failed", 0.5),
        Status.UNKNOWN: ("skipped", 0.5),
        Status.PASS: ("passed", 0.5),
        Status.NOT_APPLICABLE: ("skipped", 0),
    }


def test_hdf_has_what_its_schema_requires() -> None:
    """What exec-json.json of inspecjs requires of each object that is written."""
    document = json.loads(hdf(EVERY, BEGAN))
    assert {*document} == {"platform", "profiles", "statistics", "version"}
    assert {"name", "release"} <= {*document["platform"]}
    assert {"name", "sha256", "supports", "attributes", "groups", "controls"} <= {*document["profiles"][0]}
    for control in hdf_controls(EVERY):
        assert {"id", "impact", "refs", "tags", "source_location", "results"} <= {*control}
        assert {"code_desc", "start_time"} <= {*control["results"][0]}


def test_hdf_takes_the_category_of_a_stig_for_the_impact() -> None:
    columns = EVERY.columns
    row = tuple("CAT I" if name == "level" else cell for name, cell in zip(columns, EVERY.rows[0], strict=True))
    assert hdf_controls(QueryResult(columns, (row,)))[0]["impact"] == 0.7


@pytest.mark.parametrize("form", FORMATS)
@law(1)
@given(text=TEXT)
def test_no_format_lets_hostile_text_through(form: str, text: str) -> None:
    document = FORMATS[form](result(*Status, text=text), BEGAN)
    assert all(char.isprintable() or char == "\n" for char in document)
    if form == "junit":
        JUNIT.validate(document)
    elif form == "sarif":
        check_log(json.loads(document))

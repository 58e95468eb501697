"""What every format has in common, and JSON and CSV, read as their consumers read them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.report.model import ControlCounts, Counts, HostState, Report, Verdict
from auditrules.report.present.complete import complete, list_all
from auditrules.report.present.formats import FORMATS, write
from auditrules.report.present.formats.rows import COLUMNS
from auditrules.report.times import utc
from auditrules.status import Status
from tests.laws import law
from tests.report.present.sample import NOON, NOTHING, WAIVER, hostile, mute, sample, stray, verdict
from tests.report.present.texts import TEXTS, short

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


def text(report: Report, form: str) -> str:
    return "".join(write(report, form))


def many(report: Report, number: int) -> Report:
    each = report.verdicts[0]
    return replace(report, verdicts=tuple(replace(each, target=f"/srv/{place}") for place in range(number)))


def loaded(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(report, "json"))
    return found


def cells(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(report, "csv"), newline="")))


# Every format


def test_there_are_five_formats() -> None:
    assert list(FORMATS) == ["json", "csv", "ocsf", "junit", "oscal"]


def test_a_format_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="sarif"):
        write(sample(), "sarif")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_no_format_writes_a_character_that_is_not_printable(form: str, hostility: str) -> None:
    assert [c for c in text(hostile(hostility), form) if not c.isprintable() and c not in "\r\n"] == []


@pytest.mark.parametrize("form", FORMATS)
@law(0.3)
@given(hostility=ANY)
def test_every_format_can_be_written_to_a_file_whatever_a_host_says(form: str, hostility: str) -> None:
    assert text(hostile(hostility), form).encode("utf-8")


@pytest.mark.parametrize("form", ["json", "ocsf", "junit", "oscal"])
def test_these_formats_are_ascii_whatever_the_encoding_of_the_file(form: str) -> None:
    assert text(hostile("caf\u00e9"), form).isascii()


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_report_is_the_same_text(form: str) -> None:
    assert text(sample(), form) == text(sample(), form)


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_ends_in_a_newline(form: str) -> None:
    assert text(sample(), form).endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_of_nothing_can_be_written(form: str) -> None:
    assert isinstance(text(NOTHING, form), str)


@pytest.mark.parametrize("form", ["csv", "ocsf"])
def test_a_format_of_lines_is_written_line_by_line(form: str) -> None:
    pieces = write(many(sample(), 2_000), form)
    assert isinstance(pieces, Iterator)
    assert max(piece.count("\n") for piece in pieces) == 1


@pytest.mark.parametrize("form", FORMATS)
def test_a_remediation_comes_from_the_benchmark_and_not_from_a_row(form: str) -> None:
    failing = replace(sample(), verdicts=(replace(sample().verdicts[0], target="/tmp/$(reboot)"),))  # noqa: S108
    written = text(failing, form).replace("\\", "")
    assert "-w /usr/bin/dockerd -k docker" in written
    assert "-w /tmp" not in written


@pytest.mark.parametrize("form", FORMATS)
def test_a_verdict_whose_host_and_control_are_not_listed_is_written(form: str) -> None:
    assert "uuid-lost" in text(stray(), form)


@pytest.mark.parametrize("form", FORMATS)
def test_a_host_without_a_verdict_is_in_every_format(form: str) -> None:
    assert "uuid-web-1" in text(mute(HostState.NO_ROWS), form)


def test_a_report_that_lists_all_is_left_as_it_is() -> None:
    assert complete(sample()) == sample()


def test_a_control_that_is_not_listed_counts_each_host_once_with_its_worst_target() -> None:
    said = verdict("uuid-web-1", Status.PASS, "9.9")
    worse = replace(said, status=Status.FAIL, target="/other", waiver=WAIVER)
    report = replace(sample(), verdicts=(said, worse, replace(said, host="uuid-db-1")))
    assert list_all(report).controls[2:] == (
        ControlCounts(
            said.benchmark, said.version, "9.9", said.title, "1", Counts(passed=1, failed=1, waived=1), "docker"
        ),
    )


# JSON


def test_json_has_the_members_of_the_model_in_its_order() -> None:
    assert list(loaded(sample())) == ["format", *(field.name for field in fields(Report))]


def test_json_says_which_format_it_is() -> None:
    assert loaded(sample())["format"] == "auditrules report 1"


VERDICT = [*(field.name for field in fields(Verdict)), "waived", "remediation"]


def test_a_verdict_in_json_has_what_the_model_computes() -> None:
    assert list(loaded(sample())["verdicts"][0]) == VERDICT


def test_counts_in_json_have_their_denominator() -> None:
    counts = loaded(sample())["counts"]
    assert (counts["passed"], counts["judged"], counts["share"], counts["total"]) == (3, 5, 0.6, 8)


def test_a_share_of_nothing_is_null_in_json() -> None:
    nothing = replace(sample(), counts=replace(sample().counts, passed=0, failed=0))
    assert loaded(nothing)["counts"]["share"] is None


def test_a_waiver_in_json_is_whole() -> None:
    assert loaded(sample())["verdicts"][1]["waiver"] == {
        "hosts": "db-*",
        "control": "1.2.4",
        "reason": "moves to the new storage in December",
        "owner": "storage team",
        "expires": "2026-12-31",
        "state": "active",
    }


def test_a_list_in_json_is_an_element_a_line() -> None:
    lines = text(sample(), "json").split("\n")
    start = lines.index('"verdicts": [')
    assert lines[start + len(sample().verdicts) + 1] == "],"


@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_json_is_read_by_duckdb_whatever_a_host_says(hostility: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(text(hostile(hostility), "json"), encoding="utf-8")
    found = duckdb.read_json(str(file)).project("len(verdicts)").fetchall()
    assert found == [(len(sample().verdicts),)]


# CSV


def test_csv_starts_with_its_columns() -> None:
    assert tuple(cells(sample())[0]) == COLUMNS


def test_csv_has_a_row_a_verdict() -> None:
    assert [(row["host"], row["control"], row["status"]) for row in cells(sample())] == [
        (each.host, each.control, each.status.value) for each in sample().verdicts
    ]


def test_a_row_of_csv() -> None:
    row = cells(sample())[1]
    assert {name: cell for name, cell in row.items() if name != "remediation"} == {
        "host": "uuid-db-1",
        "name": "db-1.example.net",
        "group": "production",
        "state": "reporting",
        "benchmark": "CIS Docker Benchmark",
        "version": "1.2.0",
        "control": "1.2.4",
        "title": "Auditing for /var/lib/docker is configured",
        "level": "1",
        "target": "/var/lib/docker",
        "status": "fail",
        "logged": "fail",
        "reason": "no_rule",
        "evidence": "what uuid-db-1 says of /var/lib/docker",
        "next_boot": "pass",
        "since": "2026-11-22T12:00:00Z",
        "seen": "2026-11-23T12:00:00Z",
        "waived": "1",
        "waiver_reason": "moves to the new storage in December",
        "waiver_owner": "storage team",
        "waiver_expires": "2026-12-31",
        "note": "was called db-0",
        "family": "docker",
    }


def test_a_host_without_a_verdict_is_a_row_of_csv_that_is_unknown() -> None:
    (row,) = cells(mute(HostState.MISSING))
    assert (row["host"], row["state"], row["control"], row["status"], row["reason"], row["evidence"]) == (
        "uuid-web-1",
        "missing",
        "",
        "unknown",
        "missing",
        "the inventory names it, and no log does; a note",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "\t\t@"])
def test_no_cell_starts_a_formula(start: str) -> None:
    report = replace(sample(), verdicts=(replace(sample().verdicts[0], evidence=f"{start}1+1"),))
    assert cells(report)[0]["evidence"].startswith("'")


@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_csv_is_a_line_a_row_whatever_is_in_its_cells(hostility: str) -> None:
    assert text(hostile(hostility), "csv").count("\n") == len(sample().verdicts) + 1


@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_csv_is_read_by_duckdb_whatever_a_host_says(hostility: str, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_text(text(hostile(hostility), "csv"), encoding="utf-8", newline="")
    found = duckdb.read_csv(str(file), header=True, all_varchar=True).project("status").fetchall()
    assert [status for (status,) in found] == [each.status.value for each in sample().verdicts]


def test_a_column_that_was_not_asked_for_is_not_there() -> None:
    assert set(COLUMNS) == {
        *("host", "name", "group", "state", "note"),
        *("benchmark", "version", "control", "title", "level", "family", "target"),
        *("status", "logged", "reason", "evidence", "next_boot", "since", "seen", "remediation"),
        *("waived", "waiver_reason", "waiver_owner", "waiver_expires"),
    }


# Times


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOON, "2026-11-23T12:00:00Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (-62_000_000_000, "0005-04-19T09:46:40Z"),
        (10**15, "@1000000000000000"),
        (10**30, "@1000000000000000000000000000000"),
    ],
)
def test_a_time_is_iso_8601_or_a_bare_number(at: int, shown: str) -> None:
    assert utc(at) == shown


@pytest.mark.parametrize("form", FORMATS)
def test_a_time_that_no_calendar_reaches_can_be_written(form: str) -> None:
    late = replace(verdict("uuid-web-1", Status.FAIL), seen=10**30, since=10**30)
    assert text(replace(sample(), verdicts=(late,)), form)

"""OCSF lines against the schemas that were published, and as a lake reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jsonschema_rs
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from auditrules.benchmarks import BY_ID
from auditrules.report.model import HostState, Report, WaiverState
from auditrules.report.present.formats import write
from auditrules.status import Status
from tests.report.present.sample import HOUR, NOON, WAIVER, hostile, mute, only, sample, verdict
from tests.report.present.texts import TEXTS, short

VERSIONS = ("1.5.0", "1.6.0", "1.7.0", "1.8.0")


@cache
def published(version: str) -> jsonschema_rs.Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version)).get_class_schema("compliance_finding")
    return jsonschema_rs.validator_for(schema)


def lines(report: Report) -> list[dict[str, Any]]:
    return [json.loads(line) for line in "".join(write(report, "ocsf")).splitlines()]


def finding(status: Status, **changes: Any) -> dict[str, Any]:
    (line,) = lines(only(replace(verdict("uuid-web-1", status), **changes)))
    return line


def complaints(version: str, line: dict[str, Any]) -> list[str]:
    return [error.message for error in published(version).iter_errors(line)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_line_is_valid(version: str) -> None:
    assert [complaints(version, line) for line in lines(sample())] == [[]] * len(sample().verdicts)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_every_line_is_valid_whatever_a_host_says(version: str, hostility: str) -> None:
    assert [complaints(version, line) for line in lines(hostile(hostility))] == [[]] * len(sample().verdicts)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_find_a_key_that_is_not_theirs(version: str) -> None:
    assert complaints(version, {**finding(Status.PASS), "auditrules": 1})


@pytest.mark.parametrize("version", VERSIONS)
def test_no_key_is_one_that_a_later_version_gave_up(version: str) -> None:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version)).get_class_schema("compliance_finding")
    given_up = {key for key, about in schema["properties"].items() if about.get("deprecated")}
    compliance = schema["$defs"]["compliance"]["properties"]
    given_up_below = {key for key, about in compliance.items() if about.get("deprecated")}
    line = finding(Status.FAIL)
    assert (given_up & set(line), given_up_below & set(line["compliance"])) == (set(), set())


def test_the_version_is_the_oldest_that_is_promised() -> None:
    assert finding(Status.PASS)["metadata"]["version"] == VERSIONS[0]


@pytest.mark.parametrize(
    ("status", "status_id", "word", "severity_id"),
    [
        (Status.PASS, 1, "Pass", 1),
        (Status.FAIL, 3, "Fail", 3),
        (Status.UNKNOWN, 0, "Unknown", 0),
        (Status.NOT_APPLICABLE, 99, "Not Applicable", 1),
    ],
)
def test_a_status_of_ours_in_theirs(status: Status, status_id: int, word: str, severity_id: int) -> None:
    line = finding(status)
    compliance = line["compliance"]
    assert (compliance["status_id"], compliance["status"], line["severity_id"]) == (status_id, word, severity_id)


def test_the_time_is_when_the_host_said_it_in_milliseconds() -> None:
    assert finding(Status.PASS)["time"] == NOON * 1000


@pytest.mark.parametrize(
    "changes", [{"seen": None, "logged": ""}, {"logged": "pass", "reason": "stale"}], ids=["never heard", "stale"]
)
def test_what_the_report_says_itself_is_later_than_what_the_host_said(changes: dict[str, Any]) -> None:
    assert finding(Status.UNKNOWN, **changes)["time"] == (NOON + HOUR) * 1000


def test_the_reason_and_the_evidence_are_there() -> None:
    compliance = finding(Status.FAIL)["compliance"]
    assert (compliance["status_code"], compliance["status_details"]) == (
        "no_rule",
        ["what uuid-web-1 says of /usr/bin/dockerd"],
    )


def test_the_host_is_the_resource_and_the_device() -> None:
    line = finding(Status.PASS)
    assert (line["resources"], line["device"]["uid"], line["device"]["hostname"]) == (
        [
            {
                "type": "Host",
                "uid": "uuid-web-1",
                "name": "web-1.example.net",
                "labels": ["environment: production"],
            }
        ],
        "uuid-web-1",
        "web-1.example.net",
    )


@pytest.mark.parametrize(
    ("status", "there"), [(status, status is Status.FAIL) for status in Status], ids=[s.value for s in Status]
)
def test_only_what_fails_has_a_remediation(status: Status, there: bool) -> None:
    assert ("remediation" in finding(status)) is there


@pytest.mark.parametrize(
    ("waiver", "status"),
    [(None, "New"), (WAIVER, "Suppressed"), (replace(WAIVER, state=WaiverState.EXPIRED), "New")],
    ids=["no waiver", "an active waiver", "an expired waiver"],
)
def test_a_waived_finding_is_suppressed_and_still_fails(waiver: object, status: str) -> None:
    line = finding(Status.FAIL, waiver=waiver)
    assert (line["status"], line["compliance"]["status"]) == (status, "Fail")


def test_a_waiver_is_told() -> None:
    assert finding(Status.FAIL, waiver=WAIVER)["comment"] == (
        "waiver (active), until 2026-12-31, by storage team: moves to the new storage in December"
    )


def test_a_finding_keeps_its_uid_when_its_status_changes() -> None:
    uids = {finding(status, seen=NOON + place)["finding_info"]["uid"] for place, status in enumerate(Status)}
    assert len(uids) == 1


def test_no_two_verdicts_share_a_uid() -> None:
    assert len({line["finding_info"]["uid"] for line in lines(sample())}) == len(sample().verdicts)


def test_a_host_can_not_pass_for_another_by_its_name() -> None:
    """The parts of a uid have ends."""
    one, other = (
        finding(Status.FAIL, benchmark=benchmark, version=version)["finding_info"]["uid"]
        for benchmark, version in (("a:b", "c"), ("a", "b:c"))
    )
    assert one != other


@pytest.mark.parametrize("version", VERSIONS)
def test_a_host_without_a_verdict_is_a_line_that_is_unknown(version: str) -> None:
    (line,) = lines(mute(HostState.NO_ROWS))
    assert complaints(version, line) == []
    assert (line["message"], line["status"], line["compliance"]) == (
        "web-1.example.net: Whether this host audits what it should: Unknown",
        "New",
        {
            "desc": "Whether this host audits what it should",
            "standards": ["osquery-audit-rules"],
            "status_id": 0,
            "status": "Unknown",
            "status_code": "no_rows",
            "status_details": ["its queries return no row, or do not run; a note"],
        },
    )


@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_the_lines_are_read_by_duckdb_whatever_a_host_says(hostility: str, tmp_path: Path) -> None:
    file = tmp_path / "report.ocsf"
    file.write_text("".join(write(hostile(hostility), "ocsf")), encoding="utf-8")
    found = duckdb.read_json(str(file), format="newline_delimited").project("compliance.status").fetchall()
    words = {"pass": "Pass", "fail": "Fail", "unknown": "Unknown", "not_applicable": "Not Applicable"}
    assert [word for (word,) in found] == [words[each.status.value] for each in sample().verdicts]


def test_a_finding_names_the_controls_of_other_frameworks_and_the_links_of_its_control() -> None:
    known = BY_ID["CIS Docker Benchmark", "1.2.0", "1.2.3"]
    line = finding(Status.FAIL)
    assert line["compliance"]["standards"] == ["CIS Docker Benchmark v1.2.0"]
    assert line["compliance"]["control"] == "1.2.3"
    assert line["compliance"]["requirements"] == list(known.mappings)
    assert line["remediation"]["references"] == list(known.links)

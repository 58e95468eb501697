"""OSCAL assessment results against the schemas that NIST published."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from auditrules.report.model import ControlCounts, Counts, HostState, Report
from auditrules.report.present.formats import write
from tests.report.present.sample import BENCHMARK, DAEMON, NOTHING, VERSION, hostile, mute, sample, stray
from tests.report.present.texts import TEXTS, short

SCHEMAS = Path(__file__).parent / "schemas"
VERSIONS = ("1.2.3", "1.1.3")  # the one that is written; the one before 1.2, which readers still have


@cache
def published(version: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads((SCHEMAS / f"oscal-{version}.json").read_text("utf-8")))


def document(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(write(report, "oscal")))
    return found


def result(report: Report) -> dict[str, Any]:
    (found,) = document(report)["assessment-results"]["results"]
    assert isinstance(found, dict)
    return found


def complaints(version: str, found: dict[str, Any]) -> list[str]:
    return [error.message for error in published(version).iter_errors(found)]


def identifiers(value: object) -> list[str]:
    match value:
        case dict():
            here = [value["uuid"]] if "uuid" in value else []
            return here + [each for member in value.values() for each in identifiers(member)]
        case list():
            return [each for member in value for each in identifiers(member)]
        case _:
            return []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_is_valid(version: str) -> None:
    assert complaints(version, document(sample())) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_of_an_empty_report_is_valid(version: str) -> None:
    assert complaints(version, document(NOTHING)) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_the_document_is_valid_whatever_a_host_says(version: str, hostility: str) -> None:
    assert complaints(version, document(hostile(hostility))) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_find_a_key_that_is_not_theirs(version: str) -> None:
    found = document(sample())
    found["assessment-results"]["results"][0]["auditrules"] = 1
    assert complaints(version, found)


def test_the_document_says_its_version() -> None:
    assert document(sample())["assessment-results"]["metadata"]["oscal-version"] == VERSIONS[0]


def test_no_two_things_share_a_uuid() -> None:
    found = identifiers(document(sample()))
    assert len(set(found)) == len(found)


def test_whatever_is_referred_to_is_there() -> None:
    found = document(sample())["assessment-results"]
    there = set(identifiers(found))
    text = json.dumps(found)
    named = [part.split('"')[2] for key in ("subject-uuid", "observation-uuid", "risk-uuid", "actor-uuid")
             for part in text.split(f'"{key}')[1:]]  # fmt: skip
    assert set(named) | {found["import-ap"]["href"].removeprefix("#")} <= there


def test_a_control_is_a_finding_and_a_verdict_an_observation() -> None:
    found = result(sample())
    assert (len(found["findings"]), len(found["observations"])) == (len(sample().controls), len(sample().verdicts))


def test_a_finding_names_the_observations_it_rests_on() -> None:
    assert [len(each["related-observations"]) for each in result(sample())["findings"]] == [4, 4]


@pytest.mark.parametrize(
    ("counts", "state", "reason"),
    [
        (Counts(passed=2), "satisfied", "pass"),
        (Counts(passed=2, not_applicable=1), "satisfied", "pass"),
        (Counts(passed=2, failed=1), "not-satisfied", "fail"),
        (Counts(passed=2, failed=1, waived=1), "not-satisfied", "fail"),
        (Counts(passed=2, failed=1, unknown=1), "not-satisfied", "fail"),
        (Counts(passed=2, unknown=1), "not-satisfied", "other"),
        (Counts(not_applicable=1), "not-satisfied", "other"),
        (Counts(), "not-satisfied", "other"),
    ],
)
def test_a_control_is_satisfied_only_where_every_host_shows_it(counts: Counts, state: str, reason: str) -> None:
    report = replace(sample(), controls=(replace(sample().controls[0], counts=counts),))
    status = result(report)["findings"][0]["target"]["status"]
    assert (status["state"], status["reason"]) == (state, reason)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_host_without_a_verdict_is_an_observation_and_a_finding_that_is_not_satisfied(version: str) -> None:
    assert complaints(version, document(mute(HostState.MISSING))) == []
    found = result(mute(HostState.MISSING))
    (finding,), (observation,) = found["findings"], found["observations"]
    assert (finding["title"], finding["target"]["status"]["state"], finding["target"]["status"]["reason"]) == (
        "Whether this host audits what it should",
        "not-satisfied",
        "other",
    )
    assert observation["title"] == "Whether this host audits what it should on web-1.example.net: unknown"
    assert finding["related-observations"] == [{"observation-uuid": observation["uuid"]}]


def test_no_control_is_satisfied_while_a_host_has_no_verdict() -> None:
    passing = replace(sample().controls[0], counts=Counts(passed=1))
    said = tuple(each for each in sample().verdicts if each.host == "uuid-edge-1")
    findings = result(replace(sample(), controls=(passing,), verdicts=said))["findings"]
    assert {each["target"]["status"]["state"] for each in findings} == {"not-satisfied"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_control_that_only_a_verdict_names_is_a_finding(version: str) -> None:
    assert complaints(version, document(stray())) == []
    assert result(stray())["findings"][-1]["target"]["status"] == {"state": "not-satisfied", "reason": "fail"}


def test_a_finding_states_the_denominator() -> None:
    assert result(sample())["findings"][0]["description"] == (
        "2 of 3 judged pass, 1 fail; 1 unknown and 0 not applicable are judged neither way. 0 are waived."
    )


def test_a_control_has_a_readable_id() -> None:
    assert result(sample())["findings"][0]["target"]["target-id"] == "CIS-Docker-Benchmark_1.2.0_1.2.3"


def test_no_control_can_pass_for_another_by_its_name() -> None:
    counts = Counts(passed=1)
    names = [(BENCHMARK, VERSION, "1.2.3"), ("CIS-Docker Benchmark", VERSION, "1.2.3"), (BENCHMARK, "1.2.0_1.2.3", "")]
    report = replace(
        sample(),
        hosts=(),
        verdicts=(),
        controls=tuple(
            ControlCounts(benchmark, version, control, DAEMON, "1", counts) for benchmark, version, control in names
        ),
    )
    assert len({each["target"]["target-id"] for each in result(report)["findings"]}) == len(names)


def test_a_waiver_is_a_risk_whose_deviation_is_approved() -> None:
    (risk,) = result(sample())["risks"]
    assert (risk["status"], risk["deadline"], len(risk["related-observations"])) == (
        "deviation-approved",
        "2026-12-31T23:59:59Z",
        1,
    )


def test_a_host_that_never_spoke_was_observed_by_no_method() -> None:
    methods = {tuple(each["methods"]) for each in result(sample())["observations"][2:4]}
    assert methods == {("UNKNOWN",)}


@pytest.mark.parametrize(
    ("evidence", "description"),
    [
        ("<script>a</script>", r"\<script\>a\</script\>"),
        ("![a](http://b)", r"\!\[a\](http://b)"),
        ("{{ insert: param, a }}", r"\{\{ insert: param, a \}\}"),
        ("a_b*c", r"a\_b\*c"),
        ("a\\b", r"a\\b"),
        ("", "The host gave no evidence."),
    ],
)
def test_evidence_is_no_markdown(evidence: str, description: str) -> None:
    report = replace(sample(), verdicts=(replace(sample().verdicts[0], evidence=evidence),))
    assert result(report)["observations"][0]["description"] == description

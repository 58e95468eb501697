"""JUnit against the schema that Jenkins goes by, and read again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from auditrules.report.model import HostState, Report
from auditrules.report.present.formats import write
from auditrules.status import Status
from tests.laws import law
from tests.report.present.sample import WAIVER, hostile, mute, only, sample, stray, verdict
from tests.report.present.texts import TEXTS, short

SCHEMA = Path(__file__).parent / "schemas" / "junit-10.xsd"
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


@cache
def published() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


def text(report: Report) -> str:
    return "".join(write(report, "junit"))


def suites(report: Report) -> list[TestSuite]:
    return list(JUnitXml.fromstring(text(report).encode()))


def case(status: Status, **changes: object) -> TestCase:
    report = only(replace(verdict("uuid-web-1", status), **changes))  # type: ignore[arg-type]
    (found,) = suites(report)[0]
    return found


def test_the_document_is_valid() -> None:
    published().validate(text(sample()))


@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_the_document_is_valid_whatever_a_host_says(hostility: str) -> None:
    published().validate(text(hostile(hostility)))


@law(0.5)
@given(hostility=ANY)
def test_the_document_is_read_again_whatever_a_host_says(hostility: str) -> None:
    assert len(suites(hostile(hostility))) == len(sample().hosts)


def test_the_schema_finds_an_element_that_is_not_its() -> None:
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        published().validate(text(sample()).replace("testcase", "auditcase"))


def test_a_host_is_a_suite() -> None:
    assert [suite.name for suite in suites(sample())] == [host.name for host in sample().hosts]


def test_a_host_of_which_nothing_is_known_is_a_suite_with_an_error() -> None:
    (silent,) = (suite for suite in suites(sample()) if suite.name == "cache-1")
    assert (silent.tests, silent.errors) == (2, 2)


@pytest.mark.parametrize(
    ("state", "reason", "evidence"),
    [
        (HostState.REPORTING, "no_rows", "no verdict of it is known; a note"),
        (
            HostState.STALE,
            "stale",
            "its last result has expired, and no verdict of it is known; a note",
        ),
        (HostState.MISSING, "missing", "the inventory names it, and no log does; a note"),
        (HostState.FAILING, "query_failed", "a query failed there, and no verdict of it is known; a note"),
        (HostState.NO_ROWS, "no_rows", "its queries return no row, or do not run; a note"),
    ],
)
def test_a_host_without_a_verdict_is_an_error(state: HostState, reason: str, evidence: str) -> None:
    written = text(mute(state))
    published().validate(written)
    whole = JUnitXml.fromstring(written.encode())
    ((found,),) = whole
    (error,) = found.result
    assert (whole.tests, whole.failures, whole.errors) == (1, 0, 1)
    assert (found.name, found.classname) == ("Whether this host audits what it should", "auditrules report")
    assert (type(error), error.type, error.message) == (Error, reason, evidence)


def test_a_verdict_of_a_host_that_is_not_listed_has_its_suite() -> None:
    assert [(suite.name, suite.failures) for suite in suites(stray())][-1] == ("uuid-lost", 1)


def test_a_suite_counts_its_cases() -> None:
    (edge,) = (suite for suite in suites(sample()) if suite.name == "edge-1.example.net")
    assert (edge.tests, edge.failures, edge.errors, edge.skipped) == (2, 0, 0, 1)


def test_the_document_counts_all_cases() -> None:
    whole = JUnitXml.fromstring(text(sample()).encode())
    assert (whole.tests, whole.failures, whole.errors) == (8, 2, 2)


def test_a_suite_has_what_is_known_of_its_host() -> None:
    properties = {each.name: each.value for each in suites(sample())[1].properties()}
    assert properties == {
        "host": "uuid-db-1",
        "state": "reporting",
        "environment": "production",
        "note": "was called db-0",
    }


def test_a_case_is_named_by_control_and_target() -> None:
    found = case(Status.PASS)
    assert (found.name, found.classname) == (
        "1.2.3 Auditing for the Docker daemon executable is configured [/usr/bin/dockerd]",
        "CIS Docker Benchmark 1.2.0",
    )


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (Status.PASS, []),
        (Status.FAIL, [Failure]),
        (Status.UNKNOWN, [Error]),
        (Status.NOT_APPLICABLE, [Skipped]),
    ],
)
def test_a_status_of_ours_in_theirs(status: Status, kinds: list[type]) -> None:
    assert [type(result) for result in case(status).result] == kinds


def test_a_failure_says_why_since_when_and_what_to_do() -> None:
    (failure,) = case(Status.FAIL).result
    assert failure.text == (
        "what uuid-web-1 says of /usr/bin/dockerd\n"
        "since 2026-11-22T12:00:00Z\n"
        "Put the line -w /usr/bin/dockerd -k docker into /etc/audit/rules.d/docker.rules, then run augenrules "
        "--load. If the rules are locked (enabled 2), they load at the next boot. Afterwards auditctl -l must show the "
        "rule."
    )


def test_a_failure_that_is_waived_stays_one_and_says_so() -> None:
    (failure,) = case(Status.FAIL, waiver=WAIVER).result
    assert (type(failure), "waiver (active), until 2026-12-31, by storage team" in failure.text) == (Failure, True)

"""The formats of a lint report: their schemas, as far as they can be had, and hostile text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given

from auditrules.authoring.finding import LintReport, LintSeverity
from auditrules.authoring.finding_table import FINDINGS
from auditrules.authoring.formats import FORMATS
from auditrules.authoring.formats.sarif import uri
from tests.audit.strategies import TEXT
from tests.authoring.linted import folder, linted
from tests.laws import law

JUNIT = xmlschema.XMLSchema(Path(__file__).parents[1] / "report" / "present" / "schemas" / "junit-10.xsd")
RULES = """\
-D
# auditrules: ignore no-key: it has none on purpose
-w /etc/docker -p wa
-w relative -p wa
-a always,exit -F arch=b64 -S adjtimex -k time
"""
REPORT = linted(RULES)
CLEAN = linted("-w /etc/docker -p wa -k docker\n")


def written(form: str, *reports: LintReport, fail_on: LintSeverity = LintSeverity.ERROR) -> str:
    return FORMATS[form](reports, fail_on)


def sarif(*reports: LintReport) -> Any:
    return json.loads(written("sarif", *reports))


# SARIF: what sarif-schema-2.1.0.json asks of the parts that are written here


def no_more(found: dict[str, Any], required: str, allowed: str = "") -> None:
    assert {*required.split()} <= {*found} <= {*required.split(), *allowed.split()}


def check_message(message: Any, allowed: str = "") -> None:
    no_more(message, "text", allowed)
    assert isinstance(message["text"], str)


def check_location(location: Any, allowed: str = "") -> None:
    no_more(location, "physicalLocation", allowed)
    physical = location["physicalLocation"]
    no_more(physical, "artifactLocation", "region")
    no_more(physical["artifactLocation"], "uri")
    assert re.fullmatch(r"[A-Za-z0-9._~:/%-]+", physical["artifactLocation"]["uri"])
    region = physical.get("region", {"startLine": 1})
    no_more(region, "startLine", "startColumn endColumn snippet")
    assert region["startLine"] >= 1
    assert 1 <= region.get("startColumn", 1) <= region.get("endColumn", 1)
    if "snippet" in region:
        check_message(region["snippet"])


def check_log(log: Any) -> None:
    no_more(log, "version runs", "$schema")
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    no_more(run, "tool", "results columnKind")
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    no_more(run["tool"], "driver")
    driver = run["tool"]["driver"]
    no_more(driver, "name", "version rules")
    for rule in driver["rules"]:
        no_more(rule, "id", "shortDescription fullDescription help defaultConfiguration")
        for name in {"shortDescription", "fullDescription", "help"} & {*rule}:
            check_message(rule[name])
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    for result in run["results"]:
        no_more(
            result,
            "message",
            "ruleId ruleIndex kind level locations partialFingerprints properties relatedLocations suppressions",
        )
        check_message(result["message"])
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        kind = result.get("kind", "fail")
        assert kind in ("notApplicable", "pass", "fail", "review", "open", "informational")
        assert kind == "fail" or result["level"] == "none"
        for location in result["locations"]:
            check_location(location)
        for location in result.get("relatedLocations", ()):
            check_location(location, "id message")
            assert location["id"] >= 0
        for each in result.get("suppressions", ()):
            no_more(each, "kind", "justification")
            assert each["kind"] in ("inSource", "external")
        assert all(isinstance(each, str) for each in result["partialFingerprints"].values())


def test_sarif_has_the_structure_of_its_schema() -> None:
    check_log(sarif(REPORT, CLEAN))


def test_sarif_describes_every_kind_of_finding() -> None:
    (run,) = sarif(CLEAN)["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [kind.id for kind in FINDINGS]
    assert run["results"] == []


def test_sarif_shows_a_suppressed_finding_with_its_reason() -> None:
    (run,) = sarif(REPORT)["runs"]
    kept = {each["ruleId"]: each["suppressions"] for each in run["results"] if "suppressions" in each}
    assert kept == {"no-key": [{"kind": "inSource", "justification": "it has none on purpose"}]}


def test_the_fingerprint_of_a_finding_stays_where_lines_come_above_it() -> None:
    def prints(text: str) -> set[str]:
        (run,) = sarif(linted(text))["runs"]
        return {each["partialFingerprints"]["ruleAndLine/v1"] for each in run["results"]}

    assert prints(RULES) == prints(f"# new\n{RULES}")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("rules.d/10 a.rules", "rules.d/10%20a.rules"),
        ("/etc/audit/é.rules", "file:///etc/audit/%C3%A9.rules"),
        ("./x", "x"),
        ("-", "stdin"),
        ("a\udcffb", "a%FFb"),
    ],
)
def test_a_path_is_a_reference(path: str, wanted: str) -> None:
    assert uri(path) == wanted


# JUnit


@pytest.mark.parametrize("fail_on", [LintSeverity.ERROR, LintSeverity.WARNING])
def test_junit_is_valid_and_counts_what_fails(fail_on: LintSeverity) -> None:
    document = written("junit", REPORT, CLEAN, fail_on=fail_on)
    JUNIT.validate(document)
    cases = ET.fromstring(document).iter("testcase")  # noqa: S314 - our own text
    failures = [each for each in cases if each.find("failure") is not None]
    assert len(failures) == len(REPORT.of_severity(LintSeverity.ERROR)) + (
        len(REPORT.of_severity(LintSeverity.WARNING)) if fail_on is LintSeverity.WARNING else 0
    )


def test_junit_has_a_case_that_passes_for_a_file_without_findings() -> None:
    document = ET.fromstring(written("junit", CLEAN))  # noqa: S314 - our own text
    assert [(each.get("name"), len(each)) for each in document.iter("testcase")] == [("x.rules", 0)]


# The others


def test_github_has_a_command_for_each_finding_that_is_not_suppressed() -> None:
    lines = written("github", REPORT).splitlines()
    assert lines[0].startswith(
        "::error file=x.rules,line=4,col=4,endColumn=11,title=refused%3A a line that is refused::"
    )
    assert len(lines) == sum(len(REPORT.of_severity(severity)) for severity in LintSeverity)


def test_json_has_all_of_a_report() -> None:
    (given_,) = json.loads(written("json", REPORT))["inputs"]
    assert [(each["id"], each["line"], each["suppressed"]) for each in given_["findings"]][:1] == [
        ("no-key", 3, "it has none on purpose")
    ]
    assert (given_["targets"][0]["auditctl"], given_["targets"][0]["stopped_at"]["line"]) == ("3.0.9", 4)


def test_text_says_what_a_kind_means_once() -> None:
    text = written("text", linted("-w /a -p wa\n-w /b -p wa\n"))
    assert text == (
        "x.rules:1:12: warning: it has no key [no-key]\n"
        "    -w /a -p wa\n"
        "               ^\n"
        "    Its records can't be found by a key (ausearch -k), nor told from those of other rules.\n"
        "    Add -k NAME.\n"
        "x.rules:2:12: warning: it has no key [no-key]\n"
        "    -w /b -p wa\n"
        "               ^\n"
        "x.rules: auditctl 3.0.9 on x86_64 (debian-12): 2 of 2 rules are loaded\n"
        "cost: at the end of every system call the kernel looks at 0 rules and compares 0; 0 are on files, and asked "
        "only where a call uses one\n"
        "cost: 2 watches more are on files, or are asked at every call if they are directories\n"
        "x.rules: 0 errors, 2 warnings, 0 notes\n"
    )


def test_a_long_line_is_shown_where_it_is_wrong() -> None:
    text = written("text", linted(f"-w /{'a' * 200} -p q{' ' * 300}\n"))
    (shown, marker) = text.splitlines()[1:3]
    assert len(shown) < 200
    assert shown[marker.index("^")] == "q"


@pytest.mark.parametrize("form", FORMATS)
@law(2)
@given(text=TEXT)
def test_no_format_lets_hostile_text_through(form: str, text: str) -> None:
    reports = linted(f"-w /{text} -k {text}\n{text}\n"), folder({"1.rules": text})
    document = written(form, *reports)
    assert document.isascii() or form in ("text", "github")
    assert all(char.isprintable() or char == "\n" for char in document)
    if form == "junit":
        JUNIT.validate(document)
    if form == "sarif":
        check_log(json.loads(document))

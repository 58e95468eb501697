"""What AIDE checks the tools of audit for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.configuration.aide import read_aide
from auditrules.benchmarks.configuration.aide_rules import AideRules
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Judged
from tests.fixtures.requirements import host, judge, outcome, requirement

CONF = "/etc/aide/aide.conf"
NEEDED = ["p", "i", "n", "u", "g", "s", "b", "acl", "xattrs", "sha512"]
ALL = "+".join(NEEDED)
TOOL = "/usr/sbin/auditctl"
MERGED = {
    "/": Entry("dir"),
    "/sbin": Entry("link", "usr/sbin"),
    "/usr": Entry("dir"),
    "/usr/sbin": Entry("dir"),
    TOOL: Entry("file"),
}


def aide(content: str) -> AideRules:
    with pytest.raises(StopIteration) as stop:
        next(read_aide(File(CONF, content.encode(), mode=0o600)))
    found: AideRules = stop.value.value
    return found


def judged(rules: AideRules | None, seen: dict[str, Entry] = MERGED) -> Judged:
    one = requirement("integrity", paths=["/sbin/auditctl"], attributes=NEEDED)
    return judge(one, host(facts=HostFacts(integrity=rules), seen=seen))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{TOOL} {ALL}", ("pass", "met")),
        (f"A = {ALL}+m\n/usr A", ("pass", "met")),
        (f"{TOOL} {ALL}-b", ("fail", "attributes_missing")),
        (f"{TOOL} p+i+n+u+g+s+b+acl+xattrs+sha256", ("fail", "attributes_missing")),
        (f"# {TOOL} {ALL}", ("fail", "not_selected")),
        (f"/sbin/auditctl {ALL}", ("fail", "not_selected")),
        (f"{TOOL} {ALL}\n!/usr/sbin", ("fail", "not_selected")),
        (f"{TOOL} {ALL}\n/usr none", ("unknown", "unclear")),
        (f"/usr/(?i)x p\n{TOOL} {ALL}", ("pass", "met")),
        (f"/usr/sbin/(?i)x p\n{TOOL} {ALL}", ("unknown", "unclear")),
    ],
)
def test_a_tool(content: str, expected: tuple[str, str]) -> None:
    assert outcome(judged(aide(content))) == expected


def test_what_is_missing_is_named_with_the_rule() -> None:
    told = judged(aide(f"\n{TOOL} {ALL}-b-sha512"))
    assert told.missing == "b+sha512"
    assert told.evidence == f"{CONF}: {TOOL} is checked by '{TOOL}', without b+sha512"
    assert told.evidence_lines == f"{CONF}:2: {TOOL} is checked by '{TOOL}', without b+sha512"
    assert told.remedy.first.startswith(f"Put `{TOOL} {ALL}` into {CONF}")


def test_without_a_configuration_it_fails() -> None:
    told = judged(AideRules())
    assert (outcome(told), told.evidence) == (
        ("fail", "no_file"),
        "there is no /etc/aide/aide.conf or /etc/aide.conf",
    )


def test_a_configuration_that_nobody_looked_at_is_unknown() -> None:
    assert outcome(judged(None)) == ("unknown", "unreadable")


def test_a_tool_that_is_not_there_does_not_matter() -> None:
    assert outcome(judged(AideRules(), {**MERGED, TOOL: Entry("missing")})) == ("not_applicable", "no_file")


def test_a_tool_that_could_not_be_looked_at_is_unknown() -> None:
    assert outcome(judged(aide(f"{TOOL} {ALL}"), {})) == ("unknown", "unreadable")


def test_programs_that_were_not_run_are_told() -> None:
    rules = replace(aide(f"{TOOL} {ALL}"), programs=3)
    told = "3 programs of AIDE's package, which print rules of their own, were not run"
    assert judged(rules).evidence == f"{CONF}: {TOOL} is checked by '{TOOL}'; {told}"


def test_many_unclear_lines_are_bounded() -> None:
    told = judged(AideRules(CONF, (), tuple(f"line {number}" for number in range(9))))
    assert told.evidence == "not known: line 0; line 1; line 2; and 6 more"


@pytest.mark.parametrize(
    "fields", [{"paths": ["/a"]}, {"paths": ["a"], "attributes": ["p"]}, {"paths": ["/a"], "attributes": ["Full"]}]
)
def test_what_no_requirement_is(fields: dict[str, Any]) -> None:
    with pytest.raises(BenchmarkError):
        requirement("integrity", **fields)


@pytest.mark.parametrize(("content", "status"), [(f"{TOOL} {ALL}", "pass"), ("/etc p", "fail")])
def test_a_tool_that_is_in_usr_sbin_alone_is_judged_there(content: str, status: str) -> None:
    found = judged(aide(content), {**MERGED, "/sbin": Entry("missing")})
    assert (found.status.value, found.subject) == (status, "/sbin/auditctl")
    assert TOOL in found.evidence

"""Packages: by dpkg's record, or by what they bring."""

from __future__ import annotations

import pytest

from auditrules.audit.model.host_facts import Entry, ordinary_files
from auditrules.benchmarks.configuration.dpkg_status import Packages
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.kinds.package import BROUGHT
from tests.fixtures.requirements import host, judge, outcome, requirement

AUDITD, UNIT = "/usr/sbin/auditd", "/usr/lib/systemd/system/auditd.service"
RPM = HostFacts(packages=Packages(rpm=True))


def said(names: list[object], packages: Packages) -> tuple[str, str, str]:
    judged = judge(requirement("package", names=names), host(facts=HostFacts(packages=packages)))
    return *outcome(judged), judged.evidence


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("installed", ("pass", "met", "/var/lib/dpkg/status: auditd is installed")),
        ("triggers-pending", ("pass", "met", "/var/lib/dpkg/status: auditd is installed")),
        (
            "config-files",
            ("fail", "not_installed", "/var/lib/dpkg/status: auditd is in the state config-files"),
        ),
        (
            "half-configured",
            ("fail", "not_installed", "/var/lib/dpkg/status: auditd is in the state half-configured"),
        ),
    ],
)
def test_dpkgs_state(state: str, expected: tuple[str, str, str]) -> None:
    assert said(["auditd"], Packages({"auditd": state})) == expected


def test_a_package_that_dpkg_does_not_know() -> None:
    assert said(["auditd"], Packages({"audit": "installed"})) == (
        "fail",
        "not_installed",
        "/var/lib/dpkg/status: nothing of auditd",
    )


@pytest.mark.parametrize(("names", "expected"), [({"audit": "installed"}, "pass"), ({"x": "installed"}, "fail")])
def test_of_alternatives_one_is_enough(names: dict[str, str], expected: str) -> None:
    assert said([["audit", "auditd"]], Packages(names))[0] == expected


def test_each_package_is_judged() -> None:
    on = host(facts=HostFacts(packages=Packages({"auditd": "installed"})))
    found = requirement("package", names=["auditd", "audispd-plugins"]).judge(on, "kernel")
    assert [(each.subject, each.status.value) for each in found] == [("auditd", "pass"), ("audispd-plugins", "fail")]


def test_a_record_that_can_not_be_read_is_unknown() -> None:
    assert said(["auditd"], Packages(error="x"))[:2] == ("unknown", "unreadable")


def test_where_rpm_has_the_record_what_a_package_brings_counts() -> None:
    judged = judge(requirement("package", names=["audit"]), host(facts=RPM, seen=ordinary_files(AUDITD, UNIT)))
    assert (outcome(judged), judged.evidence) == (
        ("pass", "met"),
        f"audit: rpm's record is not read, and what it brings is there: {AUDITD}, {UNIT}",
    )


def test_what_a_package_brings_is_found_behind_links() -> None:
    seen = {**ordinary_files(AUDITD, "/lib/systemd/system/auditd.service"), "/usr/sbin": Entry("link", "bin")}
    seen = {**seen, **ordinary_files("/usr/bin/auditd"), "/usr/sbin": Entry("link", "bin")}
    assert outcome(judge(requirement("package", names=["audit"]), host(facts=RPM, seen=seen)))[0] == "pass"


def test_a_part_that_is_not_there_makes_the_package_missing() -> None:
    gone = {path: Entry("missing") for path in (UNIT, "/lib")}
    seen = {**ordinary_files(AUDITD, "/usr/lib/systemd/system/"), **gone}
    judged = judge(requirement("package", names=["audit"]), host(facts=RPM, seen=seen))
    assert (outcome(judged), judged.evidence) == (
        ("fail", "not_installed"),
        f"audit: rpm's record is not read, and of what it brings {UNIT} is not there",
    )


def test_what_could_not_be_looked_at_is_unknown() -> None:
    assert outcome(judge(requirement("package", names=["audit"]), host(facts=RPM)))[0] == "unknown"


def test_what_an_unknown_package_brings_is_not_known() -> None:
    assert outcome(judge(requirement("package", names=["x"]), host(facts=RPM)))[0] == "unknown"


def test_paths_are_looked_at_only_without_dpkgs_record() -> None:
    one = requirement("package", names=["audit"])
    assert not [*one.paths(HostFacts(packages=Packages({})))]
    assert [*one.paths(RPM)] == [path for group in BROUGHT["audit"] for path in group]


@pytest.mark.parametrize("names", [[], "auditd", [[]], [1], [""]])
def test_what_no_requirement_is(names: object) -> None:
    with pytest.raises(BenchmarkError):
        requirement("package", names=names)

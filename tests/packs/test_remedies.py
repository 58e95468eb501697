"""Every control on a host that has all of Docker: what the remediation does, and what the benchmarks' own lines do."""

from __future__ import annotations

import pytest

from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.parse import parse_line
from auditrules.benchmarks import CIS_DOCKER
from auditrules.benchmarks.remediation import rule_line
from auditrules.benchmarks.targets import PathType
from auditrules.packs import CHECKS, Check
from tests.fixtures.hosts import Look, root, saved
from tests.fixtures.judged import CONTROLS, required

each_check = pytest.mark.parametrize(
    "check",
    [
        pytest.param(
            each,
            id=f"{each.control.version}-{each.control.id}",
            marks=() if each.control.version in (CIS_DOCKER[0].version, CIS_DOCKER[-1].version) else pytest.mark.full,
        )
        for each in CHECKS
    ],
)
BY_ID = {(check.control.version, check.control.id): check for check in CHECKS}


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Give a host where everything is in the benchmark's own place."""
    folder = tmp_path_factory.mktemp("docker")
    subjects = {required(control) for control in CONTROLS if control.version != "1.2.0"}
    files = [each.path.removeprefix("/") for each in subjects if each.type is not PathType.DIRECTORY]
    folders = [each.path.removeprefix("/") for each in subjects if each.type is PathType.DIRECTORY]
    root(folder, {**dict.fromkeys(files, "{}"), **{f"{each}/x": "x" for each in folders}})
    return Look.at(folder)


def loaded(look: Look, *lines: str) -> Look:
    """Give the host with lines in a rules file, and what auditctl lists of them in the kernel."""
    written = look.with_rules(*lines)
    facts = written.sources.facts
    rules = [said.rule for said in (parse_line(line, facts) for line in lines) if said is not None]
    return written.with_listing(saved(*(listed(rule, facts.version, "x86_64") for rule in rules if rule is not None)))


def judged(look: Look, check: Check) -> tuple[object, object]:
    (row,) = look.rows(check.query)
    return row["status"], row["reason"]


@each_check
def test_without_rules_a_control_fails(docker: Look, check: Check) -> None:
    assert judged(docker.with_listing(saved()), check) == ("fail", "no_rule")


@each_check
def test_the_remediation_of_a_control_makes_it_pass(docker: Look, check: Check) -> None:
    (before,) = docker.with_listing(saved()).rows(check.query)
    line = rule_line(str(before["target"]), "docker")
    assert line is not None
    assert f" {line} into " in str(before["remediation"])
    assert judged(loaded(docker, line), check) == ("pass", "covered")


@each_check
def test_the_watch_that_the_benchmarks_give_makes_a_control_pass(docker: Look, check: Check) -> None:
    (before,) = docker.with_listing(saved()).rows(check.query)
    target = str(before["target"])
    assert judged(loaded(docker, f"-w {target} -k docker"), check) == ("pass", "covered")


@pytest.mark.parametrize("control", ["1.1.4", "1.1.5"])
def test_a_path_rule_on_a_directory_fails_and_says_why(docker: Look, control: str) -> None:
    check = BY_ID["1.8.0", control]
    path = required(check.control).path
    look = loaded(docker, f"-a exit,always -F path={path} -F perm=war -k docker")
    assert judged(look, check) == ("fail", "not_recursive")
    (row,) = look.rows(check.query)
    assert str(row["evidence"]).startswith(f"-a always,exit -S all -F path={path} -F perm=rwa -F key=docker")


def test_the_exclusions_of_1_8_0_do_not_fail_a_compliant_host(docker: Look) -> None:
    check = BY_ID["1.8.0", "1.1.5"]
    excluded = [f"-a exit,never -F dir=/var/lib/docker/{name} -k docker" for name in ("volumes", "overlay2")]
    look = loaded(docker, *excluded, "-a exit,always -F dir=/var/lib/docker -F perm=wa -k docker")
    (row,) = look.rows(check.query)
    assert (row["status"], row["reason"]) == ("pass", "covered")
    assert "except /var/lib/docker/volumes, except /var/lib/docker/overlay2" in str(row["evidence"])


def test_a_never_rule_on_the_directory_itself_fails(docker: Look) -> None:
    look = loaded(docker, "-a exit,never -F dir=/var/lib/docker", "-a exit,always -F dir=/var/lib/docker -F perm=wa")
    assert judged(look, BY_ID["1.8.0", "1.1.5"]) == ("fail", "suppressed")


def test_a_watch_on_the_directory_of_a_file_passes(docker: Look) -> None:
    assert judged(loaded(docker, "-w /etc/docker -p wa -k docker"), BY_ID["1.2.0", "1.2.10"]) == ("pass", "covered")

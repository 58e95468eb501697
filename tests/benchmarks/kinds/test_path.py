"""Letters of a path that a benchmark asks for, by whom and by programs of which arch, and where a host has the path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.benchmarks.configuration.faillock_conf import FaillockDir
from auditrules.benchmarks.configuration.login_defs import LoginDefs
from auditrules.benchmarks.configuration.sudoers import SudoLog
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Fact, Requirement
from tests.audit.coverage.asked_cases import PATH_SPELLINGS, PATHS, PathAsked
from tests.audit.file_trees import facts
from tests.fixtures.audited import TREE, audited
from tests.fixtures.requirements import judge, outcome, requirement

CONTAINERD = "/usr/bin/containerd"
RUN = {
    "path": CONTAINERD,
    "permissions": "x",
    "type": "executable",
    "fields": ["auid>=UID_MIN", "auid!=unset"],
    "key": "run",
}
OWN = f"-a always,exit -F path={CONTAINERD} -F perm=x -F auid>=1000 -F auid!=unset -k run"
ZONES = facts({**TREE, "/usr/share/zone": "file", "/etc/localtime": "-> /usr/share/zone"})


def of_case(asked: PathAsked) -> Requirement:
    kind = "dir" if asked.place == "dir" else "executable" if asked.letters == "x" else "file"
    return requirement(
        "path",
        path=asked.path,
        permissions=asked.letters,
        type=kind,
        fields=list(asked.fields),
        arches=list(asked.arches),
        key="k",
    )


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("spelling", [each for each in PATH_SPELLINGS if "slash" not in each])
def test_a_spelling_decides_nothing(name: str, spelling: str) -> None:
    lines, passes = PATH_SPELLINGS[spelling]
    asked = PATHS[name]
    expected = passes if isinstance(passes, bool) else passes(asked)
    found = judge(of_case(asked), audited(lines(asked)), "boot")  # now, a file that was replaced may turn the order
    assert (found.status.value == "pass") is expected


@pytest.mark.parametrize("name", PATHS)
def test_a_remedy_meets_what_is_asked(name: str) -> None:
    asked = of_case(PATHS[name])
    lines = judge(asked, audited()).remedy.lines
    assert outcome(judge(asked, audited(lines))) == ("pass", "covered")


def test_executions_by_login_users() -> None:
    found = judge(requirement("path", **RUN), audited([OWN]))
    assert (*outcome(found), found.who, found.required) == ("pass", "covered", "login users", "x")


def test_the_remedy_for_login_users_is_the_benchmark_s_rule() -> None:
    assert judge(requirement("path", **RUN), audited()).remedy.lines == (OWN,)


def test_the_remedy_for_everybody_is_a_watch_of_the_letters() -> None:
    asked = requirement("path", path="/etc/docker", permissions="wa", type="dir", key="scope")
    assert judge(asked, audited()).remedy.lines == ("-w /etc/docker -p wa -k scope",)


@pytest.mark.parametrize("source", ["kernel", "boot"])
def test_uid_min_is_the_host_s(source: str) -> None:
    asked = requirement("path", **RUN)
    assert asked.needs == {Fact.LOGIN}
    assert outcome(judge(asked, audited([OWN], facts=HostFacts(login=LoginDefs(500))), source)) == (
        "fail",
        "conditional",
    )
    assert outcome(judge(asked, audited([OWN], facts=HostFacts()), source)) == ("unknown", "uid_min_unknown")


ARCHES: tuple[tuple[dict[str, list[str]], list[str], str], ...] = (
    ({}, ["b64"], "pass"),
    ({"arches": ["b64"]}, ["b64"], "pass"),
    ({"arches": ["b64", "b32"]}, ["b64"], "fail"),
    ({"arches": ["b64", "b32"]}, ["b64", "b32"], "pass"),
    ({"arches": ["b64", "b32"]}, ["b32"], "fail"),
)


@pytest.mark.parametrize(("asked", "had", "status"), ARCHES)
def test_32_bit_programs_count_where_the_benchmark_asks_for_them(
    asked: dict[str, list[str]], had: list[str], status: str
) -> None:
    rules = [f"-a always,exit -F arch={arch} -F path=/etc/docker/daemon.json -F perm=wa" for arch in had]
    found = judge(requirement("path", path="/etc/docker/daemon.json", permissions="wa", **asked), audited(rules))
    assert found.status.value == status


def test_what_32_bit_programs_miss_is_told() -> None:
    rules = ["-a always,exit -F arch=b64 -F path=/etc/docker/daemon.json -F perm=wa"]
    asked = requirement("path", path="/etc/docker/daemon.json", permissions="wa", arches=["b64", "b32"])
    found = judge(asked, audited(rules))
    assert (*outcome(found), found.missing) == ("fail", "conditional", "wa")
    assert "except 32-bit calls" in found.evidence


LEFT_OUT: tuple[tuple[list[str], str, str], ...] = (
    (["-a never,exit -F path=/etc/docker/daemon.json", "-w /etc/docker -p wa"], "fail", "left_out"),
    (["-a never,exit -S all -F path=/etc/docker/daemon.json -F perm=a", "-w /etc/docker -p wa"], "fail", "left_out"),
    (["-a never,exit -F dir=/etc/docker/certs.d", "-w /etc/docker -p wa"], "fail", "left_out"),
    (["-w /etc/docker -p wa", "-a never,exit -F path=/etc/docker/daemon.json"], "pass", "covered"),
    (["-a never,exit -F dir=/usr/bin", "-w /etc/docker -p wa"], "pass", "covered"),
)


@pytest.mark.parametrize(("rules", "status", "reason"), LEFT_OUT)
def test_a_directory_is_recorded_in_everything_below_it(rules: list[str], status: str, reason: str) -> None:
    asked = requirement("path", path="/etc/docker", permissions="wa", type="dir")
    found = judge(asked, audited(rules, on=facts({**TREE, "/etc/docker/certs.d": "dir"})))
    assert outcome(found) == (status, reason)


def test_what_is_left_out_of_a_directory_is_told_with_what_to_do() -> None:
    asked = requirement("path", path="/etc/docker", permissions="wa", type="dir")
    found = judge(asked, audited(["-a never,exit -F path=/etc/docker/daemon.json", "-w /etc/docker -p wa"]))
    assert "except /etc/docker/daemon.json" in found.evidence
    assert (found.missing, found.remedy.repair.split(":")[0]) == (
        "wa",
        "A rule or a mount leaves out what the evidence names after except",
    )


LABELS = ("subj_user=staff_u", "subj_role=staff_r", "subj_type=crond_t", "subj_sen=s0", "subj_clr=s1", "obj_type=etc_t")


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("lsm", "status"), [(None, "unknown"), (("lockdown", "selinux"), "unknown"), (("lockdown", "yama"), "pass")]
)
def test_a_label_may_match_unless_the_kernel_s_security_module_has_none(
    label: str, lsm: tuple[str, ...] | None, status: str
) -> None:
    asked = requirement("path", path="/etc/docker/daemon.json", permissions="wa")
    rules = [f"-a never,exit -S all -F {label}", "-w /etc/docker/daemon.json -p wa"]
    found = judge(asked, audited(rules, on=replace(facts(TREE), lsm=lsm)))
    assert found.status.value == status


@pytest.mark.parametrize("lsm", [None, ("lockdown", "selinux")])
@pytest.mark.parametrize("operator", ["=", "!="])
def test_a_rule_for_one_label_does_not_hide_that_tasks_without_it_escape(
    operator: str, lsm: tuple[str, ...] | None
) -> None:
    asked = requirement("path", path="/etc/docker/daemon.json", permissions="wa")
    on = replace(facts(TREE), lsm=lsm)
    always = f"-a always,exit -S all -F subj_type{operator}crond_t"
    assert judge(asked, audited([always], on=on)).status.value == ("fail" if operator == "=" else "unknown")
    never = f"-a never,exit -S all -F subj_type{operator}crond_t"
    found = judge(asked, audited([never, "-w /etc/docker/daemon.json -p wa"], on=on))
    assert found.status.value == ("unknown" if operator == "=" else "fail")


# rules, and what comes of `wa` on a file that is a symbolic link
LINKS: tuple[tuple[list[str], str], ...] = (
    (["-w /etc/localtime -p wa"], "pass"),
    (["-w /etc -p wa"], "pass"),
    (["-w /usr/share/zone -p wa"], "fail"),
    (["-w /etc/localtime -p a"], "fail"),
    ([], "fail"),
)


@pytest.mark.parametrize(("rules", "status"), LINKS)
def test_of_a_file_that_is_a_link_the_link_is_meant(rules: list[str], status: str) -> None:
    asked = requirement("path", path="/etc/localtime", permissions="wa")
    assert judge(asked, audited(rules, on=ZONES)).status.value == status


def test_of_a_program_that_is_a_link_what_it_leads_to_is_meant() -> None:
    asked = requirement("path", path="/opt/dockerd", permissions="x", type="executable")
    assert outcome(judge(asked, audited(["-w /usr/bin/dockerd -p x"]))) == ("pass", "covered")
    assert outcome(judge(asked, audited(["-w /opt/dockerd -p x"]))) == ("fail", "symlink")


def test_the_remedy_for_a_program_that_is_a_link_is_on_what_it_leads_to() -> None:
    """As of reboot and poweroff, which are links to systemctl: a rule on the link's own name records nothing."""
    asked = requirement("path", path="/opt/dockerd", permissions="x", fields=["auid>=1000", "auid!=unset"], key="k")
    lines = judge(asked, audited()).remedy.lines
    assert lines == ("-a always,exit -F path=/usr/bin/dockerd -F perm=x -F auid>=1000 -F auid!=unset -k k",)
    assert outcome(judge(asked, audited(lines))) == ("pass", "covered")


SUDO = requirement("path", path="/etc/docker/certs/ca.pem", permissions="wa", path_from="sudoers logfile", key="sudo")
LOG = "/etc/docker/daemon.json"


def test_the_log_of_sudo_is_where_sudoers_says() -> None:
    on = HostFacts(sudo=SudoLog((LOG,), ("/etc/sudoers",)))
    assert SUDO.needs == {Fact.SUDO}
    assert list(SUDO.paths(on)) == ["/etc/docker/certs/ca.pem", LOG]
    found = judge(SUDO, audited([f"-w {LOG} -p wa"], facts=on))
    assert (*outcome(found), found.subject, found.origin) == ("pass", "covered", LOG, "sudoers")


def test_each_log_of_sudo_is_asked_for() -> None:
    on = HostFacts(sudo=SudoLog((LOG, CONTAINERD)))
    found = SUDO.judge(audited([f"-w {LOG} -p wa"], facts=on), "kernel")
    assert [(each.subject, each.status.value) for each in found] == [(LOG, "pass"), (CONTAINERD, "fail")]


def test_where_sudoers_names_no_log_the_benchmark_s_own_is_asked_for() -> None:
    found = judge(SUDO, audited(facts=HostFacts(sudo=SudoLog())))
    assert (found.status.value, found.subject) == ("fail", "/etc/docker/certs/ca.pem")


def test_where_sudoers_cannot_be_read_it_is_unknown() -> None:
    found = SUDO.judge(audited([f"-w {LOG} -p wa"], facts=HostFacts(sudo=SudoLog((LOG,), error="a loop"))), "kernel")
    assert [(each.status.value, each.evidence) for each in found][1:] == [("unknown", "a loop")]
    assert judge(SUDO, audited(facts=HostFacts())).status.value == "unknown"


def test_the_tallies_of_faillock_are_where_its_configuration_says() -> None:
    asked = requirement("path", path="/var/run/faillock", permissions="wa", type="dir", path_from="faillock dir")
    on = HostFacts(faillock=FaillockDir("/etc/docker", "/etc/security/faillock.conf"))
    found = judge(asked, audited(["-w /etc/docker -p wa"], facts=on))
    assert (*outcome(found), found.subject, found.origin) == ("pass", "covered", "/etc/docker", "faillock.conf")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": "etc"}, "path: expected an absolute path"),
        ({"path": "/etc", "fields": ["colour=1"]}, "fields: expected a field that auditctl knows"),
        ({"path": "/etc", "path_from": "passwd"}, "path_from: expected one of sudoers logfile, faillock dir"),
        ({"path": "/etc", "arches": ["b16"]}, "arches: expected a list out of b64, b32"),
    ],
)
def test_what_is_no_requirement_is_told(fields: dict[str, object], message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        requirement("path", permissions="wa", **fields)

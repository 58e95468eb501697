"""What to do about a verdict, and that no host has a say in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.benchmarks.remediation import ADVICE
from auditrules.report.model import Verdict
from auditrules.report.present.remediation import Remediation, find_remediation
from auditrules.status import Status
from tests.report.present.sample import HOSTILE, verdict

FAILING = verdict("web-1", Status.FAIL)
LINE = "-w /usr/bin/dockerd -k docker"
OWN = Remediation(
    f"Put the line {LINE} into /etc/audit/rules.d/docker.rules, then run augenrules --load. If the rules are locked "
    "(enabled 2), they load at the next boot. Afterwards auditctl -l must show the rule.",
    (LINE,),
    "/usr/bin/dockerd",
    elsewhere=False,
)
LOCAL = "/usr/local/bin/dockerd"

CASES = (
    ("the benchmark's own path", FAILING, OWN),
    ("no target", replace(FAILING, target=""), OWN),
    (
        "another place that the benchmark's data names",
        replace(FAILING, target=LOCAL),
        replace(OWN, text=OWN.text.replace(OWN.path, LOCAL), lines=(LINE.replace(OWN.path, LOCAL),), path=LOCAL),
    ),
    ("a place that it does not name", replace(FAILING, target="/srv/dockerd"), replace(OWN, elsewhere=True)),
    (
        "something else stands in the way",
        replace(FAILING, reason="disabled"),
        Remediation(ADVICE["disabled"].text, (), OWN.path, elsewhere=False),
    ),
    (
        "something else stands in the way, and the line is needed too",
        replace(FAILING, reason="suppressed"),
        replace(OWN, text=f"{ADVICE['suppressed'].text} {OWN.text}"),
    ),
    ("no known benchmark", replace(FAILING, version="0.9"), None),
    ("no known control", replace(FAILING, control="9.9"), None),
    ("it passes", replace(FAILING, status=Status.PASS), None),
    ("it is unknown", replace(FAILING, status=Status.UNKNOWN), None),
)


@pytest.mark.parametrize(("said", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_remediation_is_the_benchmarks(said: Verdict, expected: Remediation | None) -> None:
    assert find_remediation(said) == expected


@given(st.text() | st.sampled_from(HOSTILE), st.text() | st.sampled_from(HOSTILE))
def test_a_row_writes_no_word_of_a_remediation(target: str, text: str) -> None:
    said = replace(
        FAILING, target=target, title=text, reason=text, evidence=text, logged=text, next_boot=text, host=text
    )
    found = find_remediation(said)
    assert found is not None
    assert replace(found, elsewhere=False) == OWN


# The controls of systems

USERMOD = replace(
    FAILING,
    benchmark="CIS Ubuntu Linux 22.04 LTS Benchmark",
    version="3.0.0",
    control="6.2.3.18",
    target="/usr/sbin/usermod",
)
RULE = "-a always,exit -F path=/usr/sbin/usermod -F perm=x -F auid>=1000 -F auid!=unset -k usermod"
MODES = replace(USERMOD, control="6.2.3.9", target="chmod,fchmod,fchmodat")


def test_a_control_of_a_system_has_the_rules_that_its_benchmark_asks_for() -> None:
    found = find_remediation(USERMOD)
    assert found is not None
    assert (found.lines, found.rules_file) == ((RULE,), "/etc/audit/rules.d/cis-ubuntu-22.04.rules")
    assert found.command == f"echo '{RULE}' >>/etc/audit/rules.d/cis-ubuntu-22.04.rules\naugenrules --load"


def test_a_control_of_many_rules_has_a_command_for_each_and_loads_once() -> None:
    found = find_remediation(MODES)
    assert found is not None
    assert [line.split()[0] for line in found.command.splitlines()] == ["echo"] * 6 + ["augenrules"]


def test_a_control_that_is_no_rule_says_what_to_do_in_words() -> None:
    found = find_remediation(replace(USERMOD, control="6.2.2.2", target="max_log_file_action"))
    assert found is not None
    assert (found.command, found.text.split(",")[0]) == (
        "",
        "Set max_log_file_action in /etc/audit/auditd.conf to keep_logs",
    )


def test_what_stands_in_the_way_of_a_rule_of_a_system_comes_first() -> None:
    found = find_remediation(replace(USERMOD, reason="task_never"))
    assert found is not None
    assert found.text.startswith(f"{ADVICE['task_never'].text} Put the line {RULE} into ")


@given(st.text() | st.sampled_from(HOSTILE))
def test_a_target_changes_nothing_of_what_a_system_is_told(target: str) -> None:
    assert find_remediation(replace(USERMOD, target=target)) == find_remediation(USERMOD)

"""What a benchmark's remediation gives makes its controls on rules pass, and each of its lines is needed.

Asked of boot: the lines stand in rules.d, augenrules merges them, auditctl loads them. A real kernel is asked by
tests/vm/test_remediation.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.control import Benchmark
from auditrules.status import Status
from tests.fixtures.remedied import Judging, identities, not_met, rule_requirements
from tests.sampled import sampled

NEWEST = list({each.name: each for each in BENCHMARKS}.values())
OLDER = [each for each in BENCHMARKS if each not in NEWEST]
# Versions that ask for the same rules are judged alike, whatever they call their controls: the first stands for all.
DISTINCT = list({rule_requirements(each): each for each in reversed(BENCHMARKS)}.values())
QUICK = 7  # after each so many lines that are taken out all controls are judged, after the others those that need it

# Lines that another line of the same benchmark makes up for, by that one.
MADE_UP_FOR: Mapping[str, str] = {
    "-w /etc/docker/daemon.json -k docker": "-w /etc/docker -k docker",
    "-w /var/snap/docker/current/config/daemon.json -k docker": "-w /var/snap/docker/current/config -k docker",
    "-w /run/containerd/containerd.sock -k docker": "-w /run/containerd -k docker",
    "-w /etc/NetworkManager/system-connections -p wa -k system-locale": (
        "-w /etc/NetworkManager -p wa -k system-locale"
    ),
    "-a always,exit -F arch=b32 -S adjtimex,settimeofday,clock_settime -k time-change": (
        "-a always,exit -F arch=b32 -S adjtimex,settimeofday,clock_settime,stime -k time-change"
    ),
}

# One of its lines records every call of 32-bit programs, and its sets on opening files hold one another.
OVERLAPPING = "audit-userspace-ospp"


@cache
def judging(benchmark: Benchmark) -> Judging:
    return Judging(benchmark)


def meets_all(benchmark: Benchmark) -> None:
    asked = judging(benchmark)
    assert not_met(asked.judged(asked.remedies)) == {}


def each_line_is_needed(benchmark: Benchmark, step: int) -> None:
    asked = judging(benchmark)
    for number, (line, controls) in enumerate(asked.owners.items()):
        if number % step:
            continue
        out = [line]
        other = MADE_UP_FOR.get(line)
        if other is not None and other in asked.owners:
            assert not_met(asked.judged(asked.without(out))) == {}, line
            out.append(other)
        expected = {*controls, *(control for each in out for control in asked.owners[each])}
        found = set(not_met(asked.judged(asked.without(out), () if number % QUICK == 0 else expected)))
        assert found <= expected if benchmark.short_name == OVERLAPPING else found == expected, line


@sampled("benchmark", dict(zip(identities(NEWEST), NEWEST, strict=True)), one_in=4)
def test_the_rules_of_a_remediation_meet_every_control(benchmark: Benchmark) -> None:
    meets_all(benchmark)


@pytest.mark.full
@pytest.mark.parametrize("benchmark", OLDER, ids=identities(OLDER))
def test_the_rules_of_a_remediation_of_an_older_version_meet_every_control(benchmark: Benchmark) -> None:
    meets_all(benchmark)


@sampled("benchmark", dict(zip(identities(NEWEST), NEWEST, strict=True)), one_in=4)
def test_without_rules_every_control_that_a_rule_can_meet_fails(benchmark: Benchmark) -> None:
    """But for calls that no machine has, which nobody is asked to record."""
    for control, judged in judging(benchmark).bare.items():
        statuses = {each.status for each in judged if each.kind != "absent_rule"}
        assert statuses <= {Status.FAIL, Status.NOT_APPLICABLE}, control


@sampled("benchmark", dict(zip(identities(DISTINCT), DISTINCT, strict=True)), one_in=12)
def test_the_rules_of_the_remediation_of_one_control_meet_it(benchmark: Benchmark) -> None:
    """So no other line is needed for it: a further always rule loses no record."""
    asked = judging(benchmark)
    for control in asked.bare:
        assert not_met(asked.judged(asked.remedies_of(control), (control,))) == {}, control


def test_without_a_line_exactly_the_controls_fail_that_need_it() -> None:
    (benchmark,) = (each for each in NEWEST if each.short_name == "cis-debian-12")
    each_line_is_needed(benchmark, QUICK)


@pytest.mark.full
@pytest.mark.parametrize("benchmark", DISTINCT, ids=identities(DISTINCT))
def test_without_any_line_exactly_the_controls_fail_that_need_it(benchmark: Benchmark) -> None:
    each_line_is_needed(benchmark, 1)

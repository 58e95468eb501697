"""The rules of each benchmark, made for a system by its name: every control on rules is met, and lint is silent."""

from __future__ import annotations

import pytest

from auditrules.audit.model.host_facts import Facts
from auditrules.authoring.finding import LintTarget
from auditrules.authoring.lint import lint
from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.control import Benchmark
from tests.fixtures.made_rules import made_for, system_of
from tests.fixtures.remedied import identities

QUICK = BENCHMARKS[::10]  # by `make test`, all of them by `make test-full`
OTHERS = [each for each in BENCHMARKS if each not in QUICK]


def is_met_and_silent(benchmark: Benchmark) -> None:
    made, failing = made_for(benchmark)
    facts = system_of(benchmark)[1]
    told = lint(made.given, Facts(), [LintTarget(facts.version, facts.machine)]).findings
    assert (dict(failing), made.left_out, made.problems) == ({}, (), ())
    assert [(str(each.place), each.kind.id) for each in told if each.suppressed is None] == []


@pytest.mark.parametrize("benchmark", QUICK, ids=identities(QUICK))
def test_made_rules_meet_every_control_on_rules_and_lint_finds_nothing(benchmark: Benchmark) -> None:
    is_met_and_silent(benchmark)


@pytest.mark.full
@pytest.mark.parametrize("benchmark", OTHERS, ids=identities(OTHERS))
def test_made_rules_of_the_other_benchmarks_meet_every_control_on_rules(benchmark: Benchmark) -> None:
    is_met_and_silent(benchmark)

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.benchmarks import BENCHMARKS, Benchmark, BenchmarkControl
from auditrules.benchmarks.problems import problems

FIRST = BENCHMARKS[0]
DAEMON = FIRST.controls[0]
PLACE = "benchmarks/cis_docker.py: CIS Docker Benchmark 1.2.0, control 1.2.3: "


def of(*controls: BenchmarkControl) -> Benchmark:
    return replace(FIRST, controls=controls)


@pytest.mark.parametrize(
    ("control", "problem"),
    [
        (replace(DAEMON, title=""), "title: missing"),
        (replace(DAEMON, references=()), "references: missing"),
        (replace(DAEMON, subject=replace(DAEMON.subject, rationale="")), "subject.rationale: missing"),
        (replace(DAEMON, subject=replace(DAEMON.subject, path="")), "subject.path: missing"),
        (
            replace(DAEMON, subject=replace(DAEMON.subject, path="usr/bin/dockerd")),
            "paths: expected an absolute path, found 'usr/bin/dockerd'",
        ),
        (
            replace(DAEMON, subject=replace(DAEMON.subject, places=("dockerd",))),
            "paths: expected an absolute path, found 'dockerd'",
        ),
        (
            replace(DAEMON, subject=replace(DAEMON.subject, path="/a\nb")),
            "subject.path: expected a path that a rules file can express, found '/a\\nb'",
        ),
        (replace(DAEMON, required=""), "required: missing"),
        (
            replace(DAEMON, required="wax"),
            "required: expected each letter once, in the order rwxa, found 'wax'",
        ),
        (replace(DAEMON, version="1.6.0"), "benchmark: expected the one it is in, found CIS Docker Benchmark 1.6.0"),
    ],
)
def test_a_problem_names_control_key_and_reason(control: BenchmarkControl, problem: str) -> None:
    assert list(problems([of(control)])) == [PLACE + problem]


def test_an_unknown_letter_is_a_problem() -> None:
    assert list(problems([of(replace(DAEMON, required="wz"))])) == [
        PLACE + "required: expected letters out of rwxa, found 'z'",
        PLACE + "required: expected each letter once, in the order rwxa, found 'wz'",
    ]


def test_an_id_that_is_none_is_a_problem() -> None:
    assert list(problems([of(replace(DAEMON, id="1.2.x"))])) == [
        f"{PLACE.replace('1.2.3', '1.2.x')}id: expected numbers with dots between, found '1.2.x'"
    ]


def test_an_id_that_is_there_twice_is_a_problem() -> None:
    assert list(problems([of(DAEMON, DAEMON)])) == [PLACE + "id: it is there twice"]


def test_a_benchmark_without_a_version_is_a_problem() -> None:
    assert list(problems([Benchmark("CIS", "", (), "x.py")])) == ["x.py: CIS: version: missing"]

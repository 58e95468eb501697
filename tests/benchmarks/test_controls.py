"""The benchmarks' data: numbers and targets as public sources have them, and what every control has to say."""

from __future__ import annotations

from collections import Counter

import pytest

from auditrules.benchmarks import CIS_DOCKER, Assessment, Benchmark, BenchmarkControl
from auditrules.benchmarks.targets import PathType
from tests.fixtures.judged import CONTROLS, required

# Number, the benchmark's own path and its level, as public tools and retellings have them.
IN_1_2_0 = """\
1.2.3 /usr/bin/dockerd 1
1.2.4 /var/lib/docker 1
1.2.5 /etc/docker 1
1.2.6 /usr/lib/systemd/system/docker.service 1
1.2.7 /usr/lib/systemd/system/docker.socket 1
1.2.8 /etc/default/docker 1
1.2.9 /etc/sysconfig/docker 1
1.2.10 /etc/docker/daemon.json 1
1.2.11 /usr/bin/containerd 1
1.2.12 /usr/sbin/runc 1
"""
IN_1_6_0 = """\
1.1.3 /usr/bin/dockerd 1
1.1.4 /run/containerd 1
1.1.5 /var/lib/docker 1
1.1.6 /etc/docker 1
1.1.7 /usr/lib/systemd/system/docker.service 2
1.1.8 /run/containerd/containerd.sock 2
1.1.9 /usr/lib/systemd/system/docker.socket 2
1.1.10 /etc/default/docker 2
1.1.11 /etc/docker/daemon.json 2
1.1.12 /etc/containerd/config.toml 2
1.1.13 /etc/sysconfig/docker 2
1.1.14 /usr/bin/containerd 2
1.1.15 /usr/bin/containerd-shim 2
1.1.16 /usr/bin/containerd-shim-runc-v1 2
1.1.17 /usr/bin/containerd-shim-runc-v2 2
1.1.18 /usr/bin/runc 2
"""
IN_1_8_0 = IN_1_6_0.replace("/usr/lib/systemd/system/docker.socket", "/var/run/docker.sock")
EXPECTED = {
    "1.2.0": IN_1_2_0,
    "1.3.1": IN_1_6_0,
    "1.5.0": IN_1_6_0,
    "1.6.0": IN_1_6_0,
    "1.7.0": IN_1_8_0,
    "1.8.0": IN_1_8_0,
}

each_control = pytest.mark.parametrize("control", CONTROLS, ids=lambda each: f"{each.version}-{each.id}")


@pytest.mark.parametrize("benchmark", CIS_DOCKER, ids=lambda each: each.version)
def test_a_benchmark_numbers_its_targets_as_its_sources_do(benchmark: Benchmark) -> None:
    lines = [f"{each.id} {required(each).path} {each.level}\n" for each in benchmark.controls]
    assert "".join(lines) == EXPECTED[benchmark.version]


def test_the_versions_are_there_in_order() -> None:
    assert [benchmark.version for benchmark in CIS_DOCKER] == list(EXPECTED)
    assert CIS_DOCKER[-1].version == "1.8.0"


def control(version: str, number: str) -> BenchmarkControl:
    (found,) = (each for each in CONTROLS if (each.version, each.id) == (version, number))
    return found


def test_the_first_control_names_the_controls_it_stands_for() -> None:
    assert control("1.2.0", "1.2.3").cis_controls == ("6.3", "6.6.2", "7.6.2")


@each_control
def test_a_control_wants_execution_of_executables_only(control: BenchmarkControl) -> None:
    assert required(control).permissions == ("wxa" if required(control).type is PathType.EXECUTABLE else "wa")


@each_control
def test_a_control_has_every_text(control: BenchmarkControl) -> None:
    texts = (control.title, control.impact, control.description, control.rationale, control.default_value)
    assert [text for text in texts if not text or text != text.strip()] == []
    assert control.links
    assert control.cis_controls


@each_control
def test_only_the_daemon_and_the_directories_are_wanted_where_nothing_is(control: BenchmarkControl) -> None:
    kept = {"/usr/bin/dockerd", "/var/lib/docker", "/etc/docker", "/run/containerd"}
    docker = required(control).docker
    assert docker is not None
    assert docker.if_applicable == (required(control).path not in kept)


def test_what_is_assessed_by_hand_is_told() -> None:
    manual = [(each.version, each.id) for each in CONTROLS if each.assessment is Assessment.MANUAL]
    assert manual == [("1.6.0", "1.1.5"), ("1.8.0", "1.1.4"), ("1.8.0", "1.1.5")]


def test_the_first_benchmark_scores() -> None:
    assert {each.assessment for each in CIS_DOCKER[0].controls} == {Assessment.SCORED}


def test_where_sources_disagree_is_told_in_sentences() -> None:
    told = [text for each in CONTROLS for text in each.notes]
    assert [text for text in told if not text.endswith(".")] == []
    assert Counter(each.version for each in CONTROLS if each.notes).keys() == set(EXPECTED)

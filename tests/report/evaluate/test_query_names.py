"""Which controls a query is of that never logged a row, by its name alone."""

from __future__ import annotations

import pytest

from auditrules.report.evaluate.query_names import named_queries

UBUNTU, RHEL = "CIS Ubuntu Linux 22.04 LTS Benchmark", "DISA RHEL 9 STIG"


def found(name: str) -> set[tuple[str, str, str]]:
    return {(benchmark, version, control) for _, benchmark, version, control, _ in named_queries([name])}


ONE = {
    "pack_x_cis_ubuntu_22_04_6_2_3_17": {(UBUNTU, "3.0.0", "6.2.3.17")},
    "pack_x_cis_ubuntu_22_04_6_3_3_17_snapshot": {(UBUNTU, "2.0.0", "6.3.3.17")},
    "pack_x_stig_rhel_9_rhel_09_654010": {(RHEL, "V2R9", "RHEL-09-654010")},
    "CIS Ubuntu 22.04 - 6.2.3.17 Runs of chacl are recorded (Automated)": {(UBUNTU, "3.0.0", "6.2.3.17")},
    "pack/Global/CIS Ubuntu Linux 22.04 LTS 2.0.0 - 6.3.3.17 evidence": {(UBUNTU, "2.0.0", "6.3.3.17")},
    "DISA RHEL 9 STIG V2R9 - RHEL-09-654010 Programs": {(RHEL, "V2R9", "RHEL-09-654010")},
    "CIS Docker 1.2.0 - 1.2.3 Auditing": {("CIS Docker Benchmark", "1.2.0", "1.2.3")},
    "CIS Docker 1.2.3 Auditing": {("CIS Docker Benchmark", "1.2.0", "1.2.3")},
    "pack_cis-docker_cis_docker_1_2_3": {("CIS Docker Benchmark", "1.2.0", "1.2.3")},
    "CIS Ubuntu 22.04 - 9.9 Something": set(),
    "pack_x_something": set(),
}


@pytest.mark.parametrize(("name", "controls"), ONE.items(), ids=ONE)
def test_the_name_of_a_control_names_it(name: str, controls: set[tuple[str, str, str]]) -> None:
    assert found(name) == controls


WHOLE = {
    "pack_x_cis_ubuntu_22_04_2_0_0_snapshot": {(UBUNTU, "2.0.0")},
    "CIS Ubuntu 22.04 evidence": {(UBUNTU, "3.0.0")},
    "DISA RHEL 9 STIG V2R9 evidence": {(RHEL, "V2R9")},
}


@pytest.mark.parametrize(("name", "versions"), WHOLE.items(), ids=WHOLE)
def test_the_name_of_a_whole_benchmark_names_all_of_its_controls(name: str, versions: set[tuple[str, str]]) -> None:
    controls = found(name)
    assert {key[:2] for key in controls} == versions
    assert len(controls) > 40


@pytest.mark.parametrize(
    "name", ["pack_cis-linux_cis_linux", "pack_cis-linux_cis_linux_snapshot", "CIS Linux evidence"]
)
def test_the_query_of_all_systems_names_the_newest_benchmark_of_each(name: str) -> None:
    versions = {key[:2] for key in found(name)}
    assert {(UBUNTU, "3.0.0"), ("CIS Debian Linux 12 Benchmark", "1.1.0")} <= versions
    assert (UBUNTU, "2.0.0") not in versions


def test_each_version_of_a_benchmark_has_its_own_preference() -> None:
    places: dict[int, set[tuple[str, str]]] = {}
    for _, benchmark, version, _, preference in named_queries(["x_cis_linux", "x_stig_linux"]):
        places.setdefault(preference, set()).add((benchmark, version))
    assert {len(versions) for versions in places.values()} == {1}

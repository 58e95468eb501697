"""The host behind a saved listing: nothing of it can be looked at, so what the benchmarks name is taken to be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditrules.benchmarks.targets import targets
from auditrules.host import HostError
from auditrules.host.assumed import AssumedHost, assumed_docker
from tests.fixtures.judged import CONTROLS, required


@pytest.fixture
def saved(tmp_path: Path) -> str:
    file = tmp_path / "listing"
    file.write_text("-w /usr/bin/dockerd -p rwxa -k docker\n-w /opt/tool -p x\n", "utf-8")
    return str(file)


def test_the_listing_is_the_kernels_side(saved: str) -> None:
    kernel = AssumedHost(saved).sources().kernel
    assert (kernel.reader, kernel.saved and kernel.saved.path) == ("listing", saved)


def test_the_facts_say_that_nobody_looked(saved: str) -> None:
    facts = AssumedHost(saved).sources().facts
    assert facts.assumed
    assert {path: entry.type for path, entry in facts.files.items()} == {
        "/": "dir",
        "/opt": "dir",
        "/opt/tool": "file",
        "/usr": "dir",
        "/usr/bin": "dir",
        "/usr/bin/dockerd": "file",
    }


@pytest.mark.parametrize(
    ("path", "kind"), [("/etc/docker", "dir"), ("/run/containerd/containerd.sock", "socket"), ("/etc/shadow", "file")]
)
def test_a_path_is_what_the_benchmarks_say_or_a_plain_file(saved: str, path: str, kind: str) -> None:
    assert AssumedHost(saved).look([path])[path].type == kind


def test_the_benchmarks_own_paths_are_there_and_other_places_are_not() -> None:
    found = assumed_docker().found
    assert found["/usr/local/bin/dockerd"] is None
    assert {path for path, what in found.items() if what} >= {"/usr/bin/dockerd", "/var/lib/docker", "/etc/docker"}


def test_a_listing_that_is_not_there_is_told() -> None:
    with pytest.raises(HostError, match="cannot read the saved listing '/nope/x': no such file"):
        AssumedHost("/nope/x")


def test_two_of_the_benchmarks_own_paths_for_one_thing_are_taken_for_one_file() -> None:
    assumed = assumed_docker()
    runc = [each for each in map(required, CONTROLS) if each.docker and each.docker.process == "runc"]
    assert {each.path for each in runc} == {"/usr/bin/runc", "/usr/sbin/runc"}
    found = [[*targets(each.path, each.type, each.docker, assumed)] for each in runc if each.docker]
    assert [[target.path for target in each] for each in found] == [[each.path] for each in runc]

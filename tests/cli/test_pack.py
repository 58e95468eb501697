"""`auditrules pack`: what it lists, shows and writes, and what it refuses."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from auditrules.benchmarks import BENCHMARKS, CIS_DOCKER, Benchmark
from auditrules.cli.command import Problem
from auditrules.cli.pack import check
from auditrules.packs.files import PackFile
from auditrules.packs.fleet import FleetReport, Label, Policy, problems
from tests.cli.ran import Ran, ran
from tests.fixtures.site import SITE, write_site
from tools import make_policy_scripts

PACKS = Path(__file__).parents[2] / "packs"
NAMES_OF_PACKS = ("cis-docker", "cis-docker-latest", "cis-linux", "stig-linux", "audit-rules")
NAMES = ", ".join(dict.fromkeys(each.short_name for each in BENCHMARKS))
NUMBERS = ", ".join(f"1.2.{number}" for number in range(3, 13))
OTHERS = ", ".join(f"cis-docker:{benchmark.version}" for benchmark in CIS_DOCKER[1:])
VERSIONS = ", ".join(benchmark.version for benchmark in CIS_DOCKER)


run = partial(ran, "pack")


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def shipped(*places: str) -> dict[str, str]:
    return {place: text for place, text in files(PACKS).items() if place.startswith(places)}


# What is shipped


def test_the_packs_for_osquery_are_those_that_are_shipped(tmp_path: Path) -> None:
    assert run("export", "--output", str(tmp_path)).code == 0
    assert files(tmp_path) == {place: text for place, text in files(PACKS).items() if place.endswith(".conf")}


def test_the_files_for_gitops_are_those_that_are_shipped(tmp_path: Path) -> None:
    assert run("export", "--format", "fleet-gitops", "--output", str(tmp_path)).code == 0
    assert files(tmp_path) == shipped("fleet/labels", "fleet/policies", "fleet/reports")


def test_the_files_for_fleetctl_apply_are_those_that_are_shipped(tmp_path: Path) -> None:
    assert run("export", "--format", "fleet-apply", "--output", str(tmp_path)).code == 0
    assert files(tmp_path) == shipped("fleet/apply")


def test_export_says_what_it_wrote(tmp_path: Path) -> None:
    assert run("export", "--output", str(tmp_path / "new")) == Ran(
        0, "".join(f"{tmp_path}/new/{name}.conf\n" for name in NAMES_OF_PACKS), ""
    )


def test_the_scripts_that_turn_the_policies_are_current() -> None:
    assert make_policy_scripts.main(["--check"]) == 0


# A part


def test_a_benchmark_alone_is_its_own_pack(tmp_path: Path) -> None:
    assert run("export", "--benchmark", "cis-docker:1.6.0", "--output", str(tmp_path)).code == 0
    (text,) = files(tmp_path).values()
    assert list(files(tmp_path)) == ["cis-docker-1-6-0.conf"]
    assert len(json.loads(text)["queries"]) == 32


@pytest.mark.parametrize(
    ("options", "file", "names"),
    [
        (("--control", "1.2.3"), "cis-docker-1-2-0.conf", ["cis_docker_1_2_3", "cis_docker_1_2_3_snapshot"]),
        (("--control", "1.1.18"), "cis-docker-1-8-0.conf", ["cis_docker_1_1_18", "cis_docker_1_1_18_snapshot"]),
        (
            ("--benchmark", "cis-docker:1.6.0", "--control", "1.1.9"),
            "cis-docker-1-6-0.conf",
            ["cis_docker_1_1_9", "cis_docker_1_1_9_snapshot"],
        ),
    ],
)
def test_a_control_alone_is_its_pair_of_queries(
    tmp_path: Path, options: tuple[str, ...], file: str, names: list[str]
) -> None:
    assert run("export", *options, "--output", str(tmp_path)).code == 0
    assert list(files(tmp_path)) == [file]
    assert list(json.loads(files(tmp_path)[file])["queries"]) == names


def test_labels_of_ones_own_take_the_place_of_ours(tmp_path: Path) -> None:
    options = ("--control", "1.2.3", "--label", "Docker servers", "--label", "Audited")
    assert run("export", "--format", "fleet-gitops", *options, "--output", str(tmp_path)).code == 0
    found = [item for text in files(tmp_path).values() for item in yaml.safe_load(text)]
    assert [item["labels_include_all"] for item in found] == [["Docker servers", "Audited"]] * 2


def test_show_prints_what_export_writes(tmp_path: Path) -> None:
    run("export", "--control", "1.2.3", "--output", str(tmp_path))
    assert run("show", "--control", "1.2.3") == Ran(0, files(tmp_path)["cis-docker-1-2-0.conf"], "")


def test_list_names_files_and_what_is_in_them() -> None:
    said = run("list", "--format", "fleet-apply", "--benchmark", "cis-docker:1.8.0", "--control", "1.1.3")
    head, _, row = said.out.splitlines()
    assert (said.code, head.split()) == (0, ["file", "name"])
    assert row.split("  ")[0] == "fleet/apply/cis-docker-1.8.0.policies.yml"
    assert row.endswith("CIS Docker 1.8.0 - 1.1.3 Auditing for the Docker daemon executable is configured (Automated)")


def test_it_needs_no_sqlite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "auditrules.sql.database", raising=False)
    monkeypatch.setitem(sys.modules, "apsw", None)
    assert [run(*action).code for action in (("list",), ("show",), ("export", "--output", str(tmp_path)))] == [0, 0, 0]


# What it refuses


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "--benchmark", "9"), f"expected a benchmark out of {NAMES}, found '9'"),
        (
            ("show", "--benchmark", "cis-docker:9"),
            f"expected a version of CIS Docker Benchmark out of {VERSIONS}, found '9'",
        ),
        (
            ("show", "--benchmark", "cis-docker:1.2.0", "--control", "1.1.3"),
            f"expected a control out of {NUMBERS} of cis-docker:1.2.0, found 1.1.3, which is of {OTHERS}",
        ),
        (("export",), "expected --output DIR with export, and only there"),
        (("show", "--output", "x"), "expected --output DIR with export, and only there"),
    ],
)
def test_what_is_not_there_is_told(arguments: tuple[str, ...], complaint: str) -> None:
    assert run(*arguments) == Ran(2, "", f"auditrules: {complaint}\n")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run("export", "--output", str(tmp_path / "file")) == Ran(
        2, "", f"auditrules: cannot write {tmp_path}/file: File exists\n"
    )


GOOD = PackFile("a.conf", "{}", {"good": "SELECT state FROM audit_status;"})


def refused(*found: PackFile, benchmark: int = 0) -> str:
    with pytest.raises(Problem) as caught:
        check(found, CIS_DOCKER[benchmark : benchmark + 1])
    return str(caught.value)


def test_what_is_right_is_not_refused() -> None:
    check((GOOD,), CIS_DOCKER)


def test_a_pack_that_osquery_would_not_take_is_told_with_its_file() -> None:
    assert refused(replace(GOOD, problems=("query x: no",))) == "nothing is written:\na.conf: query x: no"


def broken() -> Benchmark:
    """The first benchmark, with a control that requires what no control can."""
    first, *others = CIS_DOCKER[0].controls
    wrong = replace(first, requires=[{**first.requires[0], "path": "usr/bin/x"}])
    return replace(CIS_DOCKER[0], load=lambda: (wrong, *others))


PROBLEM = "cis-docker-1.2.0.json, control 1.2.3: path: expected an absolute path, found 'usr/bin/x'"


def test_a_benchmark_with_a_problem_is_told_with_its_file() -> None:
    with pytest.raises(Problem) as caught:
        check((GOOD,), [broken()])
    assert str(caught.value) == f"nothing is written:\n{PROBLEM}"


def test_what_is_wrong_is_told_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditrules.cli.pack.benchmark_called", lambda *_: broken())
    said = run("export", "--benchmark", "cis-docker:1.2.0", "--output", str(tmp_path / "new"))
    assert (said.code, said.err.splitlines()[1:]) == (2, [PROBLEM])
    assert not (tmp_path / "new").exists()


POLICY = Policy("p", "d", "r", "SELECT 1;")


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (replace(POLICY, name=" "), " : name: missing"),
        (replace(POLICY, description=""), "p: description: missing"),
        (replace(POLICY, resolution=""), "p: resolution: missing"),
        (replace(POLICY, sql="\n"), "p: query: missing"),
        (replace(POLICY, sql="SELECT '$x';"), "p: query: expected no dollar sign, which GitOps takes for a variable"),
        (replace(POLICY, name="e\u0301"), "e\u0301: name: expected at most 255 characters in normal form C"),
        (replace(POLICY, name="p" * 256), f"{'p' * 256}: name: expected at most 255 characters in normal form C"),
        (FleetReport("r", "", "SELECT 1;"), "r: description: missing"),
        (Label("\xe9", "d", "SELECT 1;"), "\xe9: name: expected ASCII, as of every label"),
        (Label("l", "d" * 256, "SELECT 1;"), "l: description: expected at most 255 characters, as of every label"),
    ],
)
def test_what_fleet_would_not_take_is_a_problem(item: Label | Policy | FleetReport, problem: str) -> None:
    assert list(problems([item])) == [problem]


def test_two_policies_of_one_name_are_a_problem() -> None:
    assert list(problems([POLICY, POLICY, Label("p", "d", "SELECT 1;")])) == ["p: name: it is there twice"]


def test_a_benchmark_of_ones_own_has_a_pack_and_policies_too(tmp_path: Path) -> None:
    own = write_site(tmp_path, {"site.json": SITE})
    for form, name in (("osquery", "benchmark = 'Example Baseline'"), ("fleet-gitops", "Example Baseline 2 - A-1")):
        said = run("show", "--benchmarks", str(own), "--benchmark", "example", "--format", form)
        assert (said.code, said.err) == (0, "")
        assert name in said.out

"""The packs of operating systems: the benchmark that fits the host, and no other, in two queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from auditrules.benchmarks import BENCHMARKS, Benchmark
from auditrules.packs.files import PackForm, of_benchmark
from auditrules.packs.shipped import CIS_LINUX, STIG_LINUX
from auditrules.packs.systems import CIS_LINUX as CIS
from auditrules.packs.systems import STIG_LINUX as STIGS
from auditrules.packs.systems import SYSTEMS
from auditrules.plugin.pack import DAY, HOUR, Pack
from auditrules.sql.database import Database
from auditrules.sql.result import Value
from tests.core import tables as core
from tests.fixtures.hosts import Look, listing, root, undated
from tools import make_packs

pytestmark = pytest.mark.engine

SOMETHING_ELSE = "arch"


def host(folder: Path, system: str) -> Look:
    """A host whose os-release says what it is, with no audit rules."""
    identifier, _, version = system.partition(" ")
    release = f'ID={identifier}\nVERSION_ID="{version}"\n' if version else f"ID={identifier}\n"
    return Look.at(root(folder, {"etc/os-release": release}, docker=False), listing("no-rules"))


def said(rows: Iterable[Mapping[str, Value]]) -> list[tuple[Value, ...]]:
    return [(row["benchmark"], row["version"], row["control"]) for row in rows]


def wanted(benchmark: Benchmark) -> list[tuple[str, str, str]]:
    return [(*benchmark.key, control.id) for control in benchmark.controls]


@pytest.mark.parametrize("pack", [CIS_LINUX, STIG_LINUX], ids=lambda pack: pack.name)
def test_a_pack_is_a_signal_of_changes_and_a_daily_ground_truth(pack: Pack) -> None:
    signal, truth = pack.queries
    name = pack.name.replace("-", "_")
    assert (signal.name, signal.interval, signal.snapshot, signal.removed) == (name, HOUR, False, False)
    assert (truth.name, truth.interval, truth.snapshot) == (f"{name}_snapshot", DAY, True)


@pytest.mark.parametrize("benchmark", [*CIS, *STIGS], ids=lambda benchmark: benchmark.short_name)
def test_a_host_is_judged_by_the_newest_benchmark_for_its_system(benchmark: Benchmark, tmp_path: Path) -> None:
    pack = CIS_LINUX if benchmark in CIS else STIG_LINUX
    look = host(tmp_path, *(benchmark.systems or (SOMETHING_ELSE,)))
    signal, truth = look.answers(query.sql for query in pack.queries)
    assert said(signal) == said(truth) == wanted(benchmark)


def test_the_table_is_asked_once_for_each_benchmark_that_a_query_names(tmp_path: Path) -> None:
    calls: list[str] = []
    with Database(host(tmp_path, "debian 12").tables(calls)) as database:
        database.query(CIS_LINUX.queries[0].sql)
    assert calls == ["audit_verdicts"] * len(CIS)


def test_a_system_without_a_stig_has_no_row_of_one(tmp_path: Path) -> None:
    assert host(tmp_path, "debian 12").answers([STIG_LINUX.queries[0].sql]) == [[]]


@pytest.mark.parametrize("system", ["ubuntu 22.04", "rhel 9", SOMETHING_ELSE])
def test_a_query_says_the_same_in_osquery(system: str, tmp_path: Path) -> None:
    tables = host(tmp_path, system).tables()
    database = core.Database()
    for table in tables:
        database.attach(table.schema.name, core.local(table))
    with Database(tables) as ours:
        for query in (*CIS_LINUX.queries, *STIG_LINUX.queries):
            theirs = database.query(query.sql.rstrip().rstrip(";"))
            assert undated(theirs) == undated(list(ours.query(query.sql).rows))


def test_every_system_of_a_benchmark_has_a_name() -> None:
    assert {system.split()[0] for each in BENCHMARKS for system in each.systems} == set(SYSTEMS)


# What is exported


OLDER = next(each for each in BENCHMARKS if each.short_name == "cis-ubuntu-22.04" and each.version == "2.0.0")


def test_an_exported_benchmark_stays_with_its_version(tmp_path: Path) -> None:
    (file,) = of_benchmark(OLDER, OLDER.controls, PackForm.OSQUERY)
    assert (file.path, list(file.queries), file.problems) == (
        "cis-ubuntu-22-04-2-0-0.conf",
        ["cis_ubuntu_22_04_2_0_0", "cis_ubuntu_22_04_2_0_0_snapshot"],
        (),
    )
    here, elsewhere = (
        host(tmp_path / name, name).answers(file.queries.values()) for name in ("ubuntu 22.04", "rhel 9")
    )
    assert [said(rows) for rows in here] == [wanted(OLDER)] * 2
    assert elsewhere == [[], []]


@pytest.mark.parametrize("form", PackForm)
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: f"{each.short_name}-{each.version}")
def test_every_benchmark_and_every_part_of_one_can_be_exported(benchmark: Benchmark, form: PackForm) -> None:
    for controls in (benchmark.controls, benchmark.controls[:1]):
        found = tuple(of_benchmark(benchmark, controls, form))
        assert [problem for file in found for problem in file.problems] == []
        assert make_packs.refusals(found) == []

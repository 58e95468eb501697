"""The report in Spark: on the same logs it says what it says in DuckDB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from auditrules.report.evaluate.duckdb_engine import DuckDb
from auditrules.report.evaluate.report import build_report
from auditrules.report.inputs import ReportRequest
from auditrules.report.model import Reading, Report
from auditrules.report.pipeline import make_report
from auditrules.report.storage.store import open_store
from auditrules.report.storage.update import no_progress, update_store
from tests.report.evaluate import logged
from tests.report.evaluate.logged import NOTHING, REQUESTS
from tests.report.evaluate.test_hostile_logs import HOSTILE
from tests.report.logs import NOON, row, snapshot, write
from tests.report.simulated import END, HOSTS, simulate

if TYPE_CHECKING:
    from auditrules.report.evaluate.spark_engine import Spark

pytestmark = pytest.mark.spark

CAPTURED = Path(__file__).parents[2] / "corpus" / "osquery-logs"
VARIANTS = sorted(each.name for each in CAPTURED.iterdir() if (each / "web-1").is_dir())
PROGRAM = Path(sys.executable).with_name("auditrules")

# On a few rows Java takes its time to compile what then runs once.
QUICK = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
}

CAPTURE_END = 1_795_428_000  # 2026-11-23 10:00:00 UTC, within the hour after the last of the captures


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    from auditrules.report.evaluate import spark_engine as door  # noqa: PLC0415 - pyspark is there for these tests alone

    with patch.dict(door.OWN, QUICK):
        engine = door.Spark()
    try:
        yield engine
    finally:
        engine.close()


def in_both(spark: Spark, paths: Sequence[Path], request: ReportRequest) -> tuple[Report, Report]:
    """Read logs once, and judge them in DuckDB and in Spark."""
    with open_store(None) as kept:
        reading = update_store(kept, [str(path) for path in paths], request.now, no_progress)
        return _judged(spark, kept.folder, kept.files(), request, reading)


def _judged(
    spark: Spark, folder: Path, files: Mapping[str, Sequence[Path]], request: ReportRequest, reading: Reading
) -> tuple[Report, Report]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    duckdb = DuckDb(folder, scratch, 1)
    try:
        duckdb.add_logs(files)
        spark.add_logs(files)
        return build_report(duckdb, request, reading), build_report(spark, request, reading)
    finally:
        duckdb.close()


def test_captured_logs_of_every_shape_give_the_same_report(spark: Spark) -> None:
    expected, found = in_both(spark, [CAPTURED / variant for variant in VARIANTS], ReportRequest(now=CAPTURE_END))
    assert found == expected
    assert len(expected.verdicts) > 20


def test_logs_of_simulated_hosts_give_the_same_report(spark: Spark, tmp_path: Path) -> None:
    simulate(tmp_path, HOSTS[:4])
    expected, found = in_both(spark, [tmp_path / "logs"], ReportRequest(now=END, grouped_by="hostname"))
    assert found == expected
    assert len(expected.changes) > 20


@pytest.mark.parametrize(("seed", "question"), list(enumerate(REQUESTS)))
def test_made_up_logs_give_the_same_report(spark: Spark, tmp_path: Path, seed: int, question: str) -> None:
    numbers = list(logged.DIGESTS.values())[seed % len(logged.DIGESTS)]
    parts = logged.written(tmp_path, logged.with_digests(logged.tables(seed), numbers))
    expected, found = _judged(spark, tmp_path, parts, REQUESTS[question], NOTHING)
    assert found == expected


def test_logs_that_could_stall_a_report_give_the_same_report(spark: Spark, tmp_path: Path) -> None:
    for name, lines in HOSTILE.items():
        write(tmp_path / f"{name}.log", lines(60))
    write(tmp_path / "crowded.log", [snapshot("crowd", NOON - 60, *(row(target=f"/{each}") for each in range(1005)))])
    expected, found = in_both(spark, [tmp_path], ReportRequest(now=NOON))
    assert found == expected
    assert {"too_many_targets", "gone", "query_failed"} <= {each.reason for each in expected.verdicts}


def test_no_logs_give_the_same_report(spark: Spark, tmp_path: Path) -> None:
    expected, found = _judged(spark, tmp_path, {}, ReportRequest(now=END), NOTHING)
    assert found == expected


def test_a_store_is_read_by_its_address(spark: Spark, tmp_path: Path) -> None:
    request = ReportRequest(now=CAPTURE_END)
    expected = make_report([str(CAPTURED / "1-default")], request, store=str(tmp_path / "store"))
    spark.add_store((tmp_path / "store").as_uri())
    found = build_report(spark, request, NOTHING)
    assert found.verdicts == expected.verdicts
    assert found.changes == expected.changes
    assert found.trend == expected.trend


def test_an_address_without_a_store_is_told(spark: Spark, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a store, found none of") as caught:
        spark.add_store(tmp_path.as_uri())
    assert str(caught.value) == (
        f"{tmp_path.as_uri()}: expected a store, found none of "
        "observations, query_targets, empty_runs, query_failures, extension_states, sightings, decorations"
    )


def test_spark_of_our_own_listens_on_the_loopback_alone(spark: Spark) -> None:
    assert spark is not None
    sockets = {
        str(each.readlink()).removeprefix("socket:[").removesuffix("]")
        for process in _java()
        for each in (process / "fd").iterdir()
    }
    listening = {
        fields[1].partition(":")[0]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path("/proc/net", table).read_text("ascii").splitlines()[1:])
        if fields[3] == "0A" and fields[9] in sockets
    }
    assert listening
    assert listening <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def _java() -> list[Path]:
    """The Java processes of this one."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and (process / "task").exists():
            parent = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
            if parent == str(os.getpid()) and (process / "exe").readlink().name == "java":
                found.append(process)
    return found


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [PROGRAM, "report", *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


def test_the_command_says_the_same_with_either_engine_and_nothing_else() -> None:
    arguments = (str(CAPTURED / "1-default"), "--until", "2026-11-23T10:00", "--format", "json")
    (code, expected, _), (same, found, err) = run(*arguments), run(*arguments, "--engine", "spark")
    assert (code, same, err) == (0, 0, "")
    assert {**json.loads(found), "made_at": 0} == {**json.loads(expected), "made_at": 0}


def test_without_java_the_command_says_what_is_missing(tmp_path: Path) -> None:
    code, out, err = run(str(CAPTURED / "1-default"), "--engine", "spark", JAVA_HOME=str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("auditrules: Spark did not start, which needs Java 17 or newer: ")
    assert err.endswith(f"{tmp_path}/bin/java: No such file or directory\n")

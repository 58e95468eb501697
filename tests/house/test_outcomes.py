"""Every test runs somewhere: how a run's outcomes are written, and what a comparison of runs finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import all_ran

PROJECT = Path(__file__).parents[2]
SAMPLE = """\
import pytest
def test_passes(): pass
def test_fails(): assert False
def test_is_skipped(): pytest.skip("no such thing here")
@pytest.mark.root
def test_needs_root(): pytest.skip("no right")
@pytest.fixture
def broken(): raise ValueError
def test_is_never_reached(broken): pass
@pytest.fixture
def closing():
    yield
    raise ValueError
def test_fails_at_its_end(closing): pass
@pytest.mark.xdist_group("one")
def test_of_a_group(): pass
"""
ENDED = {
    "test_passes": ("passed", "", False),
    "test_fails": ("failed", "", False),
    "test_is_skipped": ("skipped", "Skipped: no such thing here", False),
    "test_needs_root": ("skipped", "Skipped: no right", True),
    "test_is_never_reached": ("failed", "", False),
    "test_fails_at_its_end": ("failed", "", False),
    "test_of_a_group": ("passed", "", False),
}


def told(folder: Path, *options: str) -> dict[str, dict[str, object]]:
    """Run the sample, and give by name what was written of each test."""
    (folder / "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", ".", "-p", "tests.outcomes")
    warnings = ("-W", "ignore")  # of marks that only the project's settings know
    subprocess.run(
        (*command, *warnings, "--outcomes", "outcomes", *options, "test_sample.py"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        check=False,
    )
    rows = map(json.loads, (folder / "outcomes").read_text("utf-8").splitlines())
    return {row.pop("test").removeprefix("test_sample.py::"): row for row in rows}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="alone"),
        pytest.param(("-n", "1", "--dist", "loadgroup"), marks=pytest.mark.full, id="xdist"),
    ],
)
def test_how_each_test_ended_is_written(tmp_path: Path, options: tuple[str, ...]) -> None:
    rows = told(tmp_path, *options)
    assert {name: (row["outcome"], row["reason"], row["root"]) for name, row in rows.items()} == ENDED


def test_what_is_collected_is_written_where_nothing_runs(tmp_path: Path) -> None:
    assert told(tmp_path, "--collect-only") == {name: {"outcome": "collected"} for name in ENDED}


def row(test: str, outcome: str, reason: str = "", *, root: bool = False) -> dict[str, object]:
    return {"test": test, "outcome": outcome, "reason": reason, "root": root}


A, B = row("a", "passed"), row("b", "passed")
RUNS = {
    "all pass in both": ([A, B], [A, B], []),
    "one passes as root alone": ([A, B], [A], []),
    "one passes as a user alone": ([A], [B], []),
    "one that needs root is skipped as a user": ([A, B], [A, row("b", "skipped", "no right", root=True)], []),
    "one is skipped as root": (
        [A, row("b", "skipped", "no FUSE", root=True)],
        [A, B],
        ["skipped as root: b: no FUSE"],
    ),
    "one that may not be skipped as a user is": (
        [A, B],
        [A, row("b", "skipped", "no ls")],
        ["skipped as a user, but not marked root: b: no ls"],
    ),
    "one ran nowhere": ([A], [A], ["passed in no run: b"]),
    "one passed nowhere": ([A, row("b", "failed")], [A], ["passed in no run: b"]),
}


@pytest.mark.parametrize(("root", "user", "found"), RUNS.values(), ids=RUNS)
def test_runs_are_compared(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    root: list[dict[str, object]],
    user: list[dict[str, object]],
    found: list[str],
) -> None:
    collected = [{"test": "a", "outcome": "collected"}, {"test": "b", "outcome": "collected"}]
    for name, rows in (("collected", collected), ("root", root), ("user", user)):
        (tmp_path / name).write_text("".join(f"{json.dumps(each)}\n" for each in rows), encoding="utf-8")
    files = [word for name in ("collected", "root", "user") for word in (f"--{name}", str(tmp_path / name))]
    assert all_ran.main(files) == bool(found)
    *said, last = capsys.readouterr().out.splitlines()
    assert (said if found else []) == found
    passed = {each["test"] for each in (*root, *user) if each["outcome"] == "passed"}
    assert last == f"{len(passed)} passed, {len(found)} failed"

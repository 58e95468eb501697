"""Two commands beside one another, as `make test` runs lint and tests: who speaks when, and what both come to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "tools/beside.py"
AWAIT = "until [ -e {} ]; do sleep 0.01; done; "


def beside(first: str, second: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, PROGRAM, "sh", "-c", first, "--", "sh", "-c", second)
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True, timeout=60)


def test_both_run_at_the_same_time_and_the_second_speaks_last(tmp_path: Path) -> None:
    first = f"touch a; {AWAIT.format('b')} echo first"
    second = f"{AWAIT.format('a')} echo second; touch b"
    assert beside(first, second, tmp_path).stdout == "first\nsecond\n"


def test_errors_stand_where_they_were_said(tmp_path: Path) -> None:
    done = beside("echo a; echo b >&2; echo c", "echo d >&2", tmp_path)
    assert (done.stdout, done.stderr) == ("a\nb\nc\nd\n", "")


@pytest.mark.parametrize(("first", "second", "code"), [(0, 0, 0), (3, 0, 3), (0, 4, 4), (3, 4, 3)])
def test_either_can_fail_it_and_both_are_heard(first: int, second: int, code: int, tmp_path: Path) -> None:
    done = beside(f"echo first; exit {first}", f"echo second; exit {second}", tmp_path)
    assert (done.returncode, done.stdout) == (code, "first\nsecond\n")


def test_one_that_is_killed_fails_it(tmp_path: Path) -> None:
    assert beside("true", "kill -9 $$", tmp_path).returncode == 9


def test_terminated_it_leaves_neither(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    os.mkfifo(tmp_path / "b")
    command = (sys.executable, PROGRAM, *("sh", "-c", "exec sleep 60 >a"), "--", *("sh", "-c", "exec sleep 60 >b"))
    with (
        subprocess.Popen(command, cwd=tmp_path) as process,
        (tmp_path / "a").open("rb") as first,
        (tmp_path / "b").open("rb") as second,
    ):
        process.terminate()
        assert process.wait(30) != 0
        assert (first.read(), second.read()) == (b"", b"")  # nobody is left who could write


@pytest.mark.parametrize("arguments", [(), ("true",), ("true", "--"), ("--", "true")])
def test_less_than_two_is_an_error(arguments: tuple[str, ...]) -> None:
    done = subprocess.run((sys.executable, PROGRAM, *arguments), capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (2, "usage: beside.py FIRST -- SECOND\n")

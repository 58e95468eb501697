"""Temporary folders of reports: one is locked while its report runs; those of killed reports go, young ones stay."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path

import pytest

from auditrules.report.storage.folders import temporary_folder


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_the_temporary_folder_of_a_report_that_was_killed_goes_with_the_next(tmp_path: Path) -> None:
    killed, other, young = (tmp_path / f"auditrules-{name}" for name in ("killed", "other", "young"))
    for folder in (killed, young):
        (folder / "observations").mkdir(parents=True)
        (folder / "lock").touch()
    other.mkdir()
    long_ago = time.time() - 3600
    os.utime(killed / "lock", (long_ago, long_ago))
    with temporary_folder() as (running, _):
        assert [each.exists() for each in (killed, young, other)] == [False, True, True]
        os.utime(running / "lock", (long_ago, long_ago))
        with temporary_folder():
            assert running.exists()


def test_the_lock_of_a_young_temporary_folder_is_left_to_the_report_that_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    young = tmp_path / "auditrules-young"
    young.mkdir()
    (young / "lock").touch()
    taken: list[Path] = []
    flock = fcntl.flock

    def noted(descriptor: int, operation: int) -> None:
        taken.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", noted)
    with temporary_folder() as (running, _):
        assert taken == [running / "lock"]

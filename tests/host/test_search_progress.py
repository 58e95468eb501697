"""What a search names of what it came to, and how it rests."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from auditrules.benchmarks.privileged_programs import SearchState
from auditrules.host import search_progress
from auditrules.host.limits import SearchLimits
from auditrules.host.search_progress import SearchProgress


def test_what_cannot_be_read_is_counted_and_the_first_ten_are_named() -> None:
    progress = SearchProgress(SearchLimits())
    for number in range(12):
        progress.cannot_read(f"/{number}", "Permission denied")
    found = progress.end()
    assert (found.state, found.unread_count) == (SearchState.UNREADABLE, 12)
    assert found.unread == tuple(f"/{number}: Permission denied" for number in range(10))


def test_the_root_itself_is_named_by_its_slash() -> None:
    progress = SearchProgress(SearchLimits())
    progress.cannot_read("", "Permission denied")
    assert progress.end().unread == ("/: Permission denied",)


def test_all_mounts_that_are_left_out_are_named_and_ten_folders() -> None:
    progress = SearchProgress(SearchLimits())
    mounts = {f"/mnt/{number}": "nfs" for number in range(12)}
    progress.leave_out_mounts(mounts)
    for number in range(12):
        progress.leave_out(f"/{number}", "containers")
    folders = {f"/{number}": "containers" for number in range(10)}
    assert progress.end().left_out == tuple({**mounts, **folders}.items())


def test_a_search_rests_as_long_as_it_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    rests: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", rests.append)
    progress = SearchProgress(replace(SearchLimits(), rests=True))
    progress.start()
    for worked in (0.0, 0.125, 0.5, search_progress.SLICE / 2):
        now += worked
        progress.pause("/usr")
    assert rests == [0.125, 0.25]


def test_a_search_that_nobody_waits_beside_does_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr(search_progress, "SLICE", 0.0)
    monkeypatch.setattr(time, "sleep", rests.append)
    progress = SearchProgress(SearchLimits())
    progress.start()
    progress.pause("/usr")
    assert rests == []

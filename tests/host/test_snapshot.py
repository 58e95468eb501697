from __future__ import annotations

from threading import Barrier, Thread

import pytest

from auditrules.host.snapshot import Snapshot
from tests.host.clock import Clock


class Reader:
    """Numbers its readings; each takes a while on the clock."""

    def __init__(self, clock: Clock, takes: float = 0.0) -> None:
        self.clock = clock
        self.takes = takes
        self.count = 0
        self.broken = False

    def __call__(self) -> int:
        self.clock.now += self.takes
        self.count += 1
        if self.broken:
            raise OSError("unreadable")
        return self.count


def test_a_reading_is_shared_until_it_is_a_second_old() -> None:
    clock = Clock()
    snapshot = Snapshot(Reader(clock), clock)
    seen = []
    for step in (0.0, 0.5, 0.5, 0.001):
        clock.now += step
        seen.append(snapshot())
    assert seen == [1, 1, 1, 2]


def test_the_age_counts_from_the_end_of_a_reading() -> None:
    clock = Clock()
    reader = Reader(clock, takes=5.0)
    snapshot = Snapshot(reader, clock)
    assert [snapshot(), snapshot()] == [1, 1]


def test_a_reading_that_raises_is_not_kept_and_hides_no_older_one() -> None:
    clock = Clock()
    reader = Reader(clock)
    snapshot = Snapshot(reader, clock)
    snapshot()
    clock.now += 2
    reader.broken = True
    for _ in range(2):
        with pytest.raises(OSError, match=r"^unreadable$"):
            snapshot()
    reader.broken = False
    assert snapshot() == 4


def test_threads_that_ask_at_once_share_one_reading() -> None:
    clock = Clock()
    reader = Reader(clock)
    snapshot = Snapshot(reader, clock)
    barrier = Barrier(8)
    seen: list[int] = []

    def ask() -> None:
        barrier.wait()
        seen.append(snapshot())

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 8

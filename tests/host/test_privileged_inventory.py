"""How long what a search found is kept, who waits for it, and when it is made again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from threading import Event, Thread

import pytest

from auditrules.benchmarks.privileged_programs import PrivilegedPrograms, SearchState
from auditrules.host.privileged_inventory import PrivilegedInventory
from tests.host.clock import Clock

HOUR = 3600.0
RENEWED = 3000.0
SOON = 60.0  # seconds that a test waits at most for another thread
COMPLETE, RUNNING, FAILED = SearchState.COMPLETE, SearchState.RUNNING, SearchState.FAILED


class Searches:
    """Numbers its searches: each finds its number of entries, once it may go on, and takes a while on the clock."""

    def __init__(self, clock: Clock, takes: float = 0.0) -> None:
        self.clock = clock
        self.takes = takes
        self.begun = 0
        self.go = Event()
        self.go.set()
        self.broken: Exception | None = None

    def __call__(self) -> Searches:
        self.begun += 1
        return self

    def run(self) -> PrivilegedPrograms:
        self.go.wait(SOON)
        self.clock.now += self.takes
        if self.broken:
            raise self.broken
        return PrivilegedPrograms(COMPLETE, entries=self.begun)

    def so_far(self) -> PrivilegedPrograms:
        return PrivilegedPrograms(RUNNING, entries=self.begun, place="/usr")


def no_sleep(_: float) -> None:
    raise AssertionError("slept")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def until(condition: Callable[[], bool]) -> None:
    waited = Event()
    for _ in range(int(SOON * 100)):
        if condition():
            return
        waited.wait(0.01)
    raise AssertionError("it never came")


def threads() -> list[Thread]:
    return [each for each in threading.enumerate() if each.name == "privileged programs"]


def test_who_does_not_ask_pays_nothing(clock: Clock) -> None:
    searches = Searches(clock)
    PrivilegedInventory(searches, SOON, clock)
    assert (searches.begun, threads()) == (0, [])


def test_what_was_found_is_kept_for_an_hour_from_the_beginning_of_the_search(clock: Clock) -> None:
    searches = Searches(clock, takes=10.0)
    inventory = PrivilegedInventory(searches, SOON, clock, no_sleep)
    found = []
    for step in (0.0, 1.0, HOUR - 11.0, 1.0):
        clock.now += step
        found.append(inventory().entries)
    assert found == [1, 1, 1, 2]


def test_who_waits_in_vain_is_told_how_far_it_came_and_the_next_has_it(clock: Clock) -> None:
    searches = Searches(clock)
    searches.go.clear()
    inventory = PrivilegedInventory(searches, 0.0, clock)
    first, second = inventory(), inventory()
    assert first == second == PrivilegedPrograms(RUNNING, entries=1, place="/usr")
    searches.go.set()
    until(lambda: inventory().state is COMPLETE)
    assert searches.begun == 1


def test_those_who_ask_together_share_a_search(clock: Clock) -> None:
    searches = Searches(clock)
    searches.go.clear()
    inventory = PrivilegedInventory(searches, SOON, clock)
    found: list[PrivilegedPrograms] = []
    asking = [Thread(target=lambda: found.append(inventory())) for _ in range(5)]
    for each in asking:
        each.start()
    searches.go.set()
    for each in asking:
        each.join(SOON)
    assert [each.entries for each in found] == [1] * 5


def test_a_search_that_takes_longer_than_anybody_waits_is_made_again_before_it_is_too_old(clock: Clock) -> None:
    searches = Searches(clock, takes=100.0)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.now += seconds

    inventory = PrivilegedInventory(searches, 0.0, clock, sleep)
    inventory()
    until(lambda: not threads())
    # It goes on for two hours after the only question.
    assert slept == [RENEWED - 100.0] * 3
    assert searches.begun == 3
    assert inventory().entries == 3


def test_two_threads_never_search_at_once(clock: Clock) -> None:
    """A machine that slept wakes to an old result: the query begins a search, and the one that was due is not made."""
    searches = Searches(clock, takes=100.0)
    asleep, wake = Event(), Event()

    def sleep(_: float) -> None:
        asleep.set()
        wake.wait(SOON)

    inventory = PrivilegedInventory(searches, 0.0, clock, sleep)
    inventory()
    asleep.wait(SOON)
    clock.now += 10 * HOUR
    searches.go.clear()
    assert inventory().state is RUNNING
    wake.set()
    until(lambda: len(threads()) == 1)
    assert searches.begun == 2
    searches.go.set()
    until(lambda: inventory().entries >= 2)
    clock.now += 10 * HOUR
    until(lambda: not threads())


def test_a_search_that_breaks_is_told_and_made_again_soon(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    searches = Searches(clock)
    searches.broken = ValueError("x")
    inventory = PrivilegedInventory(searches, SOON, clock, no_sleep)
    assert inventory() == PrivilegedPrograms(FAILED, problem="ValueError('x')")
    assert "the search for privileged programs failed" in caplog.text
    searches.broken = None
    clock.now += 30.0
    assert inventory().state is FAILED
    clock.now += 31.0
    assert inventory().state is COMPLETE


def test_only_the_thread_that_searches_has_a_low_priority(clock: Clock) -> None:
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    found: list[int] = []
    searches = Searches(clock)

    class Noting(Searches):
        def run(self) -> PrivilegedPrograms:
            found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return searches.run()

    PrivilegedInventory(Noting(clock), SOON, clock)()
    assert found == [max(before, 10)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before

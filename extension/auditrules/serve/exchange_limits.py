"""Bounds the time and the bytes of each exchange over a socket, so that no slow or endless peer blocks us."""

from __future__ import annotations

import select
import socket
import time

# Seconds for a message where all threads are taken and others wait: osquery sends at once.
BUSY_TIMEOUT = 2.0

# Bytes for which a peer has a second more: a reply of ten thousand rows may take a busy osquery long.
A_SECONDS_BYTES = 1 << 20

_WAIT = 0.5  # seconds of one wait, after which it is seen whether others wait


class ExchangeLimits:
    """The time for an exchange as a whole, and the bytes that are taken in it."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._seconds = seconds
        self._most = most_bytes
        self._since = time.monotonic()
        self._bytes = 0

    def turn(self, *, reading: bool) -> None:
        """Note whose turn it is: the peer's to send, or ours."""

    def left(self) -> float:
        """Return for how many seconds to wait for the peer now; raise TimeoutError where none are left."""
        left = self._since + self._seconds - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"it took longer than {self._seconds:g} s")
        return left

    def moved(self, count: int, *, reading: bool) -> None:
        """Note bytes that have come or gone; raise ValueError where more have come than any message has."""
        self._bytes += count
        if reading and self._bytes > self._most:
            raise ValueError(f"expected a message of at most {self._most} bytes")


class ServerLimits(ExchangeLimits):
    """The time for each message of a peer, and for each reply to it; the longer they are, the more if they go on."""

    def __init__(self, seconds: float, most_bytes: int, load: ThreadLoad) -> None:
        super().__init__(seconds, most_bytes)
        self._load = load
        self._reading = True

    def turn(self, *, reading: bool) -> None:
        """Begin anew when the turn changes."""
        if reading != self._reading:
            self._reading, self._since, self._bytes = reading, time.monotonic(), 0

    def left(self) -> float:
        """Return for how many seconds to wait for the peer now; raise TimeoutError where none are left."""
        passed = time.monotonic() - self._since
        left = self._seconds + self._bytes / A_SECONDS_BYTES - passed
        if left <= 0:
            raise TimeoutError(f"it took longer than {self._seconds:g} s and one for {A_SECONDS_BYTES} bytes")
        if self._reading and passed > BUSY_TIMEOUT and self._load.others_wait():
            raise TimeoutError(f"it took longer than {BUSY_TIMEOUT:g} s for a message while others wait")
        return min(left, _WAIT)


class ThreadLoad:
    """Tells whether every thread has a peer, and others wait at the listening socket."""

    def __init__(self, listener: socket.socket, threads: int) -> None:
        self._listener = listener
        self._threads = threads
        self._taken: list[None] = []  # of which append and pop are atomic

    def __enter__(self) -> None:
        self._taken.append(None)

    def __exit__(self, *_: object) -> None:
        self._taken.pop()

    def others_wait(self) -> bool:
        """Whether somebody waits for a thread."""
        return len(self._taken) >= self._threads and bool(select.select([self._listener], [], [], 0)[0])

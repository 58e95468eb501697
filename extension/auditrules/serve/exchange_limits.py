"""Limits the time and the bytes of each exchange over a socket, so that no slow or endless peer blocks us."""

from __future__ import annotations

import select
import socket
import time

# Seconds for a message while all threads are taken and others wait: osquery sends at once.
BUSY_TIMEOUT = 2.0

# A peer has a second more for each so many bytes: a busy osquery may take long for a reply of ten thousand rows.
A_SECONDS_BYTES = 1 << 20

_WAIT = 0.5  # seconds between two checks whether others wait


class ExchangeLimits:
    """Limits of one whole exchange: its seconds, and the bytes that the peer may send."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._seconds = seconds
        self._most = most_bytes
        self._since = time.monotonic()
        self._bytes = 0

    def turn(self, *, reading: bool) -> None:
        """Note whose turn it is to send: the peer's (`reading`) or ours."""

    def left(self) -> float:
        """The seconds to wait for the peer now. Raises TimeoutError if none are left."""
        left = self._since + self._seconds - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"it took longer than {self._seconds:g} s")
        return left

    def moved(self, count: int, *, reading: bool) -> None:
        """Count bytes that were received or sent. Raises ValueError if the peer has sent too many."""
        self._bytes += count
        if reading and self._bytes > self._most:
            raise ValueError(f"expected a message of at most {self._most} bytes")


class ServerLimits(ExchangeLimits):
    """Limits of each message of a peer and of each reply. The time grows with the bytes that are sent."""

    def __init__(self, seconds: float, most_bytes: int, load: ThreadLoad) -> None:
        super().__init__(seconds, most_bytes)
        self._load = load
        self._reading = True

    def turn(self, *, reading: bool) -> None:
        """Start the limits anew when the turn changes."""
        if reading != self._reading:
            self._reading, self._since, self._bytes = reading, time.monotonic(), 0

    def left(self) -> float:
        """The seconds to wait for the peer now. Raises TimeoutError if none are left."""
        passed = time.monotonic() - self._since
        left = self._seconds + self._bytes / A_SECONDS_BYTES - passed
        if left <= 0:
            raise TimeoutError(f"it took longer than {self._seconds:g} s and one for {A_SECONDS_BYTES} bytes")
        if self._reading and passed > BUSY_TIMEOUT and self._load.others_wait():
            raise TimeoutError(f"it took longer than {BUSY_TIMEOUT:g} s for a message while others wait")
        return min(left, _WAIT)


class ThreadLoad:
    """Knows whether every thread serves a peer while others wait at the listening socket."""

    def __init__(self, listener: socket.socket, threads: int) -> None:
        self._listener = listener
        self._threads = threads
        self._taken: list[None] = []  # a list, as its append and pop are atomic

    def __enter__(self) -> None:
        self._taken.append(None)

    def __exit__(self, *_: object) -> None:
        self._taken.pop()

    def others_wait(self) -> bool:
        """Whether a peer waits for a thread."""
        return len(self._taken) >= self._threads and bool(select.select([self._listener], [], [], 0)[0])

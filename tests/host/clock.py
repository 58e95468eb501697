"""A clock that tests set."""

from __future__ import annotations


class Clock:
    """Seconds from anywhere, which go on as a test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

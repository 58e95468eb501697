"""How many examples a law is shown: as a multiple of what `make test` or `make test-full` shows one."""

from __future__ import annotations

from hypothesis import settings


def law(times: float = 1, *, derandomize: bool = False) -> settings:
    """Settings with so many times the examples of the profile that is loaded: 12, or 100 in `make test-full`.

    A law that is not random is shown the same examples each time.
    """
    examples = round(times * settings().max_examples)
    return settings(max_examples=examples, derandomize=derandomize or settings().derandomize)

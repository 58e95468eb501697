"""The order in which a person lists versions and the numbers of controls: 1.2.9 before 1.2.10."""

from __future__ import annotations

import re
from functools import lru_cache

_DIGITS = re.compile(r"(\d+)")


@lru_cache(maxsize=4096)
def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts numbers within text as numbers: 1.2.9 before 1.2.10."""
    return tuple((int(part[:18]), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(text) if part)

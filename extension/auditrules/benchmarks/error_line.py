"""The line of a benchmark's file on which an error stands. Pure."""

from __future__ import annotations

import json
import re

from auditrules.benchmarks.fields import BenchmarkError

_DECODER = json.JSONDecoder()


def line_of(content: bytes, error: BenchmarkError) -> int:
    """The line of the key, from 1 on; that of its control where the key is not there; 0 where neither is found.

    Of several such keys in a control it is the one with the value that was found.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return 0
    start, end = _control(text, error.control) if error.control else (0, len(text))
    places = list(_values(text, error.key, start, end)) if error.key else []
    wrong = [at for at, value in places if repr(value) == error.found]
    at = next(iter(wrong or [at for at, _ in places]), start if error.control else -1)
    return text.count("\n", 0, at) + 1 if at >= 0 else 0


def _control(text: str, number: str) -> tuple[int, int]:
    """Where a control begins, by its number, and where the next one does; from -1 where it is not found."""
    places = list(_values(text, "control", 0, len(text)))
    for at, value in places:
        if value == number:
            return at, next((later for later, _ in places if later > at), len(text))
    return -1, len(text)


def _values(text: str, key: str, start: int, end: int) -> list[tuple[int, object]]:
    """Where a key stands within a part of a text, with its value."""
    found: list[tuple[int, object]] = []
    for match in re.compile(rf"{re.escape(json.dumps(key))}\s*:\s*").finditer(text, max(start, 0), end):
        try:
            value, _ = _DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        found.append((match.start(), value))
    return found

"""Finds the line of an error in a benchmark's file. Pure."""

from __future__ import annotations

import json
import re

from auditrules.benchmarks.fields import BenchmarkError

_DECODER = json.JSONDecoder()


def line_of(content: bytes, error: BenchmarkError) -> int:
    """The line of the error's key, from 1; its control's line if the key is missing; 0 if neither is found.

    If a control has several such keys, it is the one with the wrong value.
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
    """The places where a control and the next one begin; -1 if the control is not found."""
    places = list(_values(text, "control", 0, len(text)))
    for at, value in places:
        if value == number:
            return at, next((later for later, _ in places if later > at), len(text))
    return -1, len(text)


def _values(text: str, key: str, start: int, end: int) -> list[tuple[int, object]]:
    """The places of a key in a part of the text, each with its value."""
    found: list[tuple[int, object]] = []
    for match in re.compile(rf"{re.escape(json.dumps(key))}\s*:\s*").finditer(text, max(start, 0), end):
        try:
            value, _ = _DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        found.append((match.start(), value))
    return found

"""Searches for regular expressions of PCRE with Python, if both read them alike and the search is fast. Pure."""

from __future__ import annotations

import re

_PART = re.compile(
    r"""(?P<quantifier>(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})(?![*+?{]))
    |(?P<open>\((?:\?:|(?!\?|\*)))|(?P<close>\))
    |\[\^?\]?(?:[^][\\]|\[:[a-z]+:\]|\\(?:[dws]|[^A-Za-z0-9]))*\]
    |\\(?:[dws]|[^A-Za-z0-9])|[^][\\(){*+?\0]""",
    re.VERBOSE | re.DOTALL,
)
_CLASS = re.compile(r"\[:([a-z]+):\]")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
_EXACT = re.compile(r"\{\d+\}")
_PLAIN = re.compile(r"[\w/ ,:;=@%~#&!'\"-]", re.ASCII)  # a character that is itself, if no quantifier follows
_MOST_STARS = (
    4  # quantifiers without a bound: a path of 60 characters is then tried some hundred thousand times at most
)
_MOST_CHARACTERS = 4000


def is_found(expression: str, text: str, *, anchored: bool = False) -> bool | None:
    """Whether a text contains a match, or begins with one (`anchored`).

    None: not known, as Python might read the expression differently than PCRE, or take too long.
    """
    if not all(run in text for run in _runs(expression)):
        return False
    if not is_plain(expression):
        return None
    try:
        compiled = re.compile(_CLASS.sub(lambda match: _CLASSES[match[1]], expression), re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None
    return (compiled.match(text) if anchored else compiled.search(text)) is not None


def is_plain(expression: str) -> bool:
    """Whether an expression has only groups, alternatives, classes, quantifiers and escaped signs.

    It may have a few quantifiers without a bound, but none on a group whose own length may vary.
    """
    stars, at = 0, 0
    opened: list[bool] = []  # for each group that is open, whether a quantifier in it makes its length vary
    repeats = False  # whether what comes before is such a group
    while match := _PART.match(expression, at):
        at = match.end()
        quantifier = match["quantifier"]
        if quantifier is not None:
            if repeats and quantifier != "?":
                return False
            stars += quantifier in "*+" or quantifier.endswith(",}")
            if not _EXACT.fullmatch(quantifier):
                opened = [True] * len(opened)
        elif match["open"] is not None:
            opened.append(False)
        elif match["close"] is not None and not opened:
            return False
        repeats = match["close"] is not None and opened.pop()
    known = all(name in _CLASSES for name in _CLASS.findall(expression))
    return known and at == len(expression) and stars <= _MOST_STARS and len(expression) <= _MOST_CHARACTERS


def _runs(expression: str) -> list[str]:
    """Texts that every match contains: runs of plain characters outside all groups.

    There are none if the expression can't be read to its end, or has alternatives outside of groups.
    """
    runs, at, depth, run = list[str](), 0, 0, ""
    while match := _PART.match(expression, at):
        at = match.end()
        depth += (match["open"] is not None) - (match["close"] is not None)
        if match[0] == "|" and not depth:
            return []
        if match["quantifier"] is not None and run:
            run = run[:-1]
        if not depth and _PLAIN.fullmatch(match[0]):
            run += match[0]
        else:
            runs, run = [*runs, run], ""
    return [*runs, run] if at == len(expression) else []

"""Regular expressions that mean the same to PCRE and to Python, and that are found or not in a moment. Pure."""

from __future__ import annotations

import re

_PART = re.compile(
    r"""(?P<quantifier>(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})(?![*+?{]))
    |(?P<open>\((?:\?:|(?!\?|\*)))|(?P<close>\))
    |\[\^?[^][\\]+\]|\\(?:[dws]|[^A-Za-z0-9])|[^][\\(){}*+?]""",
    re.VERBOSE | re.DOTALL,
)
_MOST_STARS = (
    4  # quantifiers without a bound: a path of 60 characters is then tried some hundred thousand times at most
)
_MOST_CHARACTERS = 500


def found(expression: str, text: str, *, anchored: bool = False) -> bool | None:
    """Whether an expression is found in a text, or at its beginning.

    None where that is not known: Python might take the expression otherwise than PCRE, or too long.
    """
    if not is_plain(expression):
        return None
    try:
        compiled = re.compile(expression, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None
    return (compiled.match(text) if anchored else compiled.search(text)) is not None


def is_plain(expression: str) -> bool:
    """Whether it has nothing but groups, alternatives, classes, quantifiers and escaped signs.

    Of quantifiers without a bound there may be a few, and no group is repeated that has a quantifier in it.
    """
    stars, at = 0, 0
    opened: list[bool] = []  # for each group that is open, whether a quantifier is in it
    repeats = False  # whether what comes before is a group with a quantifier in it
    while match := _PART.match(expression, at):
        at = match.end()
        quantifier = match["quantifier"]
        if quantifier is not None:
            if repeats and quantifier != "?":
                return False
            stars += quantifier in "*+" or quantifier.endswith(",}")
            opened = [True] * len(opened)
        elif match["open"] is not None:
            opened.append(False)
        elif match["close"] is not None and not opened:
            return False
        repeats = match["close"] is not None and opened.pop()
    return at == len(expression) and stars <= _MOST_STARS and len(expression) <= _MOST_CHARACTERS

"""The SQL functions of osquery that packs use, as osquery computes them (its sql/sqlite_string.cpp).

They are `split`, `regex_match`, `concat` and `concat_ws`. SQLite has the last two since 3.44 and treats a NULL at the
end differently; ours do as osquery's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from auditrules.sql.result import Value

_MOST_PATTERN = 256  # bytes: osquery's --regex_max_size


def split(text: Value, separators: Value, index: Value) -> str | None:
    """Split the text at every character of `separators`, and give the part at `index`. Empty parts don't count.

    >>> split("a, b,,c", ",", 1)
    'b'
    """
    if text is None or separators is None or index is None:
        return None
    if not _text(separators):
        raise ValueError("Invalid input to split function")
    return _part_at(
        [part.strip() for part in re.split(f"[{re.escape(_text(separators))}]", _text(text)) if part], index
    )


def regex_match(text: Value, pattern: Value, group: Value) -> str | None:
    """Give a group of the first match (0: all of it). NULL if nothing matches, or there is no such group."""
    if text is None or pattern is None or group is None:
        return None
    source = _text(pattern)
    if len(source.encode()) > _MOST_PATTERN:
        raise ValueError(f"Invalid regex: too big, max size is {_MOST_PATTERN} bytes")
    try:
        match = re.search(source, _text(text))
    except re.error as error:
        raise ValueError("Invalid regex") from error
    return None if match is None else _part_at([match[0], *(part or "" for part in match.groups())], group)


def concat(*values: Value) -> str | None:
    """Join the values that are not NULL; NULL if there are no arguments at all."""
    return "".join(_text(value) for value in values if value is not None) if values else None


def concat_ws(*values: Value) -> str | None:
    """Join values with the first one as separator. It follows each value that is not NULL, except the last argument.

    >>> concat_ws("-", "a", None, "b"), concat_ws("-", "a", None)
    ('a-b', 'a-')
    """
    if not values:
        raise ValueError("Missing separator to concat_ws")
    separator, *parts = values
    if not parts:
        return None
    last = len(parts) - 1
    between = "" if separator is None else _text(separator)
    return "".join(
        _text(part) + (between if place < last else "") for place, part in enumerate(parts) if part is not None
    )


FUNCTIONS: dict[str, tuple[Callable[..., Value], int]] = {
    "split": (split, 3),
    "regex_match": (regex_match, 3),
    "concat": (concat, -1),
    "concat_ws": (concat_ws, -1),
}


def _part_at(parts: list[str], index: Value) -> str | None:
    place = int(index) if isinstance(index, int | float) else _number(_text(index))
    return parts[place] if 0 <= place < len(parts) else None


def _number(text: str) -> int:
    """Convert text to a number as SQLite does: the digits it starts with, or 0."""
    match = re.match(r"\s*([+-]?[0-9]{1,18})", text)  # a number of more digits is no index anyway
    return int(match[1]) if match else 0


def _text(value: Value) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

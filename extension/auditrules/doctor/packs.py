"""Checks the file of a pack as osquery would."""

from __future__ import annotations

import json
from collections.abc import Iterator

from auditrules.plugin.pack import LONGEST_INTERVAL


def problems(text: str) -> Iterator[str]:
    """Say what osquery would refuse of a pack."""
    try:
        pack = json.loads(_stripped(text))
    except (ValueError, RecursionError) as error:
        yield f"it is no JSON: {error}"
        return
    queries = pack.get("queries") if isinstance(pack, dict) else None
    if not isinstance(queries, dict) or not queries:
        yield "expected an object with queries, found none"
        return
    for name, query in queries.items():
        yield from (f"query {name}: {problem}" for problem in _problems(query))


def _problems(query: object) -> Iterator[str]:
    if not isinstance(query, dict) or not isinstance(query.get("query"), str):
        yield "it has no SQL"
        return
    interval = str(query.get("interval", ""))
    if "interval" in query and not _is_interval(interval):
        yield f"expected an interval from 1 to {LONGEST_INTERVAL} seconds, found {interval:.40}"


def _is_interval(text: str) -> bool:
    digits = text.isdecimal() and len(text) <= len(str(LONGEST_INTERVAL))
    return digits and 1 <= int(text) <= LONGEST_INTERVAL


def _stripped(text: str) -> str:
    """The text without the lines that are comments, which osquery removes (osquery/config/config.cpp)."""
    return "\n".join("" if line.lstrip().startswith(("#", "//")) else line for line in text.split("\n"))

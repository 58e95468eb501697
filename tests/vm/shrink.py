"""Making disagreeing cases smaller: parts are dropped one by one while the kernel and we still disagree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Case = dict[str, Any]
Row = dict[str, Any]
Ask = Callable[[Sequence[Case]], Sequence[Row]]
Disagrees = Callable[[Row], bool]

ROUNDS = 30
PART = re.compile(r" -(?:F|C|S|k|p) \S+")
ASKED = ("rules", "enabled", "access", "asked", "early", "post", "history")
PLAIN = {"auid": "unset", "uid": 0}


def shrunk(rows: Sequence[Row], ask: Ask, disagrees: Disagrees) -> list[Row]:
    """Of each disagreeing row the smallest that still disagrees; each round asks for all of them at once."""
    smallest = list(rows)
    growing = list(range(len(rows)))
    for _ in range(ROUNDS):
        tried = [(index, smaller) for index in growing for smaller in smallers(smallest[index])]
        answers = ask([smaller for _, smaller in tried]) if tried else ()
        found: dict[int, Row] = {}
        for (index, _), row in zip(tried, answers, strict=True):
            if index not in found and disagrees(row):
                found[index] = row
        for index, row in found.items():
            smallest[index] = row
        growing = list(found)
        if not growing:
            break
    return smallest


def smallers(row: Row) -> Iterator[Case]:
    """The case with one part less, the larger parts first."""
    case = asked(row)
    rules: list[str] = case["rules"]
    for number in range(len(rules)):
        yield {**case, "rules": rules[:number] + rules[number + 1 :]}
    for extra in (("early",), ("post", "history")):
        if extra[0] in case:
            yield {name: value for name, value in case.items() if name not in extra}
    if case["access"]["as"] != PLAIN:
        yield {**case, "access": {**case["access"], "as": PLAIN}}
    for number, line in enumerate(rules):
        for part in PART.finditer(line):
            shorter = line[: part.start()] + line[part.end() :]
            yield {**case, "rules": [*rules[:number], shorter, *rules[number + 1 :]]}


def asked(row: Row) -> Case:
    """What was asked, without the answer."""
    return {name: row[name] for name in ASKED if name in row}

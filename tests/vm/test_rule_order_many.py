"""On the real kernel: without rules that lint says never decide, an access is recorded as before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from tests.authoring.linted import found, linted
from tests.vm.ask import ask
from tests.vm.generate import cases
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

PAIRS = 200
NARROWER = ("-F uid!=4242", "-F auid!=4242", "-F pid!=1", "-F perm=wa", "-F perm=x")

Case = dict[str, Any]


def void(rules: Sequence[str]) -> set[int]:
    """The places of the rules that never decide."""
    report = linted("".join(f"{line}\n" for line in ["-i", *rules]))
    return {number - 2 for number, _ in found(report, "redundant", "unreachable", "never-matches")}


def pairs(count: int, seed: int = 19) -> list[tuple[Case, Case]]:
    """Cases of which some rules never decide, each with the same case without them.

    To random rules narrower ones of their own kind are added, as chance alone makes few that another one covers.
    """
    made: list[tuple[Case, Case]] = []
    for number, case in enumerate(cases(seed, 40 * count)):
        chance = random.Random(f"{seed}/{number}/narrower")  # noqa: S311 - chance must be the same each time
        rules = [line for line in case["rules"] if "@" not in line]
        rules += [f"{line} {chance.choice(NARROWER)}" for line in rules if line.startswith("-a ") and ",exit" in line]
        rules = list(dict.fromkeys(rules))
        places = void(rules)
        if places and "post" not in case:
            left = [line for place, line in enumerate(rules) if place not in places]
            made.append(({**case, "rules": rules}, {**case, "rules": left}))
        if len(made) == count:
            break
    return made


def test_without_a_rule_that_never_decides_the_kernel_records_as_before(guest: Guest) -> None:
    drawn = pairs(PAIRS)
    assert len(drawn) == PAIRS
    rows = ask(guest, [case for pair in drawn for case in pair], "void rules")
    by_rules = {(tuple(row["rules"]), str(row["access"])): row for row in rows if "setup_failed" not in row}
    compared = wrong = 0
    for whole, left in drawn:
        one, other = (by_rules.get((tuple(each["rules"]), str(each["access"]))) for each in (whole, left))
        if one and other and not (one.get("load_error") or other.get("load_error")):
            compared += 1
            wrong += one["recorded"] != other["recorded"]
    assert (compared > PAIRS / 2, wrong) == (True, 0)

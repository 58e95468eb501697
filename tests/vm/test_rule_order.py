"""On the real kernel: without rules that lint says never decide, an access is recorded as before."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from auditrules.audit.auditctl.normal_form import decided, render
from auditrules.audit.boot.load import load_rules
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import DEFAULT_FACTS
from auditrules.authoring.minimise import minimised
from auditrules.authoring.rule_order import moved_on
from tests.authoring.linted import found, linted
from tests.truth.coverage_cases import files, mounts
from tests.vm.ask import ask
from tests.vm.generate import cases
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

PAIRS = 30
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


def smaller(rules: Sequence[str], row: Case) -> list[str] | None:
    """The smaller set, if it is proved to record the same on the files that the kernel had; owners may be missing."""
    seen = row["facts"]
    facts = replace(
        DEFAULT_FACTS,
        files=files(seen["load"]),
        mounts=mounts(seen.get("mounts_load", seen["mounts"])),
    )
    content = "".join(f"{line}\n" for line in ["-i", *rules]).encode()
    loaded = load_rules(content, facts).rules
    found = minimised([decided(rule, facts) for rule in loaded], FileSystem(facts), moved_on(facts))
    return None if found.changes else [render(rule, facts.machine) for rule in found.rules]


def split(rules: Iterable[str]) -> list[str]:
    """Rules of which those with several calls or letters are several."""
    made: list[str] = []
    for line in rules:
        words = line.split(" ")
        place = words.index("-S") + 1 if "-S" in words else -1
        parts = words[place].split(",") if place > 0 else []
        made += [" ".join([*words[:place], part, *words[place + 1 :]]) for part in parts] or [line]
    return list(dict.fromkeys(made))


def disagreeing(guest: Guest, drawn: Sequence[tuple[Case, Case]], group: str) -> tuple[int, int]:
    """How many pairs the kernel answered, and how many of these otherwise for one of the two than for the other."""
    rows = ask(guest, [case for pair in drawn for case in pair], group)
    by_rules = {(tuple(row["rules"]), str(row["access"])): row for row in rows if "setup_failed" not in row}
    compared = wrong = 0
    for whole, left in drawn:
        one, other = (by_rules.get((tuple(each["rules"]), str(each["access"]))) for each in (whole, left))
        if one and other and not (one.get("load_error") or other.get("load_error")):
            compared += 1
            wrong += one["recorded"] != other["recorded"]
    return compared, wrong


def test_without_a_rule_that_never_decides_the_kernel_records_as_before(guest: Guest) -> None:
    drawn = pairs(PAIRS)
    assert len(drawn) == PAIRS
    compared, wrong = disagreeing(guest, drawn, "void rules")
    assert (compared > PAIRS / 2, wrong) == (True, 0)


def test_of_a_smaller_set_the_kernel_records_the_same(guest: Guest) -> None:
    wholes = [{**whole, "rules": split(whole["rules"])} for whole, _ in pairs(PAIRS, seed=20)]
    rows = {(tuple(row["rules"]), str(row["access"])): row for row in ask(guest, wholes, "whole sets")}
    drawn: list[tuple[Case, Case]] = []
    for whole in wholes:
        row = rows[tuple(whole["rules"]), str(whole["access"])]
        left = None if "setup_failed" in row else smaller(whole["rules"], row)
        if left is not None:
            drawn.append((whole, {**whole, "rules": left}))
    compared, wrong = disagreeing(guest, drawn, "smaller sets")
    assert (compared > PAIRS / 3, wrong) == (True, 0)

"""Whether a real kernel records the same with fewer rules: `make equal-vm [SEED=1] [N=200]`.

Each case is a random rule set and an access, and the same access under fewer rules: without those that lint says never
decide, with those made one that differ in their calls or letters only, and the set that `--minimise` makes. The kernel
must record the access under both, with the same key, or under neither. The counts come last; exits 1 if any differ.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice, pairwise

from auditrules.audit.auditctl.normal_form import decided, render
from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.access_difference import RulesInForce
from auditrules.audit.coverage.decision import ON
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import DEFAULT_FACTS, Facts
from auditrules.audit.model.rule import Rule
from auditrules.authoring.effects import effects
from auditrules.authoring.minimise import merged, minimised
from auditrules.authoring.rule_order import moved_on
from tests.authoring.linted import found, linted
from tests.truth.coverage_cases import files, mounts
from tests.vm.ask import Case, Row, ask
from tests.vm.contents import RigError
from tests.vm.generate import case as random_case
from tests.vm.guest import Guest
from tests.vm.shrink import asked

NARROWER = ("-F uid!=4242", "-F auid!=4242", "-F pid!=1", "-F perm=wa", "-F perm=x")
OTHER_ACTION = {"always": "never", "never": "always"}
AT_ONCE = 120  # cases in one boot
SHOWN = 10


@dataclass(frozen=True, slots=True)
class FewerRules:
    """Rules that must record as those that they were made of, and how they were made, in words to be counted."""

    rules: Sequence[str]
    made: Sequence[str]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to fewer rules: the cases that it is tried on, and what it makes of one that the kernel answered."""

    name: str
    cases: Callable[[int], Iterator[Case]]
    fewer: Callable[[Row], FewerRules | None]


@dataclass(slots=True)
class Compared:
    """What the kernel said of pairs: how many it answered, how they were made, and those that differ."""

    pairs: int = 0
    recorded: int = 0
    unanswered: int = 0
    made: Counter[str] = field(default_factory=Counter)
    differ: list[tuple[Row, Row]] = field(default_factory=list)


def main(arguments: Sequence[str]) -> int:
    """Ask the kernel, compare, show."""
    parser = argparse.ArgumentParser(prog="python -m tests.vm.equal_rules", description="fewer rules on a real kernel")
    parser.add_argument("--seed", type=int, default=1, help="which cases; default: 1")
    parser.add_argument("--count", type=int, default=200, help="how many for each way to fewer rules; default: 200")
    options = parser.parse_args(arguments)
    try:
        guest = Guest.ready()
    except RigError as error:
        print(f"equal-vm: {error}", file=sys.stderr)
        return 2
    wrong = 0
    for way in WAYS:
        told = compared(guest, way, options.seed, options.count)
        wrong += len(told.differ)
        for whole, left in told.differ[:SHOWN]:
            sys.stdout.writelines(f"{line}\n" for line in shown(whole, left))
        print(f"kernel {guest.release}, seed {options.seed}, {summary(way, told)}")
    return 1 if wrong else 0


def compared(guest: Guest, way: Way, seed: int, wanted: int) -> Compared:
    """What the kernel says of as many pairs, or some more. Raises `RigError`."""
    told = Compared()
    drawn = way.cases(seed)
    while told.pairs < wanted:
        wholes = ask(guest, [*islice(drawn, min(AT_ONCE, 5 * (wanted - told.pairs) // 4 + 1))], way.name)
        made = ((whole, way.fewer(whole)) for whole in wholes if _answered(whole))
        pairs = [*islice(((whole, fewer) for whole, fewer in made if fewer), wanted - told.pairs)]
        lefts = ask(guest, [{**asked(whole), "rules": fewer.rules} for whole, fewer in pairs], way.name)
        for (whole, fewer), left in zip(pairs, lefts, strict=True):
            if not _answered(left):
                told.unanswered += 1
                continue
            told.pairs += 1
            told.recorded += whole["recorded"]
            told.made.update(fewer.made)
            if _answer(whole) != _answer(left):
                told.differ.append((whole, left))
    return told


def _answered(row: Row) -> bool:
    """Whether the access was made, under all of the rules."""
    return not ("setup_failed" in row or row["load_rc"])


def _answer(row: Row) -> tuple[bool, str | None]:
    return row["recorded"], row["by_key"]


def summary(way: Way, told: Compared) -> str:
    """The counts of one way."""
    made = ", ".join(f"{each} {name}" for name, each in sorted(told.made.items()))
    more = f"; {told.unanswered} more were not answered" if told.unanswered else ""
    return f"{way.name}: {told.pairs} pairs, {told.recorded} recorded, {len(told.differ)} differ ({made}){more}"


def shown(whole: Row, left: Row) -> Iterator[str]:
    """A pair with both answers."""
    access = whole["access"]
    subject = " ".join(f"{name}={value}" for name, value in access["as"].items())
    yield from whole["rules"]
    how = f"{access.get('op', access['kind'])} {access['path']} {access.get('path2', '')}"
    yield f"  {how} as {subject}: {_told(whole)}"
    yield from left["rules"] or ["(no rule)"]
    yield f"  the same: {_told(left)}"


def _told(row: Row) -> str:
    return f"recorded by {row['by_key']}" if row["recorded"] else "not recorded"


def sets_with_some_void(seed: int) -> Iterator[Case]:
    """Cases with rules that never decide, by what lint says.

    To random rules some of their own kind are added, as chance alone makes few that another one covers: narrower ones,
    such with the other action, and such that differ in the key only.
    """
    for number in count():
        chance = random.Random(f"{seed}/{number}/alike")  # noqa: S311 - chance must be the same each time
        case = random_case(chance)
        rules = [line for line in case["rules"] if "@" not in line]
        rules = [*dict.fromkeys([*rules, *chain.from_iterable(_alike(chance, line) for line in rules)])]
        if "post" not in case and _void(rules):
            yield {**case, "rules": rules}


def _alike(chance: random.Random, line: str) -> Iterator[str]:
    if not line.startswith("-a ") or "exit" not in line or chance.random() < 0.2:
        return
    if chance.random() < 0.3:
        action = "always" if "always" in line else "never"
        line = line.replace(action, OTHER_ACTION[action])
    if chance.random() < 0.25:
        yield f"{line.partition(' -k ')[0]} -k other"
    else:
        yield f"{line} {chance.choice(NARROWER)}"


def _void(rules: Sequence[str]) -> dict[int, str]:
    """The places of the rules that never decide, each with what lint calls it."""
    report = linted("".join(f"{line}\n" for line in ["-i", *rules]))
    return {number - 2: name for number, name in found(report, "redundant", "unreachable", "never-matches")}


def without_void(whole: Row) -> FewerRules:
    """The rules without those that never decide."""
    void = _void(whole["rules"])
    return FewerRules([line for place, line in enumerate(whole["rules"]) if place not in void], [*void.values()])


def split_sets(seed: int) -> Iterator[Case]:
    """Cases of whose rules those with several calls or letters are several."""
    for case in sets_with_some_void(seed):
        yield {**case, "rules": [*dict.fromkeys(chain.from_iterable(map(split, case["rules"])))]}


def split(line: str) -> Iterable[str]:
    """A rule as several, each with one of its calls and one of its letters."""
    words = line.split(" ")
    for place, (before, word) in enumerate(pairwise(words), 1):
        letters = word.removeprefix("perm=") if before == "-F" and word.startswith("perm=") else ""
        parts = word.split(",") if before == "-S" else [f"perm={letter}" for letter in letters]
        if len(parts) > 1:
            for part in parts:
                yield from split(" ".join([*words[:place], part, *words[place + 1 :]]))
            return
    yield line


def merged_alone(whole: Row) -> FewerRules | None:
    """The rules, of which no two could be one; none, if there are as many, or it is not proved on what was there."""
    facts = _facts(whole)
    rules = _loaded(whole["rules"], facts)
    fewer = merged(rules)
    there = FileSystem(facts)
    before, after = (RulesInForce(RuleSet(each, RuleResolver(there, fresh=True)), ON) for each in (rules, fewer))
    return None if len(fewer) == len(rules) or effects(before, after, there) else _made(rules, fewer, facts)


def smallest(whole: Row) -> FewerRules | None:
    """The smallest set; none, if there are as many, or it is not proved on what was there: owners may be missing."""
    facts = _facts(whole)
    rules = _loaded(whole["rules"], facts)
    fewer = minimised(rules, FileSystem(facts), moved_on(facts))
    return None if len(fewer.rules) == len(rules) or fewer.changes else _made(rules, fewer.rules, facts)


def _made(rules: Sequence[Rule], fewer: Sequence[Rule], facts: Facts) -> FewerRules:
    old = {render(rule, facts.machine) for rule in rules}
    lines = [render(rule, facts.machine) for rule in fewer]
    joined = sum(line not in old for line in lines)
    return FewerRules(lines, ["made of several"] * joined + ["left out"] * (len(rules) - len(fewer)))


def _facts(row: Row) -> Facts:
    seen = row["facts"]
    there = mounts(seen.get("mounts_load", seen["mounts"]))
    return replace(DEFAULT_FACTS, files=files(seen["load"]), mounts=there)


def _loaded(lines: Iterable[str], facts: Facts) -> list[Rule]:
    loaded = load_rules("".join(f"{line}\n" for line in ["-i", *lines]).encode(), facts)
    return [decided(rule, facts) for rule in loaded.rules]


VOID = Way("without rules that never decide", sets_with_some_void, without_void)
MERGED = Way("rules made one", split_sets, merged_alone)
MINIMISED = Way("minimised", split_sets, smallest)
WAYS = (VOID, MERGED, MINIMISED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`auditrules diff`: which accesses a change of rules records no more, and which newly."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.coverage.access_difference import EXCEPT, ONLY
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import TriedRulesText
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Rule
from auditrules.audit.model.text import encode
from auditrules.audit.rule_sets import FILES_ASSUMED
from auditrules.authoring.effects import Direction, EffectChange, effects
from auditrules.authoring.reading import with_names
from auditrules.authoring.record_effects import RecordChange, record_changes
from auditrules.check import check
from auditrules.cli.check import chosen, for_host
from auditrules.cli.command import Problem, add_benchmark
from auditrules.cli.compared_rules import (
    ComparedSide,
    RulesOperand,
    host_of,
    in_force,
    looked_at,
    operand_called,
    problems_of,
    side_of,
)
from auditrules.cli.environment import Environment, add_site, catalogue_of, database, in_environment, named_files
from auditrules.cli.target_options import add_targets, targets_of
from auditrules.cli.what_if import WhatIfHost
from auditrules.host import Collector, KeptHost
from auditrules.text import counted, visible
from auditrules.values import dataclass, replace

_EPILOG = """\
OLD and NEW are each one of:
  PATH           a rules file, a folder rules.d, or - for standard input
  listing:FILE   a saved `auditctl -l`; listing:- is standard input
  root:DIR       what the next boot of the host or image under DIR loads
  kernel         the rules that this machine's kernel has now
  boot           the rules that this machine loads at its next boot

examples:
  auditrules diff old.rules new.rules
  auditrules diff kernel rules.d
  auditrules diff root:/mnt/image-1 root:/mnt/image-2
  generate-rules | auditrules diff rules.d -

exit codes: 0 the same is recorded, 1 something is recorded no more, 2 it could not be run, 3 something can't be told,
4 only more is recorded
"""

_USES = {"r": "reading", "w": "writing", "x": "execution", "a": "attribute changes"}
_ANY_FILE = "whatever the file"  # of calls that are named for themselves, some of which use none
_CODES = ((Direction.LOST, 1), (Direction.UNSURE, 3), (Direction.GAINED, 4))


@dataclass(frozen=True, slots=True)
class ChangedControl:
    """A control, and its status with the rules of each side."""

    benchmark: str
    version: str
    control: str
    title: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What is recorded otherwise: accesses, and types of records."""

    accesses: Sequence[EffectChange]
    records: Sequence[RecordChange]

    @property
    def directions(self) -> set[Direction]:
        """The directions of all of them; none where the same is recorded."""
        return {each.direction for each in self.accesses} | {each.direction for each in self.records}


def register(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = _EPILOG
    parser.add_argument("old", metavar="OLD", help="the rules as they were")
    parser.add_argument("new", metavar="NEW", help="the rules as they are to be")
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="",
        help="root folder of the host on whose files the rules are judged (default: that of root:DIR, this machine's "
        "with kernel or boot, and else none: paths are taken to be there, without links)",
    )
    add_targets(parser)
    add_benchmark(parser, "also list the controls whose verdict changes; default: none")
    add_site(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    operands = [operand_called(each, options.root) for each in (options.old, options.new)]
    host = host_of(options.root, operands, environment)
    sources = host.sources() if host else None
    targets = targets_of(options, sources.facts if sources else None)
    if len(targets) != 1:
        raise Problem(f"expected one version of auditctl and one machine to compare with, found {len(targets)}")
    base = sources.facts if sources else Facts()
    base = with_names(
        replace(base, version=targets[0].version, machine=targets[0].machine),
        [each.given for each in operands if each.given],
    )
    facts = looked_at(base, operands, host, environment)
    old, new = (side_of(each, facts, sources, environment) for each in operands)
    files = FileSystem(facts)
    ready = in_force(old, files), in_force(new, files)
    found = Changes(effects(*ready, files), record_changes(*ready, facts.machine))
    problems = [*problems_of(operands, (old, new)), *([] if host else [FILES_ASSUMED])]
    controls = list(_controls(options, environment, host, facts, (old, new)))
    write = _json if options.format == "json" else _text
    return write(operands, (old, new), found, controls, problems), _exit_code(found, (old, new))


def _exit_code(found: Changes, sides: Iterable[ComparedSide]) -> int:
    """Give 1 if something is recorded no more, else 3 if something can't be told, else 4 if more is, else 0."""
    directions = found.directions
    if any(side.unread for side in sides):
        directions.add(Direction.UNSURE)
    return next((code for direction, code in _CODES if direction in directions), 0)


def _controls(
    options: argparse.Namespace,
    environment: Environment,
    host: Collector | None,
    facts: Facts,
    sides: tuple[ComparedSide, ComparedSide],
) -> Iterator[ChangedControl]:
    """The controls that are judged otherwise where a boot loads the rules of one side or of the other."""
    if not (options.benchmark or options.control):
        return
    if host is None:
        raise Problem("controls are judged on a host: give --root DIR, too (/ is this machine)")
    benchmarks = catalogue_of(environment, lambda: (*host.site(), *named_files(options))).benchmarks
    judged = []
    for side in sides:
        enabled = side.auditing.enabled
        lines = ["-i", *(render(rule, facts.machine) for rule in side.rules)]
        lines += [] if enabled is None else [f"-e {enabled}"]
        text = TriedRulesText(encode("".join(f"{line}\n" for line in lines)), ("",) * len(lines))
        view = KeptHost(
            WhatIfHost(host, machine=facts.machine, text=text), time.monotonic, math.inf, named_files(options)
        )
        for_this = partial(for_host, view, numbered=True)
        controls = chosen(benchmarks, options.benchmark, options.control, for_this)
        with database(options, environment, view, at_boot=True) as tables:
            judged.append(check(controls, tables.query))
    old, new = judged
    names = ("benchmark", "version", "control", "title", "status")
    cells = zip(*(old.column(name) for name in names), new.column("status"), strict=True)
    for benchmark, version, control, title, was, is_ in cells:
        if was != is_:
            yield ChangedControl(str(benchmark), str(version), str(control), str(title), str(was), str(is_))


def _json(
    operands: Sequence[RulesOperand],
    sides: Sequence[ComparedSide],
    found: Changes,
    controls: Iterable[ChangedControl],
    problems: Iterable[str],
) -> str:
    old, new = operands
    changes, records = (
        [{**asdict(each), "direction": each.direction.name.lower()} for each in some]
        for some in (found.accesses, found.records)
    )
    document = {
        "old": old.text,
        "new": new.text,
        "rules": {"old": len(sides[0].rules), "new": len(sides[1].rules)},
        "problems": list(problems),
        "changes": changes,
        "records": records,
        "controls": [asdict(each) for each in controls],
    }
    return json.dumps(document, indent=2) + "\n"


def _text(
    operands: Sequence[RulesOperand],
    sides: Sequence[ComparedSide],
    found: Changes,
    controls: Sequence[ChangedControl],
    problems: Iterable[str],
) -> str:
    return "".join(_lines(operands, sides, found, controls, problems))


def _lines(
    operands: Sequence[RulesOperand],
    sides: Sequence[ComparedSide],
    found: Changes,
    controls: Sequence[ChangedControl],
    problems: Iterable[str],
) -> Iterator[str]:
    for problem in problems:
        yield f"({visible(problem)})\n"
    for direction in Direction:
        changes = [*_together(each for each in found.accesses if each.direction is direction)]
        told = [
            *(_change(each, letters) for each, letters in changes),
            *(_record(each) for each in found.records if each.direction is direction),
        ]
        if told:
            yield f"{direction.value} ({len(told)}):\n"
        yield from (f"  {each}\n" for each in told)
    if controls:
        yield "controls:\n"
    for control in controls:
        words = f"{control.benchmark} {control.version}  {control.control}  {control.title}"
        yield f"  {visible(words)}: {control.old} -> {control.new}\n"
    named = [f"{visible(each.text)} ({_size(side.rules)})" for each, side in zip(operands, sides, strict=True)]
    unread = sum(side.unread for side in sides)
    if unread and not found.directions:
        yield f"whether {' and '.join(named)} record the same can't be told: {counted(unread, 'rule')} can't be read\n"
        return
    if found.directions == {Direction.UNSURE}:
        yield f"whether {' and '.join(named)} record the same can't be told\n"
        return
    yield f"{' and '.join(named)} record {'different things' if found.directions else 'the same'}\n"


def _size(rules: Collection[Rule]) -> str:
    """How many rules there are, and on how many paths."""
    paths = {field.value for field in map(Rule.watched, rules) if field is not None}
    return f"{counted(len(rules), 'rule')}, {counted(len(paths), 'path')}"


def _together(changes: Iterable[EffectChange]) -> Iterator[tuple[EffectChange, str]]:
    """The changes, those of whole letters of one path that are alike as one; each with its letters."""
    found: dict[EffectChange, str] = {}
    for each in changes:
        key = replace(each, letter="") if each.letter and not each.calls else each
        found[key] = found.get(key, "") + each.letter
    yield from found.items()


def _change(change: EffectChange, letters: str) -> str:
    """One line: on what, which accesses, by which calls where not by all, and in which cases only."""
    uses = ", ".join(f"{_USES[letter]} ({letter})" for letter in letters)
    calls = ", ".join(change.calls)
    what = f"{uses} by {calls}" if uses and calls else uses or calls
    return visible(f"{change.path or _ANY_FILE}: {what or 'any access'}{_cases(change.where)}")


def _record(change: RecordChange) -> str:
    """One line: which types of records, and in which cases only; of what is not compared, that alone."""
    if not change.types:
        return visible("; ".join(change.where))
    types = ", ".join(change.types)
    named = types if types.startswith("every ") else f"{'types' if _are_several(change.types) else 'type'} {types}"
    without = f" but {', '.join(change.without)}" if change.without else ""
    return visible(f"records of {named}{without}{_cases(change.where)}")


def _are_several(types: Sequence[str]) -> bool:
    return len(types) > 1 or " to " in types[0]


def _cases(where: Sequence[str]) -> str:
    """In which cases a change is there, in words; empty where it is in all."""
    holding = [each.removesuffix(ONLY) for each in where if each.endswith(ONLY)]
    excluded = [each.removeprefix(EXCEPT) for each in where if each.startswith(EXCEPT)]
    others = [each for each in where if not each.endswith(ONLY) and not each.startswith(EXCEPT)]
    words = [f"only where {' and '.join(holding)}"] if holding else []
    words += [f"not where {' or '.join(excluded)}"] if excluded else []
    return f"; {', but '.join((*others, *words))}" if where else ""

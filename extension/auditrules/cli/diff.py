"""`auditrules diff`: which accesses the kernel no longer records after a change of rules, and which it newly does."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.load import VALUES
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import TriedRulesText
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.text import encode
from auditrules.audit.rule_sets import FILES_ASSUMED
from auditrules.authoring.call_effects import Direction
from auditrules.authoring.effects import effects
from auditrules.authoring.other_changes import ENABLED, key_changes, setting_changes, uncertain_by_settings
from auditrules.authoring.reading import with_names
from auditrules.authoring.record_effects import RecordChange, record_changes
from auditrules.check import check
from auditrules.cli.check import chosen_controls, for_host
from auditrules.cli.command import Problem, add_benchmark
from auditrules.cli.compared_rules import (
    ComparedSide,
    RulesOperand,
    compared_side,
    host_of,
    in_force,
    look_at_paths,
    parse_operand,
    problems_of,
)
from auditrules.cli.diff_text import ChangedControl, Changes, text_of
from auditrules.cli.environment import Environment, add_site, catalogue_of, database, in_environment, named_files
from auditrules.cli.target_options import add_targets, targets_of
from auditrules.cli.what_if import WhatIfHost
from auditrules.host import Collector, KeptHost
from auditrules.values import replace

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

_CODES = ((Direction.LOST, 1), (Direction.UNSURE, 3), (Direction.GAINED, 4))


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
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
    operands = [parse_operand(each, options.root) for each in (options.old, options.new)]
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
    facts = look_at_paths(base, operands, host, environment)
    old, new = (compared_side(each, facts, sources, environment) for each in operands)
    files = FileSystem(facts)
    ready = in_force(old, files), in_force(new, files)
    settings = old.settings, new.settings
    unsure = (RecordChange(Direction.UNSURE, (), where=(each,)) for each in uncertain_by_settings(*settings))
    found = Changes(
        effects(*ready, files),
        (*record_changes(*ready, facts.machine), *unsure),
        setting_changes(*settings),
        key_changes(*([each.rule for each in side.rules.resolved] for side in ready)),
    )
    problems = [*problems_of(operands, (old, new)), *([] if host else [FILES_ASSUMED])]
    controls = list(_controls(options, environment, host, facts, (old, new)))
    write = _json if options.format == "json" else text_of
    return write(operands, (old, new), found, controls, problems), _exit_code(found, (old, new))


def _exit_code(found: Changes, sides: Iterable[ComparedSide]) -> int:
    """1 if something is no longer recorded, else 3 if that is unknown, else 4 if more is recorded, else 0."""
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
    """Yield the controls whose status differs between a boot with the rules of one side and one with the other."""
    if not (options.benchmark or options.control):
        return
    if host is None:
        raise Problem("controls are judged on a host: give --root DIR, too (/ is this machine)")
    benchmarks = catalogue_of(environment, lambda: (*host.site(), *named_files(options))).benchmarks
    judged = []
    for side in sides:
        enabled = side.auditing.enabled
        lines = ["-i", *(render(rule, facts.machine) for rule in side.rules)]
        lines += [f"{flag} {value}" for flag, value in side.settings.items() if flag in VALUES - {ENABLED} and value]
        lines += [] if enabled is None else [f"-e {enabled}"]
        text = TriedRulesText(encode("".join(f"{line}\n" for line in lines)), ("",) * len(lines))
        view = KeptHost(
            WhatIfHost(host, machine=facts.machine, text=text), time.monotonic, math.inf, named_files(options)
        )
        for_this = partial(for_host, view, numbered=True)
        controls = chosen_controls(benchmarks, options.benchmark, options.control, for_this)
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
        "settings": [asdict(each) for each in found.settings],
        "keys": [asdict(each) for each in found.keys],
        "controls": [asdict(each) for each in controls],
    }
    return json.dumps(document, indent=2) + "\n"

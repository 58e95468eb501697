"""`auditrules diff`: what a change of rules changes. Not lines, effects."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from auditrules.audit.auditctl.normal_form import decided, render
from auditrules.audit.coverage.access_difference import RulesInForce
from auditrules.audit.coverage.decision import Auditing
from auditrules.audit.coverage.resolved_rules import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Sources, TriedRulesText
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import PATH_NAMES, Field, Rule
from auditrules.audit.model.text import encode
from auditrules.audit.needs import needs
from auditrules.audit.rule_sets import FILES_ASSUMED
from auditrules.authoring.assumed import assumed_files
from auditrules.authoring.effects import Direction, EffectChange, effects
from auditrules.authoring.reading import RulesInput, with_names
from auditrules.authoring.tried_rules import TriedRules
from auditrules.check import check
from auditrules.cli.check import chosen, for_host
from auditrules.cli.command import Problem, add_benchmark
from auditrules.cli.environment import Environment, benchmarks_of, database, in_environment
from auditrules.cli.rules_input import add_targets, rules_input, targets_of
from auditrules.cli.what_if import WhatIfHost
from auditrules.host import Collector, KeptHost
from auditrules.text import visible

KERNEL, BOOT, LISTING, ROOT = "kernel", "boot", "listing", "root"

_EPILOG = """\
OLD and NEW are each one of:
  PATH           a rules file, or a folder rules.d
  listing:FILE   a saved `auditctl -l`
  root:DIR       what the next boot of the host or image under DIR loads
  kernel         the rules that this machine's kernel has now
  boot           the rules that this machine loads at its next boot

examples:
  auditrules diff old.rules new.rules
  auditrules diff kernel rules.d
  auditrules diff root:/mnt/image-1 root:/mnt/image-2

exit codes: 0 the same is recorded, 1 something is recorded no more, 2 it could not be run, 3 something can't be told,
4 only more is recorded
"""

_USES = {"r": "reading", "w": "writing", "x": "execution", "a": "attribute changes", "": ""}
_CODES = ((Direction.LOST, 1), (Direction.UNSURE, 3), (Direction.GAINED, 4))


@dataclass(frozen=True, slots=True)
class RulesOperand:
    """What OLD or NEW names: a kind, and a path where it has one; and the rules, where files hold them."""

    text: str
    kind: str
    path: str = ""
    given: RulesInput | None = None


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """The rules of one side, whether auditing is on, and what is to be said of them."""

    rules: tuple[Rule, ...]
    auditing: Auditing
    unread: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedControl:
    """A control, and its status with the rules of each side."""

    benchmark: str
    version: str
    control: str
    title: str
    old: str
    new: str


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
    add_benchmark(parser, "the controls whose verdict changes are told, too; default: none")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    operands = [_operand(options.old), _operand(options.new)]
    host = _host(options, operands, environment)
    sources = host.sources() if host else None
    targets = targets_of(options, sources)
    if len(targets) != 1:
        raise Problem(f"expected one version of auditctl and one machine to compare with, found {len(targets)}")
    base = sources.facts if sources else Facts()
    base = with_names(
        replace(base, version=targets[0].version, machine=targets[0].machine),
        [each.given for each in operands if each.given],
    )
    facts = _looked_at(base, operands, host, environment)
    old, new = (_side(each, facts, sources, environment) for each in operands)
    files = FileSystem(facts)
    found = effects(_in_force(old, files), _in_force(new, files), files)
    problems = [*_problems(operands, (old, new)), *([] if host else [FILES_ASSUMED])]
    controls = list(_controls(options, environment, host, facts, (old, new)))
    write = _json if options.format == "json" else _text
    return write(operands, found, controls, problems), _exit_code(found, (old, new))


def _operand(text: str) -> RulesOperand:
    kind, colon, path = text.partition(":")
    if text in (KERNEL, BOOT):
        return RulesOperand(text, text)
    if colon and kind in (LISTING, ROOT):
        return RulesOperand(text, kind, path)
    return RulesOperand(text, "", text, rules_input(text))


def _host(options: argparse.Namespace, operands: Sequence[RulesOperand], environment: Environment) -> Collector | None:
    """The host on whose files the rules are judged; None where nobody looks at any."""
    own = any(each.kind in (KERNEL, BOOT) for each in operands)
    if own and options.root not in ("", "/"):
        raise Problem(f"kernel and boot are of this machine, not of --root {options.root}")
    roots = [each.path for each in operands if each.kind == ROOT]
    if own:
        return environment.host("/", "auto", "")
    root = options.root or (roots[-1] if roots else "")
    return environment.host(root, "none", "") if root else None


def _looked_at(
    base: Facts, operands: Sequence[RulesOperand], host: Collector | None, environment: Environment
) -> Facts:
    """The facts with every path that rules of either side name; without a host, as they are taken to be."""
    rules = [rule for each in operands for rule in _side(each, base, None, environment, host).rules]
    if host is None:
        return replace(base, files=assumed_files(rules), assumed=True)
    paths = {
        str(field.value)
        for rule in rules
        for field in rule.fields
        if isinstance(field, Field) and (field.name in PATH_NAMES or field.name == "exe")
    }
    contents = (file.content or b"" for each in operands if each.given for file in each.given.files)
    return replace(base, files={**base.files, **host.look(paths | needs(contents).paths)})


def _side(
    operand: RulesOperand,
    facts: Facts,
    sources: Sources | None,
    environment: Environment,
    host: Collector | None = None,
) -> ComparedSide:
    """The rules of an operand, on a host with these facts."""
    if operand.given is not None:
        tried = TriedRules([operand.given], facts)
        return ComparedSide(tried.loaded.rules, tried.source.auditing, problems=tried.problems)
    if operand.kind == LISTING:
        saved = _listing(operand.path)
        return _of_source(operand, HostAudit(Sources(Kernel("listing", saved=saved), facts=facts)).rule_sets.kernel)
    if operand.kind == ROOT:
        own = environment.host(operand.path, "none", "").sources()
    else:
        own = sources or (host.sources() if host else Sources(Kernel("none")))
    sets = HostAudit(own).rule_sets
    return _of_source(operand, sets.kernel if operand.kind == KERNEL else sets.boot)


def _of_source(operand: RulesOperand, source: RuleSource) -> ComparedSide:
    if source.rules is None:
        raise Problem(f"{operand.text}: the rules are not known: {source.error}")
    problems = (*source.remarks, *([source.loads_nothing] if source.loads_nothing else []))
    rules = tuple(each.rule for each in source.rules.resolved)
    return ComparedSide(rules, source.auditing, source.rules.unread, problems)


def _listing(path: str) -> File:
    given = rules_input(path)
    if given.folder:
        raise Problem(f"cannot read {path}: expected a saved listing, found a directory")
    return given.files[0]


def _in_force(side: ComparedSide, files: FileSystem) -> RulesInForce:
    rules = [decided(rule, files.facts) for rule in side.rules]
    return RulesInForce(RuleSet(rules, RuleResolver(files, fresh=True), side.unread), side.auditing)


def _problems(operands: Sequence[RulesOperand], sides: Sequence[ComparedSide]) -> Iterator[str]:
    for operand, side in zip(operands, sides, strict=True):
        for problem in side.problems:
            yield problem if operand.given else f"{operand.text}: {problem}"


def _exit_code(found: Iterable[EffectChange], sides: Iterable[ComparedSide]) -> int:
    """Give 1 if something is recorded no more, else 3 if something can't be told, else 4 if more is, else 0."""
    directions = {each.direction for each in found}
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
    benchmarks = benchmarks_of(environment, host.site)
    judged = []
    for side in sides:
        lines = [*(render(rule, facts.machine) for rule in side.rules), f"-e {side.auditing.enabled}"]
        text = TriedRulesText(encode("".join(f"{line}\n" for line in lines)), ("",) * len(lines))
        view = KeptHost(WhatIfHost(host, machine=facts.machine, text=text), time.monotonic, math.inf)
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
    found: Iterable[EffectChange],
    controls: Iterable[ChangedControl],
    problems: Iterable[str],
) -> str:
    old, new = operands
    changes = [{**asdict(each), "direction": each.direction.name.lower()} for each in found]
    document = {
        "old": old.text,
        "new": new.text,
        "problems": list(problems),
        "changes": changes,
        "controls": [asdict(each) for each in controls],
    }
    return json.dumps(document, indent=2) + "\n"


def _text(
    operands: Sequence[RulesOperand],
    found: Sequence[EffectChange],
    controls: Sequence[ChangedControl],
    problems: Iterable[str],
) -> str:
    return "".join(_lines(operands, found, controls, problems))


def _lines(
    operands: Sequence[RulesOperand],
    found: Sequence[EffectChange],
    controls: Sequence[ChangedControl],
    problems: Iterable[str],
) -> Iterator[str]:
    old, new = operands
    for problem in problems:
        yield f"({visible(problem)})\n"
    for direction in Direction:
        changes = [each for each in found if each.direction is direction]
        if changes:
            yield f"{direction.value}:\n"
        for each, letters in _together(changes):
            yield f"  {_change(each, letters)}\n"
    if controls:
        yield "controls:\n"
    for control in controls:
        words = f"{control.benchmark} {control.version}  {control.control}  {control.title}"
        yield f"  {visible(words)}: {control.old} -> {control.new}\n"
    if not found:
        yield f"{visible(old.text)} and {visible(new.text)} record the same\n"


def _together(changes: Iterable[EffectChange]) -> Iterator[tuple[EffectChange, str]]:
    """The changes, those of whole letters of one path that are alike as one; each with its letters."""
    found: dict[EffectChange, str] = {}
    for each in changes:
        key = replace(each, letter="") if each.letter and not each.calls else each
        found[key] = found.get(key, "") + each.letter
    yield from found.items()


def _change(change: EffectChange, letters: str) -> str:
    uses = ", ".join(_USES[letter] for letter in letters)
    what = f"{visible(change.path)}  {uses}".rstrip() if change.path else "on any file"
    calls = f": {', '.join(change.calls)}" if change.calls else ""
    where = f"  ({visible('; '.join(change.where))})" if change.where else ""
    return f"{what}{calls}{where}"

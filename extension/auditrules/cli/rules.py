"""`auditrules rules`: rules files that make a host pass benchmarks, proved before they are written; a smaller set."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from auditrules.audit.auditctl.normal_form import decided, render
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import TriedRulesText
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.needs import needs
from auditrules.audit.rule_sets import BOOT, FILES_ASSUMED
from auditrules.authoring.assumed import assumed_files
from auditrules.authoring.minimise import minimised
from auditrules.authoring.reading import RulesInput, with_names
from auditrules.authoring.rule_order import moved_on
from auditrules.authoring.rules_files import MADE, MadeRules, PrescribedLine, made_rules
from auditrules.authoring.rules_formats import FORMATS
from auditrules.authoring.tried_rules import TriedRules
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.requirement import Judged
from auditrules.cli.check import chosen, for_host
from auditrules.cli.command import Problem, add_benchmark, warn
from auditrules.cli.environment import Environment, benchmarks_of, in_environment
from auditrules.cli.rules_input import add_targets, rules_input, targets_of
from auditrules.cli.what_if import WhatIfHost
from auditrules.host import Collector, KeptHost
from auditrules.status import Status
from auditrules.tables.judging import HostJudge
from auditrules.text import visible

_EPILOG = """\
examples:
  auditrules rules --benchmark cis-docker                  what this host needs to pass
  auditrules rules --benchmark cis-ubuntu-24.04 --benchmark stig-ubuntu-24.04 --output rules.d
  auditrules rules --benchmark cis-docker --root /mnt/image --format ansible
  auditrules rules --minimise rules.d                      an equal set of fewer rules

exit codes: 0 proved, 1 some control can't be met (it is named, the rest is written), 2 it could not be run, 3 not
proved, and nothing is written
"""

# The kinds of requirements that rules meet.
OF_RULES = frozenset({"path", "syscall", "privileged_command", "rule_option"})
_NO_RULES = TriedRulesText(b"\n", ("",))
MOST_ROUNDS = 3  # of asking what is prescribed: a line may be needed only where another one is there
_ACTS = (Status.FAIL, Status.UNKNOWN)


def register(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = _EPILOG
    parser.add_argument("paths", metavar="PATH", nargs="*", help="with --minimise: a rules file, or a folder rules.d")
    parser.add_argument("--minimise", action="store_true", help="write a smaller set that records the same as PATH")
    add_benchmark(parser, "with --minimise: none")
    parser.add_argument(
        "--level",
        metavar="LEVEL",
        action="append",
        default=[],
        help="only controls of this level, such as 1 or 'CAT II'",
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="",
        help="root folder of the host that the rules are for (default: /; with --minimise none: paths are taken to be "
        "there, without links)",
    )
    add_targets(parser)
    parser.add_argument("--format", choices=[*FORMATS], default="rules", help="default: rules")
    parser.add_argument("--output", metavar="DIR", default="", help="write the files there, and not to standard output")
    parser.add_argument(
        "--force", action="store_true", help="overwrite files of --output that this command did not write"
    )
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    _check(options)
    if options.minimise:
        return _minimised(options, environment)
    host = environment.host(options.root or "/", "auto", "")
    sources = host.sources()
    targets = targets_of(options, sources)
    if len(targets) != 1:
        raise Problem(f"expected one version of auditctl and one machine, found {len(targets)}")
    controls = _wanted(options, environment, host)
    made, failing = _proved(controls, host, targets[0].machine, replace(sources.facts, version=targets[0].version))
    for line, why in made.left_out:
        warn(f"left out: {line.line}: {why} ({', '.join(line.controls)})")
    for each in failing:
        warn(f"can't be met by rules: {each}")
    if made.errors:
        for error in made.errors:
            warn(error)
        warn("not proved, so nothing is written")
        return "", 3
    code = 1 if failing or made.left_out else 0
    if options.output:
        _write(options.output, made.files, force=options.force)
        return "", code
    return FORMATS[options.format](made.files), code


def _check(options: argparse.Namespace) -> None:
    """Raise Problem where options conflict."""
    if options.minimise and not options.paths:
        raise Problem("expected a PATH to make smaller")
    if options.minimise and (options.benchmark or options.control or options.level or options.output):
        raise Problem("--minimise takes a PATH, and no benchmark and no --output")
    if options.paths and not options.minimise:
        raise Problem("PATH is a set to make smaller: give --minimise, too")
    if not options.benchmark and not options.minimise:
        raise Problem("expected --benchmark NAME[:VERSION], or --minimise PATH")
    if options.output and options.format != "rules":
        raise Problem(f"--output is for files of rules, not for --format {options.format}")


def _wanted(options: argparse.Namespace, environment: Environment, host: Collector) -> list[BenchmarkControl]:
    view = _view(host, "", _NO_RULES)
    found = chosen(
        benchmarks_of(environment, host.site),
        options.benchmark,
        options.control,
        partial(for_host, view, numbered=True),
    )
    wanted = [each for each in found if not options.level or each.level in options.level]
    if not wanted:
        levels = ", ".join(dict.fromkeys(each.level for each in found if each.level))
        raise Problem(f"no control has the level {' or '.join(options.level)}: expected one of {levels}")
    return wanted


def _view(host: Collector, machine: str, text: TriedRulesText) -> KeptHost:
    return KeptHost(WhatIfHost(host, machine=machine, text=text), time.monotonic, math.inf)


def _judged(
    controls: Sequence[BenchmarkControl], host: Collector, machine: str, text: TriedRulesText
) -> Iterator[tuple[BenchmarkControl, list[Judged]]]:
    """The requirements of controls that rules meet, judged as if boot loaded a text."""
    found = HostJudge(_view(host, machine, text), at_boot=True).judged(controls)
    for control in controls:
        yield control, [each for each in found[control.key][BOOT] if each.kind in OF_RULES]


def _proved(
    controls: Sequence[BenchmarkControl], host: Collector, machine: str, facts: Facts
) -> tuple[MadeRules, list[str]]:
    """The files that the controls need, and the controls that they do not meet, judged with these very files."""
    names = {each.key: f"{each.benchmark} {each.version} {each.id}" for each in controls}
    benchmarks = ", ".join(dict.fromkeys(f"{each.benchmark} {each.version}" for each in controls))
    prescribed: dict[tuple[str, str], PrescribedLine] = {}
    made = made_rules((), facts, f" for {benchmarks}")
    text = _NO_RULES
    for _ in range(MOST_ROUNDS):
        judged = list(_judged(controls, host, machine, text))
        known = len(prescribed)
        for control, found in judged:
            for line in (line for each in found if each.status in _ACTS for line in each.remedy.lines):
                one = PrescribedLine(line, _short(control), (names[control.key],))
                prescribed.setdefault((line, names[control.key]), one)
        if len(prescribed) == known:
            break
        lines = tuple(prescribed.values())
        wanted = needs(each.line.encode("utf-8", "surrogateescape") for each in lines)
        facts = replace(facts, machine=machine, files={**facts.files, **host.look(wanted.paths)})
        made = made_rules(lines, facts, f" for {benchmarks}")
        text = TriedRules([made.given], facts).text
    else:
        judged = list(_judged(controls, host, machine, text))
    failing = [
        f"{names[control.key]}: {each.subject}: {each.status.value} ({each.reason})"
        for control, found in judged
        for each in found
        if each.status in _ACTS
    ]
    return made, failing


def _short(control: BenchmarkControl) -> str:
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in control.benchmark.lower()).split()
    return "-".join(word for word in words if word not in ("benchmark", "linux", "lts"))


def _write(folder: str, files: Mapping[str, str], *, force: bool) -> None:
    """Write the files; none of them if one is there that this command did not write. Raises Problem."""
    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
        for name in files:
            path = root / name
            if path.is_symlink() or (
                path.exists() and not (force or path.read_text("utf-8", "replace").startswith(MADE))
            ):
                raise Problem(f"{path}: there is a file that this command did not write: take it away, or give --force")
        for name, text in files.items():
            (root / name).write_text(text, "utf-8")
    except OSError as error:
        raise Problem(f"cannot write {folder}: {error.strerror}") from error


# A smaller set


def _minimised(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    inputs = [rules_input(path) for path in options.paths]
    targets = targets_of(options)
    if len(targets) != 1:
        raise Problem(f"expected one version of auditctl and one machine, found {len(targets)}")
    facts = Facts(version=targets[0].version, machine=targets[0].machine)
    facts = with_names(_facts_for(inputs, facts, options.root, environment), inputs)
    tried = TriedRules(inputs, facts)
    for problem in tried.problems:
        warn(f"not loaded: {problem}")
    if facts.assumed:
        warn(FILES_ASSUMED)
    if tried.problems:
        warn("not proved: some lines are not loaded, so nothing is written")
        return "", 3
    rules = [decided(rule, facts) for rule in tried.loaded.rules]
    found = minimised(rules, FileSystem(facts), moved_on(facts))
    if found.changes:
        warn("not proved: the smaller set records something otherwise, so nothing is written")
        return "", 3
    values = tried.loaded.values
    lines = [
        f"{MADE}: {len(found.rules)} rules that record the same as {len(rules)} of {', '.join(options.paths)}",
        "-D",
        *(f"{flag} {value}" for flag, value in values.items() if flag != "-e"),
        *(render(rule, facts.machine) for rule in found.rules),
        *(f"-e {value}" for flag, value in values.items() if flag == "-e"),
    ]
    return "".join(f"{visible(line)}\n" for line in lines), 0


def _facts_for(inputs: Iterable[RulesInput], facts: Facts, root: str, environment: Environment) -> Facts:
    contents = [file.content or b"" for each in inputs for file in each.files]
    if not root:
        rules = TriedRules([*inputs], with_names(facts, inputs)).loaded.rules
        return replace(facts, files=assumed_files(rules), assumed=True)
    host = environment.host(root, "none", "")
    own = host.sources().facts
    return replace(
        own, version=facts.version, machine=facts.machine, files={**own.files, **host.look(needs(contents).paths)}
    )

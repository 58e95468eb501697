"""`auditrules rules`: makes rules files with which a host is proved to pass benchmarks, or a smaller set of rules."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from auditrules.audit.boot.augenrules import RULES_D
from auditrules.audit.model.host_facts import UNKNOWN_KERNEL, Facts
from auditrules.authoring.rules_files import MADE, MadeRules
from auditrules.authoring.rules_formats import FORMATS
from auditrules.authoring.targets import UnknownTargetError, system_called
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.systems import applying
from auditrules.cli.check import chosen_controls, for_host
from auditrules.cli.command import Problem, add_benchmark, warn
from auditrules.cli.environment import Environment, add_site, catalogue_of, in_environment, named_files
from auditrules.cli.minimised_rules import minimised_rules
from auditrules.cli.proved_rules import (
    OF_RULES,
    files_beside,
    host_with,
    proved_rules,
    unmet_with_files,
    unmet_with_host_files,
)
from auditrules.cli.target_options import add_targets, only_target
from auditrules.host import Collector
from auditrules.host.named_system import SYSTEM_ASSUMED, NamedSystem
from auditrules.values import replace

_EPILOG = """\
examples:
  auditrules rules --benchmark cis-docker                  what this host needs to pass
  auditrules rules --benchmark cis-ubuntu-24.04 --benchmark stig-ubuntu-24.04 --output rules.d
  auditrules rules --benchmark cis-docker --root /mnt/image --format ansible
  auditrules rules --benchmark cis-ubuntu-24.04 --system 'ubuntu 24.04' --machine x86_64
  auditrules rules --minimise rules.d                      an equal set of fewer rules (of at most 500)

exit codes: 0 proved, 1 some control can't be met or a file of benchmarks was left out (it is named, the rest is
written), 2 it could not be run, 3 not proved, and nothing is written
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="with --minimise: a rules file, a folder rules.d, or - for standard input",
    )
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
    parser.add_argument(
        "--system",
        metavar="'ID VERSION'",
        default="",
        help="make them for any host of a system, such as 'ubuntu 24.04', and look at none: the benchmarks' paths are "
        "taken to be there; privileged programs are not known",
    )
    add_targets(parser)
    add_site(parser)
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
        return minimised_rules(options, environment)
    request = _request_for_system(options, environment) if options.system else _request_for_host(options, environment)
    controls, host, facts = request.controls, request.host, request.facts
    _warn_of_others(controls, named=bool(options.control))
    made, failing = proved_rules(controls, host, facts)
    _warn_of_unmet(options, made, failing)
    if made.problems:
        for problem in made.problems:
            warn(f"{problem.place}: {problem.message}")
        warn("not proved, so nothing is written")
        return "", 3
    missed = _warn_of_other_files(*unmet_with_host_files(controls, host, facts, made, failing))
    if options.output and (options.system or os.path.realpath(options.output) != _rules_d_of(options)):
        others = files_beside(options.output, made, options.root)
        found = unmet_with_files(controls, host, facts, made, failing, others=others)
        missed = _warn_of_other_files([each.path for each in others], found) or missed
    code = 1 if failing or missed or made.left_out or not request.whole else 0
    if options.output:
        _write(options.output, made.files, force=options.force)
        return "", code
    return FORMATS[options.format](made.files), code


def _rules_d_of(options: argparse.Namespace) -> str:
    return os.path.realpath(f"{options.root or '/'}/{RULES_D}")


def _warn_of_other_files(beside: Sequence[str], missed: Sequence[str]) -> bool:
    """Warn about requirements that other files, which are loaded too, keep from being met. True: there are some."""
    for each in missed:
        warn(f"with {', '.join(beside)}, loaded too: {each}")
    if missed:
        warn("take the files away that are loaded too, or the lines in them that are in the way")
    return bool(missed)


def _warn_of_unmet(options: argparse.Namespace, made: MadeRules, failing: Mapping[str, str]) -> None:
    """Warn about lines that were left out, and about requirements that the files do not meet."""
    if not made.lines and not made.left_out and not failing:
        warn("no rule is needed: none of these controls applies to this host, or asks it for a rule")
    for line, why in made.left_out:
        warn(f"left out: {line.line}: {why} ({', '.join(line.controls)})")
    for each, against in failing.items():
        warn(f"can't be met by rules: {each}{f', as another control wants {against}' if against else ''}")
    if options.system and failing:
        warn(f"what depends on the host itself is made on one, or of its files: --root DIR of {options.system}")
    for remark in made.remarks:
        warn(f"{remark.place}: {remark.message}")


def _warn_of_others(controls: Sequence[BenchmarkControl], *, named: bool) -> None:
    """Warn about controls that rules cannot meet, if ids were given. Raises Problem if rules can meet none of them."""
    others = [each.id for each in controls if all(one.kind not in OF_RULES for one in each.requirements)]
    if len(others) == len(controls):
        raise Problem(f"expected a control that rules can meet, found {', '.join(others)}")
    if named and others:
        warn(f"no control that rules can meet: {', '.join(others)}")


def _check(options: argparse.Namespace) -> None:
    """Raise Problem if options conflict."""
    if options.minimise and not options.paths:
        raise Problem("expected a PATH to make smaller")
    if options.minimise and (options.benchmark or options.control or options.level or options.output):
        raise Problem("--minimise takes a PATH, and no benchmark and no --output")
    if options.minimise and options.format != "rules":
        raise Problem(f"--minimise writes one text of rules: not with --format {options.format}")
    if options.force and not options.output:
        raise Problem("--force is for files of --output: give --output DIR, too")
    if options.system and (options.minimise or options.root):
        raise Problem("--system is for rules of a host that is not looked at: not with --minimise, and not with --root")
    if options.paths and not options.minimise:
        raise Problem("PATH is a set to make smaller: give --minimise, too")
    if not options.benchmark and not options.minimise:
        raise Problem("expected --benchmark NAME[:VERSION], or --minimise PATH")
    if options.output and options.format != "rules":
        raise Problem(f"--output is for files of rules, not for --format {options.format}")


class _RulesRequest(NamedTuple):
    """The controls to meet, and the host that the rules are for, with its facts.

    `whole` is false if a benchmark file was left out.
    """

    controls: list[BenchmarkControl]
    host: Collector
    facts: Facts
    whole: bool


def _request_for_host(options: argparse.Namespace, environment: Environment) -> _RulesRequest:
    host = environment.host(options.root or "/", "auto", "")
    sources = host.sources()
    target = only_target(options, sources.facts)
    for_this = partial(for_host, host_with(host), numbered=True)
    catalogue = catalogue_of(environment, lambda: (*host.site(), *named_files(options)))
    controls = _wanted(options, chosen_controls(catalogue.benchmarks, options.benchmark, options.control, for_this))
    facts = replace(sources.facts, version=target.version, machine=target.machine)
    return _RulesRequest(controls, host, facts, not catalogue.left_out)


def _request_for_system(options: argparse.Namespace, environment: Environment) -> _RulesRequest:
    """The request for a host of which only the name of its system is known."""
    try:
        identifier, number, shipped = system_called(options.system)
    except UnknownTargetError as error:
        raise Problem(str(error)) from error
    target = only_target(options, Facts(version=shipped))
    catalogue, system = catalogue_of(environment, lambda: named_files(options)), OsRelease(identifier, number)
    found = chosen_controls(catalogue.benchmarks, options.benchmark, options.control, lambda every: every)
    controls = _wanted(options, found)
    for_it = applying(catalogue.benchmarks, system)
    for name, version in dict.fromkeys((each.benchmark, each.version) for each in controls):
        if (name, version) not in for_it:
            warn(f"{name} {version} is not for {options.system}: check says other_system of a host with these rules")
    facts = Facts(target.version, target.machine, assumed=True, kernel=UNKNOWN_KERNEL)
    warn(f"{options.system}: no host was looked at, so {SYSTEM_ASSUMED}")
    return _RulesRequest(controls, NamedSystem(system, facts, controls), facts, not catalogue.left_out)


def _wanted(options: argparse.Namespace, found: Sequence[BenchmarkControl]) -> list[BenchmarkControl]:
    """The controls with a level of --level. Raises Problem if there are none."""
    wanted = [each for each in found if not options.level or each.level in options.level]
    if not wanted:
        levels = ", ".join(dict.fromkeys(each.level for each in found if each.level))
        raise Problem(f"no control has the level {' or '.join(options.level)}: expected one of {levels}")
    return wanted


def _write(folder: str, files: Mapping[str, str], *, force: bool) -> None:
    """Write the files. Raises Problem, and writes none, if one of them exists and this command did not write it."""
    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
        for name in files:
            path = root / name
            regular = path.is_file() and not path.is_symlink()
            if (regular and not force and not _is_made(path)) or (not regular and os.path.lexists(path)):
                way = "take it away, or give --force" if regular else "take it away"
                raise Problem(f"{path}: there is a file that this command did not write: {way}")
        for name, text in files.items():
            (root / name).write_text(text, "utf-8")
    except OSError as error:
        raise Problem(f"cannot write {folder}: {error.strerror}") from error


def _is_made(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(MADE)) == MADE.encode()

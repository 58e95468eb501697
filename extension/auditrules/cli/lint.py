"""`auditrules lint`: finds problems in rules before they are loaded."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from auditrules.audit.model.host_facts import DEFAULT_FACTS, Facts
from auditrules.audit.needs import needs
from auditrules.authoring.finding import LintReport, LintSeverity
from auditrules.authoring.formats import FORMATS
from auditrules.authoring.lint import lint
from auditrules.authoring.reading import RulesInput
from auditrules.cli.command import Problem
from auditrules.cli.environment import Environment, in_environment
from auditrules.cli.rules_input import rules_input, rules_input_of_root
from auditrules.cli.target_options import add_targets, targets_of

_EPILOG = """\
examples:
  auditrules lint new.rules                                 one file, as auditctl -R would read it
  auditrules lint rules.d                                   a folder, in augenrules' order
  auditrules lint --root /mnt/image                         the rules of an image, on its files and users
  auditrules lint rules.d --auditctl debian-12 --auditctl rhel-9 --machine x86_64 --machine aarch64
  generate-rules | auditrules lint - --format github        standard input, in a pipeline

exit codes: 0 nothing that fails the run, 1 an error (or a warning with --fail-on warning), 2 it could not be run
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="a rules file, a folder rules.d, or - for standard input"
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="",
        help="root folder of the host that the rules are for: its files and users are looked at, and without PATH its "
        "own rules are read (default: nothing is known of the host, paths are taken to be there)",
    )
    add_targets(parser)
    parser.add_argument("--format", choices=[*FORMATS], default="text", help="default: text")
    parser.add_argument(
        "--fail-on",
        choices=[LintSeverity.ERROR.value, LintSeverity.WARNING.value],
        default=LintSeverity.ERROR.value,
        help="the least severity that ends the run with 1 (default: error)",
    )
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    if not options.paths and not options.root:
        raise Problem("nothing to lint: expected a PATH, - for standard input, or --root DIR")
    inputs = [rules_input(path, options.root) for path in options.paths]
    if options.root:
        reports = _on_root(options, environment, inputs)
    else:
        reports = [lint(each, DEFAULT_FACTS, targets_of(options)) for each in inputs]
    fail_on = LintSeverity(options.fail_on)
    failed = any(report.of_severity(severity) for report in reports for severity in (LintSeverity.ERROR, fail_on))
    return FORMATS[options.format](reports, fail_on), int(failed)


def _on_root(options: argparse.Namespace, environment: Environment, inputs: Sequence[RulesInput]) -> list[LintReport]:
    """Lint with the files and users of a root. Without inputs, lint the root's own rules."""
    host = environment.host(options.root, "auto", "")
    sources = host.sources()
    if not inputs:
        return [lint(rules_input_of_root(options.root, sources), sources.facts, targets_of(options, sources.facts))]
    reports = []
    for each in inputs:
        wanted = needs(file.content or b"" for file in each.files)
        files = {**sources.facts.files, **host.look(wanted.paths)}
        facts = Facts(
            files=files,
            users=sources.facts.users,
            groups=sources.facts.groups,
            lsm=sources.facts.lsm,
            mounts=sources.facts.mounts,
        )
        reports.append(lint(each, facts, targets_of(options, sources.facts)))
    return reports

"""The options that say which auditctl reads rules, and on which machine."""

from __future__ import annotations

import argparse

from auditrules.audit.model.host_facts import DEFAULT_MACHINE, DEFAULT_VERSION, Facts, dotted
from auditrules.authoring.finding import LintTarget
from auditrules.authoring.targets import SYSTEMS, UnknownTargetError, machine_called, targets, version_called
from auditrules.cli.command import Problem


def add_targets(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which auditctl reads the rules, and on which machine."""
    parser.add_argument(
        "--auditctl",
        metavar="VERSION",
        action="append",
        default=[],
        help=f"as this auditctl reads them: 3.0.9, or a system that ships one: {', '.join(SYSTEMS)}; repeatable "
        f"(default: {dotted(DEFAULT_VERSION)}, or with --root / the one that is installed)",
    )
    parser.add_argument(
        "--machine",
        metavar="M",
        action="append",
        default=[],
        help=f"on this machine, such as aarch64; repeatable (default: {DEFAULT_MACHINE}, or with --root this one)",
    )


def targets_of(options: argparse.Namespace, facts: Facts | None = None) -> tuple[LintTarget, ...]:
    """The targets that the options name. Without any, the target of the host's facts, if there are facts."""
    try:
        versions = [version_called(each) for each in options.auditctl]
        machines = [machine_called(each) for each in options.machine]
    except UnknownTargetError as error:
        raise Problem(str(error)) from error
    return targets(
        versions or [facts.version if facts else DEFAULT_VERSION],
        machines or [facts.machine if facts else DEFAULT_MACHINE],
    )


def only_target(options: argparse.Namespace, facts: Facts | None = None) -> LintTarget:
    """The one target that the options name. Raises Problem if they name several."""
    found = targets_of(options, facts)
    if len(found) != 1:
        raise Problem(f"expected one version of auditctl and one machine, found {len(found)}")
    return found[0]

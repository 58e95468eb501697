"""`auditrules doctor`: whether the extension is installed, loaded and able to work."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from auditrules import __version__
from auditrules.audit.host_audit import HostAudit
from auditrules.cli.command import add_format
from auditrules.cli.environment import Environment, in_environment
from auditrules.doctor import Finding, Severity, examine
from auditrules.present import Format, present
from auditrules.sql.result import QueryResult
from auditrules.text import counted, visible
from auditrules.values import replace

_EPILOG = """\
examples:
  auditrules doctor                  as root, to whom osquery's socket belongs
  auditrules doctor --format json

exit codes: 0 all is well, 1 there is a problem, 2 it could not be run, 3 no problem but a warning
"""

_COLUMNS = ("severity", "subject", "finding", "advice")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    add_format(parser)
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    lines = _lines(environment)
    form = Format(options.format)
    rows = tuple((line.severity.value, line.subject, line.finding, line.advice) for line in lines)
    text = _text(lines) if form is Format.TABLE else present(QueryResult(_COLUMNS, rows), form)
    return text, _exit_code(lines)


def _lines(environment: Environment) -> list[Finding]:
    setup = environment.setup("/")
    daemons = tuple(replace(daemon, answer=environment.ask(daemon.socket)) for daemon in setup.daemons())
    audit = HostAudit(environment.host("/", "auto", "").sources())
    kernel = replace(audit.kernel, error=visible(audit.kernel.error))
    installation = replace(setup.installation(daemons), kernel=kernel, consumer=visible(audit.collected.consumer))
    return examine(installation, __version__)


def _text(lines: Sequence[Finding]) -> str:
    severities = max(len(severity.value) for severity in Severity)
    subjects = max(len(line.subject) for line in lines)
    shown: list[str] = []
    for line in lines:
        shown.append(f"{line.severity.value:{severities}}  {line.subject:{subjects}}  {visible(line.finding)}")
        if line.advice:
            shown.append(f"{'':{severities}}  {'':{subjects}}  -> {visible(line.advice)}")
    counts = Counter(line.severity for line in lines)
    count = ", ".join(
        f"{counts[severity]} ok" if severity is Severity.OK else counted(counts[severity], severity.value)
        for severity in Severity
    )
    return "\n".join([*shown, "", count, ""])


def _exit_code(lines: Sequence[Finding]) -> int:
    found = {line.severity for line in lines}
    if Severity.PROBLEM in found:
        return 1
    return 3 if Severity.WARNING in found else 0

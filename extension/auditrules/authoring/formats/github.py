"""Writes a lint report as commands for GitHub's runner, which shows them beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditrules.authoring.finding import LintFinding, LintReport, LintSeverity
from auditrules.text import visible

_COMMANDS = {LintSeverity.ERROR: "error", LintSeverity.WARNING: "warning", LintSeverity.NOTE: "notice"}
_IN_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def github(reports: Sequence[LintReport], _fail_on: LintSeverity) -> str:
    """Write one command for each finding that no comment suppresses."""
    return "".join(_command(each) for report in reports for each in report.findings if each.suppressed is None)


def _command(finding: LintFinding) -> str:
    properties = ",".join(f"{name}={visible(value).translate(_IN_PROPERTY)}" for name, value in _properties(finding))
    message = visible(f"{finding.message}. {finding.kind.effect} {finding.kind.advice}").translate(_IN_MESSAGE)
    return f"::{_COMMANDS[finding.kind.severity]} {properties}::{message}\n"


def _properties(finding: LintFinding) -> Iterator[tuple[str, str]]:
    yield "file", finding.place.path
    if finding.place.line:
        yield "line", str(finding.place.line)
        if finding.span:
            yield "col", str(finding.span[0] + 1)
            yield "endColumn", str(max(finding.span[1], finding.span[0] + 1))
    yield "title", f"{finding.kind.id}: {finding.kind.title}"

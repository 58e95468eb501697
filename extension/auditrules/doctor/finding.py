"""A finding of the doctor: its severity, what was found, and what to do."""

from __future__ import annotations

from enum import Enum

from auditrules.values import dataclass


class Severity(str, Enum):
    """Whether the extension works."""

    PROBLEM = "problem"  # the extension does not work
    WARNING = "warning"  # it works, with a risk or a loss
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `advice` says what to do; empty if all is well."""

    severity: Severity
    subject: str
    finding: str
    advice: str = ""


def ok(subject: str, finding: str) -> Finding:
    """Make a finding that all is well."""
    return Finding(Severity.OK, subject, finding)


def warning(subject: str, finding: str, advice: str) -> Finding:
    """Make a finding that the extension works, with a risk or a loss."""
    return Finding(Severity.WARNING, subject, finding, advice)


def problem(subject: str, finding: str, advice: str) -> Finding:
    """Make a finding that the extension does not work."""
    return Finding(Severity.PROBLEM, subject, finding, advice)

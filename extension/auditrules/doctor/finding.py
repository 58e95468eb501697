"""A finding of a diagnosis: whether something is ok, a warning or a problem, what was found, and what to do."""

from __future__ import annotations

from enum import Enum

from auditrules.values import dataclass


class Severity(str, Enum):
    """How bad it is."""

    PROBLEM = "problem"  # the extension does not work
    WARNING = "warning"  # it works, with a risk or a loss
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `advice` is what to do, empty where all is well."""

    severity: Severity
    subject: str
    finding: str
    advice: str = ""


def ok(subject: str, finding: str) -> Finding:
    """All is well."""
    return Finding(Severity.OK, subject, finding)


def warning(subject: str, finding: str, advice: str) -> Finding:
    """It works, with a risk or a loss."""
    return Finding(Severity.WARNING, subject, finding, advice)


def problem(subject: str, finding: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(Severity.PROBLEM, subject, finding, advice)

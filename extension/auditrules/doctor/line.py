"""What a diagnosis is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    """How bad it is."""

    PROBLEM = "problem"  # the extension does not work
    WARNING = "warning"  # it works, with a risk or a loss
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding; `advice` is what to do, empty where all is well."""

    severity: Severity
    subject: str
    finding: str
    advice: str = ""


def ok(subject: str, finding: str) -> Line:
    """All is well."""
    return Line(Severity.OK, subject, finding)


def warning(subject: str, finding: str, advice: str) -> Line:
    """It works, with a risk or a loss."""
    return Line(Severity.WARNING, subject, finding, advice)


def problem(subject: str, finding: str, advice: str) -> Line:
    """It does not work."""
    return Line(Severity.PROBLEM, subject, finding, advice)

"""What to do about a verdict, made anew from the benchmark's data.

Nothing here comes out of a row: a row only chooses among the benchmark's own places and advice. What an administrator
copies into a root shell is therefore never written by a host.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditrules.benchmarks import BY_ID
from auditrules.benchmarks.remediation import ADVICE, rule_line
from auditrules.benchmarks.remediation import remedy as advise
from auditrules.check import Status
from auditrules.present import visible
from auditrules.report.model import Verdict


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do so that a control passes."""

    text: str
    line: str
    """The line for the rules files, empty where none is to be added."""
    path: str
    """The benchmark's path that it speaks of."""
    elsewhere: bool
    """The row names another target than any of the benchmark's: somebody has to look at it first."""


def remedy(verdict: Verdict) -> Remedy | None:
    """What to do about a verdict that fails; None where it does not fail, or its control is in no known benchmark."""
    control = BY_ID.get((verdict.benchmark, verdict.version, verdict.control))
    if control is None or verdict.status is not Status.FAIL:
        return None
    path = next((place for place in control.paths if place == verdict.target), control.subject.path)
    elsewhere = verdict.target not in {path, ""}
    advice = ADVICE.get(verdict.reason)
    if advice is not None and not advice.and_line:
        return Remedy(advice.text, "", path, elsewhere)
    first = f"{advice.text} " if advice else ""
    return Remedy(f"{first}{advise(control, path)}", rule_line(control, path) or "", path, elsewhere)


def remediation(verdict: Verdict) -> str:
    """What to do about a verdict; empty where it does not fail, or its control is in no known benchmark."""
    remedied = remedy(verdict)
    return visible(remedied.text) if remedied else ""

"""What to do about a failing verdict, made from the benchmark's data.

No text of a row is used: a row only selects among the benchmark's own paths and advice. An administrator copies it into
a root shell, and a host must not write there.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from auditrules.benchmarks import BY_ID
from auditrules.benchmarks.remediation import ADVICE, RULES_FILE, rule_line
from auditrules.benchmarks.remediation import remedy as advise
from auditrules.report.model import Verdict
from auditrules.status import Status
from auditrules.text import visible


@dataclass(frozen=True, slots=True)
class Remediation:
    """What to do so that a control passes."""

    text: str
    line: str
    """The line to add to the rules files; empty for none."""
    path: str
    """The benchmark's path that it is for."""
    elsewhere: bool
    """The row names another target than any of the benchmark's: somebody has to look at it first."""

    @property
    def command(self) -> str:
        """What a root shell runs to add the line and to load the rules; empty where there is no line."""
        return f"echo {shlex.quote(self.line)} >>{RULES_FILE}\naugenrules --load" if self.line else ""


def find_remediation(verdict: Verdict) -> Remediation | None:
    """Return what to do; None where the verdict does not fail, or its control is in no known benchmark."""
    control = BY_ID.get((verdict.benchmark, verdict.version, verdict.control))
    if control is None or verdict.status is not Status.FAIL:
        return None
    path = next((place for place in control.paths if place == verdict.target), control.subject.path)
    elsewhere = verdict.target not in {path, ""}
    advice = ADVICE.get(verdict.reason)
    if advice is not None and not advice.and_line:
        return Remediation(advice.text, "", path, elsewhere)
    first = f"{advice.text} " if advice else ""
    return Remediation(f"{first}{advise(control, path)}", rule_line(path) or "", path, elsewhere)


def remediation_text(verdict: Verdict) -> str:
    """Return what to do; empty where the verdict does not fail, or its control is in no known benchmark."""
    found = find_remediation(verdict)
    return visible(found.text) if found else ""

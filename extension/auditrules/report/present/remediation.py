"""What to do about a failing verdict, made from the benchmark's data.

No text of a row is used: a row only selects among the benchmark's own paths and advice. An administrator copies it into
a root shell, and a host must not write there.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from auditrules.benchmarks import BY_ID
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.remediation import ADVICE, written
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
    rules_file: str = field(default="", compare=False)

    @property
    def command(self) -> str:
        """What a root shell runs to add the line and to load the rules; empty where there is no line."""
        return f"echo {shlex.quote(self.line)} >>{shlex.quote(self.rules_file)}\naugenrules --load" if self.line else ""


def find_remediation(verdict: Verdict) -> Remediation | None:
    """Return what to do; None where the verdict does not fail, or its control is in no known benchmark."""
    control = BY_ID.get((verdict.benchmark, verdict.version, verdict.control))
    if control is None or verdict.status is not Status.FAIL:
        return None
    wanted = [each for each in control.requirements if isinstance(each, PathRequirement)]
    if not wanted:
        return None
    places = {place: each for each in reversed(wanted) for place in each.places}
    requirement = places.get(verdict.target, wanted[0])
    path = verdict.target if verdict.target in places else requirement.path
    elsewhere = verdict.target not in {path, ""}
    advice = ADVICE.get(verdict.reason)
    if advice is not None and not advice.and_line:
        return Remediation(advice.text, "", path, elsewhere)
    own = requirement.remedy(path)
    first = f"{advice.text} " if advice else ""
    return Remediation(f"{first}{written([own])}", "".join(own.lines), path, elsewhere, own.rules_file)


def remediation_text(verdict: Verdict) -> str:
    """Return what to do; empty where the verdict does not fail, or its control is in no known benchmark."""
    found = find_remediation(verdict)
    return visible(found.text) if found else ""

"""Says what to do about a failing verdict, from the benchmark's data.

No text of a row is used: a row only selects among the benchmark's own paths and advice. An administrator copies it into
a root shell, and a host must not write there.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from functools import lru_cache

from auditrules.benchmarks import BY_ID, BenchmarkControl
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.prescribed import prescribed
from auditrules.benchmarks.remediation import ADVICE, Advice, remedies_text
from auditrules.report.model import Verdict
from auditrules.status import Status
from auditrules.text import visible


@dataclass(frozen=True, slots=True)
class Remediation:
    """The steps that make a control pass."""

    text: str
    lines: tuple[str, ...]
    """The lines to add to the rules files; may be none."""
    path: str
    """The path of the benchmark that it is for; empty: it is for several, or for no path."""
    elsewhere: bool
    """The row names a target that the benchmark does not have: somebody has to look at it first."""
    rules_file: str = field(default="", compare=False)

    @property
    def command(self) -> str:
        """The commands for a root shell that add the lines and load the rules; empty: there are no lines."""
        if not self.lines:
            return ""
        file = shlex.quote(self.rules_file)
        return "".join(f"echo {shlex.quote(line)} >>{file}\n" for line in self.lines) + "augenrules --load"


def find_remediation(verdict: Verdict) -> Remediation | None:
    """Find what to do; None if the verdict does not fail, or its control is in no known benchmark."""
    if verdict.status is not Status.FAIL:
        return None
    control = _control(verdict.benchmark, verdict.version, verdict.control)
    if control is None:
        return None
    advice = ADVICE.get(verdict.reason)
    wanted = [each for each in control.requirements if isinstance(each, PathRequirement) and each.docker]
    if not wanted:
        return _of_system(control, advice)
    places = {place: each for each in reversed(wanted) for place in each.places}
    requirement = places.get(verdict.target, wanted[0])
    path = verdict.target if verdict.target in places else requirement.path
    elsewhere = verdict.target not in {path, ""}
    if advice is not None and not advice.and_line:
        return Remediation(advice.text, (), path, elsewhere)
    own = requirement.remedy(path)
    first = f"{advice.text} " if advice else ""
    return Remediation(f"{first}{remedies_text([own])}", own.lines, path, elsewhere, own.rules_file)


@lru_cache(maxsize=4096)
def _control(*key: str) -> BenchmarkControl | None:
    """Find a control by benchmark, version and number. It is cached, as the rows of a fleet repeat a few of them."""
    benchmark, version, number = key
    return BY_ID.get((benchmark, version, number))


@lru_cache(maxsize=4096)
def _of_system(control: BenchmarkControl, advice: Advice | None) -> Remediation:
    """Find what a control of an operating system prescribes, which is the same on every host."""
    if advice is not None and not advice.and_line:
        return Remediation(advice.text, (), "", elsewhere=False)
    remedies = prescribed(control)
    first = f"{advice.text} " if advice else ""
    lines = tuple(dict.fromkeys(line for each in remedies for line in each.lines))
    return Remediation(f"{first}{remedies_text(remedies)}", lines, "", elsewhere=False, rules_file=control.rules_file)


def remediation_text(verdict: Verdict) -> str:
    """Say what to do; empty if the verdict does not fail, or its control is in no known benchmark."""
    found = find_remediation(verdict)
    return visible(found.text) if found else ""

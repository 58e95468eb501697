"""Judges the requirements of controls on a host, by source; what several require alike is judged once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from auditrules.audit.coverage.answer import path_error
from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Judged, JudgedHost, Requirement
from auditrules.benchmarks.verdict import judged_off
from auditrules.status import Status
from auditrules.text import visible

NOT_JUDGED = "not_judged"

_SHOWN = 200  # characters of an error that evidence shows

Key = tuple[str, str, str]
"""Benchmark, version and number of a control."""

BySource = Mapping[str, Sequence[Judged]]
"""The judged requirements of a control, now and after the next boot."""

_Known = dict[tuple[Requirement, str], Sequence[Judged]]  # by source; requirements are values


def judged_controls(
    controls: Iterable[BenchmarkControl], host: JudgedHost, *, at_boot: bool = False
) -> Mapping[Key, BySource]:
    """The requirements of controls, judged. `at_boot`: what the next boot comes to counts as now, too."""
    known: _Known = {}
    found: dict[Key, BySource] = {}
    for control in controls:
        boot = _judge(control, host, BOOT, known)
        found[control.key] = {KERNEL: boot if at_boot else _judge(control, host, KERNEL, known), BOOT: boot}
    return found


def paths_of(requirements: Iterable[Requirement], facts: HostFacts) -> tuple[str, ...]:
    """The paths that are to be looked at before the requirements are judged."""
    named = dict.fromkeys(chain.from_iterable(_paths_alone(each, facts) for each in requirements))
    return tuple(path for path in named if path and not path_error(path))


def _judge(control: BenchmarkControl, host: JudgedHost, source: str, known: _Known) -> list[Judged]:
    if control.off:
        return [judged_off(control, source)]
    judged: list[Judged] = []
    for each in control.requirements:
        found = known.get((each, source))
        if found is None:
            found = known[each, source] = _judged_alone(each, host, source)
        judged += found
    return judged


def _judged_alone(requirement: Requirement, host: JudgedHost, source: str) -> Sequence[Judged]:
    """A requirement, judged so that nothing which goes wrong with it ends the others: it is unknown, and says why."""
    try:
        judged = requirement.judge(host, source)
        why = "" if judged else "nothing came of it"
    except Exception as error:  # noqa: BLE001 - whatever it is, the verdicts of all other controls stand
        judged, why = (), f"{type(error).__name__}: {visible(str(error)[:_SHOWN])}"
    if not why:
        return judged
    evidence = f"a requirement of the kind {requirement.kind} could not be judged: {why}"
    return [Judged(source, requirement.kind, "", "", "", "benchmark", Status.UNKNOWN, NOT_JUDGED, evidence=evidence)]


def _paths_alone(requirement: Requirement, facts: HostFacts) -> Iterable[str]:
    """The paths that a requirement names; what can't name them is unknown, as nobody looks at them."""
    try:
        return tuple(requirement.paths(facts))
    except Exception:  # noqa: BLE001 - as where it is judged, which tells of it
        return ()

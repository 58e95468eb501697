"""Judges the requirements of controls on a host, by source. Requirements that controls share are judged once. Pure."""

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
    """Judge the requirements of controls. `at_boot`: the next boot's judgement also counts for now."""
    known: _Known = {}
    found: dict[Key, BySource] = {}
    for control in controls:
        boot = _judge(control, host, BOOT, known)
        found[control.key] = {KERNEL: boot if at_boot else _judge(control, host, KERNEL, known), BOOT: boot}
    return found


def paths_of(requirements: Iterable[Requirement], facts: HostFacts) -> tuple[str, ...]:
    """The paths that must be looked up before the requirements are judged."""
    named = dict.fromkeys(chain.from_iterable(_paths_or_none(each, facts) for each in requirements))
    return tuple(path for path in named if path and not path_error(path))


def _judge(control: BenchmarkControl, host: JudgedHost, source: str, known: _Known) -> list[Judged]:
    if control.off:
        return [judged_off(control, source)]
    judged: list[Judged] = []
    for each in control.requirements:
        found = known.get((each, source))
        if found is None:
            found = known[each, source] = _judge_or_report(each, host, source)
        judged += found
    return judged


def _judge_or_report(requirement: Requirement, host: JudgedHost, source: str) -> Sequence[Judged]:
    """Judge a requirement. If that raises, the result is unknown, with the error: other requirements still count."""
    try:
        judged = requirement.judge(host, source)
        why = "" if judged else "nothing came of it"
    except Exception as error:  # noqa: BLE001 - whatever it is, all other controls still get their verdicts
        judged, why = (), f"{type(error).__name__}: {visible(str(error)[:_SHOWN])}"
    if not why:
        return judged
    evidence = f"a requirement of the kind {requirement.kind} could not be judged: {why}"
    return [Judged(source, requirement.kind, "", "", "", "benchmark", Status.UNKNOWN, NOT_JUDGED, evidence=evidence)]


def _paths_or_none(requirement: Requirement, facts: HostFacts) -> Iterable[str]:
    """The paths that a requirement names. If that raises, there are none, and it will be unknown."""
    try:
        return tuple(requirement.paths(facts))
    except Exception:  # noqa: BLE001 - the same error is reported when it is judged
        return ()

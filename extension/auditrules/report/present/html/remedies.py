"""What to do about all that fails: the same remedy once, with how many hosts it would help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditrules.check import Status
from auditrules.report.model import Verdict
from auditrules.report.present.remedy import Remedy, remedy

_Control = tuple[str, str, str]  # benchmark, version, number


@dataclass(frozen=True, slots=True)
class Advice:
    """A remedy of a control, and the failing hosts that it is for. `remedy` is None where the project knows none."""

    benchmark: str
    version: str
    control: str
    title: str
    remedy: Remedy | None
    hosts: int
    waived: int
    """Of these hosts."""


def remedies(verdicts: Iterable[Verdict]) -> tuple[Advice, ...]:
    """Gather what to do about the verdicts that fail: what helps most hosts first, else in their order."""
    found: dict[_Control, dict[Remedy | None, dict[str, bool]]] = {}
    titles: dict[_Control, str] = {}
    for each in verdicts:
        if each.status is Status.FAIL:
            control = (each.benchmark, each.version, each.control)
            titles.setdefault(control, each.title)
            hosts = found.setdefault(control, {}).setdefault(remedy(each), {})
            hosts[each.host] = hosts.get(each.host, True) and each.waived
    gathered = (
        Advice(*control, titles[control], todo, len(hosts), sum(hosts.values()))
        for control, todos in found.items()
        for todo, hosts in todos.items()
    )
    return tuple(sorted(gathered, key=lambda each: -each.hosts))

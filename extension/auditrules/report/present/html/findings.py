"""What to do about all that fails: each remediation once, with the number of hosts that it is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditrules.check import Status
from auditrules.report.model import Verdict
from auditrules.report.present.remediation import Remediation, find_remediation

_Control = tuple[str, str, str]  # benchmark, version, number


@dataclass(frozen=True, slots=True)
class Advice:
    """A remediation of a control, and the failing hosts that it is for; None where the project knows none."""

    benchmark: str
    version: str
    control: str
    title: str
    remediation: Remediation | None
    hosts: int
    waived: int
    """Of these hosts."""


def remediations(verdicts: Iterable[Verdict]) -> tuple[Advice, ...]:
    """Return what to do about the verdicts that fail: what most hosts need first, else in their order."""
    found: dict[_Control, dict[Remediation | None, dict[str, bool]]] = {}
    titles: dict[_Control, str] = {}
    for each in verdicts:
        if each.status is Status.FAIL:
            control = (each.benchmark, each.version, each.control)
            titles.setdefault(control, each.title)
            hosts = found.setdefault(control, {}).setdefault(find_remediation(each), {})
            hosts[each.host] = hosts.get(each.host, True) and each.waived
    gathered = (
        Advice(*control, titles[control], todo, len(hosts), sum(hosts.values()))
        for control, todos in found.items()
        for todo, hosts in todos.items()
    )
    return tuple(sorted(gathered, key=lambda each: -each.hosts))

"""What fails, by its cause: each control, reason and remediation once, with the number of hosts that it is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditrules.report.model import Verdict
from auditrules.report.present.remediation import Remediation, find_remediation
from auditrules.status import Status

_Control = tuple[str, str, str]  # benchmark, version, number


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Why a control fails, what to do, and on how many hosts; `remediation` is None where the project knows none."""

    benchmark: str
    version: str
    control: str
    title: str
    reason: str
    remediation: Remediation | None
    hosts: int
    waived: int
    """Of these hosts."""


def remediations(verdicts: Iterable[Verdict]) -> tuple[FailureCause, ...]:
    """Return the causes of the verdicts that fail: what concerns most hosts first, else in their order."""
    found: dict[_Control, dict[tuple[str, Remediation | None], dict[str, bool]]] = {}
    titles: dict[_Control, str] = {}
    for each in verdicts:
        if each.status is Status.FAIL:
            control = (each.benchmark, each.version, each.control)
            titles.setdefault(control, each.title)
            hosts = found.setdefault(control, {}).setdefault((each.reason, find_remediation(each)), {})
            hosts[each.host] = hosts.get(each.host, True) and each.waived
    gathered = (
        FailureCause(*control, titles[control], reason, todo, len(hosts), sum(hosts.values()))
        for control, todos in found.items()
        for (reason, todo), hosts in todos.items()
    )
    return tuple(sorted(gathered, key=lambda each: -each.hosts))

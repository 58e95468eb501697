"""Groups failing and unknown verdicts by their cause: control, reason and remediation, with the number of hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditrules.report.model import Verdict
from auditrules.report.present.remediation import Remediation, find_remediation
from auditrules.status import Status

_Control = tuple[str, str, str]  # benchmark, version, number

_OPEN = (Status.FAIL, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Why a control fails or is unknown, what to do, and the number of hosts. `remediation` None: not known."""

    status: Status
    benchmark: str
    version: str
    control: str
    title: str
    reason: str
    remediation: Remediation | None
    hosts: int
    waived: int
    """The number of these hosts with a waiver."""


def remediations(verdicts: Iterable[Verdict]) -> tuple[FailureCause, ...]:
    """Return the causes of failing verdicts, then of unknown ones. Those on most hosts come first."""
    found: dict[_Control, dict[tuple[Status, str, Remediation | None], dict[str, bool]]] = {}
    titles: dict[_Control, str] = {}
    for each in verdicts:
        if each.status in _OPEN:
            control = (each.benchmark, each.version, each.control)
            titles.setdefault(control, each.title)
            hosts = found.setdefault(control, {}).setdefault((each.status, each.reason, find_remediation(each)), {})
            hosts[each.host] = hosts.get(each.host, True) and each.waived
    gathered = (
        FailureCause(status, *control, titles[control], reason, todo, len(hosts), sum(hosts.values()))
        for control, todos in found.items()
        for (status, reason, todo), hosts in todos.items()
    )
    return tuple(sorted(gathered, key=lambda each: (_OPEN.index(each.status), -each.hosts)))

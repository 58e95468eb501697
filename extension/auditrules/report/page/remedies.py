"""What to do about all that fails: the same remedy once, with how many hosts it would help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditrules.check import Status
from auditrules.report.model import Verdict
from auditrules.report.remedy import Remedy, remedy


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
    """Gather what to do about the verdicts that fail, in their order."""
    found: dict[tuple[str, str, str, str, Remedy | None], dict[str, bool]] = {}
    for each in verdicts:
        if each.status is Status.FAIL:
            key = (each.benchmark, each.version, each.control, each.title, remedy(each))
            hosts = found.setdefault(key, {})
            hosts[each.host] = hosts.get(each.host, True) and each.waived
    return tuple(Advice(*key, len(hosts), sum(hosts.values())) for key, hosts in found.items())

"""Limits on the time and bytes of a collection, and the error of a host that can't be collected."""

from __future__ import annotations

from auditrules.values import dataclass

CLOCK_TICK = 2.0
"""Seconds: a second change of a folder within this time may not change its times. FAT has the coarsest clock."""

_MIB = 1 << 20


class HostError(Exception):
    """The host can't be collected as requested: no such root, no such kernel reader, an unreadable listing."""


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """Limits of a search of file systems. `rests`: it pauses, as other threads of this process go first."""

    wait: float = 60.0  # seconds that a query waits for it
    seconds: float = 1200.0
    cpu: float = 60.0  # seconds
    entries: int = 5_000_000  # names
    programs: int = 10_000  # that are kept
    depth: int = 200  # folders, of which each is open twice
    rests: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a collection. Sizes are in bytes."""

    seconds: float = 5.0  # for all runs of auditctl of one snapshot together
    netlink: float = 2.0  # seconds for the kernel's own answers
    output: int = 64 * _MIB  # of one run, its errors included
    saved: int = 64 * _MIB  # a saved listing
    file: int = 16 * _MIB
    rules_d: int = 64 * _MIB  # all files of rules.d together
    names: float = 2.0  # seconds for the users that are not in /etc/passwd, and as many for groups
    search: SearchLimits = SearchLimits()

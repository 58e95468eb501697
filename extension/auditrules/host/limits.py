"""How long the collecting of a host takes at most, and how much it reads; and what says that it cannot be collected."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1 << 20


class HostError(Exception):
    """The host cannot be collected as asked: no such root, no such kernel reader, an unreadable listing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much. Sizes are in bytes."""

    seconds: float = 5.0  # for all runs of auditctl of one snapshot together
    netlink: float = 2.0  # seconds for the kernel's own answers
    output: int = 64 * _MIB  # of one run, its errors included
    saved: int = 64 * _MIB  # a saved listing
    file: int = 16 * _MIB
    rules_d: int = 64 * _MIB  # all files of rules.d together
    names: float = 2.0  # seconds for the users that are not in /etc/passwd, and as many for groups

"""Collecting what requirements need of a host besides its audit: each fact by its own collector, only where asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.requirement import Fact
from auditrules.host.configuration import read_system
from auditrules.host.rootfs import Tree

_NOT_READ = "no file of that host was read"

COLLECTORS: Mapping[Fact, Callable[[Tree], object]] = MappingProxyType({Fact.SYSTEM: read_system})
"""What is read below the root alone, by fact. Docker's daemon needs its processes, too: `Host.services`."""

_UNKNOWN: Mapping[Fact, object] = MappingProxyType({Fact.SYSTEM: OsRelease(error=_NOT_READ)})


def unknown_fact(fact: Fact) -> object:
    """A fact of a host of which no file can be read; None where a requirement that needs it is unknown then anyway."""
    return _UNKNOWN.get(fact)

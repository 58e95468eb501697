"""Collecting what requirements need of a host besides its audit: each fact by its own collector, only where asked.

Imported when the first fact is asked for: a host without verdicts does not hold what reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditrules.benchmarks.audit_files import AuditDaemon
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.docker_daemon import PROCESSES
from auditrules.benchmarks.requirement import Fact
from auditrules.host.aide import read_aide_rules
from auditrules.host.audit_files import read_audit_daemon, read_audit_files
from auditrules.host.configuration import (
    read_faillock_dir,
    read_login,
    read_mounts,
    read_packages,
    read_system,
)
from auditrules.host.processes import file_at, running
from auditrules.host.rootfs import Tree
from auditrules.host.services import read_services
from auditrules.host.sudo_log import read_sudo_log
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """What a collector may use: the root, whether it is this machine's, its mounts, and which paths are remote."""

    tree: Tree
    own: bool
    mountinfo: bytes | None
    remote: Callable[[str], str]


def _docker(reach: Reach) -> object:
    processes = running(frozenset(PROCESSES), file_at(reach.remote)) if reach.own else ()
    return read_services(reach.tree, processes, own=reach.own)


COLLECTORS: Mapping[Fact, Callable[[Reach], object]] = MappingProxyType(
    {
        Fact.SYSTEM: lambda reach: read_system(reach.tree),
        Fact.LOGIN: lambda reach: read_login(reach.tree),
        Fact.SUDO: lambda reach: read_sudo_log(reach.tree, owners=reach.own),
        Fact.FAILLOCK: lambda reach: read_faillock_dir(reach.tree),
        Fact.PACKAGES: lambda reach: read_packages(reach.tree),
        Fact.SERVICES: lambda reach: read_audit_daemon(reach.remote) if reach.own else None,
        Fact.FILES: lambda reach: read_audit_files(reach.tree, own=reach.own),
        Fact.MOUNTS: lambda reach: read_mounts(reach.tree, reach.mountinfo),
        Fact.INTEGRITY: lambda reach: read_aide_rules(reach.tree, owners=reach.own),
        Fact.DOCKER: _docker,
    }
)
"""How each fact is collected: the value of the field of `HostFacts` of its name. A fact without one stays None."""


_UNKNOWN: Mapping[Fact, object] = MappingProxyType(
    {
        Fact.SYSTEM: OsRelease(error="which system this is is not known, as none of its files was read"),
        Fact.SERVICES: AuditDaemon(error="none of the host's files was read"),
    }
)


def unknown_fact(fact: Fact) -> object:
    """A fact of a host of which no file may be touched, or can be read."""
    return _UNKNOWN.get(fact)

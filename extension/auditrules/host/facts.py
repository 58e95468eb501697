"""Collects further facts that requirements need (packages, mounts, sudoers …): one collector for each fact.

A collector's module is imported when its fact is first asked for, so that memory does not hold unused ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditrules.benchmarks.requirement import Fact
from auditrules.host.rootfs import Tree
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """The inputs of a collector: the root, whether it is this machine's (`own`), its mounts, which paths are remote."""

    tree: Tree
    own: bool
    mountinfo: bytes | None
    remote: Callable[[str], str]


def _system(reach: Reach) -> object:
    from auditrules.host.configuration import read_system

    return read_system(reach.tree)


def _login(reach: Reach) -> object:
    from auditrules.host.configuration import read_login

    return read_login(reach.tree)


def _sudo(reach: Reach) -> object:
    from auditrules.host.sudo_log import read_sudo_log

    return read_sudo_log(reach.tree, owners=reach.own)


def _faillock(reach: Reach) -> object:
    from auditrules.host.configuration import read_faillock_dir

    return read_faillock_dir(reach.tree)


def _packages(reach: Reach) -> object:
    from auditrules.host.configuration import read_packages

    return read_packages(reach.tree)


def _services(reach: Reach) -> object:
    from auditrules.host.audit_files import read_audit_daemon

    return read_audit_daemon(reach.remote) if reach.own else None


def _files(reach: Reach) -> object:
    from auditrules.host.audit_files import read_audit_files

    return read_audit_files(reach.tree, own=reach.own)


def _mounts(reach: Reach) -> object:
    from auditrules.host.configuration import read_mounts

    return read_mounts(reach.tree, reach.mountinfo)


def _integrity(reach: Reach) -> object:
    from auditrules.host.aide import read_aide_rules

    return read_aide_rules(reach.tree, owners=reach.own)


def _docker(reach: Reach) -> object:
    from auditrules.benchmarks.docker_daemon import PROCESSES
    from auditrules.host.processes import file_at, running
    from auditrules.host.services import read_services

    processes = running(frozenset(PROCESSES), file_at(reach.remote)) if reach.own else ()
    return read_services(reach.tree, processes, own=reach.own)


COLLECTORS: Mapping[Fact, Callable[[Reach], object]] = MappingProxyType(
    {
        Fact.SYSTEM: _system,
        Fact.LOGIN: _login,
        Fact.SUDO: _sudo,
        Fact.FAILLOCK: _faillock,
        Fact.PACKAGES: _packages,
        Fact.SERVICES: _services,
        Fact.FILES: _files,
        Fact.MOUNTS: _mounts,
        Fact.INTEGRITY: _integrity,
        Fact.DOCKER: _docker,
    }
)
"""The collector of each fact, which returns the value for its field of `HostFacts`. A fact without one stays None."""


def unknown_fact(fact: Fact) -> object:
    """The value of a fact on a host whose files can't be read, or may not be touched."""
    if fact is Fact.SYSTEM:
        from auditrules.benchmarks.configuration.os_release import OsRelease

        return OsRelease(error="which system this is is not known, as none of its files was read")
    if fact is Fact.SERVICES:
        from auditrules.benchmarks.audit_files import AuditDaemon

        return AuditDaemon(error="none of the host's files was read")
    return None

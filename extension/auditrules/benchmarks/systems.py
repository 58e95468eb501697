"""Selects the benchmarks for a host by ID and VERSION_ID of its os-release, and a table of derivatives. Pure.

A derivative counts as another system only if it is made from that system's releases. ID_LIKE is not enough: it does not
tell which packages and paths a system has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.control import Benchmark

UBUNTU_RELEASES: Mapping[str, str] = MappingProxyType(
    {"focal": "20.04", "jammy": "22.04", "noble": "24.04", "plucky": "25.04", "questing": "25.10", "resolute": "26.04"}
)
"""Versions of Ubuntu by UBUNTU_CODENAME, which its derivatives have, too."""

OF_UBUNTU = frozenset({"elementary", "linuxmint", "neon", "pop", "zorin"})
"""The ids of systems that are made from a release of Ubuntu, which UBUNTU_CODENAME names."""

TAKEN_FOR: Mapping[str, str] = MappingProxyType(
    {
        "centos": "rhel",  # CentOS Stream is what RHEL of the same number is made of; CentOS 8 was a rebuild
        "raspbian": "debian",  # Raspberry Pi OS: Debian built for another processor
        "sled": "sles",  # the same packages as the server's
        "sles_sap": "sles",
        "opensuse-leap": "sles",  # from 15.3 on the binary packages of SLES
    }
)
"""Ids that count as another id, with the same version."""


def systems_of(system: OsRelease) -> frozenset[str]:
    """The names of this system in benchmarks: its id alone, with its version, and with the version's first number."""
    identifier, version = system.id, system.version_id
    if identifier in OF_UBUNTU:
        identifier, version = "ubuntu", UBUNTU_RELEASES.get(system.ubuntu_codename, "")
    identifier = TAKEN_FOR.get(identifier, identifier)
    if not identifier:
        return frozenset()
    versions = {version, version.partition(".")[0]} - {""}
    return frozenset({identifier, *(f"{identifier} {each}" for each in versions)})


def applying(benchmarks: Iterable[Benchmark], system: OsRelease) -> Collection[tuple[str, str]]:
    """Name and version of each benchmark for a system.

    If the system is not known, these are the benchmarks for any system, and those for systems without another one.
    """
    every, names = tuple(benchmarks), systems_of(system)
    own = [each for each in every if names.intersection(each.systems)]
    anywhere = [each for each in every if not each.systems and not (each.instead_of_none and own)]
    return {each.key for each in (*own, *anywhere)}

"""Which benchmarks are for a host, by its os-release."""

from __future__ import annotations

import pytest

from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.systems import applying

ANYWHERE = {"cis-docker", "audit-userspace-ospp", "audit-userspace-pci-dss", "audit-userspace-stig"}


def short_names(system: OsRelease) -> set[str]:
    """The benchmarks for a system, without those that are for any."""
    found = applying(BENCHMARKS, system)
    return {each.short_name for each in BENCHMARKS if each.key in found} - ANYWHERE


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (OsRelease("ubuntu", "24.04"), {"cis-ubuntu-24.04", "stig-ubuntu-24.04"}),
        (OsRelease("ubuntu", "22.04"), {"cis-ubuntu-22.04", "stig-ubuntu-22.04"}),
        (OsRelease("ubuntu", "25.10"), {"cis-dil"}),
        (OsRelease("debian", "12"), {"cis-debian-12"}),
        (OsRelease("debian", "12.5"), {"cis-debian-12"}),
        (OsRelease("debian"), {"cis-dil"}),  # testing, which has no version
        (OsRelease("debian", "10"), {"cis-dil"}),
        (OsRelease("rhel", "9.4"), {"cis-rhel-9", "stig-rhel-9"}),
        (OsRelease("rhel", "10.0"), {"cis-rhel-10", "stig-rhel-10"}),
        (OsRelease("rhel", "7.9"), {"cis-dil"}),
        (OsRelease("almalinux", "9.3"), {"cis-almalinux-9"}),
        (OsRelease("rocky", "8.10"), {"cis-rocky-8"}),
        (OsRelease("ol", "9.2"), {"cis-ol-9", "stig-ol-9"}),
        (OsRelease("ol", "8.9"), {"stig-ol-8"}),
        (OsRelease("amzn", "2"), {"cis-amzn-2"}),
        (OsRelease("amzn", "2023"), {"cis-amzn-2023"}),
        (OsRelease("sles", "15.5"), {"cis-sles-15", "stig-sles-15"}),
        (OsRelease("sles_sap", "15.6"), {"cis-sles-15", "stig-sles-15"}),
        (OsRelease("opensuse-leap", "15.6"), {"cis-sles-15", "stig-sles-15"}),
        (OsRelease("opensuse-tumbleweed", "20260101"), {"cis-dil"}),
        (OsRelease("centos", "9"), {"cis-rhel-9", "stig-rhel-9"}),
        (OsRelease("linuxmint", "22", "noble"), {"cis-ubuntu-24.04", "stig-ubuntu-24.04"}),
        (OsRelease("pop", "22.04", "jammy"), {"cis-ubuntu-22.04", "stig-ubuntu-22.04"}),
        (OsRelease("linuxmint", "6"), {"cis-dil"}),  # made of Debian, and says not of which
        (OsRelease("raspbian", "12"), {"cis-debian-12"}),
        (OsRelease("fedora", "42"), {"cis-dil"}),
        (OsRelease("kali", "2026.1"), {"cis-dil"}),  # what is merely like another is not taken for it
        (OsRelease("linux"), {"cis-dil"}),
        (OsRelease(error="no such file"), {"cis-dil"}),
    ],
    ids=lambda value: f"{value.id} {value.version_id}" if isinstance(value, OsRelease) else "",
)
def test_a_system_has_its_benchmarks(system: OsRelease, expected: set[str]) -> None:
    assert short_names(system) == expected


@pytest.mark.parametrize("system", [OsRelease("debian", "12"), OsRelease("linux"), OsRelease(error="x")])
def test_what_is_for_any_system_is_for_all(system: OsRelease) -> None:
    found = applying(BENCHMARKS, system)
    assert {each.short_name for each in BENCHMARKS if each.key in found} >= ANYWHERE

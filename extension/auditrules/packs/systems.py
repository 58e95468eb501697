"""The benchmarks of operating systems that packs and Fleet have, and their names there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.selection import newest
from auditrules.packs.fleet import Label
from auditrules.packs.verdict import applies_sql

NEWEST = tuple(newest(BENCHMARKS).values())
"""The newest version of each benchmark that we ship."""

CIS_LINUX = tuple(each for each in NEWEST if each.name.startswith("CIS ") and (each.systems or each.instead_of_none))
STIG_LINUX = tuple(each for each in NEWEST if each.name.endswith(" STIG"))

SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "almalinux": "AlmaLinux",
        "amzn": "Amazon Linux",
        "debian": "Debian",
        "ol": "Oracle Linux",
        "rhel": "RHEL",
        "rocky": "Rocky Linux",
        "sles": "SLES",
        "ubuntu": "Ubuntu",
    }
)
"""The names of systems, by the id in os-release."""

_UBUNTU = re.compile(r"CIS Ubuntu Linux ([\d.]+) LTS Benchmark")
_WORDS = {
    **{identifier: name.removesuffix(" Linux") for identifier, name in SYSTEMS.items()},
    "cis": "CIS",
    "stig": "STIG",
    "dil": "DIL",
    "docker": "Docker",
}


def fleet_name(benchmark: str, version: str) -> str:
    """The name of a version of a benchmark in policies and reports.

    The newest ones of Ubuntu have the name of Fleet's own set, without a version, so that they can replace it.

    >>> fleet_name("CIS Ubuntu Linux 22.04 LTS Benchmark", "3.0.0"), fleet_name("DISA RHEL 9 STIG", "V2R9")
    ('CIS Ubuntu 22.04', 'DISA RHEL 9 STIG V2R9')
    """
    ubuntu = _UBUNTU.fullmatch(benchmark)
    if ubuntu and any(each.key == (benchmark, version) for each in NEWEST):
        return f"CIS Ubuntu {ubuntu[1]}"
    return f"{benchmark.removesuffix(' Benchmark')} {version}"


def tag(short_name: str) -> str:
    """The tag of a benchmark, as in Fleet's own sets.

    >>> tag("cis-ubuntu-22.04"), tag("stig-ol-9"), tag("cis-dil")
    ('CIS_Ubuntu_22_04', 'STIG_Oracle_9', 'CIS_DIL')
    """
    words = re.findall("[a-z0-9]+", short_name)
    return "_".join(_WORDS.get(each, each) for each in words)


def system_label(system: str) -> Label:
    """Make the label for the hosts of one system, such as `debian 12`. It asks the table that judges its benchmark."""
    benchmark = next(each for each in (*CIS_LINUX, *STIG_LINUX) if system in each.systems)
    identifier, _, number = system.partition(" ")
    return Label(
        f"{SYSTEMS.get(identifier, identifier)} {number} hosts",
        f"Linux hosts that the benchmarks for {system} are for, by os-release; on hosts without the tables of "
        "osquery-audit-rules the query is an error.",
        applies_sql(benchmark.controls[0]),
    )


def system_labels() -> Iterator[Label]:
    """Make a label for each system that has a benchmark."""
    found = dict.fromkeys(system for each in (*CIS_LINUX, *STIG_LINUX) for system in each.systems)
    yield from map(system_label, sorted(found))

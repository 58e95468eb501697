"""The versions of auditctl and the machines that rules can be read for, by their names on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from auditrules.audit.constants.syscalls import ARCHES, canonical
from auditrules.audit.model.host_facts import Version, dotted
from auditrules.authoring.finding import LintTarget

# The tags of audit-userspace that were read, from v2.8 to v4.2.1.
VERSIONS: tuple[Version, ...] = (
    *((2, 8, patch) for patch in range(6)),
    *((3, 0, patch) for patch in range(10)),
    *((3, 1, patch) for patch in range(6)),
    *((4, 0, patch) for patch in range(6)),
    *((4, 1, patch) for patch in range(5)),
    *((4, 2, patch) for patch in range(2)),
)

# What a system ships. SLES: the package audit of SUSE:SLE-15-SP4:GA, as openSUSE:Leap:15.4 inherits it, is 3.0.6, and
# SUSE:SLE-15-SP5:GA and SUSE:SLE-15-SP6:GA inherit that of SP4; that of SP3 is 2.8.5, of SP1 and SP2 2.8.1
# (build.opensuse.org/package/show/SUSE:SLE-15-SP5:GA/audit). What Service Pack 7 ships is not confirmed.
SYSTEMS: dict[str, Version] = {
    "amazon-2": (2, 8, 1),
    "amazon-2023": (3, 0, 6),
    "debian-11": (3, 0, 0),
    "debian-12": (3, 0, 9),
    "debian-13": (4, 0, 2),
    "rhel-8": (3, 1, 2),
    "rhel-9": (3, 1, 5),
    "rhel-10": (4, 0, 3),
    "sles-15": (3, 0, 6),  # of Service Packs 4 to 6
    "ubuntu-20.04": (2, 8, 5),
    "ubuntu-22.04": (3, 0, 7),
    "ubuntu-24.04": (3, 1, 2),
}

REBUILDS: dict[str, str] = {"almalinux": "rhel", "centos": "rhel", "ol": "rhel", "rocky": "rhel"}
"""Systems with the packages of another system of the same number."""

AMAZON = "amzn"  # the ID of Amazon Linux in os-release


class UnknownTargetError(ValueError):
    """The version or machine is not known. The message lists those that are."""


def version_called(text: str) -> Version:
    """Parse a version of auditctl: `3.0.9`, `4.2`, or a system that ships one.

    Raises:
        UnknownTargetError: it is none of those that are known.
    """
    if text in SYSTEMS:
        return SYSTEMS[text]
    found = next((each for each in VERSIONS if text in _spellings(each)), None)
    if found is None:
        raise UnknownTargetError(
            f"expected a version of auditctl ({dotted(VERSIONS[0])} to {dotted(VERSIONS[-1])}: "
            f"{', '.join(map(dotted, VERSIONS))}) or a system ({', '.join(SYSTEMS)}), found {text!r}"
        )
    return found


def system_called(text: str) -> tuple[str, str, Version]:
    """Parse a system such as `ubuntu 24.04` into ID and VERSION_ID of os-release, and the auditctl that it ships.

    Raises:
        UnknownTargetError: it is none of those that are known.
    """
    name = "-".join(text.lower().split()).replace(f"{AMAZON}-", "amazon-")
    identifier, _, version = name.partition("-")
    shipped = SYSTEMS.get(f"{REBUILDS.get(identifier, identifier)}-{version}")
    if shipped is None:
        known = [*SYSTEMS, *(f"{each}-N" for each in REBUILDS)]
        raise UnknownTargetError(f"expected a system, one of {', '.join(known)}, found {text!r}")
    return (AMAZON if identifier == "amazon" else identifier), version, shipped


def machine_called(text: str) -> str:
    """Parse a machine, with its name in uname(1).

    Raises:
        UnknownTargetError: auditctl's tables have no such machine.
    """
    if canonical(text) is None:
        raise UnknownTargetError(f"expected a machine, one of {', '.join(sorted(ARCHES))}, found {text!r}")
    return text.lower()


def targets(versions: Sequence[Version], machines: Sequence[str]) -> tuple[LintTarget, ...]:
    """Combine each version with each machine, without duplicates."""
    return tuple(dict.fromkeys(LintTarget(*pair) for pair in product(versions, machines)))


def systems_of(version: Version) -> str:
    """Name the systems that ship a version, as in ` (debian-12)`; empty if none is known."""
    names = [name for name, shipped in SYSTEMS.items() if shipped == version]
    return f" ({', '.join(names)})" if names else ""


def _spellings(version: Version) -> Iterator[str]:
    yield dotted(version)
    if version[2] == 0:
        yield f"{version[0]}.{version[1]}"

"""The kind `package`: packages are installed, by dpkg's record or, on rpm systems, by the programs of a package.

rpm's record is a database that only rpm can read, and no program is run. So the files of a package are looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

from auditrules.benchmarks.configuration.dpkg_status import INSTALLED, STATUS, Packages
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import (
    MET,
    UNREADABLE,
    Fact,
    JudgedHost,
    Remedy,
    Requirement,
    Result,
)
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass, replace

NOT_INSTALLED = "not_installed"

_UNIT = ("/usr/lib/systemd/system/auditd.service", "/lib/systemd/system/auditd.service")
# The files of packages, by the distributions' names for them: if a package is installed, one path of each group exists.
BROUGHT: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        **dict.fromkeys(("audit", "auditd"), (("/usr/sbin/auditd", "/sbin/auditd"), _UNIT)),
        "audit-rules": (("/usr/sbin/auditctl", "/sbin/auditctl"), ("/usr/sbin/augenrules", "/sbin/augenrules")),
        "audit-libs": (("/usr/lib64/libaudit.so.1", "/lib64/libaudit.so.1", "/usr/lib/libaudit.so.1"),),
        **dict.fromkeys(
            ("audispd-plugins", "audit-audispd-plugins"),
            (("/usr/sbin/audisp-remote", "/sbin/audisp-remote"),),
        ),
        "aide": (("/usr/sbin/aide", "/usr/bin/aide", "/sbin/aide"),),
        "rsyslog": (("/usr/sbin/rsyslogd", "/sbin/rsyslogd"),),
        "sudo": (("/usr/bin/sudo",),),
    }
)

_BEST = (Status.PASS, Status.UNKNOWN, Status.FAIL)  # of several names for one package, the first status counts


@dataclass(frozen=True, slots=True)
class Package(Requirement):
    """Packages that must be installed. Each group has the names of one package on different systems; one is enough."""

    kind: ClassVar[str] = "package"

    names: tuple[tuple[str, ...], ...]

    @property
    def subject(self) -> str:
        """All packages. Each result is about one group of names."""
        return ", ".join(map(_in_words, self.names))

    @property
    def required(self) -> str:
        """The word for installed."""
        return "installed"

    @property
    def needs(self) -> frozenset[Fact]:
        """The fact which packages are installed."""
        return frozenset({Fact.PACKAGES})

    def paths(self, facts: HostFacts) -> Iterable[str]:
        """The files of the packages, if dpkg has no record."""
        if facts.packages is not None and facts.packages.dpkg is not None:
            return ()
        return [path for group in self.names for name in group for paths in BROUGHT.get(name, ()) for path in paths]

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:  # noqa: ARG002 - a boot changes nothing
        """Judge each group of names."""
        packages = host.facts.packages or Packages(error="nobody looked")
        for group in self.names:
            found = [_of_name(name, packages, host) for name in group]
            best = min(found, key=lambda each: _BEST.index(each.status))
            evidence = best.evidence if best.status is Status.PASS else "; ".join(each.evidence for each in found)
            subject = _in_words(group)
            advice = f"Install {subject}." if best.status is Status.FAIL else "See whether it is installed."
            yield replace(best, subject=subject, missing=subject, evidence=evidence, remedy=Remedy(text=advice))


def _in_words(group: Iterable[str]) -> str:
    return " or ".join(group)


def _of_name(name: str, packages: Packages, host: JudgedHost) -> Result:
    if packages.error:
        return Result(Status.UNKNOWN, UNREADABLE, packages.error)
    if packages.dpkg is None:
        return _by_programs(name, host, rpm=packages.rpm)
    state = packages.dpkg.get(name, "")
    if state in INSTALLED:
        return Result(Status.PASS, MET, f"{STATUS}: {name} is installed")
    said = f"{name} is in the state {visible(state)}" if state else f"nothing of {name}"
    return Result(Status.FAIL, NOT_INSTALLED, f"{STATUS}: {said}")


def _by_programs(name: str, host: JudgedHost, *, rpm: bool) -> Result:
    """Judge a package by its files."""
    why = "rpm's record is not read" if rpm else "no record of packages was found"
    if name not in BROUGHT:
        return Result(Status.UNKNOWN, UNREADABLE, f"{name}: {why}, and what it brings is not known")
    files = host.file_system
    missing, unseen, found = [], [], []
    for paths in BROUGHT[name]:
        ends = {path: files.walk(path) for path in paths}
        there = [path for path, end in ends.items() if end.type == "file"]
        if there:
            found.append(there[0])
        elif any(end.type is None for end in ends.values()):
            unseen.append(paths[0])
        else:
            missing.append(paths[0])
    if missing:
        evidence = f"{name}: {why}, and of what it brings {', '.join(missing)} is not there"
        return Result(Status.FAIL, NOT_INSTALLED, evidence)
    if unseen:
        return Result(Status.UNKNOWN, UNREADABLE, f"{name}: {why}, and {', '.join(unseen)} could not be looked at")
    return Result(Status.PASS, MET, f"{name}: {why}, and what it brings is there: {', '.join(found)}")


def read(fields: Fields) -> Package:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    return Package(fields.alternatives("names"))

"""Packages are installed: by dpkg's record; where rpm keeps it, by the programs that a package brings.

rpm's record is a database that only rpm reads, and no program is run: what a package of audit brings is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from auditrules.benchmarks.configuration.dpkg_status import INSTALLED, STATUS, Packages
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost, Remedy
from auditrules.status import Status
from auditrules.text import visible

_UNIT = ("/usr/lib/systemd/system/auditd.service", "/lib/systemd/system/auditd.service")
# What packages bring, by the names that distributions give them: of each group one path is there if the package is.
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

_Part = tuple[Status, str, str]  # status, reason, evidence


@dataclass(frozen=True, slots=True)
class Package:
    """Packages that must all be there; of several names in one group one is enough."""

    names: tuple[tuple[str, ...], ...]

    @property
    def kind(self) -> str:
        """`package`."""
        return "package"

    @property
    def needs(self) -> frozenset[Fact]:
        """What is installed."""
        return frozenset({Fact.PACKAGES})

    def paths(self, facts: HostFacts) -> Iterable[str]:
        """What the packages bring, where dpkg has no record."""
        if facts.packages is not None and facts.packages.dpkg is not None:
            return ()
        return [path for group in self.names for name in group for paths in BROUGHT.get(name, ()) for path in paths]

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:
        """Judge each group of names; a boot changes nothing."""
        return [self._judged(group, host, source) for group in self.names]

    def _judged(self, group: tuple[str, ...], host: JudgedHost, source: str) -> Judged:
        packages = host.facts.packages or Packages(error="nobody looked")
        parts = [self._part(name, packages, host) for name in group]
        ranks = {Status.PASS: 0, Status.UNKNOWN: 1, Status.FAIL: 2}
        status, reason, evidence = min(parts, key=lambda part: ranks[part[0]])
        if status is not Status.PASS:
            evidence = "; ".join(part[2] for part in parts)
        subject = " or ".join(group)
        met = status is Status.PASS
        missing = f"Install {subject}." if status is Status.FAIL else "See whether it is installed."
        return Judged(
            source,
            self.kind,
            subject,
            "installed",
            "",
            "benchmark",
            status,
            reason,
            "" if met else subject,
            evidence,
            remedy=Remedy() if met else Remedy(text=missing),
        )

    def _part(self, name: str, packages: Packages, host: JudgedHost) -> _Part:
        if packages.error:
            return Status.UNKNOWN, "unreadable", packages.error
        if packages.dpkg is None:
            return _by_programs(name, host, rpm=packages.rpm)
        state = packages.dpkg.get(name, "")
        if state in INSTALLED:
            return Status.PASS, "met", f"{STATUS}: {name} is installed"
        if not state:
            return Status.FAIL, "not_installed", f"{STATUS}: nothing of {name}"
        return Status.FAIL, "not_installed", f"{STATUS}: {name} is in the state {visible(state)}"


def _by_programs(name: str, host: JudgedHost, *, rpm: bool) -> _Part:
    """Judge a package by what it brings."""
    why = "rpm's record is not read" if rpm else "no record of packages was found"
    if name not in BROUGHT:
        return Status.UNKNOWN, "unreadable", f"{name}: {why}, and what it brings is not known"
    files = host.audit.file_system(host.seen)
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
        return Status.FAIL, "not_installed", f"{name}: {why}, and of what it brings {', '.join(missing)} is not there"
    if unseen:
        return Status.UNKNOWN, "unreadable", f"{name}: {why}, and {', '.join(unseen)} could not be looked at"
    return Status.PASS, "met", f"{name}: {why}, and what it brings is there: {', '.join(found)}"


def read(fields: Fields) -> Package:
    """The requirement of an object of a benchmark's file. Raises BenchmarkError."""
    return Package(fields.alternatives("names"))

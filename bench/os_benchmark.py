"""A Debian 12 with given rules, and all controls of the benchmark of its system in one query."""

from __future__ import annotations

from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.privileged_programs import Privilege, PrivilegedProgram, PrivilegedPrograms, SearchState
from auditrules.benchmarks.requirement import Fact
from auditrules.host import Host
from auditrules.plugin.table import Table, select
from tests.core.stressed import given

BENCHMARK = [each for each in BENCHMARKS if each.short_name == "cis-debian-12"][-1]
HOUR = 3600.0

_PROGRAMS = (
    "chage",
    "chfn",
    "chsh",
    "crontab",
    "expiry",
    "gpasswd",
    "mount",
    "newgrp",
    "passwd",
    "su",
    "sudo",
    "umount",
)
_FACTS = {
    Fact.SYSTEM: OsRelease("debian", "12"),
    Fact.PRIVILEGED: PrivilegedPrograms(
        SearchState.COMPLETE,
        tuple(PrivilegedProgram(f"/usr/bin/{name}", (Privilege.SETUID,)) for name in _PROGRAMS),
        began=1,
    ),
}


class Debian:
    """This machine as a Debian 12 with the privileged programs of one: who measures waits for no search."""

    def __init__(self, rules: str) -> None:
        """Take the file of the rules that its kernel has."""
        self._host: Host = given(rules)
        self.sources = self._host.sources
        self.look = self._host.look
        self.site = self._host.site

    def fact(self, fact: Fact) -> object:
        """Give the system and the programs; the rest is this machine's."""
        return _FACTS[fact] if fact in _FACTS else self._host.fact(fact)


class HourlyClock:
    """A clock that is asked for the time: `later` puts it on by an hour, so that the host is read again."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.now = 0.0

    def __call__(self) -> float:
        """Give the time in seconds."""
        return self.now

    def later(self) -> None:
        """Let an hour pass."""
        self.now += HOUR


def every_verdict(verdicts: Table) -> int:
    """Ask for the verdicts of everything that ships; how many there are."""
    found = select(verdicts, {"action": "generate"})
    if found.code:
        raise RuntimeError(found.message)
    return len(found.rows)

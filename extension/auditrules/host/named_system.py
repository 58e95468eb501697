"""A host of which only the name of its system is known: it has what every such system has when it is installed.

The paths of the benchmarks exist, with the types that these state, and there are no links. Users log in from the
UID_MIN that login.defs is shipped with, sudo logs to no file of its own, and pam_faillock keeps its tallies in its
default directory. Privileged programs are not known, as they depend on the packages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.collected import File, Kernel, Sources
from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.benchmarks.configuration.faillock_conf import DEFAULT_DIR, FaillockDir
from auditrules.benchmarks.configuration.login_defs import DEFAULT_UID_MIN, LoginDefs
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.configuration.sudoers import SudoLog
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.privileged_programs import PrivilegedPrograms, SearchState
from auditrules.benchmarks.requirement import Fact
from auditrules.benchmarks.targets import PathType
from auditrules.host.assumed import assumed_docker, assumed_entries
from auditrules.host.facts import unknown_fact

SYSTEM_ASSUMED = (
    "the benchmarks' paths are taken to be there, without links, and login.defs, sudo and pam_faillock to be as they "
    "are shipped, and no other file to be in rules.d; privileged programs are not known"
)
"""What is assumed of a system, in words."""

NO_PROGRAMS = PrivilegedPrograms(SearchState.FAILED, problem="a system's name does not tell which it has")
_FOLDERS = ("/etc/audit/rules.d",)


class NamedSystem:
    """A host of a system, with the auditctl, machine and kernel of `facts`. `named`: the paths of these controls."""

    def __init__(self, system: OsRelease, facts: Facts, controls: Iterable[BenchmarkControl]) -> None:
        self._system = system
        self._facts = facts
        required = [each for control in controls for each in control.requirements]
        folders = [
            each.path
            for each in required
            if isinstance(each, PathRequirement) and each.docker is None and each.type is PathType.DIRECTORY
        ]
        self._docker = assumed_docker()
        known = HostFacts(**{fact.value: self.fact(fact) for fact in Fact})  # type: ignore[arg-type]  # each its own field
        self.named = tuple(dict.fromkeys(path for each in required for path in each.paths(known)))
        parents = [parent for path in self.named for parent in list(above(path))[1:]]
        self._folders = frozenset((*_FOLDERS, *folders, *parents))

    def sources(self) -> Sources:
        """Give the facts of the system, without the content of any file."""
        return Sources(Kernel("none", reason="no host was read"), facts=self._facts)

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Give the entries that are assumed at paths and at their parents."""
        return assumed_entries(paths, self._type)

    def _type(self, path: str) -> str:
        if path in self._folders:
            return "dir"
        known = self._docker.found.get(path)
        return known.type if known else "file"

    def site(self) -> tuple[File, ...]:
        """Give no files: none is read."""
        return ()

    def fact(self, fact: Fact) -> object:
        """Give a fact as it is on such a system when it is installed."""
        known: Mapping[Fact, object] = {
            Fact.SYSTEM: self._system,
            Fact.LOGIN: LoginDefs(DEFAULT_UID_MIN),
            Fact.SUDO: SudoLog(),
            Fact.FAILLOCK: FaillockDir(DEFAULT_DIR),
            Fact.PRIVILEGED: NO_PROGRAMS,
            Fact.DOCKER: self._docker,
        }
        return known[fact] if fact in known else unknown_fact(fact)

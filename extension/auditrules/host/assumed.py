"""A host of which only a saved listing is known. Its files can't be looked at, so they are assumed to exist.

The paths of the benchmarks have the types that the benchmarks state, any other path is a regular file, and there are
no links. The evidence of results says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.collected import File, Kernel, Sources
from auditrules.audit.model.host_facts import Entry, Facts, KernelBuild
from auditrules.audit.needs import needs
from auditrules.benchmarks import CIS_DOCKER
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.requirement import Fact
from auditrules.benchmarks.services import Found, Services
from auditrules.benchmarks.targets import PathType
from auditrules.host.kernel import KernelReader
from auditrules.host.limits import Limits
from auditrules.host.netlink import ask

_TYPES = {
    PathType.EXECUTABLE: "file",
    PathType.FILE: "file",
    PathType.DIRECTORY: "dir",
    PathType.SOCKET: "socket",
}


@lru_cache(maxsize=1)
def _docker() -> Mapping[str, PathRequirement]:
    """The path requirements of the Docker benchmarks, by path."""
    controls = (control for benchmark in CIS_DOCKER for control in benchmark.controls)
    wanted = [each for control in controls for each in control.requirements if isinstance(each, PathRequirement)]
    own: dict[str, PathRequirement] = {}
    for each in wanted:
        own.setdefault(each.path, each)
    return own


def _real(wanted: PathRequirement) -> str:
    """The file at a path. Two paths of one program, as /usr/bin/runc and /usr/sbin/runc, are names of one file."""
    process = wanted.docker.process if wanted.docker else ""
    names = [each.path for each in _docker().values() if process and each.docker and each.docker.process == process]
    return names[0] if names else wanted.path


def assumed_entries(paths: Iterable[str], type_of: Callable[[str], str]) -> Mapping[str, Entry]:
    """Make the entries that are assumed at paths: `type_of` gives their types, and all parents are directories."""
    found: dict[str, Entry] = {}
    for path in paths:
        last, *folders = above(path)
        found.setdefault(last, Entry(type_of(last)))
        found.update(dict.fromkeys(folders, Entry("dir")))
    return found


def assumed_docker() -> Services:
    """Docker on a host that has all files of the benchmarks, at the paths that these name."""
    own = _docker()
    places = dict.fromkeys(place for each in own.values() for place in each.places)
    found = {place: Found(_real(own[place]), _TYPES[own[place].type]) if place in own else None for place in places}
    return Services(found=found)


class AssumedHost:
    """The host whose rules a saved `auditctl -l` lists. `release` is that of its kernel; empty: not known.

    Raises HostError if the file cannot be read.
    """

    def __init__(self, listing: str, release: str = "", limits: Limits = Limits()) -> None:  # noqa: B008 - it is frozen
        self._build = KernelBuild(release, None)
        self._kernel: Kernel = KernelReader("/", listing, programs=(), limits=limits, ask=ask).read()[0]

    def sources(self) -> Sources:
        """Give the listing, and entries for the paths that its rules name."""
        content = self._kernel.saved.content if self._kernel.saved else None
        facts = Facts(files=self.look(needs([content or b""]).paths), assumed=True, kernel=self._build)
        return Sources(self._kernel, facts=facts)

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Give the entries that are assumed at paths and at their parents."""
        return assumed_entries(paths, lambda path: _TYPES[own.type] if (own := _docker().get(path)) else "file")

    def site(self) -> tuple[File, ...]:
        """Give no files: those of that host can't be read, and those of this machine are not its."""
        return ()

    def fact(self, fact: Fact) -> object:
        """Give Docker as the benchmarks describe it. Every other fact is unknown."""
        from auditrules.host.facts import unknown_fact  # noqa: PLC0415 - it says why

        return assumed_docker() if fact is Fact.DOCKER else unknown_fact(fact)

"""Finds the paths on one host that a requirement on Docker is about, and whether it applies. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.benchmarks.docker_daemon import CONFIG_FILE, PROGRAMS, DockerDaemon, UnclearError, places
from auditrules.benchmarks.services import NOT_SEEN, Found, HostProcess, Services, look_up
from auditrules.values import dataclass

_DAEMON = "dockerd"


class PathType(str, Enum):
    """The type that a path must have. For an executable, running it counts as an access; for a directory, all below."""

    EXECUTABLE = "executable"
    FILE = "file"
    DIRECTORY = "dir"
    SOCKET = "socket"


class TargetOrigin(str, Enum):
    """Why a path is a target."""

    BENCHMARK = "benchmark"  # the benchmark's own path, or another usual place of the same thing
    PROCESS = "process"
    UNIT = "unit"
    DAEMON_JSON = "daemon.json"
    SUDOERS = "sudoers"
    FAILLOCK = "faillock.conf"


class TargetReason(str, Enum):
    """Why a target does not apply, or can't be judged."""

    NOT_INSTALLED = "not_installed"  # no Docker daemon on this host
    ABSENT = "absent"  # nothing at this path, and nothing is wanted then
    UNREADABLE = "unreadable"  # whether, or where, there is a target is not known


@dataclass(frozen=True, slots=True)
class DockerPlace:
    """Where else Docker may have what a benchmark names.

    `places` are other paths where packages put it: each that exists is a target. `process` is the file name of a
    process' executable that is a target, `unit` a systemd unit whose file is one, `option` the daemon's option that
    sets another path. `if_applicable`: if nothing is there, the requirement does not apply.
    """

    places: tuple[str, ...] = ()
    process: str = ""
    unit: str = ""
    option: str = ""
    if_applicable: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """One path of a requirement on this host. `watched` is the path for a rule: links at the end are followed.

    `path` is empty if there is a target, but its path is not known; `error` then says why.
    """

    path: str
    origin: TargetOrigin = TargetOrigin.BENCHMARK
    watched: str = ""
    reason: TargetReason | None = None
    error: str = ""

    @property
    def applicable(self) -> bool:
        """Whether the requirement applies to this path; if that is not known, it does."""
        return self.reason in (None, TargetReason.UNREADABLE)


_At = Callable[[str], Found | str | None]


def targets(
    path: str, kind: PathType, docker: DockerPlace, services: Services, files: FileSystem | None = None
) -> Iterator[Target]:
    """The targets of a requirement on Docker, at least one; the benchmark's own path comes first.

    `files` is used for paths that the services do not have.
    """

    def at(place: str) -> Found | str | None:
        if place in services.found or files is None:
            return services.found.get(place, NOT_SEEN)
        return look_up(place, files)

    here = _installed(services, at)
    others = dict(_others(path, docker, services, at))
    elsewhere, error = _configured_paths(docker, services)
    others.update(elsewhere)
    others.pop(path, None)
    for place, origin in {path: TargetOrigin.BENCHMARK, **others}.items():
        found = at(place)
        reason, why = _reason(kind, docker, found, installed=here)
        if found is None and others and origin is TargetOrigin.BENCHMARK and here:
            reason = TargetReason.ABSENT  # the thing is in another place
        watched = found.real if isinstance(found, Found) and found.link else place
        yield Target(place, origin, watched, reason, why)
    if error and here is not False:
        yield Target("", TargetOrigin.DAEMON_JSON, "", TargetReason.UNREADABLE, error)


def installed(services: Services) -> bool | None:
    """Whether there is a Docker daemon; None if none was found, but not every place could be looked up."""
    return _installed(services, lambda path: services.found.get(path, NOT_SEEN))


def _installed(services: Services, at: _At) -> bool | None:
    looks = [at(path) for path in PROGRAMS]
    if any(isinstance(each, Found) for each in looks) or any(_runs(_DAEMON, each) for each in services.processes):
        return True
    return None if NOT_SEEN in looks else False


def _runs(name: str, process: HostProcess) -> bool:
    return bool(name) and process.path.rpartition("/")[2] == name


def _reason(
    kind: PathType, docker: DockerPlace, found: Found | str | None, *, installed: bool | None
) -> tuple[TargetReason | None, str]:
    if installed is False:
        return TargetReason.NOT_INSTALLED, ""
    if isinstance(found, Found):
        if (found.type == "dir") == (kind is PathType.DIRECTORY):
            return None, ""
        return (
            TargetReason.UNREADABLE,
            f"there is something of type {found.type} in the place of the {kind.name.lower()}",
        )
    if installed is None:
        return TargetReason.UNREADABLE, "whether there is a Docker daemon on this host is not known"
    if found is None and docker.if_applicable:
        return TargetReason.ABSENT, ""
    return None, ""  # required even if it is missing or could not be looked up: the rules decide


def _others(path: str, docker: DockerPlace, services: Services, at: _At) -> Iterator[tuple[str, TargetOrigin]]:
    """The other paths of the same thing on this host, except other names of the benchmark's own path."""
    own = at(path)
    seen = {own.real} if isinstance(own, Found) else set()
    known = [place for place in docker.places if isinstance(at(place), Found)]
    running = [process.path for process in services.processes if _runs(docker.process, process)]
    # If nothing is found, it may be at a place that could not be looked up.
    unseen = [] if isinstance(own, Found) or known or running else [p for p in docker.places if at(p) == NOT_SEEN]
    for place, origin in (
        *((each, TargetOrigin.BENCHMARK) for each in (*known, *unseen)),
        *((each, TargetOrigin.PROCESS) for each in sorted(running)),
        *((each, TargetOrigin.UNIT) for each in [services.units.get(docker.unit, "")] if each),
    ):
        found = at(place)
        real = found.real if isinstance(found, Found) else place
        if real not in seen:
            seen.add(real)
            yield place, origin


def _configured_paths(docker: DockerPlace, services: Services) -> tuple[dict[str, TargetOrigin], str]:
    """The other paths that the daemon is configured to use, and why they are not known."""
    if not docker.option or services.unclear:
        return {}, services.unclear if docker.option else ""
    found: dict[str, TargetOrigin] = {}
    try:
        if docker.option == CONFIG_FILE:
            return {each.config_file: _origin(each) for each in services.daemons}, ""
        for path, daemon in places(docker.option, services.daemons, services.configs):
            found[path] = _origin(daemon)
    except UnclearError as error:
        return found, str(error)
    return found, ""


def _origin(daemon: DockerDaemon | None) -> TargetOrigin:
    if daemon is None:
        return TargetOrigin.DAEMON_JSON
    return TargetOrigin.UNIT if daemon.by_unit else TargetOrigin.PROCESS

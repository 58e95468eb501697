"""What a host has of Docker: the processes, unit files and paths that the benchmarks want audited. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import File
from auditrules.benchmarks.docker_daemon import DockerDaemon
from auditrules.values import dataclass, field


@dataclass(frozen=True, slots=True)
class HostProcess:
    """A process that counts: it runs as root in the host's own namespaces, and its executable is the file at `path`."""

    path: str
    arguments: tuple[str, ...] = ()
    cut: bool = False  # whether its command line is longer than what was read of it


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path that was looked at.

    `real` is where its links lead, `link` whether its last name is one, `type` that of an `Entry`: `link` where the
    link leads nowhere.
    """

    real: str
    type: str = "file"
    link: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """A path that is not in `found` is not known; one with None is not there."""

    processes: tuple[HostProcess, ...] = ()
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # unit to the file that decides
    daemons: tuple[DockerDaemon, ...] = ()  # that run; without one, what the unit would start
    configs: Mapping[str, File] = field(default_factory=lambda: MappingProxyType({}))  # daemons' files that there are
    unclear: str = ""  # why it is not known how the daemon is started
    found: Mapping[str, Found | None] = field(default_factory=lambda: MappingProxyType({}))


NOT_SEEN = "not seen"


def look_up(path: str, file_system: FileSystem) -> Found | str | None:
    """What is at a path: None where nothing is, NOT_SEEN where it could not be looked at."""
    end = file_system.walk(path)
    link = file_system.walk(path, follow=False).type == "link"
    if end.missing:
        return Found(path, "link", link=True) if link else None
    return Found(end.path, end.type, link=link) if end.type is not None else NOT_SEEN

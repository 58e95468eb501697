"""Docker on a host, as collected values: processes, unit files, configuration and paths. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import File
from auditrules.benchmarks.docker_daemon import DockerDaemon
from auditrules.values import dataclass, field


@dataclass(frozen=True, slots=True)
class HostProcess:
    """A process of the host itself: it runs as root in the host's namespaces, from the file that is at `path`."""

    path: str
    arguments: tuple[str, ...] = ()
    cut: bool = False  # whether its command line is longer than what was read of it


@dataclass(frozen=True, slots=True)
class Found:
    """The file at a path. `real` is where its links lead; `link`: its last name is a link.

    `type` is as in `Entry.type`: `link` for a link that leads nowhere.
    """

    real: str
    type: str = "file"
    link: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """Docker's processes and files. A path that is not in `found` is unknown; one with None does not exist."""

    processes: tuple[HostProcess, ...] = ()
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # unit to the file that decides
    daemons: tuple[DockerDaemon, ...] = ()  # that run; without one, what the unit would start
    configs: Mapping[str, File] = field(default_factory=lambda: MappingProxyType({}))  # daemons' files that there are
    unclear: str = ""  # why it is not known how the daemon is started
    found: Mapping[str, Found | None] = field(default_factory=lambda: MappingProxyType({}))


NOT_SEEN = "not seen"


def look_up(path: str, file_system: FileSystem) -> Found | str | None:
    """The file at a path: None if there is nothing, NOT_SEEN if it could not be looked up."""
    end = file_system.walk(path)
    link = file_system.walk(path, follow=False).type == "link"
    if end.missing:
        return Found(path, "link", link=True) if link else None
    return Found(end.path, end.type, link=link) if end.type is not None else NOT_SEEN

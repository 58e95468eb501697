"""What this host runs and has of what the benchmarks want audited: paths are looked at, the daemon's files are read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from auditrules.audit.boot.systemd import BOOT_FOLDERS, UNIT_FOLDERS, UndeterminedError, is_mask, unit
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import File, Units
from auditrules.audit.model.host_facts import Facts
from auditrules.benchmarks import CONTROLS
from auditrules.benchmarks.docker_daemon import (
    CONFIG_FILE,
    DAEMON_JSON,
    ENVIRONMENT_FILES,
    MOST_BYTES,
    DockerDaemon,
    UnclearError,
    expanded,
    places,
)
from auditrules.benchmarks.services import Found, HostProcess, Services, unit_names
from auditrules.host.rootfs import Tree, UnreadableError

_PATHS = frozenset(path for control in CONTROLS for path in control.paths)
_UNITS = unit_names(CONTROLS)
_OPTIONS = {control.subject.option for control in CONTROLS} - {"", CONFIG_FILE}
_SERVICE = "docker.service"
_MOST_DROP_INS = 100  # in one folder


def read_services(tree: Tree, processes: Iterable[HostProcess], *, own: bool) -> Services:
    """Look at the targets' paths. `own` says that owners of files count: a copy of a root may belong to anybody."""
    running = tuple(dict.fromkeys(processes))
    daemons = tuple(DockerDaemon(each.path, each.arguments[1:]) for each in running if each.path.endswith("/dockerd"))
    unclear = ""
    try:
        daemons = daemons or _by_unit(tree)
    except (UnclearError, UndeterminedError, UnreadableError) as error:
        unclear = str(error)
    configs, told = _told(tree, daemons, own=own)
    units = {unit: path for unit in _UNITS if (path := _unit(tree, unit))}
    paths = {*_PATHS, *units.values(), *(process.path for process in running), *configs, *told}
    return Services(running, units, daemons, configs, unclear, _found(tree, paths))


def _file_system(tree: Tree, paths: Iterable[str]) -> FileSystem:
    return FileSystem(Facts(files=tree.look(paths)))


def _found(tree: Tree, paths: Iterable[str]) -> dict[str, Found | None]:
    """Say what is at each path; one that could not be looked at is left out."""
    wanted = sorted(paths)
    file_system = _file_system(tree, wanted)
    found: dict[str, Found | None] = {}
    for path in wanted:
        end = file_system.walk(path)
        link = file_system.walk(path, follow=False).type == "link"
        if end.missing:
            found[path] = Found(path, "link", link=True) if link else None
        elif end.type is not None:
            found[path] = Found(end.path, end.type, link=link)
    return found


def _unit(tree: Tree, name: str) -> str:
    """The file that systemd takes for a unit, links followed; empty where there is none, or nobody can tell."""
    paths = [f"{folder}/{name}" for folder in UNIT_FOLDERS]
    file_system = _file_system(tree, paths)
    for path in paths:
        itself = file_system.walk(path, follow=False)
        if itself.entry is None:
            return ""
        if not itself.missing:
            end = file_system.walk(path)
            return "" if is_mask(itself.entry.target) or end.type != "file" else end.path
    return ""


def _told(tree: Tree, daemons: tuple[DockerDaemon, ...], *, own: bool) -> tuple[dict[str, File], set[str]]:
    """The configuration files of daemons, and the places that they are told; of what is unclear the targets tell."""
    configs: dict[str, File] = {}
    told: set[str] = set()
    with suppress(UnclearError):
        configs = _configs(tree, daemons, own=own)
    for option in _OPTIONS:
        with suppress(UnclearError):
            told.update(path for path, _ in places(option, daemons, configs))
    return configs, told


def _by_unit(tree: Tree) -> tuple[DockerDaemon, ...]:
    """The daemon that its unit would start, with the variables of the usual environment files in their places.

    Raises UnclearError, UndeterminedError or UnreadableError if its files do not tell.
    """
    paths = [f"{folder}/{_SERVICE}" for folder in BOOT_FOLDERS]
    for folder in BOOT_FOLDERS:
        paths += [f"{folder}/{_SERVICE}.d/{name}" for name in tree.names(f"{folder}/{_SERVICE}.d")[:_MOST_DROP_INS]]
    looked_at = _file_system(tree, paths)
    entries = {path: looked_at.walk(path, follow=False).entry for path in paths}
    links = {path: entry.target for path, entry in entries.items() if entry is not None and entry.type == "link"}
    unmasked = [path for path in paths if not is_mask(links.get(path, ""))]
    files = tuple(file for path in unmasked if (file := tree.read(path, MOST_BYTES)) is not None)
    service = unit(_SERVICE, Units(files=files, links=links))
    environment = [file for path in ENVIRONMENT_FILES if (file := tree.read(path, MOST_BYTES)) is not None]
    commands = list(service.commands("ExecStart")) if service is not None and not service.masked else []
    return tuple(
        DockerDaemon(service.path, expanded(command.words[1:], environment), by_unit=True)
        for command in commands
        if service is not None and command.words[0].endswith("/dockerd")
    )


def _configs(tree: Tree, daemons: Iterable[DockerDaemon], *, own: bool) -> dict[str, File]:
    """The configuration files that daemons read. Raises UnclearError where one was told no path."""
    paths = dict.fromkeys([each.config_file for each in daemons] or [DAEMON_JSON])
    return {path: file for path in paths if (file := _config(tree, path, own=own)) is not None}


def _config(tree: Tree, path: str, *, own: bool) -> File | None:
    kind = _file_system(tree, [path]).walk(path, follow=False).type
    if kind is None:
        return File(path, error="it could not be looked at")
    if kind == "missing":
        return None
    if kind != "file":
        return File(path, error=f"expected a regular file, found one of type {kind}")
    file = tree.read(path, MOST_BYTES)
    if own and file is not None and file.content is not None and file.uid != 0:
        return File(path, error=f"expected a file of root's, found one of uid {file.uid}")
    return file

"""Finds the Docker of a host: its daemon, units and programs, and the files and options of the daemon."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from auditrules.audit.boot.systemd import (
    BOOT_FOLDERS,
    UNIT_FOLDERS,
    UndeterminedError,
    Unit,
    drop_in_folders,
    find_unit,
    is_mask,
)
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import File, Units
from auditrules.audit.model.host_facts import Facts
from auditrules.benchmarks.docker_daemon import (
    CONFIG_FILE,
    DAEMON_JSON,
    ENVIRONMENT_FILES,
    MOST_BYTES,
    OPTIONS,
    PROGRAMS,
    SNAP_JSON,
    SNAP_PROGRAM,
    UNITS,
    DockerDaemon,
    UnclearError,
    environment_lines,
    expanded,
    places,
)
from auditrules.benchmarks.services import Found, HostProcess, Services, look_up
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

_OPTIONS = tuple(each for each in OPTIONS if each != CONFIG_FILE)
_SERVICE = "docker.service"
_MOST_DROP_INS = 100  # in one folder
_PATTERN = frozenset("*?[")


def read_services(tree: Tree, processes: Iterable[HostProcess], *, own: bool) -> Services:
    """Look for the daemon, its units and its files.

    `own`: configuration files must be root's. In a copy of a root, they may belong to anybody.
    """
    running = tuple(dict.fromkeys(processes))
    daemons = tuple(DockerDaemon(each.path, each.arguments[1:]) for each in running if each.path.endswith("/dockerd"))
    unclear = ""
    try:
        daemons = daemons or _by_unit(tree) or _of_snap(tree)
    except (UnclearError, UndeterminedError, UnreadableError) as error:
        unclear = str(error)
    for each in running:
        if each.cut and each.path.endswith("/dockerd"):
            unclear = f"{each.path}: its command line is longer than what is read of it"
    configs = _configs(tree, daemons, own=own)
    units = {unit: path for unit in UNITS if (path := _unit(tree, unit))}
    paths = {*PROGRAMS, *units.values(), *(process.path for process in running), *configs}
    paths |= _configured_paths(daemons, configs)
    return Services(running, units, daemons, configs, unclear, _look_up(tree, paths))


def _file_system(tree: Tree, paths: Iterable[str]) -> FileSystem:
    return FileSystem(Facts(files=tree.look(paths)))


def _look_up(tree: Tree, paths: Iterable[str]) -> dict[str, Found | None]:
    """Look up what is at each path. A path that could not be looked at is left out."""
    wanted = sorted(paths)
    file_system = _file_system(tree, wanted)
    looks = ((path, look_up(path, file_system)) for path in wanted)
    return {path: found for path, found in looks if not isinstance(found, str)}


def _unit(tree: Tree, name: str) -> str:
    """The file that systemd loads a unit from, links followed; empty if there is none, or that can't be known."""
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


def _configured_paths(daemons: tuple[DockerDaemon, ...], configs: dict[str, File]) -> set[str]:
    """The paths that options of daemons or their configuration files name.

    Options that are unclear are left out here; their requirements report them.
    """
    paths: set[str] = set()
    for option in _OPTIONS:
        with suppress(UnclearError):
            paths.update(path for path, _ in places(option, daemons, configs))
    return paths


def _by_unit(tree: Tree) -> tuple[DockerDaemon, ...]:
    """The daemon that its unit would start, with the variables of its command replaced by their values.

    Raises UnclearError, UndeterminedError or UnreadableError if the files of the unit leave that open.
    """
    paths = [f"{folder}/{_SERVICE}" for folder in BOOT_FOLDERS]
    for folder in (f"{above}/{name}" for above in BOOT_FOLDERS for name in drop_in_folders(_SERVICE)):
        names = tree.names(folder)
        if len(names) > _MOST_DROP_INS:
            raise UnclearError(f"{folder}: expected at most {_MOST_DROP_INS} drop-ins, found {len(names)}")
        paths += [f"{folder}/{name}" for name in names]
    looked_at = _file_system(tree, paths)
    entries = {path: looked_at.walk(path, follow=False).entry for path in paths}
    links = {path: entry.target for path, entry in entries.items() if entry is not None and entry.type == "link"}
    unmasked = [path for path in paths if not is_mask(links.get(path, ""))]
    files = tuple(file for path in unmasked if (file := tree.read(path, MOST_BYTES)) is not None)
    service = find_unit(_SERVICE, Units(files=files, links=links))
    if service is None or service.masked:
        return ()
    commands = list(service.commands("ExecStart"))
    own = [command.words[1:] for command in commands if command.words[0].rpartition("/")[2] == "dockerd"]
    if commands and not own:
        raise UnclearError(f"{service.path}: expected dockerd in ExecStart=, found {commands[0].words[0]}")
    environment = _environment(tree, service)
    return tuple(DockerDaemon(service.path, expanded(words, environment), by_unit=True) for words in own)


def _of_snap(tree: Tree) -> tuple[DockerDaemon, ...]:
    """The daemon of Docker's snap. It runs in a mount namespace of its own, so its process does not count.

    Its wrapper names the configuration file. The wrapper takes `--data-root` from `snap get docker data-root`, which
    is in no file that we read (bin/dockerd-wrapper of canonical/docker-snap).
    """
    if _file_system(tree, [SNAP_PROGRAM]).walk(SNAP_PROGRAM).type != "file":
        return ()
    return (DockerDaemon(SNAP_PROGRAM, ("--config-file", SNAP_JSON), by_unit=True),)


def _environment(tree: Tree, service: Unit) -> list[File]:
    """The files that set variables for a unit's commands. Later ones override earlier ones.

    Raises UnclearError if a file of EnvironmentFile= is missing.
    """
    usual = [file for path in ENVIRONMENT_FILES if (file := tree.read(path, MOST_BYTES)) is not None]
    lines = "\n".join(value for _, value in service.values("Environment"))
    found = [*usual, File(service.path, environment_lines(service.path, lines))]
    for _, value in service.values("EnvironmentFile"):
        path = value.removeprefix("-")
        files = _named_files(tree, service, path)
        if not files and path == value:
            raise UnclearError(f"{service.path}: it does not start, as EnvironmentFile={path} is not there")
        found += files
    return found


def _named_files(tree: Tree, service: Unit, path: str) -> list[File]:
    """The files of one EnvironmentFile=, a path or a pattern, in systemd's order: that of glob(3) in the C locale."""
    folder, _, name = path.rpartition("/")
    if set(folder) & _PATTERN or "%" in path:
        return [File(path, error=f"{service.path} names it by a pattern")]
    if not set(name) & _PATTERN:
        file = tree.read(path, MOST_BYTES)
        return [] if file is None else [file]
    from fnmatch import fnmatchcase  # noqa: PLC0415 - few units name files by a pattern

    matching = [
        each
        for each in tree.names(folder or "/")
        if fnmatchcase(each, name) and (name.startswith(".") or not each.startswith("."))
    ]
    if len(matching) > _MOST_DROP_INS:
        raise UnclearError(f"{service.path}: expected at most {_MOST_DROP_INS} files {path}, found {len(matching)}")
    read = (tree.read(f"{folder}/{each}", MOST_BYTES) for each in matching)
    return [file for file in read if file is not None]


def _configs(tree: Tree, daemons: Iterable[DockerDaemon], *, own: bool) -> dict[str, File]:
    """The configuration files of daemons, by path. Without a daemon, the default one."""
    paths: dict[str, None] = {} if daemons else {DAEMON_JSON: None}
    for each in daemons:
        with suppress(UnclearError):
            paths[each.config_file] = None
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

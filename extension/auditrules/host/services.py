"""What this host runs and has of what the benchmarks want audited. It looks at paths, and opens one file."""

from __future__ import annotations

from collections.abc import Iterable

from auditrules.audit.boot.systemd import is_mask
from auditrules.audit.filesystem.path_walk import Places
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Facts
from auditrules.benchmarks import CONTROLS
from auditrules.benchmarks.services import (
    DAEMON_JSON,
    MOST_JSON,
    UNIT_FOLDERS,
    DataRootError,
    Found,
    Process,
    Services,
    data_root,
    data_root_options,
    unit_names,
)
from auditrules.host.rootfs import Tree

_PATHS = frozenset(path for control in CONTROLS for path in control.paths)
_UNITS = unit_names(CONTROLS)


def read_services(tree: Tree, processes: Iterable[Process], *, own: bool) -> Services:
    """Look at the targets' paths. `own` says that owners of files count: a copy of a root may belong to anybody."""
    running = tuple(dict.fromkeys(processes))
    daemon_json = _daemon_json(tree, own=own)
    units = {unit: path for unit in _UNITS if (path := _unit(tree, unit))}
    paths = {*_PATHS, *units.values(), *(process.path for process in running), *_data_roots(daemon_json, running)}
    return Services(running, units, daemon_json, _found(tree, paths))


def _places(tree: Tree, paths: Iterable[str]) -> Places:
    return Places(Facts(files=tree.look(paths)))


def _found(tree: Tree, paths: Iterable[str]) -> dict[str, Found | None]:
    """Say what is at each path; one that could not be looked at is left out."""
    wanted = sorted(paths)
    places = _places(tree, wanted)
    found: dict[str, Found | None] = {}
    for path in wanted:
        end = places.walk(path)
        link = places.walk(path, follow=False).type == "link"
        if end.missing:
            found[path] = Found(path, "link", link=True) if link else None
        elif end.type is not None:
            found[path] = Found(end.path, end.type, link=link)
    return found


def _unit(tree: Tree, name: str) -> str:
    """The file that systemd takes for a unit, links followed; empty where there is none, or nobody can tell."""
    paths = [f"{folder}/{name}" for folder in UNIT_FOLDERS]
    places = _places(tree, paths)
    for path in paths:
        itself = places.walk(path, follow=False)
        if itself.entry is None:
            return ""
        if not itself.missing:
            end = places.walk(path)
            return "" if is_mask(itself.entry.target) or end.type != "file" else end.path
    return ""


def _daemon_json(tree: Tree, *, own: bool) -> File | None:
    kind = _places(tree, [DAEMON_JSON]).walk(DAEMON_JSON, follow=False).type
    if kind is None:
        return File(DAEMON_JSON, error="it could not be looked at")
    if kind == "missing":
        return None
    if kind != "file":
        return File(DAEMON_JSON, error=f"expected a regular file, found one of type {kind}")
    file = tree.read(DAEMON_JSON, MOST_JSON)
    if own and file is not None and file.content is not None and file.uid != 0:
        return File(DAEMON_JSON, error=f"expected a file of root's, found one of uid {file.uid}")
    return file


def _data_roots(daemon_json: File | None, processes: Iterable[Process]) -> list[str]:
    try:
        told = data_root(daemon_json) if daemon_json is not None else None
        return [*data_root_options(processes), *([told] if told else [])]
    except DataRootError:
        return []  # which the targets tell

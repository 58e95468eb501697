"""Reads what decides how rules are loaded at boot: systemd's files for audit's and mount units, and their programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from auditrules.audit.boot.systemd import BOOT_FOLDERS, DEFAULT_TARGET, drop_in_folders, is_mask
from auditrules.audit.boot.unit_commands import UNITS
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import Units
from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

MOST_FILES = 200  # unit files and drop-ins
MOST_MOUNTS = 100  # files of mount units and their drop-ins; with more, no mount is known to be early
MOST_BYTES = 1 << 20  # of one file; audit's units have 2 KiB

SCRIPTS = ("/usr/sbin/augenrules", "/sbin/augenrules")
# Where systemd looks for programs, in this order (systemd.exec(5), PATH).
PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

_DROP_INS = frozenset(name for unit in UNITS for name in drop_in_folders(unit))


def read_units(tree: Tree) -> Units:
    """Read the unit files and drop-ins of units that load audit rules, and the links that enable or mask them."""
    files: list[str] = []
    others: list[str] = []  # links, of which only the targets matter
    mounts: list[str] = []
    of_mounts: list[str] = []  # files and folders of mount units
    error = ""
    try:
        for folder in _folders(tree):
            for name in _relevant(_listed(tree, folder)):
                path = f"{folder}/{name}"
                if name in UNITS:
                    files.append(path)
                elif name in _DROP_INS:
                    files += [f"{path}/{each}" for each in _names(tree, path) if each.endswith(".conf")]
                elif name == DEFAULT_TARGET:
                    others.append(path)
                elif name.endswith((".mount", "mount.d")):
                    of_mounts.append(path)
                else:
                    names = _names(tree, path)
                    wanted = [each for each in names if each in UNITS or _is_mount(each)]
                    others += [f"{path}/{each}" for each in wanted]
                    mounts += filter(_is_mount, wanted)
        of_mounts = _of_mounts(tree, mounts, of_mounts)
    except UnreadableError as unreadable:
        error = str(unreadable)
    if len(files) > MOST_FILES:
        error = f"more than {MOST_FILES} unit files and drop-ins for audit, the most that are read"
    paths = (*files, *of_mounts, *others)
    file_system = FileSystem(Facts(files=tree.look(paths)))
    entries = {path: file_system.walk(path, follow=False).entry for path in paths}
    links = {path: entry.target for path, entry in entries.items() if entry is not None and entry.type == "link"}
    masks = {path for path, target in links.items() if is_mask(target)}
    found = [tree.read(path, MOST_BYTES) for path in (*files[:MOST_FILES], *of_mounts) if path not in masks]
    return Units(
        files=tuple(file for file in found if file is not None),
        links=links,
        augenrules=any(_program(tree, path) for path in SCRIPTS),
        awk=next(filter(None, (_program(tree, f"{folder}/awk") for folder in PATH)), ""),
        error=error,
        mounts=tuple(dict.fromkeys(mounts)),
    )


def _folders(tree: Tree) -> Iterator[str]:
    """The folders of units. If /lib is a link, as on most hosts, its units are those of /usr/lib."""
    merged = tree.look(("/lib",)).get("/lib", Entry("missing")).type == "link"
    return (folder for folder in BOOT_FOLDERS if not (merged and folder.startswith("/lib/")))


@lru_cache(len(BOOT_FOLDERS))  # a host has hundreds of units, of which few are relevant, and they rarely change
def _relevant(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        name
        for name in names
        if name in UNITS
        or name in _DROP_INS
        or name == DEFAULT_TARGET
        or (name.endswith((".wants", ".requires", ".mount", "mount.d")) and not name.startswith("."))
    )


def _is_mount(name: str) -> bool:
    """Whether a name is a mount unit's. Snaps do not count: each refresh mounts them anew, so they are never early."""
    return name.endswith(".mount") and not name.startswith("snap-")


def _of_mounts(tree: Tree, mounts: Iterable[str], paths: Iterable[str]) -> list[str]:
    """The files and drop-ins of these mount units among some paths; none if one folder can't be read."""
    names = frozenset(mounts)
    folders = frozenset(folder for name in names for folder in drop_in_folders(name))
    found: list[str] = []
    for path in paths:
        last = path.rpartition("/")[2]
        if last in names:
            found.append(path)
        elif last in folders:
            try:
                found += [f"{path}/{each}" for each in _names(tree, path) if each.endswith(".conf")]
            except UnreadableError:
                return []  # an unknown drop-in may change anything
    return found if len(found) <= MOST_MOUNTS else []


def _names(tree: Tree, folder: str) -> tuple[str, ...]:
    return tuple(name for name in _listed(tree, folder) if not name.startswith("."))


def _listed(tree: Tree, folder: str) -> tuple[str, ...]:
    try:
        return tree.names(folder)
    except UnreadableError as error:
        raise UnreadableError(f"{folder}: {error}") from error


def _program(tree: Tree, path: str) -> str:
    """Follow the links of a program, and return the path of its file; empty if there is none."""
    end = tree.end(path)
    return end[0] if end and end[1].type == "file" else ""

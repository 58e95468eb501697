"""Reading a host's own configuration that benchmarks ask about: bounded, regular files only, links inside the root."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration import login_defs, os_release
from auditrules.benchmarks.configuration.login_defs import LoginDefs, read_login_defs
from auditrules.benchmarks.configuration.os_release import OsRelease, read_os_release
from auditrules.host.rootfs import Tree, UnreadableError

MOST_DROP_INS = 100  # in one folder


def read_system(tree: Tree) -> OsRelease:
    """Which system the host is."""
    return read_os_release(*(tree.read(path, os_release.MOST_BYTES) for path in os_release.PATHS))


def read_login(tree: Tree) -> LoginDefs:
    """Which users log in."""
    first = next(filter(None, (tree.read(path, login_defs.MOST_BYTES) for path in login_defs.PATHS)), None)
    return read_login_defs([*([first] if first else ()), *drop_ins(tree, login_defs.DROP_INS, ".defs")])


def drop_ins(tree: Tree, folder: str, ending: str, most_bytes: int = login_defs.MOST_BYTES) -> list[File]:
    """The files of a folder whose names end so, in the order of their names; what is in the way is a file's error."""
    try:
        names = [name for name in tree.names(folder) if name.endswith(ending) and not name.startswith(".")]
    except UnreadableError as error:
        return [File(folder, error=str(error))]
    if len(names) > MOST_DROP_INS:
        return [File(folder, error=f"expected at most {MOST_DROP_INS} files, found {len(names)}")]
    files = (tree.read(f"{folder}/{name}", most_bytes) for name in names)
    return [file for file in files if file is not None]

"""Reads tmpfiles.d(5), which lists files that boot makes, and an image lacks."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

FOLDERS = ("/etc/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d")  # the first that has a name wins
MOST_FILES = 200
MOST_BYTES = 1 << 18


def read_tmpfiles(tree: Tree) -> tuple[File, ...]:
    """Read the files in force; those that can't be read are left out."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for name in _names(tree, folder):
            found.setdefault(name, f"{folder}/{name}")
    read = (tree.read(found[name], MOST_BYTES) for name in sorted(found)[:MOST_FILES])
    return tuple(file for file in read if file is not None and file.content is not None)


def _names(tree: Tree, folder: str) -> tuple[str, ...]:
    try:
        return tuple(name for name in tree.names(folder) if name.endswith(".conf"))
    except UnreadableError:
        return ()

"""A site's own files of benchmarks and changes, on the host or in a folder that somebody named: bounded, no links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.data_file import MOST_BYTES
from auditrules.benchmarks.site import FOLDER
from auditrules.host.limits import HostError
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree, local

ENDING = ".json"
MOST_FILES = 100
MOST_WHOLE = 16 << 20  # bytes of all files together

_WRITABLE = 0o022  # by the group or by others


def read_site(tree: Tree, folder: str = FOLDER, *, own: bool = True, trusted: bool = False) -> tuple[File, ...]:
    """The files of the folder that end in .json, in the order of their names, each with what is wrong with it.

    What anybody but root could have written is not taken: it would judge the host, and tell what it finds. `own` says
    that owners count: a copy of a root may belong to anybody. A folder that the user of a command named is `trusted`.
    """
    try:
        names = [name for name in tree.names(folder) if name.endswith(ENDING) and not name.startswith(".")]
    except UnreadableError as error:
        return (File(folder, error=str(error)),)
    if not names:
        return ()
    if len(names) > MOST_FILES:
        return (File(folder, error=f"expected at most {MOST_FILES} files, found {len(names)}"),)
    wrong = "" if trusted else next(filter(None, (_wrong(tree, each, "dir", own=own) for each in _above(folder))), "")
    if wrong:
        return (File(folder, error=wrong),)
    return tuple(_files(tree, [f"{folder}/{name}" for name in names], own=own, trusted=trusted))


def read_named(folder: str) -> tuple[File, ...]:
    """The files of a folder of this machine that the user of a command named, whoever may write there.

    Raises HostError if there is no such folder.
    """
    path = os.path.abspath(folder)
    if not os.path.isdir(path):
        raise HostError(f"--benchmarks: expected a folder, found {folder!r}")
    with closing(Tree("/", local)) as tree:
        return read_site(tree, path, trusted=True)


def _files(tree: Tree, paths: list[str], *, own: bool, trusted: bool) -> Iterator[File]:
    left = MOST_WHOLE
    for path in paths:
        wrong = _wrong(tree, path, "file", own=own, trusted=trusted)
        file = File(path, error=wrong) if wrong else tree.read(path, min(MOST_BYTES, max(left, 0)))
        if file is not None:
            left -= len(file.content or b"")
            yield file


def _wrong(tree: Tree, path: str, wanted: str, *, own: bool, trusted: bool = False) -> str:
    """Why a name is not taken; empty where it is."""
    entry: Entry | None = tree.look([path]).get(path)
    if entry is None:
        return f"{path}: it could not be looked at"
    if entry.type != wanted:
        words = "a regular file" if wanted == "file" else "a directory"
        return f"{path}: expected {words}, found one of type {entry.type}"
    if trusted:
        return ""
    if own and entry.uid != 0:
        return f"{path}: expected root as its owner, found uid {entry.uid}"
    if entry.mode is None or entry.mode & _WRITABLE:
        mode = "an unknown mode" if entry.mode is None else f"mode {entry.mode:04o}"
        return f"{path}: expected it to be writable by root alone, found {mode}"
    return ""


def _above(folder: str) -> Iterator[str]:
    """The folder and those above it, but for the root itself."""
    while folder.strip("/"):
        yield folder
        folder = folder.rpartition("/")[0]

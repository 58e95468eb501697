"""Reads a site's own benchmark files, from the host or from a folder that the user named: few files, and no links."""

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
from auditrules.host.ownership import WRITABLE_BY_OTHERS
from auditrules.host.rootfs import Tree, local

ENDING = ".json"
MOST_FILES = 100
MOST_WHOLE = 16 << 20  # bytes of all files together


def read_site(tree: Tree, folder: str = FOLDER, *, own: bool = True, trusted: bool = False) -> tuple[File, ...]:
    """Read the .json files of the folder, sorted by name; `error` of a file says why it was not read.

    A file counts only if nobody but root can have written it, as it decides how the host is judged. `own`: root must
    own it; in a copy of a root, it may belong to anybody. `trusted`: the user of a command named the folder, so
    anybody may have written it.
    """
    try:
        names = [name for name in tree.names(folder) if name.endswith(ENDING) and not name.startswith(".")]
    except UnreadableError as error:
        return (File(folder, error=str(error)),)
    if not names:
        return ()
    if len(names) > MOST_FILES:
        return (File(folder, error=f"expected at most {MOST_FILES} files, found {len(names)}"),)
    problems = () if trusted else (_problem(tree, each, "dir", own=own) for each in _above(folder))
    if problem := next(filter(None, problems), ""):
        return (File(folder, error=problem),)
    return tuple(_files(tree, [f"{folder}/{name}" for name in names], own=own, trusted=trusted))


def read_named(folder: str) -> tuple[File, ...]:
    """Read the files of a folder of this machine that the user of a command named, whoever may write to it.

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
        problem = _problem(tree, path, "file", own=own, trusted=trusted)
        file = File(path, error=problem) if problem else tree.read(path, min(MOST_BYTES, max(left, 0)))
        if file is not None:
            left -= len(file.content or b"")
            yield file


def _problem(tree: Tree, path: str, wanted: str, *, own: bool, trusted: bool = False) -> str:
    """Why a file or folder does not count; empty if it does."""
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
    if entry.mode is None or entry.mode & WRITABLE_BY_OTHERS:
        mode = "an unknown mode" if entry.mode is None else f"mode {entry.mode:04o}"
        return f"{path}: expected it to be writable by root alone, found {mode}"
    return ""


def _above(folder: str) -> Iterator[str]:
    """Yield the folder and those above it, except the root itself."""
    while folder.strip("/"):
        yield folder
        folder = folder.rpartition("/")[0]

"""Reading AIDE's configuration with what it includes: files of root's only, and none is run."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.aide import (
    MOST_BYTES,
    MOST_FILES,
    PATHS,
    AideInclude,
    AideLookup,
    AideRules,
    read_aide,
)
from auditrules.host.rootfs import Tree, UnreadableError

_WRITABLE = 0o022  # by the group or by others


def read_aide_rules(tree: Tree, *, owners: bool) -> AideRules:
    """AIDE's rules. `owners` says that owners of files count: a copy of a root may belong to anybody."""
    files = (tree.read(path, MOST_BYTES) for path in PATHS)
    reading = read_aide(next(filter(None, files), None))
    answer: list[File] | bool | None = None
    while True:
        try:
            wish = reading.send(answer)
        except StopIteration as stop:
            rules: AideRules = stop.value
            return rules
        if isinstance(wish, AideLookup):
            answer = _is_there(tree, wish.path)
        else:
            answer = [_trusted(file, owners=owners) for file in _included(tree, wish)]


def _included(tree: Tree, wish: AideInclude) -> list[File]:
    if not wish.names:
        return [_read(tree, wish.path)]
    folder = wish.path.rstrip("/") or "/"
    try:
        names = tree.names(folder)
    except UnreadableError as error:
        return [File(folder, error=str(error))]
    if len(names) > MOST_FILES or not names:
        return [File(folder, error=f"expected from 1 to {MOST_FILES} files, found {len(names)}")] if names else []
    paths = [f"{folder}/{name}" for name in names]
    return [_read(tree, path) for path in paths if (end := tree.end(path)) is None or end[1].type == "file"]


def _read(tree: Tree, path: str) -> File:
    return tree.read(path, MOST_BYTES) or File(path, error="expected a file, found nothing")


def _trusted(file: File, *, owners: bool) -> File:
    """The file; without its content if somebody else than root may have written it."""
    if file.mode is not None and file.mode & _WRITABLE:
        return File(file.path, error=f"expected only root to be able to write it, found the mode {file.mode:04o}")
    if owners and file.uid:
        return File(file.path, error=f"expected it to be root's, found one of uid {file.uid}")
    return file


def _is_there(tree: Tree, path: str) -> bool | None:
    """Whether something is at a path; None where that could not be seen."""
    if tree.end(path) is not None:
        return True
    seen = tree.look((path,))
    return False if any(entry.type == "missing" for entry in seen.values()) else None

"""Reads AIDE's configuration with the files it includes. Only root's files count, and no program is run."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.aide import MOST_BYTES, MOST_FILES, AideAnswer, read_aide
from auditrules.benchmarks.configuration.aide_rules import PATHS, AideFile, AideInclude, AideLookup, AideRules
from auditrules.host.open_folders import UnreadableError
from auditrules.host.ownership import WRITABLE_BY_OTHERS, ownership_problem
from auditrules.host.rootfs import Tree

_FOLDER, _COPIES = "/etc/aide/aide.conf.d", "/usr/share/aide/config/aide/aide.conf.d"


def read_aide_rules(tree: Tree, *, owners: bool) -> AideRules:
    """Read AIDE's rules. `owners`: the files must be root's. In a copy of a root, they may belong to anybody."""
    files = (tree.read(path, MOST_BYTES) for path in PATHS)
    reading = read_aide(next(filter(None, files), None))
    answer: AideAnswer = None
    while True:
        try:
            wish = reading.send(answer)
        except StopIteration as stop:
            rules: AideRules = stop.value
            return rules
        if isinstance(wish, AideLookup):
            answer = _is_there(tree, wish.path)
        else:
            included = [_if_roots(file, owners=owners) for file in _included(tree, wish)]
            answer = [AideFile(file, packaged=_is_packaged(tree, file)) for file in included]


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


def _is_packaged(tree: Tree, file: File) -> bool:
    """Whether a file is as Debian's aide-common installs it. The package keeps copies of what it puts into /etc."""
    if file.content is None or not file.mode or not file.mode & 0o100:
        return False  # it matters for programs only
    folder, _, name = file.path.rpartition("/")
    copy = tree.read(f"{_COPIES}/{name}", MOST_BYTES) if folder == _FOLDER else None
    return copy is not None and copy.content == file.content and not (copy.mode or 0) & WRITABLE_BY_OTHERS


def _read(tree: Tree, path: str) -> File:
    return tree.read(path, MOST_BYTES) or File(path, error="expected a file, found nothing")


def _if_roots(file: File, *, owners: bool) -> File:
    """The file, without its content if somebody other than root may have written it."""
    problem = ownership_problem(file.mode, file.uid, owners=owners)
    return File(file.path, error=problem) if problem else file


def _is_there(tree: Tree, path: str) -> bool | None:
    """Whether something is at a path; None if that could not be seen."""
    if tree.end(path) is not None:
        return True
    seen = tree.look((path,))
    return False if any(entry.type == "missing" for entry in seen.values()) else None

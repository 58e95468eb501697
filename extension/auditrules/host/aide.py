"""Reading AIDE's configuration with what it includes: files of root's only, and none is run."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.aide import MOST_BYTES, MOST_FILES, AideAnswer, read_aide
from auditrules.benchmarks.configuration.aide_rules import PATHS, AideFile, AideInclude, AideLookup, AideRules
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

_FOLDER, _COPIES = "/etc/aide/aide.conf.d", "/usr/share/aide/config/aide/aide.conf.d"
_WRITABLE = 0o022  # by the group or by others


def read_aide_rules(tree: Tree, *, owners: bool) -> AideRules:
    """AIDE's rules. `owners` says that owners of files count: a copy of a root may belong to anybody."""
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
            included = [_trusted(file, owners=owners) for file in _included(tree, wish)]
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
    """Whether a file is as Debian's aide-common brings it, which keeps a copy of each that it puts into /etc."""
    if file.content is None or not file.mode or not file.mode & 0o100:
        return False  # only of programs it matters
    folder, _, name = file.path.rpartition("/")
    copy = tree.read(f"{_COPIES}/{name}", MOST_BYTES) if folder == _FOLDER else None
    return copy is not None and copy.content == file.content and not (copy.mode or 0) & _WRITABLE


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

"""Following the files of sudoers to where sudo logs to: root's only, and as many as sudo would read at most."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.benchmarks.configuration.sudoers import (
    MOST_BYTES,
    MOST_DEPTH,
    MOST_FILES,
    PATHS,
    SudoersInclude,
    SudoersStatement,
    SudoersUnclear,
    SudoLog,
    sudo_log,
    sudoers_statements,
)
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

_WRITABLE = 0o022  # by the group or by others


def read_sudo_log(tree: Tree, *, owners: bool) -> SudoLog:
    """Where sudo logs to. `owners` says that owners of files count: a copy of a root may belong to anybody."""
    first = next((path for path in PATHS if tree.read(path, MOST_BYTES) is not None), None)
    return SudoLog() if first is None else sudo_log(_Reading(tree, owners).of(first, ()))


class _Reading:
    """One reading of all files, which counts them."""

    def __init__(self, tree: Tree, owners: bool) -> None:  # noqa: FBT001 - as `read_sudo_log` has it
        self._tree = tree
        self._owners = owners
        self._left = MOST_FILES

    def of(self, path: str, above: tuple[str, ...]) -> Iterator[SudoersStatement]:
        """The statements of a file, with those of what it includes in their places."""
        if path in above:
            yield SudoersUnclear(f"{path}: it includes itself")
            return
        if len(above) >= MOST_DEPTH or not self._left:
            yield SudoersUnclear(f"{path}: not read, as it is one of too many")
            return
        self._left -= 1
        file = self._tree.read(path, MOST_BYTES)
        if file is None:
            return
        if file.content is None or (error := self._doubt(file.mode, file.uid)):
            yield SudoersUnclear(f"{path}: {file.error or error}")
            return
        for each in sudoers_statements(path, file.content):
            if isinstance(each, SudoersInclude):
                for included in self._included(each):
                    yield from [included] if isinstance(included, SudoersUnclear) else self.of(included, (*above, path))
            else:
                yield each

    def _included(self, include: SudoersInclude) -> list[str | SudoersUnclear]:
        if not include.folder:
            return [include.path]
        folder = include.path.rstrip("/") or "/"
        try:
            names = [name for name in self._tree.names(folder) if not name.endswith("~") and "." not in name]
        except UnreadableError as error:
            return [SudoersUnclear(f"{folder}: {error}")]
        end = self._tree.end(folder)
        if end is not None and (doubt := self._doubt(end[1].mode, end[1].uid)):
            return [SudoersUnclear(f"{folder}: {doubt}")]
        paths = [f"{folder}/{name}" for name in names]
        return [path for path in paths if (found := self._tree.end(path)) is None or found[1].type != "dir"]

    def _doubt(self, mode: int | None, uid: int | None) -> str:
        """Why sudo does not take what somebody else than root may have written; empty if it does."""
        if mode is not None and mode & _WRITABLE:
            return f"expected only root to be able to write it, found the mode {mode:04o}"
        if self._owners and uid:
            return f"expected it to be root's, found one of uid {uid}"
        return ""

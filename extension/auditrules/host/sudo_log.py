"""Reads sudoers and the files it includes, to find the file that sudo logs to. Only root's files count."""

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
from auditrules.host.ownership import ownership_problem
from auditrules.host.rootfs import Tree


def read_sudo_log(tree: Tree, *, owners: bool) -> SudoLog:
    """Find where sudo logs. `owners`: the files must be root's. In a copy of a root, they may belong to anybody."""
    first = next((path for path in PATHS if tree.read(path, MOST_BYTES) is not None), None)
    return SudoLog() if first is None else sudo_log(_SudoersReader(tree, owners).statements(first, ()))


class _SudoersReader:
    """Reads sudoers once, and at most as many files as sudo would."""

    def __init__(self, tree: Tree, owners: bool) -> None:  # noqa: FBT001 - as `read_sudo_log` has it
        self._tree = tree
        self._owners = owners
        self._left = MOST_FILES

    def statements(self, path: str, above: tuple[str, ...]) -> Iterator[SudoersStatement]:
        """Yield the statements of a file, and in place of each include those of the included files.

        `above` are the files that include this one, outermost first.
        """
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
        if file.content is None or (problem := ownership_problem(file.mode, file.uid, owners=self._owners)):
            yield SudoersUnclear(f"{path}: {file.error or problem}")
            return
        for each in sudoers_statements(path, file.content):
            if isinstance(each, SudoersInclude):
                inner = (*above, path)
                for included in self._included(each):
                    yield from [included] if isinstance(included, SudoersUnclear) else self.statements(included, inner)
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
        if end is not None and (problem := ownership_problem(end[1].mode, end[1].uid, owners=self._owners)):
            return [SudoersUnclear(f"{folder}: {problem}")]
        paths = [f"{folder}/{name}" for name in names]
        return [path for path in paths if (found := self._tree.end(path)) is None or found[1].type != "dir"]

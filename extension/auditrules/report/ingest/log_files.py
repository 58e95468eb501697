"""Finds the files of the given paths for a report. No file is opened because a log names it."""

from __future__ import annotations

import glob
import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from auditrules.report.errors import ReportError
from auditrules.report.ingest.streams import BLOCK, STANDARD_INPUT
from auditrules.report.model import Broken


class SourceError(ReportError):
    """A path of a log or a store cannot be used. The message says which, and why."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file to read."""

    path: str
    """The path as given or found; - is standard input."""
    size: int
    modified: int
    """Nanoseconds."""
    device: int = 0
    inode: int = 0


def find_files(paths: Sequence[str]) -> tuple[list[LogFile], list[Broken]]:
    """Return the files of the paths, each once even if it has several names, and those that could not be opened.

    A path is a file, a directory, which is taken with all below it, a glob, or - for standard input. Raises
    `SourceError` where a path names nothing.
    """
    found: dict[tuple[int, int], LogFile] = {}
    unreadable: list[Broken] = []
    seen = _SeenFiles()
    for path in paths:
        if path == STANDARD_INPUT:
            found[-1, -1] = LogFile(path, 0, 0)
            continue
        for name in _expanded(path):
            for file in _files(name, unreadable, seen):
                found.setdefault((file.device, file.inode), file)
    unreadable += _left_out(seen.links, found.keys() | seen.folders)
    return list(found.values()), unreadable


def _expanded(path: str) -> list[str]:
    if os.path.lexists(path):
        return [path]
    names = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - the pattern may be absolute
    if not names:
        raise SourceError(f"{path}: expected a file, a directory or a glob that matches one, found nothing")
    return names


@dataclass(slots=True)
class _SeenFiles:
    """Folders that were searched, and links that were found in them."""

    folders: set[tuple[int, int]] = field(default_factory=set)
    links: list[Path] = field(default_factory=list)


def _left_out(links: list[Path], known: Container[tuple[int, int]]) -> Iterator[Broken]:
    """The links to files that are not among the known ones."""
    for link in links:
        try:
            status = link.stat()
        except OSError as error:
            yield Broken(str(link), 0, f"a link that leads nowhere: {error.strerror}")
            continue
        if (status.st_dev, status.st_ino) not in known:
            yield Broken(str(link), 0, "a link, which is not followed: to have it read, give it as a PATH")


def _files(name: str, unreadable: list[Broken], seen: _SeenFiles) -> Iterator[LogFile]:
    try:
        status = Path(name).stat()
    except OSError as error:
        unreadable.append(Broken(name, 0, f"{error.strerror}"))
        return
    if S_ISDIR(status.st_mode):
        yield from _below(name, unreadable, seen)
    elif S_ISREG(status.st_mode):
        yield LogFile(name, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino)
    else:
        unreadable.append(Broken(name, 0, "expected a regular file or a directory"))


def _below(folder: str, unreadable: list[Broken], seen: _SeenFiles) -> Iterator[LogFile]:
    """Find files below a folder. Links are not followed, as others write the folder and may link to anything."""

    def refused(error: OSError) -> None:
        unreadable.append(Broken(os.fspath(error.filename), 0, f"{error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders.sort()
        try:
            status = Path(parent).stat()
        except OSError as error:  # it has just been removed
            refused(error)
            continue
        seen.folders.add((status.st_dev, status.st_ino))
        seen.links += (path for name in folders if (path := Path(parent, name)).is_symlink())
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_symlink():
                seen.links.append(path)
            else:
                yield from _files(str(path), unreadable, seen)


def split_at_lines(file: LogFile, start: int, size: int) -> list[tuple[int, int]]:
    """Cut a file of lines, from a byte on, into parts of about `size` bytes that end with a line."""
    found = []
    with Path(file.path).open("rb", buffering=BLOCK) as stream:
        while file.size - start > size:
            stream.seek(start + size)
            end = start + size
            while line := stream.readline(BLOCK):
                end += len(line)
                if line.endswith(b"\n"):
                    break
            found.append((start, end))
            start = end
    return [*found, (start, file.size)] if start < file.size else found

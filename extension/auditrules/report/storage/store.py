"""The store: a folder with the tables of the logs as Parquet files, by table and day, and how far each log was read.

    DIR/read.json                             which files were read, and up to where
    DIR/observations/day=2026-11-23/….parquet
    DIR/query_failures/….parquet              and so on: the tables of `tables.LOG_TABLES`
    DIR/outline/….parquet                     the few observations that a report goes through (storage.outline)

Before a file is written, `read.json` says how the names of those begin that do not count yet; it is replaced, in one
step, when all are on the disk. So a report that dies, or a disk that is full, leaves the store as it was: the next
report removes what did not count, and reads those lines again.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from auditrules.report.ingest.log_files import LogFile, SourceError
from auditrules.report.ingest.part import MOST_HOSTS, MOST_SHOWN, PartResult
from auditrules.report.ingest.streams import (
    HEAD,
    STANDARD_INPUT,
    FileFormat,
    detect_format,
    digest,
    open_stream,
    skip_to,
)
from auditrules.report.model import Broken
from auditrules.report.storage.folders import check_owner, locked, temporary_folder
from auditrules.report.storage.registry import (
    LOCK,
    OUTLINE,
    SCRATCH,
    LogProblems,
    Registry,
    commit,
    prepare,
    read_registry,
    sync,
)
from auditrules.report.tables import LOG_TABLES

_MAGIC = b"PAR1"  # how a Parquet file begins and ends


@dataclass(slots=True)
class Store:
    """An open store. `kept` is false for a temporary one of this run."""

    folder: Path
    kept: bool
    lock: int
    """The descriptor of its lock. Every process that has it open holds the lock."""
    registry: Registry = field(default_factory=Registry)

    def scratch(self) -> Path:
        """Return the folder for temporary files in the store."""
        folder = self.folder / SCRATCH
        folder.mkdir(exist_ok=True)
        return folder

    def files(self) -> dict[str, list[Path]]:
        """Return the complete Parquet files of each table."""
        return {name: [path for path in self._files(name) if _is_whole(path)] for name in LOG_TABLES}

    def broken_files(self) -> list[Broken]:
        """Return the Parquet files that are damaged or gone. Their rows are not in the report."""
        here = {name: path for table in LOG_TABLES for name, path in self._named(table)}
        wrong = {name: "gone" for name in self._remembered() if name not in here}
        wrong |= {name: "cut off" for name, path in here.items() if not _is_whole(path)}
        cause = "and its verdicts are missing: give another folder, or empty this one, to read all logs again"
        return [
            Broken(str(self.folder / name), 0, f"this part of the store is {what}, {cause}")
            for name, what in wrong.items()
        ]

    def _remembered(self) -> list[str]:
        """The files of the register, without those of a day whose folder was deleted to forget the day."""
        folders = ((name, (self.folder / name).parent) for name in self.registry.parts)
        return [name for name, folder in folders if not folder.name.startswith("day=") or folder.exists()]

    def _named(self, table: str) -> Iterator[tuple[str, Path]]:
        """Yield the files of a table, each with its path in the store."""
        return ((str(path.relative_to(self.folder)), path) for path in self._files(table))

    def _files(self, name: str) -> list[Path]:
        return sorted((self.folder / name).glob("**/*.parquet"))

    def is_read(self, file: LogFile) -> bool:
        """Whether the file is unchanged since it was read to its end."""
        return self.kept and self.registry.read.get(_path(file)) == _stamp(file)

    def resume_point(self, file: LogFile) -> tuple[int, int]:
        """Return the byte and the line up to which a file of lines was read, under any name; 0, 0: never."""
        if not self.kept or file.path == STANDARD_INPUT:
            return 0, 0
        with open_stream(file.path) as (stream, head, packed):
            known = self.registry.positions.get(digest(head[:HEAD])) if len(head) >= HEAD else None
            if known is None or detect_format(head) is not FileFormat.LINES:
                return 0, 0
            offset = known["offset"]
            if not packed and file.size < offset:
                return 0, 0
            return (offset, known["lines"]) if digest(skip_to(stream, offset)) == known["tail"] else (0, 0)

    def mark_read(self, file: LogFile, results: list[PartResult], lines: int, shown: Sequence[Broken]) -> str:
        """Note that a file was read, and where its last line ended. Returns its key in `problems`."""
        if not self.kept or file.path == STANDARD_INPUT or any(result.unreadable for result in results):
            return ""
        self.registry.read[_path(file)] = _stamp(file)
        if not results:
            return ""
        last = results[-1]
        known = last.head
        if known and last.offset:
            self.registry.positions[known] = {
                "offset": last.offset,
                "tail": last.tail,
                "lines": lines - last.unfinished,
            }
        before = self.registry.problems.get(known) if results[0].part.start else None
        key = known or _path(file)
        self.registry.problems[key] = _problems(results, shown, before)
        return key

    @contextmanager
    def writing(self) -> Iterator[str]:
        """Give the beginning of the names of new files. They count, with all notes, only if the block succeeds."""
        name = f"{int(time.time()):x}-{uuid4().hex[:12]}"
        if not self.kept:
            yield name
            return
        self.registry.writing, self.registry.parts = name, self._remembered()
        self.save()
        try:
            yield name
            self.registry.writing = ""
            for table in LOG_TABLES:
                with suppress(FileNotFoundError):
                    sync(self.folder / table)  # where days may be new
            parts = {name for table in LOG_TABLES for name, _ in self._named(table)}
            self.registry.parts = sorted(parts.union(self.registry.parts).difference(self.registry.replaced))
            prepare(self.folder, self.registry)
        except BaseException:
            self._remove_unfinished(name)  # at once, as the disk may be full
            raise
        commit(self.folder)  # from here on nothing may be removed

    def save(self) -> None:
        """Write the register."""
        if self.kept:
            prepare(self.folder, self.registry)
            commit(self.folder)

    def tidy(self) -> None:
        """Remove files that do not count: those of reports that died, and those that were replaced."""
        if self.registry.writing:
            self._remove_unfinished(self.registry.writing)
        replaced = set(self.registry.replaced)
        for table in LOG_TABLES if replaced else ():
            for name, path in self._named(table):
                if name in replaced:
                    path.unlink()
                    sync(path.parent)  # or it may be there again after a loss of power
        if self.registry.writing or replaced:
            self.registry.writing, self.registry.replaced = "", []
            self.save()
        self.remove_outlines()

    def remove_outlines(self) -> None:
        """Remove the outlines that the register does not name."""
        kept = self.registry.outline and self.registry.outline["digest"]
        for path in (self.folder / OUTLINE).glob("*"):
            if path.stem != kept and path.is_file():
                path.unlink(missing_ok=True)

    def _remove_unfinished(self, name: str) -> None:
        for table in LOG_TABLES:
            for path in (self.folder / table).glob(f"**/{name}-*"):
                path.unlink(missing_ok=True)


@contextmanager
def open_store(folder: str | None) -> Iterator[Store]:
    """Open a folder, which need not exist yet, as a store; without a folder, a temporary one.

    Raises `SourceError` where the folder is in use, is another user's, or holds something else, and `OSError` where it
    can't be written.
    """
    if folder is None:
        with temporary_folder() as (scratch, lock):
            yield Store(scratch, kept=False, lock=lock)
        return
    path = Path(folder)
    with ExitStack() as stack:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_owner(path)
            lock = stack.enter_context(locked(path / LOCK))
        except BlockingIOError:
            raise SourceError(f"{folder}: another report is using this store: wait until it ends") from None
        except FileExistsError:
            raise SourceError(f"{folder}: expected a folder as the store, found a file") from None
        except OSError as error:
            raise SourceError(f"{folder}: cannot be a store, to which every report writes: {error.strerror}") from error
        opened = Store(path, kept=True, lock=lock, registry=read_registry(path))
        opened.tidy()
        shutil.rmtree(path / SCRATCH, ignore_errors=True)  # of reports that died
        yield opened


def _is_whole(path: Path) -> bool:
    """Whether a Parquet file is complete: it begins and ends as one, and has the length that its end gives."""
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(_MAGIC))
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - len(_MAGIC) - 4))
            end = stream.read()
    except OSError:
        return False
    return begin == _MAGIC == end[4:] and int.from_bytes(end[:4], "little") + 12 <= size


def _problems(results: Sequence[PartResult], shown: Sequence[Broken], before: LogProblems | None) -> LogProblems:
    """Add new problems of a log to the known ones of its beginning.

    A last line without an end is read again, and reported then.
    """
    last = results[-1]
    again = last.unfinished and last.last_broken == last.lines
    found = [(each.file, each.line, each.cause, each.host) for each in shown]
    known = before or {"broken": 0, "shown": [], "hosts": [], "dated_by_file": 0}
    return {
        "broken": known["broken"] + sum(each.broken for each in results) - again,
        "shown": [*known["shown"], *(found[:-1] if again else found)][:MOST_SHOWN],
        "hosts": sorted({*known["hosts"], *(host for each in results for host in each.hosts)})[:MOST_HOSTS],
        "dated_by_file": known["dated_by_file"] + sum(each.dated_by_file for each in results),
    }


def _path(file: LogFile) -> str:
    return str(Path(file.path).absolute())


def _stamp(file: LogFile) -> list[int]:
    return [file.size, file.modified, file.device, file.inode]

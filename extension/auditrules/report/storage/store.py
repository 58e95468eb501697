"""The store: a folder that keeps what was read as Parquet files, by table and day, and how far each log was read.

    DIR/read.json                             which files were read, and up to where
    DIR/observations/day=2026-11-23/….parquet
    DIR/query_failures/….parquet              and so on: the tables of `tables.LOG_TABLES`

A Parquet file is written under another name and then renamed; `read.json` is replaced at the end. After a run that dies
in between the same lines are read again, and count once.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

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
from auditrules.report.tables import LOG_TABLES

FORMAT = 4
"""The number of the store's format: raised whenever a table or a column gets another name or meaning."""

_TEMPORARY = "auditrules-"
_ABANDONED = 60  # seconds after which a temporary folder that nobody locks is of a report that was killed
_MAGIC = b"PAR1"  # how a Parquet file begins and ends
_REGISTRY, _NEW, _LOCK, _SCRATCH = "read.json", "read.json.new", "lock", "scratch"
_OWN = (*LOG_TABLES, _NEW, _LOCK, _SCRATCH)


class _Position(TypedDict):
    offset: int
    tail: str
    lines: int


class LogProblems(TypedDict):
    """What was wrong in a log: every later report repeats it."""

    broken: int
    shown: list[tuple[str, int, str, str]]
    hosts: list[str]
    dated_by_file: int


class _Registry(TypedDict):
    format: int
    row_counts: list[int]
    read: dict[str, list[int]]
    positions: dict[str, _Position]
    problems: dict[str, LogProblems]


@dataclass(slots=True)
class Store:
    """An open store; `kept` unless it is of this run alone."""

    folder: Path
    kept: bool
    read: dict[str, list[int]] = field(default_factory=dict)
    """By path: size and times of each file that was read to its end."""
    positions: dict[str, _Position] = field(default_factory=dict)
    """By the digest of the log's first bytes: how far it was read."""
    problems: dict[str, LogProblems] = field(default_factory=dict)
    """By the digest of the log's first bytes, or of a short log by its path."""
    row_counts: list[int] = field(default_factory=list)
    """How many rows there are, each once, and how many were read again; empty where nobody has counted yet."""

    def scratch(self) -> Path:
        """Return a folder in it for temporary files."""
        folder = self.folder / _SCRATCH
        folder.mkdir(exist_ok=True)
        return folder

    def files(self) -> dict[str, list[Path]]:
        """Return the Parquet files of each table that are whole."""
        return {name: [path for path in self._files(name) if _is_whole(path)] for name in LOG_TABLES}

    def broken_files(self) -> list[Broken]:
        """Return the Parquet files that are not whole: what they held is not in the report."""
        cause = (
            "this part of the store is cut off, and its verdicts are missing: give another folder, or empty this one, "
            "to read all logs again"
        )
        return [Broken(str(path), 0, cause) for name in LOG_TABLES for path in self._files(name) if not _is_whole(path)]

    def _files(self, name: str) -> list[Path]:
        return sorted((self.folder / name).glob("**/*.parquet"))

    def is_read(self, file: LogFile) -> bool:
        """Whether the file is as it was when it was read to its end."""
        return self.kept and self.read.get(_path(file)) == _stamp(file)

    def resume_point(self, file: LogFile) -> tuple[int, int]:
        """Return the byte and the line up to which a file of lines was read, under whatever name; 0, 0 for never."""
        if not self.kept or file.path == STANDARD_INPUT:
            return 0, 0
        with open_stream(file.path) as (stream, head, packed):
            known = self.positions.get(digest(head[:HEAD])) if len(head) >= HEAD else None
            if known is None or detect_format(head) is not FileFormat.LINES:
                return 0, 0
            offset = known["offset"]
            if not packed and file.size < offset:
                return 0, 0
            return (offset, known["lines"]) if digest(skip_to(stream, offset)) == known["tail"] else (0, 0)

    def mark_read(self, file: LogFile, results: list[PartResult], lines: int, shown: Sequence[Broken]) -> str:
        """Remember that a file was read, and where its last line ended; returns the key of its `problems`."""
        if not self.kept or file.path == STANDARD_INPUT or any(result.unreadable for result in results):
            return ""
        self.read[_path(file)] = _stamp(file)
        if not results:
            return ""
        last = results[-1]
        known = last.head
        if known and last.offset:
            self.positions[known] = {"offset": last.offset, "tail": last.tail, "lines": lines - last.unfinished}
        before = self.problems.get(known) if results[0].part.start else None
        key = known or _path(file)
        self.problems[key] = _problems(results, shown, before)
        return key

    def save(self) -> None:
        """Write down what was remembered."""
        if self.kept:
            registry: _Registry = {
                "format": FORMAT,
                "row_counts": self.row_counts,
                "read": self.read,
                "positions": self.positions,
                "problems": {
                    key: each for key, each in self.problems.items() if each["broken"] or each["dated_by_file"]
                },
            }
            new = self.folder / _NEW
            with new.open("w", encoding="utf-8") as stream:
                json.dump(registry, stream)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self.folder / _REGISTRY)


@contextmanager
def open_store(folder: str | None) -> Iterator[Store]:
    """Open a folder as a store, which need not exist yet; without one, a temporary folder.

    Raises `SourceError` where the folder is in use, or holds something else, and `OSError` where it can't be written.
    """
    if folder is None:
        with _temporary() as scratch:
            yield Store(scratch, kept=False)
        return
    path = Path(folder)
    with ExitStack() as stack:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(_locked(path / _LOCK))
        except BlockingIOError:
            raise SourceError(f"{folder}: another report is using this store: wait until it ends") from None
        except OSError as error:
            raise SourceError(f"{folder}: cannot be a store: {error.strerror}") from error
        registry = _registry(path)
        yield Store(
            path,
            kept=True,
            read=registry["read"],
            positions=registry["positions"],
            problems=registry["problems"],
            row_counts=registry["row_counts"],
        )


@contextmanager
def _temporary() -> Iterator[Path]:
    """A folder that is gone afterwards; those of reports that were killed go first.

    A report holds a lock on its own as long as it runs.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        with suppress(OSError), _locked(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW) as lock:
            made = os.fstat(lock).st_mtime
            if folder.lstat().st_uid == os.geteuid() and time.time() - made > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY) as name, _locked(Path(name) / _LOCK):
        yield Path(name)


@contextmanager
def _locked(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    """Hold the lock of a folder. Raises `BlockingIOError` where another process does."""
    lock = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield lock
    finally:
        os.close(lock)


def _is_whole(path: Path) -> bool:
    """Whether a Parquet file begins and ends as one, and is as long as its end says."""
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(_MAGIC))
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - len(_MAGIC) - 4))
            end = stream.read()
    except OSError:
        return False
    return begin == _MAGIC == end[4:] and int.from_bytes(end[:4], "little") + 12 <= size


def _registry(folder: Path) -> _Registry:
    path = folder / _REGISTRY
    if not path.exists():
        strangers = sorted(each.name for each in folder.iterdir() if each.name not in _OWN)
        if strangers:
            raise SourceError(f"{folder}: expected a store or an empty folder, found {strangers[0]}")
        return {"format": FORMAT, "row_counts": [], "read": {}, "positions": {}, "problems": {}}
    try:
        registry = json.loads(path.read_bytes())
        if registry["format"] == FORMAT:
            return {
                "format": FORMAT,
                "row_counts": [int(number) for number in registry["row_counts"]],
                "read": {str(name): [int(number) for number in stamp] for name, stamp in registry["read"].items()},
                "positions": {
                    str(name): {"offset": int(each["offset"]), "tail": str(each["tail"]), "lines": int(each["lines"])}
                    for name, each in registry["positions"].items()
                },
                "problems": {str(name): _log_problems(each) for name, each in registry.get("problems", {}).items()},
            }
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # reported below
    raise SourceError(f"{path}: expected a store of format {FORMAT}: give another folder, or empty this one")


def _log_problems(each: dict[str, Any]) -> LogProblems:
    return {
        "broken": int(each["broken"]),
        "shown": [(str(file), int(line), str(cause), str(host)) for file, line, cause, host in each["shown"]],
        "hosts": [str(host) for host in each["hosts"]],
        "dated_by_file": int(each["dated_by_file"]),
    }


def _problems(results: Sequence[PartResult], shown: Sequence[Broken], before: LogProblems | None) -> LogProblems:
    """Sum up what was wrong in a log: what was known of its beginning, and what was found now.

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

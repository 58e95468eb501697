"""Which files a report reads, and what kind each is. No file is opened because a log names it."""

from __future__ import annotations

import csv
import glob
import gzip
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Protocol

import zstandard

from auditrules.report.errors import ReportError
from auditrules.report.model import Broken

STANDARD_INPUT = "-"
BLOCK = 1024 * 1024

_HEAD = 4096
_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LARGEST_WINDOW = 2**27  # bytes: what the zstd program itself accepts
_BOM = b"\xef\xbb\xbf"
_OPENING = (b"{", b"[")
_STATUS_HEAD = b"Log file created at:"
_CSV_STATUS, _CSV_CONTROLS = "status", ("control", "cis_id")


class SourceError(ReportError):
    """A path that nothing can be read from; says which, and why."""


class Kind(Enum):
    """How a file is to be read."""

    LINES = "lines"
    """Lines of JSON, whatever surrounds them: read in parts."""
    STATUS = "status"
    """A status file as glog writes it, with its header."""
    CSV = "csv"
    DOCUMENT = "document"
    """JSON over many lines."""
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read."""

    path: str
    """As given or found; - is standard input."""
    size: int
    modified: int
    """Nanoseconds."""
    device: int = 0
    inode: int = 0


def find(paths: Sequence[str]) -> tuple[list[Source], list[Broken]]:
    """Give the files of the paths, each once whatever names it has, and what could not be looked at.

    A path is a file, a directory, which is taken with all below it, a glob, or - for standard input. Raises
    `SourceError` where a path names nothing.
    """
    found: dict[tuple[int, int], Source] = {}
    unreadable: list[Broken] = []
    for path in paths:
        if path == STANDARD_INPUT:
            found[-1, -1] = Source(path, 0, 0)
            continue
        for name in _expanded(path):
            for source in _files(name, unreadable):
                found.setdefault((source.device, source.inode), source)
    return list(found.values()), unreadable


def _expanded(path: str) -> list[str]:
    if os.path.lexists(path):
        return [path]
    names = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - the pattern may be absolute
    if not names:
        raise SourceError(f"{path}: expected a file, a directory or a glob that matches one, found nothing")
    return names


def _files(name: str, unreadable: list[Broken]) -> Iterator[Source]:
    try:
        status = Path(name).stat()
    except OSError as error:
        unreadable.append(Broken(name, 0, f"{error.strerror}"))
        return
    if S_ISDIR(status.st_mode):
        yield from _below(name, unreadable)
    elif S_ISREG(status.st_mode):
        yield Source(name, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino)
    else:
        unreadable.append(Broken(name, 0, "expected a regular file or a directory"))


def _below(folder: str, unreadable: list[Broken]) -> Iterator[Source]:
    """Files below a folder. Links are not followed: what they lead to is there itself, or is none of its business."""

    def refused(error: OSError) -> None:
        unreadable.append(Broken(os.fspath(error.filename), 0, f"{error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if not path.is_symlink():
                yield from _files(str(path), unreadable)


class Stream(Protocol):
    """Bytes of a file, unpacked."""

    def read(self, size: int, /) -> bytes:
        """Give so many bytes, fewer only at the end."""

    def read1(self, size: int, /) -> bytes:
        """Give at most so many bytes, as soon as there are any."""

    def peek(self, size: int, /) -> bytes:
        """Give some of the bytes that come next, and leave them there."""

    def seek(self, place: int, /) -> int:
        """Go to a byte."""

    def seekable(self) -> bool:
        """Whether one can."""


@contextmanager
def opened(source: Source) -> Iterator[tuple[Stream, bytes, bool]]:
    """Give a file's bytes unpacked, the first of them again, and whether it was packed, by its own first bytes."""
    with ExitStack() as stack:
        if source.path == STANDARD_INPUT:
            plain: io.BufferedReader = sys.stdin.buffer  # type: ignore[assignment]
        else:
            plain = stack.enter_context(io.BufferedReader(io.FileIO(source.path), _HEAD))
        magic = plain.peek(len(_ZSTANDARD))
        stream: Stream = plain
        if magic.startswith(_GZIP):
            stream = stack.enter_context(gzip.GzipFile(fileobj=plain))
        elif magic.startswith(_ZSTANDARD):
            unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
            raw = unpacker.stream_reader(plain, read_across_frames=True)
            stream = stack.enter_context(io.BufferedReader(raw, BLOCK))
        yield stream, stream.peek(_HEAD)[:_HEAD], stream is not plain


def kind(head: bytes) -> Kind:
    """Tell what a file is by its first bytes."""
    if b"\0" in head:
        return Kind.BINARY
    if head.startswith(_STATUS_HEAD):
        return Kind.STATUS
    first = head.removeprefix(_BOM).lstrip().split(b"\n", 1)[0].strip()
    if first in _OPENING:
        return Kind.DOCUMENT
    if not first.startswith(_OPENING):
        columns = next(csv.reader([first.decode("utf-8", "replace")]), [])
        if _CSV_STATUS in columns and any(control in columns for control in _CSV_CONTROLS):
            return Kind.CSV
    return Kind.LINES


def parts(source: Source, start: int, size: int) -> list[tuple[int, int]]:
    """Cut a file of lines, from a byte on, into parts of about a size that end with a line."""
    found = []
    with Path(source.path).open("rb", buffering=BLOCK) as stream:
        while source.size - start > size:
            stream.seek(start + size)
            end = start + size
            while line := stream.readline(BLOCK):
                end += len(line)
                if line.endswith(b"\n"):
                    break
            found.append((start, end))
            start = end
    return [*found, (start, source.size)] if start < source.size else found

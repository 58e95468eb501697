"""Which files a report reads, and what kind each is. No file is opened because a log names it."""

from __future__ import annotations

import glob
import gzip
import io
import os
import sys
import zlib
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING, Protocol

import zstandard

from auditrules.report.errors import ReportError
from auditrules.report.exports import is_export
from auditrules.report.model import Broken

if TYPE_CHECKING:
    from typing_extensions import Buffer

STANDARD_INPUT = "-"
BLOCK = 1024 * 1024

_HEAD = 4096
_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LARGEST_WINDOW = 2**27  # bytes: what the zstd program itself accepts
_BOM = b"\xef\xbb\xbf"
_OPENING = (b"{", b"[")
_STATUS_HEAD = b"Log file created at:"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")
_NO_TEXT = bytes({*range(1, 9), *range(14, 27), *range(28, 32), 127})
_PACKED_BLOCK = 1024  # bytes, which unpack to at most some 32 MB

UNPACKING = (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError)
"""What is raised where a file cannot be unpacked."""
UNREADABLE = (OSError, *UNPACKING)
"""What is raised where a file cannot be read, or be unpacked."""


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
    UTF_16 = "UTF-16"


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
    seen = _Seen()
    for path in paths:
        if path == STANDARD_INPUT:
            found[-1, -1] = Source(path, 0, 0)
            continue
        for name in _expanded(path):
            for source in _files(name, unreadable, seen):
                found.setdefault((source.device, source.inode), source)
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
class _Seen:
    """Folders that were looked through, and links that were met in them."""

    folders: set[tuple[int, int]] = field(default_factory=set)
    links: list[Path] = field(default_factory=list)


def _left_out(links: list[Path], known: Container[tuple[int, int]]) -> Iterator[Broken]:
    """Name the links that lead to what was not found itself."""
    for link in links:
        try:
            status = link.stat()
        except OSError as error:
            yield Broken(str(link), 0, f"a link that leads nowhere: {error.strerror}")
            continue
        if (status.st_dev, status.st_ino) not in known:
            yield Broken(str(link), 0, "a link, which is not followed: to have it read, give it as a PATH")


def _files(name: str, unreadable: list[Broken], seen: _Seen) -> Iterator[Source]:
    try:
        status = Path(name).stat()
    except OSError as error:
        unreadable.append(Broken(name, 0, f"{error.strerror}"))
        return
    if S_ISDIR(status.st_mode):
        yield from _below(name, unreadable, seen)
    elif S_ISREG(status.st_mode):
        yield Source(name, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino)
    else:
        unreadable.append(Broken(name, 0, "expected a regular file or a directory"))


def _below(folder: str, unreadable: list[Broken], seen: _Seen) -> Iterator[Source]:
    """Files below a folder. Links are not followed: a folder of logs is written by others, who may link to anything."""

    def refused(error: OSError) -> None:
        unreadable.append(Broken(os.fspath(error.filename), 0, f"{error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders.sort()
        status = Path(parent).stat()
        seen.folders.add((status.st_dev, status.st_ino))
        seen.links += (path for name in folders if (path := Path(parent, name)).is_symlink())
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_symlink():
                seen.links.append(path)
            else:
                yield from _files(str(path), unreadable, seen)


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


class _Zstandard(io.RawIOBase):
    """A file packed by zstd, in one frame or many. Raises `EOFError` where the last of them is not whole."""

    def __init__(self, packed: io.BufferedReader) -> None:
        self._packed = packed
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._left, self._ready, self._place = b"", b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        while self._place >= len(self._ready):
            packed = self._left or self._packed.read(_PACKED_BLOCK)
            if not packed:
                if self._frame:
                    raise EOFError("a frame is not whole")
                return 0
            self._frame = self._frame or self._unpacker.decompressobj()
            self._ready, self._place, self._left = self._frame.decompress(packed), 0, b""
            if self._frame.eof:
                self._left, self._frame = self._frame.unused_data, None
        size = min(len(view), len(self._ready) - self._place)
        view[:size] = self._ready[self._place : self._place + size]
        self._place += size
        return size


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
            stream = stack.enter_context(io.BufferedReader(_Zstandard(plain), BLOCK))
        yield stream, stream.peek(_HEAD)[:_HEAD], stream is not plain


def kind(head: bytes) -> Kind:
    """Tell what a file is by its first bytes. A log may hold zeros, which file systems leave when power is lost."""
    if head.startswith(_UTF_16):
        return Kind.UTF_16
    if b"\0" in head:
        if head.translate(None, _NO_TEXT) != head:
            return Kind.BINARY
        head = head.lstrip(b"\0")
    if head.startswith(_STATUS_HEAD):
        return Kind.STATUS
    first = head.removeprefix(_BOM).lstrip().split(b"\n", 1)[0].strip()
    if first in _OPENING:
        return Kind.DOCUMENT
    if not first.startswith(_OPENING) and is_export(first.decode("utf-8", "replace")):
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

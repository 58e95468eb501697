"""Opens and unpacks files, and detects their formats by the first bytes, never by their names."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import zstandard

from auditrules.report.ingest.csv_export import is_export

if TYPE_CHECKING:
    from typing_extensions import Buffer

STANDARD_INPUT = "-"
BLOCK = 1024 * 1024

HEAD = 1024
"""The number of first bytes by which a log is recognised after it was renamed, packed or copied."""

TAIL = 4096
"""The number of bytes before the offset where reading stopped, by which this place is recognised."""

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
"""The exceptions of files that cannot be unpacked."""
UNREADABLE = (OSError, *UNPACKING)
"""The exceptions of files that cannot be read or unpacked."""


class FileFormat(Enum):
    """How a file is read."""

    LINES = "lines"
    """Lines of JSON, whatever surrounds them: read in parts."""
    STATUS = "status"
    """A status log as glog writes it, with its header."""
    CSV = "csv"
    DOCUMENT = "document"
    """JSON over many lines."""
    BINARY = "binary"
    UTF_16 = "UTF-16"


class Stream(Protocol):
    """Bytes of a file, unpacked."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer only at the end."""

    def read1(self, size: int, /) -> bytes:
        """Return at most so many bytes, as soon as there are any."""

    def peek(self, size: int, /) -> bytes:
        """Return some of the bytes that come next, and leave them there."""

    def seek(self, offset: int, /) -> int:
        """Go to a byte."""

    def seekable(self) -> bool:
        """Whether `seek` works."""


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
def open_stream(path: str) -> Iterator[tuple[Stream, bytes, bool]]:
    """Open a file; returns its bytes unpacked, the first of them again, and whether it was packed."""
    with ExitStack() as stack:
        if path == STANDARD_INPUT:
            if sys.stdin is None:
                raise OSError("standard input is closed")
            plain: io.BufferedReader = sys.stdin.buffer  # type: ignore[assignment]
        else:
            plain = stack.enter_context(io.BufferedReader(io.FileIO(path), _HEAD))
        magic = plain.peek(len(_ZSTANDARD))
        stream: Stream = plain
        if magic.startswith(_GZIP):
            stream = stack.enter_context(gzip.GzipFile(fileobj=plain))
        elif magic.startswith(_ZSTANDARD):
            stream = stack.enter_context(io.BufferedReader(_Zstandard(plain), BLOCK))
        yield stream, stream.peek(_HEAD)[:_HEAD], stream is not plain


def digest(content: bytes) -> str:
    """Return what bytes are recognised by."""
    return sha256(content).hexdigest()


def skip_to(stream: Stream, offset: int) -> bytes:
    """Go to a byte; returns the bytes before it, by which the place is recognised."""
    before = max(0, offset - TAIL)
    if stream.seekable():  # of a packed file it unpacks all that is before
        stream.seek(before)
    else:
        while before and (block := stream.read(min(BLOCK, before))):
            before -= len(block)
    return stream.read(min(TAIL, offset))


def detect_format(head: bytes) -> FileFormat:
    """Return the format of a file that begins so. A log may hold zeros, which a loss of power leaves."""
    if head.startswith(_UTF_16) or (head[1:4:2] == b"\0\0" and head[:1] != b"\0"):
        return FileFormat.UTF_16
    if b"\0" in head:
        if head.translate(None, _NO_TEXT) != head:
            return FileFormat.BINARY
        head = head.lstrip(b"\0")
    if head.startswith(_STATUS_HEAD):
        return FileFormat.STATUS
    first = head.removeprefix(_BOM).lstrip().split(b"\n", 1)[0].strip()
    if first in _OPENING:
        return FileFormat.DOCUMENT
    if not first.startswith(_OPENING) and is_export(first.decode("utf-8", "replace")):
        return FileFormat.CSV
    return FileFormat.LINES

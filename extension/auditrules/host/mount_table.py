"""Reads this process's mounts (/proc/self/mountinfo), and tells when they have changed."""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Iterator
from contextlib import ExitStack

_MOUNTINFO = "/proc/self/mountinfo"
_MOST_MOUNTINFO = 16 << 20  # bytes


class MountTable:
    """The mounts of this process, and whether they have changed."""

    def __init__(self, open_files: ExitStack) -> None:
        self._file = os.open(_MOUNTINFO, os.O_RDONLY | os.O_CLOEXEC)
        open_files.callback(os.close, self._file)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLPRI | select.POLLERR)

    def read(self) -> bytes:
        """Return the table. Raises OSError if it is too long."""
        os.lseek(self._file, 0, os.SEEK_SET)
        content = b"".join(self._chunks())
        if len(content) > _MOST_MOUNTINFO:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), _MOUNTINFO)
        return content

    def changed(self) -> bool:
        """Whether a mount came or went since the last call (proc(5))."""
        return bool(self._poll.poll(0))

    def _chunks(self) -> Iterator[bytes]:
        size = 0
        while size <= _MOST_MOUNTINFO and (chunk := os.read(self._file, 1 << 16)):
            size += len(chunk)
            yield chunk

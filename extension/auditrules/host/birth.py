"""Reads the birth time of a file with libc's statx(2), which Python has only from 3.15 on.

It is unknown if libc has no statx (glibc before 2.28), or if the file system does not keep that time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from struct import Struct

AT_FDCWD = -100  # as a folder: none, for an absolute path
AT_SYMLINK_NOFOLLOW = 0x100
STATX_BTIME = 0x800

_SIZE = 256  # bytes of struct statx
_MASK = Struct("=I").unpack_from
_BTIME = Struct("=qI").unpack_from
_AT_BTIME = 80  # bytes into the struct


def birth(name: bytes, folder: int) -> float | None:
    """When the file with this name in an open folder was made, in seconds since the epoch; None: not known."""
    statx = _statx()
    return statx(name, folder) if statx else None


@cache
def _statx() -> Callable[[bytes, int], float | None] | None:
    # Importing ctypes takes some milliseconds, and a host that was just booted does not need it.
    from ctypes import CDLL, c_char_p, c_int, c_uint, c_void_p, create_string_buffer  # noqa: PLC0415

    try:
        call = CDLL(None).statx
    except (AttributeError, OSError):
        return None
    call.argtypes = (c_int, c_char_p, c_int, c_uint, c_void_p)

    def birth_time(name: bytes, folder: int) -> float | None:
        found = create_string_buffer(_SIZE)
        if call(folder, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, found) != 0 or not _MASK(found)[0] & STATX_BTIME:
            return None
        seconds, nanoseconds = _BTIME(found, _AT_BTIME)
        return float(seconds + nanoseconds / 1e9)

    return birth_time

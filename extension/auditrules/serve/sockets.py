"""The socket at which osquery asks us: beside its own, named with our id, there when it listens and gone when we are."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from auditrules.serve.life import Ended, Exit

# Ends the name of our socket until it listens.
_UNREADY = "~"

# sockaddr_un holds 108 bytes with the closing zero; osquery's ids have at most five digits.
LONGEST_PATH = 107 - len(".65535" + _UNREADY)


@contextmanager
def listening(path: str) -> Iterator[socket.socket]:
    """Yield a socket that listens at the path, for its owner only; the path is gone again at the end."""
    unready = path + _UNREADY
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            _make_way(path)
            _make_way(unready)
            umask = os.umask(0o077)
            try:
                listener.bind(unready)
            finally:
                os.umask(umask)
            listener.listen()
            # Only now in osquery's sight: a path that refuses connections, if for a moment, is a dead extension to it.
            os.rename(unready, path)
        except OSError as error:
            raise Ended(Exit.NOT_SERVING, f"no socket could be made at {path}: {error.strerror}") from error
        try:
            yield listener
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)


def _make_way(path: str) -> None:
    """Remove the socket of an extension that was killed, whose id is ours now; raise `OSError` for anything else."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "something that is no socket is in its place")
        os.unlink(path)

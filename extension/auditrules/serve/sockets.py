"""Makes and removes the extension's own socket. It is beside osquery's, and has our id in its name."""

from __future__ import annotations

import errno
import glob
import logging
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from auditrules.serve.lifecycle import Exit, ExtensionExit

# Suffix of our socket until it listens.
_UNREADY = "~"

# Suffix of a second name of our socket. It shows that the socket was ours if we are killed. osquery removes it, too.
_MARK = ".auditrules"

# sockaddr_un holds 108 bytes with the closing zero; osquery's ids have at most five digits.
LONGEST_PATH = 107 - len(".65535" + _UNREADY)

_log = logging.getLogger("auditrules")


@contextmanager
def listening(path: str) -> Iterator[socket.socket]:
    """Yield a socket that listens at the path, for its owner only. The path is removed at the end."""
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
            # osquery must not see the path earlier: if it refuses a connection once, osquery takes us for dead.
            os.rename(unready, path)
        except OSError as error:
            raise ExtensionExit(Exit.NOT_SERVING, f"no socket could be made at {path}: {error.strerror}") from error
        try:
            _mark(path)
            yield listener
        finally:
            for name in (path, path + _MARK):
                with suppress(FileNotFoundError):
                    os.unlink(name)


def sweep(manager: str) -> None:
    """Remove the sockets that killed predecessors have left beside osquery's, if they are ours and nobody listens."""
    for mark in glob.glob(f"{glob.escape(manager)}.*{_MARK}"):
        path = mark.removesuffix(_MARK)
        try:
            own = os.lstat(mark)
            if own.st_uid != os.geteuid() or not stat.S_ISSOCK(own.st_mode):
                continue
            if os.path.lexists(path) and os.path.samestat(own, os.lstat(path)):
                if _listens(path):
                    continue
                os.unlink(path)
            os.unlink(mark)
        except OSError as error:
            _log.debug("%s was left: %s", mark, error)


def _mark(path: str) -> None:
    mark = path + _MARK
    try:
        _make_way(mark)
        os.link(path, mark)
    except OSError as error:  # then a file stays if we are killed, and nothing more
        _log.debug("%s could not be made: %s", mark, error)


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(0)
        try:
            peer.connect(path)
        except ConnectionRefusedError:
            return False
        except BlockingIOError:  # its queue is full
            return True
    return True


def _make_way(path: str) -> None:
    """Remove the socket of a killed extension that had our id. Raises OSError if something else is at the path."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "something that is no socket is in its place")
        os.unlink(path)

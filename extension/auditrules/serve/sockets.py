"""Makes and removes the extension's own socket, beside osquery's, with our id in its name."""

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

# Ends the name of our socket until it listens.
_UNREADY = "~"

# Ends a second name of our socket, so that it is known for ours when we were killed. osquery removes that name, too.
_MARK = ".auditrules"

# sockaddr_un holds 108 bytes with the closing zero; osquery's ids have at most five digits.
LONGEST_PATH = 107 - len(".65535" + _UNREADY)

_log = logging.getLogger("auditrules")


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
            raise ExtensionExit(Exit.NOT_SERVING, f"no socket could be made at {path}: {error.strerror}") from error
        try:
            _mark(path)
            yield listener
        finally:
            for name in (path, path + _MARK):
                with suppress(FileNotFoundError):
                    os.unlink(name)


def sweep(manager: str) -> None:
    """Remove what predecessors that were killed have left beside osquery's socket: of ours, where nobody listens."""
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
    except OSError as error:  # which costs no more than a file that stays where we are killed
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
    """Remove the socket of an extension that was killed, whose id is ours now; raise `OSError` for anything else."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "something that is no socket is in its place")
        os.unlink(path)

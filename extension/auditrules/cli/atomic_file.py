"""Writes the file of a command as a whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from auditrules.cli.command import Problem

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class AtomicFile:
    """A file to be written: a regular file, or one that does not exist yet."""

    def __init__(self, path: str) -> None:
        """Check the path before the content is made. Raises Problem."""
        self._path = Path(path)
        if not self._path.name or path.endswith("/"):
            raise Problem(f"{path or repr(path)}: expected the name of a file for the page, found none")
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._problem(error) from error
        found = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "")
        if found:
            raise Problem(f"{path}: expected a regular file for the page, or none yet, found {found}")

    def write(self, text: str) -> None:
        """Write a file beside the path, and rename it when it is whole. Raises Problem.

        Nobody can guess its name, or put a link in its place. Its mode follows from the umask.
        """
        new = self._path.with_name(f".auditrules-{secrets.token_hex(8)}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            number = os.open(new, flags, 0o666)
        except OSError as error:
            raise self._problem(error) from error
        try:
            with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            new.replace(self._path)
        except OSError as error:
            _remove(new)
            raise self._problem(error) from error
        except BaseException:  # also Ctrl-C
            _remove(new)
            raise

    def _problem(self, error: OSError) -> Problem:
        return Problem(f"{self._path}: cannot write the page: {error.strerror}")


def _remove(path: Path) -> None:
    with suppress(OSError):  # the error before this one is reported
        path.unlink()

"""Locks a folder for one report, as long as it and its workers run: a store, or a temporary folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from auditrules.report.ingest.log_files import SourceError
from auditrules.report.storage.registry import LOCK

_TEMPORARY = "auditrules-"
_ABANDONED = 60  # seconds after which a temporary folder that nobody locks is of a report that was killed


@contextmanager
def locked(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    """Hold a lock, and give its descriptor. Raises `BlockingIOError` if another process holds it."""
    lock = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield lock
    finally:
        os.close(lock)


@contextmanager
def temporary_folder() -> Iterator[tuple[Path, int]]:
    """Make a temporary folder and its lock. Folders of reports that were killed are removed first.

    A report holds a lock on its own as long as it runs. One that has just made its folder takes the lock next, so that
    nobody else may take that of a young one, even for a moment.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if folder.lstat().st_uid == os.geteuid() and time.time() - (folder / LOCK).lstat().st_mtime > _ABANDONED:
                with locked(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW):
                    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY) as name, locked(Path(name) / LOCK) as lock:
        yield Path(name), lock


def check_owner(folder: Path) -> None:
    """Refuse the folder of another user, who could redirect our writes, and could not use our files."""
    owner, own = folder.stat().st_uid, os.geteuid()
    if owner != own:
        raise SourceError(
            f"{folder}: expected a store of the user who makes the report (uid {own}), found one of uid {owner}: make "
            "the report as that user, or give another folder"
        )

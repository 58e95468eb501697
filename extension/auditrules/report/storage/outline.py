"""The outline of a store: the few of its observations that a report goes through, kept for the next one, and checked.

It is a file that is called by the digest of its bytes, and counts once the register names it. It stands for files of
observations: while these are as they were, it is of the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

from auditrules.report.storage.registry import OUTLINE, OutlineEntry, sync
from auditrules.report.storage.store import Store

_BLOCK = 1024 * 1024  # bytes


def kept_outline(store: Store, files: Sequence[Path], form: str) -> tuple[OutlineEntry | None, str]:
    """Return the outline that a store keeps, or none, and what is wrong with the one that there was."""
    entry = store.registry.outline
    if entry is None:
        return None, ""
    here = stamps(store, files)
    fault = ""
    if entry["form"] != form:
        fault = "is of another version of this program"
    elif any(here.get(name) != stamp for name, stamp in entry["of"].items()):
        fault = "is of files that are gone or changed"
    elif entry["digest"]:
        path = outline_file(store, entry)
        if not path.is_file():
            fault = "is gone"
        elif _digest(path) != entry["digest"]:
            fault = "is damaged"
    return (None, fault) if fault else (entry, "")


def outline_file(store: Store, entry: OutlineEntry) -> Path:
    """Return where the outline is."""
    return store.folder / OUTLINE / f"{entry['digest']}.parquet"


def fresh_files(store: Store, files: Iterable[Path], entry: OutlineEntry) -> list[Path]:
    """Return the files that the outline is not of."""
    return [path for path in files if str(path.relative_to(store.folder)) not in entry["of"]]


def keep_outline(store: Store, entry: OutlineEntry, write: Callable[[Path], None] | None) -> None:
    """Remember an outline, whose bytes `write` writes to a file; without it that there is none that is short.

    It counts when the register is saved. Raises `OSError` where there is no room.
    """
    entry["digest"] = ""
    if write is not None:
        made = store.scratch() / f"{OUTLINE}.parquet"
        try:
            write(made)
            sync(made)
            entry["digest"] = _digest(made)
            (store.folder / OUTLINE).mkdir(exist_ok=True)
            made.replace(outline_file(store, entry))
        finally:
            made.unlink(missing_ok=True)
        sync(store.folder / OUTLINE)
    store.registry.outline = entry


def stamps(store: Store, files: Iterable[Path]) -> dict[str, list[int]]:
    """Return by what files are known to be as they were."""
    return {str(path.relative_to(store.folder)): _stamp(path) for path in files}


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _digest(path: Path) -> str:
    found = blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()

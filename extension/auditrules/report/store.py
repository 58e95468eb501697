"""A folder of what was read, as Parquet files by table and day, and of how far each log was read.

    DIR/read.json                         which files were read, and up to where
    DIR/verdicts/day=2026-11-23/….parquet
    DIR/failures/….parquet                and so on: the tables of `tables.LOGGED`

A part is written under another name and then renamed; `read.json` is replaced at the end. A run that dies in between
reads the same lines again, which count once.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from auditrules.report.part import TAIL, Outcome, digest
from auditrules.report.sources import BLOCK, STANDARD_INPUT, Kind, Source, SourceError, kind, opened
from auditrules.report.tables import LOGGED

FORMAT = 1

_REGISTRY, _LOCK, _SCRATCH = "read.json", "lock", "scratch"
_HEAD = 1024  # bytes by which a log is known again when it was renamed, packed or copied; shorter ones are read anew


class _Place(TypedDict):
    place: int
    tail: str
    lines: int


class _Registry(TypedDict):
    format: int
    counted: list[int]
    seen: dict[str, list[int]]
    places: dict[str, _Place]


@dataclass(slots=True)
class Store:
    """What is in the folder; `kept` if it is somebody's, and not this run's alone."""

    folder: Path
    kept: bool
    seen: dict[str, list[int]] = field(default_factory=dict)
    places: dict[str, _Place] = field(default_factory=dict)
    counted: list[int] = field(default_factory=list)
    """How many rows there are, each once, and how many were met again; empty where nobody has counted yet."""

    def scratch(self) -> Path:
        """Give a folder in it for what is needed only now."""
        folder = self.folder / _SCRATCH
        folder.mkdir(exist_ok=True)
        return folder

    def parts(self) -> dict[str, list[Path]]:
        """Give the Parquet files of each table."""
        return {name: sorted((self.folder / name).glob("**/*.parquet")) for name in LOGGED}

    def is_read(self, source: Source) -> bool:
        """Whether the file is as it was when it was read to its end."""
        return self.kept and self.seen.get(_name(source)) == _stamp(source)

    def place(self, source: Source) -> tuple[int, int]:
        """Give the byte and the lines up to which a file of lines was read, under whatever name; 0, 0 for never."""
        if not self.kept or source.path == STANDARD_INPUT:
            return 0, 0
        with opened(source) as (stream, head, packed):
            known = self.places.get(digest(head[:_HEAD])) if len(head) >= _HEAD else None
            if known is None or kind(head) is not Kind.LINES:
                return 0, 0
            place = known["place"]
            if not packed and source.size < place:
                return 0, 0
            before = max(0, place - TAIL)
            if packed:
                left = before
                while left and (block := stream.read(min(left, BLOCK))):
                    left -= len(block)
            else:
                stream.seek(before)
            return (place, known["lines"]) if digest(stream.read(place - before)) == known["tail"] else (0, 0)

    def note(self, source: Source, outcomes: list[Outcome], lines: int) -> None:
        """Remember that a file was read: all of it, and up to where its last line ended."""
        if not self.kept or source.path == STANDARD_INPUT or any(outcome.unreadable for outcome in outcomes):
            return
        self.seen[_name(source)] = _stamp(source)
        last = outcomes[-1] if outcomes else None
        if last and last.place:
            with opened(source) as (_, head, _packed):
                if len(head) >= _HEAD:
                    self.places[digest(head[:_HEAD])] = {"place": last.place, "tail": last.tail, "lines": lines}

    def save(self) -> None:
        """Write down what was remembered."""
        if self.kept:
            registry: _Registry = {
                "format": FORMAT,
                "counted": self.counted,
                "seen": self.seen,
                "places": self.places,
            }
            new = self.folder / f"{_REGISTRY}.new"
            new.write_text(json.dumps(registry), encoding="utf-8")
            new.replace(self.folder / _REGISTRY)


@contextmanager
def store(folder: str | None) -> Iterator[Store]:
    """Open a folder as a store, making it where it is not there; without one, a folder that is gone afterwards.

    Raises `SourceError` where the folder is in use, or holds what is no store.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="auditrules-") as scratch:
            yield Store(Path(scratch), kept=False)
        return
    path = Path(folder)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be a store: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SourceError(f"{folder}: another report is using this store: wait until it ends") from None
        registry = _registry(path)
        yield Store(path, kept=True, seen=registry["seen"], places=registry["places"], counted=registry["counted"])
    finally:
        os.close(lock)


def _registry(folder: Path) -> _Registry:
    path = folder / _REGISTRY
    if not path.exists():
        strangers = sorted(each.name for each in folder.iterdir() if each.name not in (*LOGGED, _LOCK, _SCRATCH))
        if strangers:
            raise SourceError(f"{folder}: expected a store or an empty folder, found {strangers[0]}")
        return {"format": FORMAT, "counted": [], "seen": {}, "places": {}}
    try:
        registry: _Registry = json.loads(path.read_bytes())
        if registry["format"] == FORMAT:
            return {
                "format": FORMAT,
                "counted": list(registry["counted"]),
                "seen": dict(registry["seen"]),
                "places": dict(registry["places"]),
            }
    except (ValueError, KeyError, TypeError):
        pass  # said below
    raise SourceError(f"{path}: expected a store of format {FORMAT}: give another folder, or empty this one")


def _name(source: Source) -> str:
    return str(Path(source.path).absolute())


def _stamp(source: Source) -> list[int]:
    return [source.size, source.modified, source.device, source.inode]

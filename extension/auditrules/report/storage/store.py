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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from auditrules.report.ingest.part import MOST_SHOWN, Outcome
from auditrules.report.ingest.reader import digest, forward
from auditrules.report.ingest.sources import Source, SourceError
from auditrules.report.ingest.streams import STANDARD_INPUT, Kind, kind, opened
from auditrules.report.model import Broken
from auditrules.report.tables import LOGGED

FORMAT = 3

_REGISTRY, _NEW, _LOCK, _SCRATCH = "read.json", "read.json.new", "lock", "scratch"
_OWN = (*LOGGED, _NEW, _LOCK, _SCRATCH)
_HEAD = 1024  # bytes by which a log is known again when it was renamed, packed or copied; shorter ones are read anew


class _Place(TypedDict):
    place: int
    tail: str
    lines: int


class Met(TypedDict):
    """What was odd about a log, which every later report says again."""

    broken: int
    shown: list[tuple[str, int, str]]
    dated_by_file: int


class _Registry(TypedDict):
    format: int
    counted: list[int]
    seen: dict[str, list[int]]
    places: dict[str, _Place]
    met: dict[str, Met]


@dataclass(slots=True)
class Store:
    """What is in the folder; `kept` if it is somebody's, and not this run's alone."""

    folder: Path
    kept: bool
    seen: dict[str, list[int]] = field(default_factory=dict)
    places: dict[str, _Place] = field(default_factory=dict)
    met: dict[str, Met] = field(default_factory=dict)
    """By the digest of how a log begins, or, of a short one, by its path."""
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
        with opened(source.path) as (stream, head, packed):
            known = self.places.get(digest(head[:_HEAD])) if len(head) >= _HEAD else None
            if known is None or kind(head) is not Kind.LINES:
                return 0, 0
            place = known["place"]
            if not packed and source.size < place:
                return 0, 0
            return (place, known["lines"]) if digest(forward(stream, place)) == known["tail"] else (0, 0)

    def note(self, source: Source, outcomes: list[Outcome], lines: int, shown: Sequence[Broken]) -> str:
        """Remember that a file was read: all of it, and up to where its last line ended; gives what it is known by."""
        if not self.kept or source.path == STANDARD_INPUT or any(outcome.unreadable for outcome in outcomes):
            return ""
        self.seen[_name(source)] = _stamp(source)
        if not outcomes:
            return ""
        last = outcomes[-1]
        with opened(source.path) as (_, head, _packed):
            known = digest(head[:_HEAD]) if len(head) >= _HEAD else ""
        if known and last.place:
            self.places[known] = {"place": last.place, "tail": last.tail, "lines": lines - last.unfinished}
        before = self.met.get(known) if outcomes[0].part.start else None
        name = known or _name(source)
        self.met[name] = met(outcomes, shown, before)
        return name

    def save(self) -> None:
        """Write down what was remembered."""
        if self.kept:
            registry: _Registry = {
                "format": FORMAT,
                "counted": self.counted,
                "seen": self.seen,
                "places": self.places,
                "met": {name: each for name, each in self.met.items() if each["broken"] or each["dated_by_file"]},
            }
            new = self.folder / _NEW
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
        yield Store(
            path,
            kept=True,
            seen=registry["seen"],
            places=registry["places"],
            met=registry["met"],
            counted=registry["counted"],
        )
    finally:
        os.close(lock)


def _registry(folder: Path) -> _Registry:
    path = folder / _REGISTRY
    if not path.exists():
        strangers = sorted(each.name for each in folder.iterdir() if each.name not in _OWN)
        if strangers:
            raise SourceError(f"{folder}: expected a store or an empty folder, found {strangers[0]}")
        return {"format": FORMAT, "counted": [], "seen": {}, "places": {}, "met": {}}
    try:
        registry = json.loads(path.read_bytes())
        if registry["format"] == FORMAT:
            return {
                "format": FORMAT,
                "counted": [int(number) for number in registry["counted"]],
                "seen": {str(name): [int(number) for number in stamp] for name, stamp in registry["seen"].items()},
                "places": {
                    str(name): {"place": int(each["place"]), "tail": str(each["tail"]), "lines": int(each["lines"])}
                    for name, each in registry["places"].items()
                },
                "met": {str(name): _met(each) for name, each in registry.get("met", {}).items()},
            }
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # said below
    raise SourceError(f"{path}: expected a store of format {FORMAT}: give another folder, or empty this one")


def _met(each: dict[str, Any]) -> Met:
    shown = [(str(file), int(line), str(cause)) for file, line, cause in each["shown"]]
    return {"broken": int(each["broken"]), "shown": shown, "dated_by_file": int(each["dated_by_file"])}


def met(outcomes: Sequence[Outcome], shown: Sequence[Broken], before: Met | None) -> Met:
    """Sum up what was odd about a log: what was known of its beginning, and what was met now.

    A last line without an end is read again, and told then.
    """
    last = outcomes[-1]
    again = last.unfinished and last.last_broken == last.lines
    told = [(each.file, each.line, each.cause) for each in shown]
    return {
        "broken": (before["broken"] if before else 0) + sum(each.broken for each in outcomes) - again,
        "shown": [*(before["shown"] if before else ()), *(told[:-1] if again else told)][:MOST_SHOWN],
        "dated_by_file": (before["dated_by_file"] if before else 0) + sum(each.dated_by_file for each in outcomes),
    }


def _name(source: Source) -> str:
    return str(Path(source.path).absolute())


def _stamp(source: Source) -> list[int]:
    return [source.size, source.modified, source.device, source.inode]

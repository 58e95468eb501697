"""The register of a store, `read.json`: how far each log was read, and which files do not, or no longer, count."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from auditrules.report.ingest.log_files import SourceError
from auditrules.report.tables import LOG_TABLES

FORMAT = 4
"""The version of the store's format. It grows whenever a table or a column gets another name or meaning."""

LOCK, SCRATCH, OUTLINE = "lock", "scratch", "outline"
_NAME, _NEW = "read.json", "read.json.new"
_OWN = (*LOG_TABLES, _NEW, LOCK, SCRATCH, OUTLINE)


class Position(TypedDict):
    """The place in a log where reading continues."""

    offset: int
    tail: str
    lines: int


class LogProblems(TypedDict):
    """The problems of a log, which every later report repeats."""

    broken: int
    shown: list[tuple[str, int, str, str]]
    hosts: list[str]
    dated_by_file: int


class OutlineEntry(TypedDict):
    """The outline that is kept of the observations."""

    digest: str
    """Of its bytes; empty where one would not be short."""
    form: str
    """What tells it from the outlines of a program with other queries."""
    of: dict[str, list[int]]
    """The files that it is of, by their path in the store: size and time."""
    longest_step: int
    """Seconds that may lie between two observations that say the same, for those between them to be left out."""
    last_time: int
    """When the last was made of those that stand for others, Unix seconds."""


@dataclass(slots=True)
class Registry:
    """The state of a store beside its rows."""

    read: dict[str, list[int]] = field(default_factory=dict)
    """Size and times of each file that was read to its end, by path."""
    positions: dict[str, Position] = field(default_factory=dict)
    """How far each log was read, by the digest of its first bytes."""
    problems: dict[str, LogProblems] = field(default_factory=dict)
    """The problems of logs, by the digest of their first bytes, or of short logs by their paths."""
    row_counts: list[int] = field(default_factory=list)
    """The number of rows, each counted once, and of rows that were read again; empty: not counted yet."""
    writing: str = ""
    """The beginnings of the names of files that do not count yet. If a run dies, their logs are read again."""
    replaced: list[str] = field(default_factory=list)
    """Files whose rows are in other files by now, by their paths in the store."""
    parts: list[str] = field(default_factory=list)
    """Files with rows, by their paths in the store. For a file that is gone this is the only trace."""
    outline: OutlineEntry | None = None


def read_registry(folder: Path) -> Registry:
    """Read the register of a folder. An empty folder has an empty one. Raises `SourceError` if it is no store."""
    path = folder / _NAME
    if not path.exists():
        strangers = sorted(each.name for each in folder.iterdir() if each.name not in _OWN)
        if strangers:
            raise SourceError(f"{folder}: expected a store or an empty folder, found {strangers[0]}")
        return Registry()
    try:
        content = json.loads(path.read_bytes())
        number = int(content["format"])
        if number == FORMAT:
            return _registry(content)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found = "something else: give another folder, or empty this one"
    else:
        made = "a later auditrules: upgrade this one" if number > FORMAT else "an earlier auditrules: empty this folder"
        found = f"one of format {number}, of {made}, or give another"
    raise SourceError(f"{path}: expected a store of format {FORMAT}, found {found}, and all logs are read again")


def prepare(folder: Path, registry: Registry) -> None:
    """Write a new register beside the present one, and wait until it is on the disk. Raises `OSError`."""
    content = {"format": FORMAT} | asdict(registry)
    content["problems"] = {
        key: each for key, each in registry.problems.items() if each["broken"] or each["dated_by_file"]
    }
    with (folder / _NEW).open("w", encoding="utf-8") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())


def commit(folder: Path) -> None:
    """Replace the register by the prepared one, atomically."""
    (folder / _NEW).replace(folder / _NAME)
    sync(folder)


def sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _registry(content: dict[str, Any]) -> Registry:
    return Registry(
        read={str(name): [int(number) for number in stamp] for name, stamp in content["read"].items()},
        positions={
            str(name): {"offset": int(each["offset"]), "tail": str(each["tail"]), "lines": int(each["lines"])}
            for name, each in content["positions"].items()
        },
        problems={str(name): _log_problems(each) for name, each in content.get("problems", {}).items()},
        row_counts=[int(number) for number in content["row_counts"]],
        writing=str(content.get("writing", "")),
        replaced=[str(name) for name in content.get("replaced", ())],
        parts=[str(name) for name in content.get("parts", ())],
        outline=_outline(content.get("outline")),
    )


def _outline(each: dict[str, Any] | None) -> OutlineEntry | None:
    return (
        None
        if each is None
        else {
            "digest": str(each["digest"]),
            "form": str(each["form"]),
            "of": {str(name): [int(number) for number in stamp] for name, stamp in each["of"].items()},
            "longest_step": int(each["longest_step"]),
            "last_time": int(each["last_time"]),
        }
    )


def _log_problems(each: dict[str, Any]) -> LogProblems:
    return {
        "broken": int(each["broken"]),
        "shown": [(str(file), int(line), str(cause), str(host)) for file, line, cause, host in each["shown"]],
        "hosts": [str(host) for host in each["hosts"]],
        "dated_by_file": int(each["dated_by_file"]),
    }

"""The register of a store, `read.json`: what was read and up to where, and which files do not, or no longer, count."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from auditrules.report.ingest.log_files import SourceError
from auditrules.report.tables import LOG_TABLES

FORMAT = 4
"""The number of the store's format: raised whenever a table or a column gets another name or meaning."""

LOCK, SCRATCH = "lock", "scratch"
_NAME, _NEW = "read.json", "read.json.new"
_OWN = (*LOG_TABLES, _NEW, LOCK, SCRATCH)


class Position(TypedDict):
    """Where reading goes on."""

    offset: int
    tail: str
    lines: int


class LogProblems(TypedDict):
    """What was wrong in a log: every later report repeats it."""

    broken: int
    shown: list[tuple[str, int, str, str]]
    hosts: list[str]
    dated_by_file: int


@dataclass(slots=True)
class Registry:
    """What a store remembers beside its rows."""

    read: dict[str, list[int]] = field(default_factory=dict)
    """By path: size and times of each file that was read to its end."""
    positions: dict[str, Position] = field(default_factory=dict)
    """By the digest of the log's first bytes: how far it was read."""
    problems: dict[str, LogProblems] = field(default_factory=dict)
    """By the digest of the log's first bytes, or of a short log by its path."""
    row_counts: list[int] = field(default_factory=list)
    """How many rows there are, each once, and how many were read again; empty where nobody has counted yet."""
    writing: str = ""
    """How the names of files begin that do not count yet: what they hold is read again if this never changes."""
    replaced: list[str] = field(default_factory=list)
    """Files whose rows are in others by now, by their path in the store."""
    parts: list[str] = field(default_factory=list)
    """Files that hold what was read, by their path in the store; of one that is gone this is the only trace."""


def read_registry(folder: Path) -> Registry:
    """Read the register of a folder; an empty folder has an empty one. Raises `SourceError` where it is no store."""
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
    """Write a register beside the one that counts, whole and on the disk. Raises `OSError`."""
    content = {"format": FORMAT} | asdict(registry)
    content["problems"] = {
        key: each for key, each in registry.problems.items() if each["broken"] or each["dated_by_file"]
    }
    with (folder / _NEW).open("w", encoding="utf-8") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())


def commit(folder: Path) -> None:
    """Let the register count that was prepared, at once or not at all."""
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
    )


def _log_problems(each: dict[str, Any]) -> LogProblems:
    return {
        "broken": int(each["broken"]),
        "shown": [(str(file), int(line), str(cause), str(host)) for file, line, cause, host in each["shown"]],
        "hosts": [str(host) for host in each["hosts"]],
        "dated_by_file": int(each["dated_by_file"]),
    }

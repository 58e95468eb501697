"""What a host runs and has of what the benchmarks want audited: a value, collected elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from auditrules.audit.auditctl.field_values import MOST_PATH_BYTES
from auditrules.audit.model.collected import File
from auditrules.audit.model.text import encode
from auditrules.benchmarks.control import Control

DAEMON_JSON = "/etc/docker/daemon.json"
MOST_JSON = 1 << 20  # bytes of daemon.json that are read

# Where systemd looks for a unit's file: the first that has one decides (systemd.unit(5)).
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)

_ROOT_OPTIONS = ("--data-root", "--graph", "-g")
_ROOT_KEYS = ("data-root", "graph")  # the second is what Docker before 17.05 calls the first


class DataRootError(Exception):
    """The daemon's configuration does not tell where it keeps its data; the message says why."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that counts: it runs as root in the host's own namespaces, and its executable is the file at `path`."""

    path: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path that was looked at.

    `real` is where its links lead, `link` whether its last name is one, `type` that of an `Entry`: `link` where the
    link leads nowhere.
    """

    real: str
    type: str = "file"
    link: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """A path that is not in `found` is not known; one with None is not there."""

    processes: tuple[Process, ...] = ()
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # unit to the file that decides
    daemon_json: File | None = None  # None: there is no such file
    found: Mapping[str, Found | None] = field(default_factory=lambda: MappingProxyType({}))


def process_names(controls: Iterable[Control]) -> frozenset[str]:
    """The last names of the executables that processes are looked for by."""
    return frozenset(control.subject.process for control in controls if control.subject.process)


def unit_names(controls: Iterable[Control]) -> tuple[str, ...]:
    """The units whose files are wanted, each once."""
    return tuple(dict.fromkeys(control.subject.unit for control in controls if control.subject.unit))


def data_root(file: File) -> str | None:
    """Where daemon.json says that the data is kept; None: it says nothing. Raises DataRootError."""
    if file.content is None:
        raise DataRootError(f"{file.path}: {file.error}")
    try:
        value = json.loads(file.content)
    except (ValueError, RecursionError) as error:
        raise DataRootError(f"{file.path}: expected JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataRootError(f"{file.path}: expected an object")
    for key in _ROOT_KEYS:
        if key in value:
            return _absolute(value[key], f"{file.path}: {key}")
    return None


def data_root_options(processes: Iterable[Process]) -> Iterator[str]:
    """Where daemons were told on their command lines to keep their data. Raises DataRootError."""
    for process in processes:
        words = process.arguments if process.path.endswith("/dockerd") else ()
        for place, word in enumerate(words):
            name, equals, value = word.partition("=")
            if name in _ROOT_OPTIONS:
                told = value if equals else (words[place + 1] if place + 1 < len(words) else "")
                yield _absolute(told, f"{process.path}: {name}")


def _absolute(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise DataRootError(f"{place}: expected an absolute path")
    path = "/" + "/".join(name for name in value.split("/") if name)
    try:
        length = len(encode(path))
    except UnicodeEncodeError as error:
        raise DataRootError(f"{place}: expected a path, found half of a character") from error
    if length >= MOST_PATH_BYTES:
        raise DataRootError(f"{place}: expected a path of less than {MOST_PATH_BYTES} bytes")
    return path

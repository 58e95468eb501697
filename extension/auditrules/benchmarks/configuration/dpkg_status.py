"""Reads the packages that dpkg has installed from /var/lib/dpkg/status, and for images without dpkg from status.d.

A package is installed if the third word of its Status is `installed`, or says that it only waits for triggers. A
removed package with remaining configuration files is not installed. Files of status.d have no Status: their packages
are in the image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

STATUS = "/var/lib/dpkg/status"
STATUS_D = "/var/lib/dpkg/status.d"
RPM = ("/var/lib/rpm", "/usr/lib/sysimage/rpm")
"""The paths of rpm's database, which is not read."""
MOST_BYTES = 1 << 25  # of the file; a desktop has 5 MiB
MOST_FILES = 5000  # of status.d

INSTALLED = frozenset({"installed", "triggers-pending", "triggers-awaited"})

_PACKAGE = re.compile(rb"^package:[ \t]*([^\s]{1,200})[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_STATE = re.compile(rb"^status:[ \t]*\S+[ \t]+\S+[ \t]+([a-z-]{1,40})[ \t\r]*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Packages:
    """The installed packages. `dpkg` has the state of each package by name; None: there is no record of dpkg.

    `rpm` says that the host has a database of rpm, `error` why the record of dpkg could not be read.
    """

    dpkg: Mapping[str, str] | None = None
    rpm: bool = False
    error: str = ""


def parse_packages(status: File | None, parts: Iterable[File], *, rpm: bool) -> Packages:
    """Parse dpkg's file and the files of status.d. Raises nothing."""
    found: dict[str, str] = {}
    there = False
    for file, default in (*([(status, "")] if status else ()), *((part, "installed") for part in parts)):
        if file.content is None:
            return Packages(None, rpm, f"{file.path}: {file.error}")
        there |= bool(file.content.strip())
        for name, state in _states(file.content, default):
            if found.get(name) not in INSTALLED:  # of another architecture
                found[name] = state
    return Packages(found if there else None, rpm)


def _states(content: bytes, default: str) -> Iterator[tuple[str, str]]:
    """Yield each package and its state. A package without a state has the default, or the state `unknown`."""
    for stanza in re.split(rb"\n[ \t\r]*\n", content):
        name = _PACKAGE.search(stanza)
        if name is not None:
            state = _STATE.search(stanza)
            yield decode(name[1]), decode(state[1]).lower() if state else default or "unknown"

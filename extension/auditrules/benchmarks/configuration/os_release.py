"""os-release(5): which distribution a host runs, and which version of it. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from auditrules.audit.model.text import decode

PATHS = ("/etc/os-release", "/usr/lib/os-release")
"""Where it is, the first that is there."""

_ASSIGNMENT = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")


@dataclass(frozen=True, slots=True)
class OsRelease:
    """The distribution: `id` in small letters (`ubuntu`), `version_id` (`24.04`), what it is like, nearest first.

    `ubuntu_codename` is the release of Ubuntu that a derivative is made of. All is empty where `error` says why it is
    not known.
    """

    id: str = ""
    version_id: str = ""
    id_like: tuple[str, ...] = ()
    ubuntu_codename: str = ""
    name: str = ""
    error: str = ""


def parse_os_release(content: bytes) -> OsRelease:
    """What a file says. As for the shell that it is written for, the last of several lines of a name counts."""
    values: dict[str, str] = {}
    for line in decode(content).split("\n"):
        match = _ASSIGNMENT.fullmatch(line.strip())
        if match:
            values[match[1]] = _unquoted(match[2])
    return OsRelease(
        id=values.get("ID", "linux").lower(),  # the default of os-release(5)
        version_id=values.get("VERSION_ID", ""),
        id_like=tuple(values.get("ID_LIKE", "").lower().split()),
        ubuntu_codename=values.get("UBUNTU_CODENAME", ""),
        name=values.get("PRETTY_NAME", ""),
    )


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value)) if value else ""
    except ValueError:
        return value  # a quote that is not closed

"""Reads where pam_faillock keeps its tallies: `dir =` of faillock.conf(5), as the module takes it. Pure.

A line is a name, blanks or `=`, and a value; a hash begins a comment anywhere; of several lines the last counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.text import visible

PATHS = ("/etc/security/faillock.conf", "/usr/etc/security/faillock.conf")
"""Where the file is: the first that is there counts."""
MOST_BYTES = 1 << 18
DEFAULT_DIR = "/var/run/faillock"

_PAIR = re.compile(r"([^\s=]+)[\s=]*(.*)", re.DOTALL)
_SHOWN = 80  # characters of a value that a message shows


@dataclass(frozen=True, slots=True)
class FaillockDir:
    """The folder of the tallies. `path` is that of the file that says so, empty where the module's default counts.

    `error` says why it is not known; then `dir` is empty.
    """

    dir: str = ""
    path: str = ""
    error: str = ""


def read_faillock(file: File | None) -> FaillockDir:
    """Read the file; None: there is none. Raises nothing."""
    if file is None:
        return FaillockDir(DEFAULT_DIR)
    if file.content is None:
        return FaillockDir(error=f"{file.path}: {file.error}")
    found = FaillockDir(DEFAULT_DIR)
    for line in decode(file.content).split("\n"):
        match = _PAIR.fullmatch(line.partition("\0")[0].partition("#")[0].strip())
        if match is None or match[1] != "dir" or not match[2]:
            continue
        if not match[2].startswith("/"):
            shown = visible(match[2][:_SHOWN])
            return FaillockDir(error=f"{file.path}: expected an absolute path as dir, found '{shown}'")
        found = FaillockDir(match[2], file.path)
    return found

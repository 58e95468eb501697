"""Reads the folder of pam_faillock's tallies from `dir =` in faillock.conf(5), as the module does. Pure.

A line is a name, blanks or `=`, and a value. A hash begins a comment anywhere. The last line of a name counts. A `dir=`
in PAM's configuration overrides the file (pam_faillock(8)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.text import visible
from auditrules.values import dataclass

PATHS = ("/etc/security/faillock.conf", "/usr/etc/security/faillock.conf")
"""The possible paths of the file. The first that exists counts."""
PAM_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
PAM_CONF = "/etc/pam.conf"
MOST_BYTES = 1 << 18
DEFAULT_DIR = "/var/run/faillock"

_PAIR = re.compile(r"([^\s=]+)[\s=]*(.*)", re.DOTALL)
_WORD = re.compile(r"\[[^\]]*\]|\S+")
_MODULE = "pam_faillock.so"
_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class FaillockDir:
    """The folder of the tallies. `path` is the file that names it; empty: it is the module's default.

    `error` says why the folder is not known; then `dir` is empty.
    """

    dir: str = ""
    path: str = ""
    error: str = ""


def read_faillock(file: File | None, pam: Iterable[File] = ()) -> FaillockDir:
    """Read the file (None: there is none), and the arguments of the module in PAM's files. Raises nothing."""
    found = _of_conf(file)
    for each in pam:
        if each.content is None:
            return FaillockDir(error=f"{each.path}: {each.error.removeprefix(f'{each.path}: ')}")
        for folder in _given(each.content):
            if folder != found.dir:
                shown = visible(folder[:_SHOWN])
                return FaillockDir(error=f"{each.path} gives pam_faillock dir={shown}, which goes before faillock.conf")
    return found


def _given(content: bytes) -> Iterator[str]:
    """Yield the value of each `dir=` of pam_faillock in PAM's configuration. Arguments in brackets may have blanks."""
    for line in decode(content).replace("\\\n", " ").split("\n"):
        words = _WORD.findall(line.partition("#")[0])
        if any(word.rpartition("/")[2] == _MODULE for word in words):
            arguments = (word.removeprefix("[").removesuffix("]") for word in words)
            yield from (each.removeprefix("dir=") for each in arguments if each.startswith("dir="))


def _of_conf(file: File | None) -> FaillockDir:
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

"""Reads UID_MIN, the lowest uid of users who log in, from login.defs(5), as shadow's lib/getdef.c does.

A line is a name, blanks and a value; a quote ends the value. The last line of a name counts. Numbers are as in C:
`0x3e8` and `01750` are 1000, too. If shadow can't read a number, it reports that and uses its own default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.text import visible
from auditrules.values import dataclass

PATHS = ("/etc/login.defs", "/usr/etc/login.defs")
"""The possible paths of the file. The first that exists counts."""
DROP_INS = "/etc/login.defs.d"
"""The folder of drop-ins, which are read after the file, sorted by name, if shadow is built with libeconf (SUSE)."""
MOST_BYTES = 1 << 18  # of one file; distributions ship some 12 KiB
DEFAULT_UID_MIN = 1000
"""The default of shadow."""

_UNSET = 0xFFFFFFFF  # no uid: it stands for none
_NUMBER = re.compile(r"[+]?(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9][0-9]*))")
_MOST_DIGITS = 20
_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class LoginDefs:
    """The lowest uid of users who log in. `uid_min` is None if it is not known; then `error` says why.

    `path` and `line` name its place; empty and 0: it is shadow's default. `remark` says, for evidence, why shadow does
    not use the number in the file.
    """

    uid_min: int | None = None
    path: str = ""
    line: int = 0
    error: str = ""
    remark: str = ""


def read_login_defs(files: Iterable[File]) -> LoginDefs:
    """Read UID_MIN from the file and its drop-ins, in the order in which they are read. Raises nothing."""
    found: tuple[str, int, str] | None = None
    paths = []
    for file in files:
        if file.content is None:
            return LoginDefs(path=file.path, error=f"{file.path}: {file.error}")
        paths.append(file.path)
        for number, raw in enumerate(file.content.split(b"\n"), start=1):
            name, value = _pair(raw)
            if name == "UID_MIN":
                found = (file.path, number, value)
    if found is None:
        where = f"no line of {', '.join(paths)} says UID_MIN" if paths else f"there is no {' or '.join(PATHS)}"
        return LoginDefs(DEFAULT_UID_MIN, remark=f"UID_MIN is taken to be {DEFAULT_UID_MIN}, as {where}")
    path, line, value = found
    shown = visible(value[:_SHOWN])
    if value.startswith("-"):
        return LoginDefs(path=path, line=line, error=f"{path}: expected UID_MIN from 0 on, found {shown}")
    uid = _number(value)
    if uid is None:
        remark = f"{path}: expected a number as UID_MIN, found '{shown}'; programs take {DEFAULT_UID_MIN} in its place"
        return LoginDefs(DEFAULT_UID_MIN, path, line, remark=remark)
    if uid >= _UNSET:
        return LoginDefs(path=path, line=line, error=f"{path}: expected UID_MIN below {_UNSET}, found {shown}")
    return LoginDefs(uid, path, line)


def _pair(raw: bytes) -> tuple[str, str]:
    """Parse a line into name and value; both are empty if it has none."""
    text = decode(raw.partition(b"\0")[0]).rstrip(" \t\r\v\f").lstrip(" \t")
    if not text or text.startswith("#"):
        return "", ""
    name, *rest = re.split(r"[ \t]", text, maxsplit=1)
    return (name, rest[0].lstrip(' \t"').partition('"')[0]) if rest else ("", "")


def _number(text: str) -> int | None:
    """Parse a whole text as strtoul(3) with base 0 does; None if it is no number."""
    match = _NUMBER.fullmatch(text.lstrip(" \t"))
    if match is None or len(text) > _MOST_DIGITS:
        return None
    if match["hex"] is not None:
        return int(match["hex"], 16)
    return int(match["octal"] or match["decimal"], 8 if match["octal"] else 10)

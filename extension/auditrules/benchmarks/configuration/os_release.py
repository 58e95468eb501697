"""Reads the system of a host and its version from os-release(5).

The file has one assignment in each line, as in a shell: values may be quoted, in whole or in part, a backslash escapes
a character, and the last line of a name counts. If there is no /etc/os-release, /usr/lib/os-release is read.
"""

from __future__ import annotations

import re

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.text import visible
from auditrules.values import dataclass

PATHS = ("/etc/os-release", "/usr/lib/os-release")
MOST_BYTES = 1 << 16  # of the file; those of distributions have some 500

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?==)")
# What ID and VERSION_ID may hold.
_IDENTIFIER = re.compile(r"[a-z0-9._-]{1,64}")
# One part of a value: plain characters, quoted ones, or one behind a backslash.
_PART = re.compile(r"""[^\s'"\\;&|<>()`$]+|'[^']*'|"(?:[^"\\]|\\.)*"|\\.""", re.DOTALL)
_KNOWN = re.compile(r"(?:^|[\s;&|])(?:VERSION_)?ID=")
_ESCAPED = re.compile(r'\\([$`"\\])')
_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class OsRelease:
    """The distribution: `id` in lower case (`ubuntu`) and `version_id` (`24.04`; empty: none, as on Debian testing).

    `ubuntu_codename` is the release of Ubuntu that a derivative is based on. If the system is not known, `error` says
    why, and `id` is empty. `path` is the file that was read, or empty.
    """

    id: str = ""
    version_id: str = ""
    ubuntu_codename: str = ""
    name: str = ""
    error: str = ""
    path: str = ""


class _Malformed(Exception):  # noqa: N818 - never leaves this module
    """A line is no assignment to a shell. The message says what is wrong."""


def read_os_release(etc: File | None, usr: File | None = None) -> OsRelease:
    """Parse the file of /etc or, if there is none, that of /usr/lib. Raises nothing."""
    file = etc if etc is not None else usr
    if file is None:
        return OsRelease(error=f"which system this is is not known, as there is no {' or '.join(PATHS)}")
    if file.content is None:
        return OsRelease(path=file.path, error=f"{file.path}: {file.error}")
    try:
        found = _assignments(decode(file.content))
        identifier = _identifier(found, "ID", default="linux")
        version = _identifier(found, "VERSION_ID", default="")
    except _Malformed as malformed:
        return OsRelease(path=file.path, error=f"{file.path}{malformed}")
    texts = {name: value for name, (_, value) in found.items()}
    return OsRelease(
        identifier,
        version,
        texts.get("UBUNTU_CODENAME", "")[:_SHOWN],
        texts.get("PRETTY_NAME", "")[:_SHOWN],
        path=file.path,
    )


def _identifier(found: dict[str, tuple[int, str]], name: str, default: str) -> str:
    line, value = found.get(name, (0, default))
    if value and not _IDENTIFIER.fullmatch(value.lower()):
        shown = visible(value[:_SHOWN])
        raise _Malformed(f", line {line}: expected {name} of a-z, 0-9, dot, underscore and dash, found '{shown}'")
    return value.lower() or default


def _assignments(text: str) -> dict[str, tuple[int, str]]:
    """Parse the values by name, each with the line on which it begins."""
    found: dict[str, tuple[int, str]] = {}
    at, line = 0, 1
    while at < len(text):
        end, name, value = _assignment(text, at, line)
        if name:
            found[name] = (line, value)
        line += text.count("\n", at, end)
        at = end
    return found


def _assignment(text: str, at: int, line: int) -> tuple[int, str, str]:
    """Parse the assignment that begins on a line: the start of the next line, name and value (empty: no assignment)."""
    feed = text.find("\n", at)
    feed = len(text) if feed < 0 else feed
    start = at + len(text[at:feed]) - len(text[at:feed].lstrip(" \t\r"))
    name = _NAME.match(text, start)
    if name is None:  # a blank line, a comment, or no assignment
        if text[start : start + 1] != "#":
            _refuse_names(text[start:feed], line)
        return feed + 1, "", ""
    parts, end = [], name.end() + 1
    while part := _PART.match(text, end):
        parts.append(_meant(part[0]))
        end = part.end()
    feed = text.find("\n", end)
    feed = len(text) if feed < 0 else feed
    rest = text[end:feed].strip(" \t\r")
    if rest and not rest.startswith("#"):
        if name[0] in ("ID", "VERSION_ID") or rest[0] in "'\"":
            raise _Malformed(f", line {line}: expected one value of {name[0]}, found '{visible(rest[:_SHOWN])}'")
        _refuse_names(rest, line)
        return feed + 1, "", ""
    return feed + 1, name[0], "".join(parts)


def _refuse_names(text: str, line: int) -> None:
    """Raise _Malformed if a line that begins with no assignment would still make a shell set ID or VERSION_ID."""
    if _KNOWN.search(text):
        raise _Malformed(f", line {line}: expected one assignment on a line, found '{visible(text[:_SHOWN])}'")


def _meant(part: str) -> str:
    """The value of a part of an assignment: quoted, escaped or plain."""
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        return _ESCAPED.sub(r"\1", part[1:-1].replace("\\\n", ""))
    return part[1:].replace("\n", "") if part[0] == "\\" else part

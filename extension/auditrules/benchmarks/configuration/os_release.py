"""Reads os-release(5): which system and version a host is.

The file holds assignments as a shell takes them, one a line: quotes around a value or a part of it, a backslash before
a character that is meant as it is, and of two lines for one name the last counts. /etc/os-release is read; where there
is none, /usr/lib/os-release.
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
_SHOWN = 80  # characters of a value that a message shows


@dataclass(frozen=True, slots=True)
class OsRelease:
    """The distribution: `id` in small letters (`ubuntu`), `version_id` (`24.04`), what it is like, nearest first.

    `version_id` is empty where the file has none, as on Debian's testing. `ubuntu_codename` is the release of Ubuntu
    that a derivative is made of. Where it is not known which system it is, `error` says why, and `id` is empty. `path`
    is the file that was read, or empty.
    """

    id: str = ""
    version_id: str = ""
    id_like: tuple[str, ...] = ()
    ubuntu_codename: str = ""
    name: str = ""
    error: str = ""
    path: str = ""


class _Malformed(Exception):  # noqa: N818 - never leaves this module
    """A line that a shell would not take as an assignment; the message says what is wrong."""


def read_os_release(etc: File | None, usr: File | None = None) -> OsRelease:
    """Read the file of /etc or, where there is none, that of /usr/lib. Raises nothing."""
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
        tuple(each for each in texts.get("ID_LIKE", "").lower().split() if _IDENTIFIER.fullmatch(each)),
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
    """The values by name, each with the line that it begins on."""
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
    """What begins on a line: where the next one begins, and name and value, both empty where it assigns nothing."""
    feed = text.find("\n", at)
    feed = len(text) if feed < 0 else feed
    start = at + len(text[at:feed]) - len(text[at:feed].lstrip(" \t\r"))
    name = _NAME.match(text, start)
    if name is None:  # blank, a comment, or nothing that names a value
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
    """Refuse what is no assignment of its own line, and still makes a shell set one of the names that count."""
    if _KNOWN.search(text):
        raise _Malformed(f", line {line}: expected one assignment on a line, found '{visible(text[:_SHOWN])}'")


def _meant(part: str) -> str:
    """What a part of a value stands for."""
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        return _ESCAPED.sub(r"\1", part[1:-1].replace("\\\n", ""))
    return part[1:].replace("\n", "") if part[0] == "\\" else part

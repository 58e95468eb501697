"""Parses auditd.conf: lines of NAME = VALUE, with spaces around the sign (auditd-config.c, nv_split).

The value is one word. Only settings that may execute a program take more, as in `space_left_action = exec /path`.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

_WORDS_WITHOUT_VALUE = 2
_MAY_EXECUTE = frozenset({"space_left_action", "admin_space_left_action", "disk_full_action", "disk_error_action"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of auditd.conf; `error` says why auditd does not take it."""

    line: int
    name: str
    value: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class AuditdConf:
    """The parsed auditd.conf. `path` is empty if there is no such file; `error` says why the settings are not known."""

    path: str = ""
    settings: tuple[Setting, ...] = ()
    error: str = ""


def read_conf(file: File | None) -> AuditdConf:
    """Parse a collected auditd.conf; None if the host has none."""
    if file is None:
        return AuditdConf()
    return AuditdConf(file.path, tuple(settings(file.content)) if file.content else (), file.error)


def settings(content: bytes) -> Iterator[Setting]:
    """Parse the lines of auditd.conf, except blank lines and comments."""
    for number, raw in enumerate(content.split(b"\n"), start=1):
        text = decode(raw)
        words = text.split(" ")
        first, *rest = [word for word in words if word] or [""]
        if not first or first.startswith("#"):
            continue
        if not rest or rest[0] != "=":
            yield Setting(number, "", text, "expected NAME = VALUE with a space on either side of the sign")
        elif len(rest) == 1:
            yield Setting(number, first, "", "expected a value after the sign")
        elif len(rest) > _WORDS_WITHOUT_VALUE and first.lower() not in _MAY_EXECUTE:
            yield Setting(number, first, " ".join(rest[1:]), "expected one word after the sign")
        else:
            yield Setting(number, first, " ".join(rest[1:]))

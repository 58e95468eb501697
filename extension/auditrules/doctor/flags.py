"""Reads osquery's flags from a command line and a flag file, as gflags does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

# The flags that concern us, with osquery's own defaults (osquery/extensions/extensions.cpp, osquery/events/linux).
DEFAULTS: Mapping[str, str] = {
    "audit_allow_config": "false",
    "disable_audit": "true",
    "disable_extensions": "false",
    "extensions_autoload": "/etc/osquery/extensions.load",
    "extensions_require": "",
    "extensions_socket": "/var/osquery/osquery.em",
    "extensions_timeout": "3",
    "flagfile": "",
}

_BOOLEAN = frozenset(name for name, value in DEFAULTS.items() if value in {"true", "false"})
_TRUE = frozenset({"1", "t", "true", "y", "yes"})  # in any case, as in gflags


def flags_of_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Read the flags that concern us from a command line. The last one of a name counts.

    >>> flags_of_arguments(["--extensions_timeout", "10", "-disable_audit=false", "--noaudit_allow_config", "--other"])
    {'extensions_timeout': '10', 'disable_audit': 'false', 'audit_allow_config': 'false'}
    """
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        if word == "--":
            break
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-"):
            continue
        if name in _BOOLEAN:
            found[name] = value if equals else "true"
        elif name in DEFAULTS:
            found[name] = value if equals else next(words, "")
        elif name.startswith("no") and name[2:] in _BOOLEAN:
            found[name[2:]] = "false"
    return found


def flags_of_file(text: str) -> dict[str, str]:
    """Read the flags that concern us from a flag file: one in each line, with its value."""
    return flags_of_arguments(list(_words(text.splitlines())))


def _words(lines: Iterable[str]) -> Iterable[str]:
    for line in map(str.strip, lines):
        if line.startswith("-"):
            name, space, value = line.partition(" ")
            yield f"{name}={value.strip()}" if space and "=" not in name else line


def is_true(value: str) -> bool:
    """Whether gflags takes a value for true."""
    return value.lower() in _TRUE

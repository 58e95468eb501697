"""osquery's flags, as gflags reads a command line and a flag file."""

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
_TRUE = frozenset({"1", "t", "true", "y", "yes"})  # whatever the case, as gflags has it


def given(arguments: Sequence[str]) -> dict[str, str]:
    """Return the flags of a command line that concern us, by name; of several the last counts.

    >>> given(["--extensions_timeout", "10", "-disable_audit=false", "--noaudit_allow_config", "--other", "x"])
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


def of_file(text: str) -> dict[str, str]:
    """Return the flags of a flag file: one a line, with the value in the same line."""
    return given(list(_words(text.splitlines())))


def _words(lines: Iterable[str]) -> Iterable[str]:
    for line in map(str.strip, lines):
        if line.startswith("-"):
            name, space, value = line.partition(" ")
            yield f"{name}={value.strip()}" if space and "=" not in name else line


def is_true(value: str) -> bool:
    """Whether gflags takes a value for true."""
    return value.lower() in _TRUE

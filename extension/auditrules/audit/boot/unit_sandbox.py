"""Finds the directories that a unit's settings hide from its commands (systemd.exec(5), "Sandboxing").

The kernel resolves the path of a rule in the file system that the loading program sees.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from auditrules.audit.boot.systemd import FALSE, TRUE, UndeterminedError, Unit, find_unit
from auditrules.audit.filesystem.sandbox import Sandbox
from auditrules.audit.model.collected import Units

# Settings of one word: the values with which they hide directories, their other values, and these directories. A value
# that a setting does not have leaves it as it was (DEFINE_CONFIG_PARSE_ENUM of systemd's conf-parser.h). Other settings
# hide files only (ProtectKernelLogs=), whose names a watch still follows, or forbid to write.
_HOME = ("/home", "/root", "/run/user")
_MODULES = ("/usr/lib/modules", "/lib/modules")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what PrivateTmp= makes private
_BY_WORD: Mapping[str, tuple[frozenset[str], frozenset[str], tuple[str, ...]]] = MappingProxyType(
    {
        "ProtectHome": (TRUE | {"tmpfs"}, FALSE | {"read-only"}, _HOME),
        "ProtectKernelModules": (TRUE, FALSE, _MODULES),
        "PrivateTmp": (TRUE | {"disconnected"}, FALSE, _TEMPORARY),
        "PrivateDevices": (TRUE, FALSE, ("/dev",)),
    }
)
# Settings that mount /proc anew, with less in it: the values that do, and the others.
_OF_PROC = (
    ("ProtectProc", frozenset({"noaccess", "invisible", "ptraceable"}), frozenset({"default"})),
    ("ProcSubset", frozenset({"pid"}), frozenset({"all"})),
)
_DEVICES_SHOWN = frozenset({"/dev/shm", "/dev/pts", "/dev/mqueue", "/dev/hugepages"})  # noqa: S108 - as it is mounted
# Settings that add to one list, which an empty value of any of them clears.
_HIDING = (("InaccessiblePaths", "InaccessibleDirectories"), ("TemporaryFileSystem",))
_BINDING = (("BindPaths", "BindReadOnlyPaths"), ("MountImages",))
# Settings that replace the whole file system, or /usr.
_ELSEWHERE = ("RootDirectory", "RootImage", "ExtensionImages", "ExtensionDirectories")


def sandbox_of(unit: Unit) -> Sandbox:
    """The sandbox of a unit.

    Raises:
        UndeterminedError: a setting names another root, or a directory that only systemd can tell.
    """
    for key in _ELSEWHERE:
        if any(value != "/" for _, value in unit.values(key)):
            raise UndeterminedError(f"{unit.name}: it runs with {key}={unit.last(key)}, which is not looked at")
    hidden = {
        path
        for key, (hides, others, paths) in _BY_WORD.items()
        if _word(unit, key, hides | others) in hides
        for path in paths
    }
    devices = "/dev" in hidden
    hidden |= {_path(unit, word) for word in _words(unit, _HIDING)}
    unsure = {_path(unit, word.removeprefix("-"), last=True) for word in _words(unit, _BINDING)}
    if any(_word(unit, key, words | others) in words for key, words, others in _OF_PROC):
        unsure.add("/proc")
    return Sandbox(frozenset(hidden), _DEVICES_SHOWN - hidden if devices else frozenset(), frozenset(unsure))


def sandbox_paths(units: Units, names: Iterable[str]) -> frozenset[str]:
    """All directories that the sandboxes of these units name, which must be looked up on the host."""
    found: set[str] = set()
    for name in names:
        try:
            unit = find_unit(name, units)
            sandbox = sandbox_of(unit) if unit else Sandbox()
        except UndeterminedError:
            continue  # the result of the boot is unknown then, and has this reason
        found |= sandbox.hidden | sandbox.shown | sandbox.unsure
    return frozenset(found)


def _word(unit: Unit, key: str, words: Collection[str]) -> str:
    """The last value of a setting that it may have; empty if there is none."""
    given = (value.lower() for name, value in reversed(unit.settings) if name == key)
    return next((value for value in given if value in words), "")


def _words(unit: Unit, lists: Iterable[Sequence[str]]) -> Iterator[str]:
    values = [value for keys in lists for _, value in unit.values(*keys)]
    try:
        yield from shlex.split(" ".join(values))
    except ValueError as error:
        raise UndeterminedError(f"{unit.name}: {' '.join(values)}: {error}") from error


def _path(unit: Unit, word: str, *, last: bool = False) -> str:
    """The directory in a word of the form SOURCE[:DESTINATION]: the destination if `last`, else the source."""
    parts = word.lstrip("-+").split(":")
    path = parts[1] if last and len(parts) > 1 else parts[0]
    if "%" in path or not path.startswith("/"):
        raise UndeterminedError(f"{unit.name}: which directory {word} is, is not known")
    return path.rstrip("/") or "/"

"""Reads systemd unit files: which file of a name is used, and with which drop-ins and commands.

As systemd.unit(5) and systemd.syntax(7) of systemd 252 say. Files in /run do not count: the next boot has none there.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from auditrules.audit.model.collected import File, Units
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

# Where unit files and drop-ins are; of files with one name the first wins (systemd.unit(5), table 1).
UNIT_FOLDERS = (
    "/etc/systemd/system.control",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# The folders that still exist at the next boot.
BOOT_FOLDERS = tuple(folder for folder in UNIT_FOLDERS if not folder.startswith("/run/"))
DEFAULT_TARGET = "default.target"


_OF_MOUNTS = frozenset({"What", "Where", "Type", "Options"})  # the keys of a section [Mount] (systemd.mount(5))
# The keys of a section [Service] that change which files its processes see (systemd.exec(5)).
_OF_SANDBOXES = frozenset(
    {
        *("ProtectHome", "ProtectKernelModules", "ProtectProc", "ProcSubset"),
        *("PrivateTmp", "PrivateDevices", "TemporaryFileSystem", "MountImages"),
        *("InaccessiblePaths", "InaccessibleDirectories", "BindPaths", "BindReadOnlyPaths"),
        *("RootDirectory", "RootImage", "ExtensionImages", "ExtensionDirectories"),
    }
)
# Values of a boolean setting (systemd.syntax(7)).
TRUE = frozenset({"yes", "true", "1", "on", "y", "t"})
FALSE = frozenset({"no", "false", "0", "off", "n", "f"})

_NOTHING = "/dev/null"  # where the link of a masked unit or drop-in leads
_PREFIXES = "@-:+!|"


class UndeterminedError(Exception):
    """The collected facts do not tell what boot does; the message says why."""


@dataclass(frozen=True, slots=True)
class ExecCommand:
    """One command line of a unit, as words.

    `ignored`: its failure does not matter. `privileged`: it runs outside the unit's sandbox.
    """

    words: tuple[str, ...]
    ignored: bool = False
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with its drop-ins. `path` is its file. Nothing can start a masked unit."""

    name: str
    path: str
    masked: bool = False
    settings: tuple[tuple[str, str], ...] = ()  # key and value, in order

    def values(self, *keys: str) -> tuple[tuple[str, str], ...]:
        """The assignments to these keys that are in force: an empty one cancels those before it."""
        found: list[tuple[str, str]] = []
        for key, value in self.settings:
            if key in keys and value:
                found.append((key, value))
            elif key in keys:
                found.clear()
        return tuple(found)

    def last(self, key: str) -> str:
        """The last assignment to a key, which is in force; empty if there is none."""
        return next((value for name, value in reversed(self.settings) if name == key), "")

    def names(self, key: str) -> frozenset[str]:
        """The units that a dependency names. An empty assignment does not cancel them (systemd.unit(5))."""
        return frozenset(unit for name, value in self.settings if name == key for unit in value.split())

    def commands(self, key: str) -> Iterator[ExecCommand]:
        """The command lines of ExecStart= and the like (systemd.service(5), "Command lines").

        Raises:
            UndeterminedError: a quote is not closed.
        """
        for _, value in self.values(key):
            try:
                words = shlex.split(value)
            except ValueError as error:
                raise UndeterminedError(f"{self.name}: {key}={value}: {error}") from error
            while words:
                end = words.index(";") if ";" in words else len(words)
                command, words = words[:end], words[end + 1 :]
                if command:
                    program = command[0].lstrip(_PREFIXES)
                    prefix = command[0].removesuffix(program)
                    # With the prefix @ the next word is argv[0], not an argument.
                    arguments = command[2 if "@" in prefix else 1 :]
                    yield ExecCommand((program, *arguments), "-" in prefix, "+" in prefix)


def find_unit(name: str, units: Units) -> Unit | None:
    """Read a unit by its name; None if there is none.

    Raises:
        UndeterminedError: its file or a drop-in can't be read.
    """
    files = {file.path: file for file in units.files}
    for folder in BOOT_FOLDERS:
        path = f"{folder}/{name}"
        if _masked(path, files, units):
            return Unit(name, path, masked=True)
        if path in files:
            settings = [_settings(files[path]), *(_settings(files[each]) for each in _drop_ins(name, files, units))]
            return Unit(name, path, settings=tuple(setting for some in settings for setting in some))
    return None


def is_mask(target: str) -> bool:
    """Whether a link with this target masks its unit."""
    return target.endswith(_NOTHING)


def _masked(path: str, files: dict[str, File], units: Units) -> bool:
    """Whether a unit file or drop-in is masked: a link to /dev/null, or an empty file."""
    return is_mask(units.links.get(path, "")) or (path in files and files[path].content == b"")


def drop_in_folders(name: str) -> tuple[str, ...]:
    """The names of the folders, in each of BOOT_FOLDERS, that hold a unit's drop-ins; the most specific name first."""
    stem, dot, kind = name.rpartition(".")
    parts = stem.split("-")
    prefixes = [f"{'-'.join(parts[:count])}-" for count in range(len(parts) - 1, 0, -1)]
    return (f"{name}.d", *(f"{prefix}{dot}{kind}.d" for prefix in prefixes), f"{kind}.d")


def _drop_ins(name: str, files: dict[str, File], units: Units) -> list[str]:
    """The paths of the drop-ins in force, by file name; of files with one name the first folder's wins."""
    *own, common = drop_in_folders(name)
    folders = [f"{folder}/{each}" for folder in BOOT_FOLDERS for each in own]
    folders += [f"{folder}/{common}" for folder in BOOT_FOLDERS]
    inside: dict[str, list[str]] = {}
    for path in (*files, *units.links):
        if path.endswith(".conf"):
            inside.setdefault(path.rpartition("/")[0], []).append(path)
    found: dict[str, str] = {}
    for path in (path for folder in folders for path in inside.get(folder, ())):
        found.setdefault(path.rpartition("/")[2], path)
    return [found[last] for last in sorted(found) if not _masked(found[last], files, units)]


def _settings(file: File) -> Iterator[tuple[str, str]]:
    """The assignments of a unit file in order, except those in a section where they mean nothing."""
    if file.content is None:
        raise UndeterminedError(f"{file.path}: {file.error}")
    section = continued = ""
    for line in (*decode(file.content).split("\n"), ""):
        text = line.strip()
        if text.startswith(("#", ";")):
            continue
        if text.endswith("\\"):
            continued += text.removesuffix("\\") + " "
            continue
        text, continued = continued + text, ""
        key, equals, value = (part.strip() for part in text.partition("="))
        if text.startswith("["):
            section = text
        elif equals and section == _section(key):
            yield key, value


def _section(key: str) -> str:
    """The section of a unit file to which a key belongs."""
    if key in _OF_MOUNTS:
        return "[Mount]"
    return "[Service]" if key.startswith(("Exec", "Environment")) or key in _OF_SANDBOXES else "[Unit]"

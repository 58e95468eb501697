"""Reads unit files as systemd does: which file counts, what its drop-ins change, and what starts it at boot.

From systemd.unit(5) and systemd.syntax(7) of systemd 252. Files in /run are left out: they are gone at the next boot.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from auditrules.audit.model.collected import File, Units
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

# Where unit files and drop-ins are, the first that has a name winning (systemd.unit(5), table 1).
UNIT_FOLDERS = (
    "/etc/systemd/system.control",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# Those whose files are still there at the next boot.
BOOT_FOLDERS = tuple(folder for folder in UNIT_FOLDERS if not folder.startswith("/run/"))
DEFAULT_TARGET = "default.target"

# The targets on the way to a running system; what the default one may be for all of them to be on it.
REACHED = ("local-fs.target", "sysinit.target", "basic.target", "multi-user.target")
USUAL_DEFAULTS = ("multi-user.target", "graphical.target")

_OF_MOUNTS = frozenset({"What", "Where", "Type", "Options"})  # the keys of a section [Mount] (systemd.mount(5))
# The keys of a section [Service] that say which files its processes see (systemd.exec(5)).
_OF_SANDBOXES = frozenset(
    {
        *("ProtectHome", "ProtectKernelModules", "PrivateTmp", "PrivateDevices", "TemporaryFileSystem", "MountImages"),
        *("InaccessiblePaths", "InaccessibleDirectories", "BindPaths", "BindReadOnlyPaths"),
        *("RootDirectory", "RootImage", "ExtensionImages", "ExtensionDirectories"),
    }
)
TRUE = frozenset({"yes", "true", "1", "on", "y", "t"})  # of a setting that is yes or no (systemd.syntax(7))

_NOTHING = "/dev/null"  # what the link of a masked unit or drop-in leads to
_PREFIXES = "@-:+!|"


class UndeterminedError(Exception):
    """What boot does is not known from what was collected; the message says why."""


@dataclass(frozen=True, slots=True)
class ExecCommand:
    """One command line of a unit, as words.

    `ignored` says that it does not matter if it fails, `privileged` that the unit's sandbox is not for it.
    """

    words: tuple[str, ...]
    ignored: bool = False
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with its drop-ins. `path` is the file it is read from; what is masked can't be started by anything."""

    name: str
    path: str
    masked: bool = False
    settings: tuple[tuple[str, str], ...] = ()  # key and value, in order

    def values(self, *keys: str) -> tuple[tuple[str, str], ...]:
        """The assignments to these keys that count: an empty one takes those before it back."""
        found: list[tuple[str, str]] = []
        for key, value in self.settings:
            if key in keys and value:
                found.append((key, value))
            elif key in keys:
                found.clear()
        return tuple(found)

    def last(self, key: str) -> str:
        """The last assignment to a key, which is the one that counts; empty where there is none."""
        return next((value for own, value in reversed(self.settings) if own == key), "")

    def names(self, key: str) -> frozenset[str]:
        """The units that a dependency names. These can't be taken back (systemd.unit(5))."""
        return frozenset(name for own, value in self.settings if own == key for name in value.split())

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
                    # After @ comes the name that the program is told, in place of its own.
                    words_of_it = (program, *command[2 if "@" in prefix else 1 :])
                    yield ExecCommand(words_of_it, "-" in prefix, "+" in prefix)


def unit(name: str, units: Units) -> Unit | None:
    """A unit by its name; None where there is none.

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
    """Whether a link with this text masks its unit."""
    return target.endswith(_NOTHING)


def _masked(path: str, files: dict[str, File], units: Units) -> bool:
    """Whether a file is a link to /dev/null, or empty, which means the same."""
    return is_mask(units.links.get(path, "")) or (path in files and files[path].content == b"")


def drop_in_folders(name: str) -> tuple[str, ...]:
    """The folders of a unit's drop-ins, as named in each of BOOT_FOLDERS, the more special ones first."""
    stem, dot, kind = name.rpartition(".")
    parts = stem.split("-")
    prefixes = [f"{'-'.join(parts[:count])}-" for count in range(len(parts) - 1, 0, -1)]
    return (f"{name}.d", *(f"{prefix}{dot}{kind}.d" for prefix in prefixes), f"{kind}.d")


def _drop_ins(name: str, files: dict[str, File], units: Units) -> list[str]:
    """The drop-ins that count, in order: by file name, of which the first one found hides the others."""
    *own, common = drop_in_folders(name)
    folders = [f"{folder}/{each}" for folder in BOOT_FOLDERS for each in own]
    folders += [f"{folder}/{common}" for folder in BOOT_FOLDERS]
    found: dict[str, str] = {}
    for folder in folders:
        for path in (*files, *units.links):
            above, _, last = path.rpartition("/")
            if above == folder and last.endswith(".conf"):
                found.setdefault(last, path)
    return [found[last] for last in sorted(found) if not _masked(found[last], files, units)]


def _settings(file: File) -> Iterator[tuple[str, str]]:
    """The assignments of a unit file, in order, but for those in a section where they mean nothing."""
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
    """The section of a unit file in which a key that matters here means something."""
    if key in _OF_MOUNTS:
        return "[Mount]"
    return "[Service]" if key.startswith(("Exec", "Environment")) or key in _OF_SANDBOXES else "[Unit]"


def default_target(units: Units) -> str:
    """The name of the target that boot leads to; empty where no file says."""
    paths = (f"{folder}/{DEFAULT_TARGET}" for folder in BOOT_FOLDERS)
    return next((units.links[path].rpartition("/")[2] for path in paths if path in units.links), "")


def wanted_by(name: str, units: Units) -> tuple[str, ...]:
    """The units whose .wants and .requires folders have a link of that name: what `systemctl enable` makes."""
    found: dict[str, str] = {}
    for folder in BOOT_FOLDERS:
        for path, target in units.links.items():
            above, _, last = path.rpartition("/")
            place, _, puller = above.rpartition("/")
            if last == name and place == folder and puller.endswith((".wants", ".requires")):
                found.setdefault(puller, target)
    return tuple(puller.rpartition(".")[0] for puller, target in found.items() if not is_mask(target))


# What a word of the kernel's command line makes the target that boot leads to (systemd(1), "Kernel Command Line").
_TARGET_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("emergency", "-b"), "emergency.target"),
        **dict.fromkeys(("rescue", "single", "-s", "s", "S", "1"), "rescue.target"),
        **dict.fromkeys(("2", "3", "4"), "multi-user.target"),
        "5": "graphical.target",
    }
)


def reached(units: Units, cmdline: Sequence[str] = ()) -> frozenset[str]:
    """The targets that boot reaches for certain; an empty name where the default one is not known."""
    said = [_TARGET_WORDS.get(word, word.removeprefix("systemd.unit=")) for word in cmdline if _names_target(word)]
    target = said[-1] if said else default_target(units)
    if target == "emergency.target":
        return frozenset({target})
    found = {*REACHED, "default.target", target}
    return frozenset(found if not target or target in USUAL_DEFAULTS else found - {"multi-user.target"})


def _names_target(word: str) -> bool:
    return word in _TARGET_WORDS or word.startswith("systemd.unit=")


# Conditions that are taken to hold: this is about hosts, and about those whose kernel has audit.
_GIVEN = frozenset({("Virtualization", "!container"), ("Security", "audit")})


def unmet(own: Unit, cmdline: Sequence[str]) -> str:
    """The first condition that keeps a unit from starting; empty where they all hold.

    Raises:
        UndeterminedError: one of them can't be decided from the kernel's command line.
    """
    for kind in ("Condition", "Assert"):
        keys = tuple({key for key, _ in own.settings if key.startswith(kind)})
        triggers = []
        for key, value in own.values(*keys):
            holds = _holds(own, key.removeprefix(kind), value.lstrip("|").strip(), cmdline)
            if value.startswith("|"):
                triggers.append((holds, f"{key}={value}"))
            elif not holds:
                return f"{key}={value}"
        if triggers and not any(holds for holds, _ in triggers):
            return triggers[0][1]
    return ""


def _holds(own: Unit, what: str, text: str, cmdline: Sequence[str]) -> bool:
    if (what, text) in _GIVEN:
        return True
    wanted = text.removeprefix("!").strip()
    if what != "KernelCommandLine" or not wanted:
        raise UndeterminedError(f"{own.name}: whether Condition{what}={text} holds is not known")
    given = any(word == wanted or ("=" not in wanted and word.startswith(f"{wanted}=")) for word in cmdline)
    return given is not text.startswith("!")

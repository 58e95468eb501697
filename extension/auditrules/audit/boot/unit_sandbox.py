"""Which directories a unit's commands do not see as the host does, by its settings (systemd.exec(5), "Sandboxing")."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from auditrules.audit.boot.systemd import TRUE, UndeterminedError, Unit, unit
from auditrules.audit.filesystem.sandbox import Sandbox
from auditrules.audit.model.collected import Units

# Settings that are one word, the values with which they hide directories, and these.
_HOME = ("/home", "/root", "/run/user")
_MODULES = ("/usr/lib/modules", "/lib/modules")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what PrivateTmp= makes private
_BY_WORD = {
    "ProtectHome": (TRUE | {"tmpfs"}, _HOME),
    "ProtectKernelModules": (TRUE, _MODULES),
    "PrivateTmp": (TRUE | {"disconnected"}, _TEMPORARY),
    "PrivateDevices": (TRUE, ("/dev",)),
}
_DEVICES_SHOWN = frozenset({"/dev/shm", "/dev/pts", "/dev/mqueue", "/dev/hugepages"})  # noqa: S108 - as it is mounted
_HIDING = ("InaccessiblePaths", "InaccessibleDirectories", "TemporaryFileSystem")
_BINDING = ("BindPaths", "BindReadOnlyPaths", "MountImages")
# With these all of the file system, or /usr, is another one.
_ELSEWHERE = ("RootDirectory", "RootImage", "ExtensionImages", "ExtensionDirectories")


def sandbox_of(own: Unit) -> Sandbox:
    """The sandbox of a unit.

    Raises:
        UndeterminedError: a setting names what only systemd knows, or another root.
    """
    for key in _ELSEWHERE:
        if any(value != "/" for _, value in own.values(key)):
            raise UndeterminedError(f"{own.name}: it runs with {key}={own.last(key)}, which is not looked at")
    hidden = {path for key, (values, paths) in _BY_WORD.items() if own.last(key).lower() in values for path in paths}
    devices = "/dev" in hidden
    hidden |= {_path(own, word) for word in _words(own, _HIDING)}
    bound = {_path(own, word.removeprefix("-"), last=True) for word in _words(own, _BINDING)}
    return Sandbox(frozenset(hidden), _DEVICES_SHOWN if devices else frozenset(), frozenset(bound))


def sandbox_paths(units: Units, names: Iterable[str]) -> frozenset[str]:
    """Every directory that the sandboxes of these units speak of, of which must be known what it is on the host."""
    found: set[str] = set()
    for name in names:
        try:
            own = unit(name, units)
            sandbox = sandbox_of(own) if own else Sandbox()
        except UndeterminedError:
            continue  # what boot does is not known then, and says so itself
        found |= sandbox.hidden | sandbox.shown | sandbox.unsure
    return frozenset(found)


def _words(own: Unit, keys: Iterable[str]) -> Iterator[str]:
    values = [value for key in keys for _, value in own.values(key)]
    try:
        yield from shlex.split(" ".join(values))
    except ValueError as error:
        raise UndeterminedError(f"{own.name}: {' '.join(values)}: {error}") from error


def _path(own: Unit, word: str, *, last: bool = False) -> str:
    """The directory that a word names; `last`: where what is named first is mounted."""
    parts = word.lstrip("-+").split(":")
    path = parts[1] if last and len(parts) > 1 else parts[0]
    if "%" in path or not path.startswith("/"):
        raise UndeterminedError(f"{own.name}: which directory {word} is, is not known")
    return path.rstrip("/") or "/"

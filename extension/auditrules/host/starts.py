"""When units and processes were started, by what systemd and the kernel keep of them."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection
from functools import lru_cache

from auditrules.audit.filesystem.mounts import unit_point
from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.host_facts import Mount
from auditrules.host.birth import AT_FDCWD, birth
from auditrules.values import replace

INVOCATIONS = "/run/systemd/units"  # a link for each unit that runs, made when systemd starts it (systemd.exec(5))

_PREFIX = "invocation:"
_START_TIME = 19  # of the fields of /proc/PID/stat behind the name
_TICK = 2.0  # seconds; a folder that is changed twice within one tick of its clock shows the second time by nothing
_MOST_BYTES = 1 << 16  # of a file of /proc


def unit_starts(names: Collection[str], folder: str = INVOCATIONS) -> dict[str, float]:
    """When units were started last, in seconds since the epoch; what does not run, or is no unit here, is left out."""
    starts = ((name, _changed(f"{folder}/{_PREFIX}{name}")) for name in names)
    return {name: at for name, at in starts if at is not None}


def process_start(folder: str, proc: str = "/proc") -> float | None:
    """When the process of a folder of /proc was started, in seconds since the epoch; None: not known (proc(5))."""
    booted = re.search(r"^btime (\d+)$", _read(f"{proc}/stat"), re.MULTILINE)
    words = _read(f"{folder}/stat").rpartition(")")[2].split()
    if booted is None or len(words) <= _START_TIME or not words[_START_TIME].isdigit():
        return None
    return int(booted[1]) + int(words[_START_TIME]) / os.sysconf("SC_CLK_TCK")


def process_name(folder: str) -> str:
    """The name of the process of a folder of /proc; empty: not known."""
    return _read(f"{folder}/comm").removesuffix("\n")


def dated(mounts: tuple[Mount, ...], remote: Callable[[str], str], folder: str = INVOCATIONS) -> tuple[Mount, ...]:
    """Mounts with the time when each was made, where that shows.

    systemd knows it of those that it made, and the root of a tmpfs is made with it. What is below a remote file system
    is not touched.
    """
    changed = _changed(folder)
    young = changed is not None and time.time() - changed < _TICK
    units = dict((_mount_units.__wrapped__ if young else _mount_units)(folder, changed))
    visible = {each.point: each for each in mounts}
    found = []
    for each in mounts:
        since = units.pop(each.point, None)  # of two mounts on one point, only the first may be the unit's
        if since is None and _dated_by_root(each) and visible[each.point] is each:
            since = None if any(map(remote, above(each.point))) else birth(os.fsencode(each.point), AT_FDCWD)
        found.append(each if since is None else replace(each, since=since))
    return tuple(found)


def _dated_by_root(mount: Mount) -> bool:
    return mount.early is None and mount.fstype == "tmpfs" and mount.root == "/"


@lru_cache(1)  # units stay as they are from one collection to the next
def _mount_units(folder: str, _at: float | None) -> tuple[tuple[str, float], ...]:
    """The points of the mount units that systemd started, each with the time."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()  # no systemd
    units = [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX) and name.endswith(".mount")]
    return tuple((unit_point(name), at) for name, at in unit_starts(units, folder).items())


def _changed(path: str) -> float | None:
    try:
        return os.lstat(path).st_mtime
    except (OSError, ValueError):  # not there, or a name that no file can have
        return None


def _read(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ""  # the process ended, or it is not for us to see

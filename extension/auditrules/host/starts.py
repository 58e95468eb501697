"""When units were started and mounts were made, by what systemd and the kernel keep of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from functools import lru_cache

from auditrules.audit.filesystem.mounts import unit_point
from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.host_facts import Mount
from auditrules.host.birth import AT_FDCWD, birth
from auditrules.host.limits import CLOCK_TICK
from auditrules.values import replace

INVOCATIONS = "/run/systemd/units"  # a link for each unit that runs, made when systemd starts it (systemd.exec(5))

_PREFIX = "invocation:"


def unit_starts(names: Collection[str], folder: str = INVOCATIONS) -> dict[str, float]:
    """When units were started last, in seconds since the epoch; what does not run, or is no unit here, is left out."""
    starts = ((name, _changed(f"{folder}/{_PREFIX}{name}")) for name in names)
    return {name: at for name, at in starts if at is not None}


def dated(mounts: tuple[Mount, ...], remote: Callable[[str], str], folder: str = INVOCATIONS) -> tuple[Mount, ...]:
    """Mounts with the time when each was made, where that shows.

    systemd knows it of those that it made, and the root of a tmpfs is made with it. What is below a remote file system
    is not touched.
    """
    changed = _changed(folder)
    young = changed is not None and time.time() - changed < CLOCK_TICK
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

"""Reads when units were started and mounts were made, from systemd's and the kernel's records."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from auditrules.audit.boot.unit_commands import DAEMON
from auditrules.audit.filesystem.mounts import BY_SYSTEMD, unit_point
from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.host_facts import LOAD_TAKES, Mount
from auditrules.host.birth import AT_FDCWD, birth
from auditrules.host.limits import CLOCK_TICK
from auditrules.values import replace

INVOCATIONS = "/run/systemd/units"  # a link for each unit that runs, made when systemd starts it (systemd.exec(5))

_PREFIX = "invocation:"
_DATED_BY_ROOT = "tmpfs"  # the type of file system whose root is made with the mount


class Starts(NamedTuple):
    """The last starts of units that load rules, by how much the clock was set back since, and the time of the boot."""

    units: tuple[tuple[str, float], ...] = ()
    set_back: float = 0.0
    booted: float | None = None


def unit_starts(names: Collection[str], folder: str = INVOCATIONS) -> dict[str, float]:
    """When units were started last, in seconds since the epoch. Units that do not run or exist are left out."""
    starts = ((name, _changed(f"{folder}/{_PREFIX}{name}")) for name in names)
    return {name: at for name, at in starts if at is not None}


def set_back(units: Mapping[str, float], daemon: float | None, booted: float | None, now: float) -> float:
    """By how many seconds the clock was set back since units were started; 0 if it was not, or if nothing shows it.

    `daemon` is when the process of auditd.service was started; the kernel counts that from the boot, and so by the
    present clock. If a start is in the future, it is known only that it was after the boot.
    """
    unit = units.get(f"{DAEMON}.service")
    back = unit - daemon if unit is not None and daemon is not None else 0.0
    last = max(units.values(), default=0.0)
    if booted is not None and last - max(back, 0.0) > now + LOAD_TAKES:
        back = last - booted
    return float(round(back)) if back > LOAD_TAKES else 0.0


def dated(
    mounts: tuple[Mount, ...],
    remote: Callable[[str], str],
    by_initrd: Collection[str] = (),
    folder: str = INVOCATIONS,
) -> tuple[Mount, ...]:
    """The mounts, with the time when each was made if that is known.

    systemd records the time of mounts that it made; the root of a tmpfs is made when it is mounted. Paths below remote
    file systems are not touched. If systemd made other mounts, but not one that boot makes, somebody else made that one
    anew, unless it is mounted `by_initrd`.
    """
    changed = _changed(folder)
    young = changed is not None and time.time() - changed < CLOCK_TICK
    units = dict((_mount_units.__wrapped__ if young else _mount_units)(folder, changed))
    visible = {each.point: each for each in mounts}
    known = {*by_initrd, *BY_SYSTEMD, *(units or visible)}
    found = list(mounts)
    for place, each in enumerate(mounts):
        if each.early is None and each.fstype != _DATED_BY_ROOT and each.point not in units:
            continue  # as nearly all mounts of a host with containers are
        since = units.pop(each.point, None)  # of two mounts on one point, only the first may be the unit's
        if since is None and _is_dated_by_root(each) and visible[each.point] is each:
            since = None if any(map(remote, above(each.point))) else birth(os.fsencode(each.point), AT_FDCWD)
        early = each.early if each.point in known else None
        if (early, since) != (each.early, None):
            found[place] = replace(each, since=since, early=early)
    return tuple(found)


def _is_dated_by_root(mount: Mount) -> bool:
    return mount.early is None and mount.fstype == _DATED_BY_ROOT and mount.root == "/"


@lru_cache(1)  # units rarely change from one collection to the next
def _mount_units(folder: str, _at: float | None) -> tuple[tuple[str, float], ...]:
    """The mount points of the mount units that systemd started, each with the time."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()  # no systemd
    units = [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX) and name.endswith(".mount")]
    return tuple((unit_point(name), at) for name, at in unit_starts(units, folder).items())


def _changed(path: str) -> float | None:
    try:
        return os.lstat(path).st_mtime
    except (OSError, ValueError):  # missing, or a name that no file can have
        return None

"""Finds the type of the remote file system that a path is on, so that such paths are not touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from auditrules.audit.filesystem.mounts import Mounts, mounted
from auditrules.host.rootfs import local
from auditrules.values import dataclass


@lru_cache(1)  # mounts rarely change from one collection to the next
def remote_paths(mountinfo: bytes | None) -> Callable[[str], str]:
    """A function that returns the type of the remote file system that a path is on; None: no path is on one."""
    if mountinfo is None:
        return local
    mounts = Mounts.of(mounted(mountinfo, frozenset())).near_remote
    return RemotePaths(mounts.types) if mounts.types else local


@dataclass(frozen=True)
class RemotePaths:
    """Returns the type of the remote file system that a path is on. Equal if the remote mounts are equal."""

    types: Mapping[str, str]

    def __call__(self, path: str) -> str:
        """The type of the file system; empty if the path is on a local one."""
        return Mounts(self.types).remote(path)

"""What changed on a host since its rules were loaded, as far as can be seen: directories made anew, and mounts.

A rule is on an inode, and its text is a path: where another directory is at that path by now, the listing is as before
and nothing is recorded. A directory that was made later is a sign of it, and so is a mount that came or went. Nothing
shows that a directory which is older than the load was moved to the path.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cached_property

from auditrules.audit.filesystem.path_walk import FileSystem, above
from auditrules.audit.model.host_facts import LOAD_TAKES, Mount, RulesLoad


class History:
    """The signs on a host, whose rules were loaded at that time."""

    def __init__(self, now: FileSystem, load: RulesLoad) -> None:
        self._now = now
        self._load = load

    def replaced(self, path: str, *, follow: bool = True) -> str:
        """The sign that a path led elsewhere when the rules were loaded; empty: there is none.

        A file is not looked at: rules follow its name in the directory. Nor is a mount point, which cannot be moved.
        """
        if not self._made:
            return ""
        passed: list[str] = []
        self._now.walk(path, follow=follow, passed=passed)
        for each in passed:
            if each in self._made:
                return f"{each} was made on {_words(self._made[each])}, {self._loaded}"
        return ""

    def gone(self, path: str) -> str:
        """The sign that a resolved path was on another file system, which is not mounted by now; empty: none."""
        points = (each for each in above(path) if each in self._now.facts.unmounted)
        return next((f"boot mounts a file system on {each}, and none is there now" for each in points), "")

    def late(self, path: str) -> str:
        """The sign that a resolved path is on a file system that was not there when the rules were loaded."""
        for mount in self._now.mounts_of(path):
            if not self.was_there(mount):
                return self.of_mount(mount)
        return ""

    def was_there(self, mount: Mount) -> bool:
        """Whether a mount was certainly there when the rules were loaded."""
        if self._after(mount):
            return False
        if mount.early is True or mount.point == "/":
            return True
        known = self._load.all_since and self._load.at is not None and mount.since is not None
        return known and (mount.since or 0) <= (self._load.at or 0)

    def of_mount(self, mount: Mount) -> str:
        """What is known of a mount that may have come after the load."""
        since = self._after(mount)
        if since is None:
            return f"{mount.point} may have been mounted after the rules were loaded"
        return f"{mount.point} was mounted on {_words(since)}, {self._loaded}"

    @property
    def counts(self) -> bool:
        """Whether anything is otherwise than it would be if the rules were loaded at boot, and nothing had changed."""
        mounts = self._now.facts.mounts or ()
        return bool(self._made or self._now.facts.unmounted) or any(
            self.was_there(each) is not (each.early is True or each.point == "/") for each in mounts
        )

    def _after(self, mount: Mount) -> float | None:
        """When a mount was made, or not before, if that is after the load; else None."""
        at = self._load.at
        if at is None:
            return None
        root = self._now.files.get(mount.point) if self._now.mount(mount.point) == mount else None
        since = mount.since if mount.since is not None else root.born if root else None
        return since if since is not None and since > at + LOAD_TAKES else None

    @cached_property
    def _made(self) -> dict[str, float]:
        """Directories and links that were made after the load."""
        at = self._load.at
        if at is None:
            return {}
        points = {each.point for each in self._now.facts.mounts or ()}
        return {
            path: entry.born
            for path, entry in self._now.files.items()
            if entry.born is not None and entry.born > at + LOAD_TAKES and path not in points
        }

    @property
    def _loaded(self) -> str:
        at = _words(self._load.at or 0.0)
        if self._load.or_later:
            return f"and the rules are locked, so they may have been loaded before, at any time since the boot on {at}"
        return f"after the rules were loaded on {at}"


def _words(at: float) -> str:
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"

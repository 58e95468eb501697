"""Finds signs that watched directories or mounts changed since the kernel's rules were loaded.

A rule follows an inode, but is listed by its path. If that path now leads to another directory, the listing is
unchanged, and nothing is recorded. Signs of this are a directory that is newer than the rules, and a mount that came or
went. If an older directory was moved to the path, only an earlier collection of the host shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cached_property

from auditrules.audit.filesystem.path_walk import FileSystem, above
from auditrules.audit.model.host_facts import LOAD_TAKES, Mount, PathChange, RulesLoad


class History:
    """Signs of changes since the rules were loaded. Signs are texts for evidence; empty if there is none."""

    def __init__(self, now: FileSystem, load: RulesLoad) -> None:
        self._now = now
        self._load = load

    def sign_of_replacement(self, path: str, *, follow: bool = True) -> str:
        """The sign that a path led elsewhere when the rules were loaded.

        Files do not count, as rules follow their names in the directory; nor do mount points, which can't be moved.
        """
        if not self._newer and not self._changed:
            return ""
        passed: list[str] = []
        self._now.walk(path, follow=follow, passed=passed)
        for each in passed:
            if each in self._newer:
                return f"{each} was made on {_words(self._newer[each])}, {self._loaded}"
            change = self._changed.get(each)
            if change is not None and not change.mounted:
                return f"another directory or link was at {each} on {_words(change.seen)}, {self._loaded}"
        return ""

    def sign_of_missing_mount(self, path: str) -> str:
        """The sign that a resolved path was on another file system, which is not mounted there now."""
        for each in above(path):
            if each in self._now.facts.unmounted:
                return f"boot mounts a file system on {each}, and none is there now"
            change = self._changed.get(each)
            if change is not None and change.mounted:
                return f"{each} was on another file system on {_words(change.seen)}, {self._loaded}"
        return ""

    def sign_of_late_mount(self, path: str) -> str:
        """The sign that a resolved path is on a file system that may have been mounted after the rules were loaded."""
        for mount in self._now.mounts_of(path):
            if not self.certainly_mounted(mount):
                return self._late_mount_sign(mount)
        return ""

    def certainly_mounted(self, mount: Mount) -> bool:
        """Whether a mount certainly existed when the rules were loaded."""
        if self._mounted_after_load(mount):
            return False
        if mount.early is True or mount.point == "/":
            return True
        known = self._load.all_since and self._load.at is not None and mount.since is not None
        return known and (mount.since or 0) <= (self._load.at or 0)

    def _late_mount_sign(self, mount: Mount) -> str:
        """The sign for a mount that may have been made after the rules were loaded."""
        since = self._mounted_after_load(mount)
        if since is None:
            return f"{mount.point} may have been mounted after the rules were loaded"
        return f"{mount.point} was mounted on {_words(since)}, {self._loaded}"

    @property
    def differs_from_boot(self) -> bool:
        """Whether anything differs from rules that boot has loaded on an unchanged host."""
        mounts = self._now.facts.mounts or ()
        return bool(self._newer or self._changed or self._now.facts.unmounted) or any(
            self.certainly_mounted(each) is not (each.early is True or each.point == "/") for each in mounts
        )

    def _mounted_after_load(self, mount: Mount) -> float | None:
        """The (earliest) time at which a mount was made, if that is after the load; else None."""
        at = self._load.at
        if at is None:
            return None
        root = self._now.files.get(mount.point) if self._now.mount(mount.point) == mount else None
        since = mount.since if mount.since is not None else root.born if root else None
        return since if since is not None and since > at + LOAD_TAKES else None

    @cached_property
    def _newer(self) -> dict[str, float]:
        """Directories and links that were made after the load, with the time."""
        at = self._load.at
        if at is None:
            return {}
        points = {each.point for each in self._now.facts.mounts or ()}
        return {
            path: entry.born
            for path, entry in self._now.files.items()
            if entry.born is not None and entry.born > at + LOAD_TAKES and path not in points
        }

    @cached_property
    def _changed(self) -> Mapping[str, PathChange]:
        """The changes that were seen after the load; if the time of the load is not known, all that were seen."""
        at = self._load.at
        changed = self._now.facts.changed
        if at is None or not changed:
            return changed
        return {path: change for path, change in changed.items() if change.seen > at + LOAD_TAKES}

    @property
    def _loaded(self) -> str:
        if self._load.at is None:
            return "and when the rules were loaded is not known"
        at = _words(self._load.at)
        if self._load.or_later:
            return f"and the rules are locked, so they may have been loaded before, at any time since the boot on {at}"
        return f"after the rules were loaded on {at}"


def _words(at: float) -> str:
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"

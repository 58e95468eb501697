"""Remembers what earlier collections of a host saw at the paths of rules, to find changes that leave no trace.

They are a directory that is older than the rules and was moved to a path, and a mount that is gone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Entry, Facts, Mount, PathChange
from auditrules.values import dataclass, replace

MOST_PLACES = 65_536  # that are remembered: more than the paths of ten thousand rules have

# File systems on which a directory keeps its inode's number; others give it another one once nobody uses it.
_KEEP_NUMBERS = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "jfs", "reiserfs", "nilfs2"),
        *("tmpfs", "ramfs", "rootfs", "devtmpfs", "squashfs", "erofs", "iso9660"),
    }
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was seen at the last collection, which began `at` that time, and what had `changed` by then.

    `files` and `mounts` are those of the host's facts, `places` the directories and links that were seen last by their
    paths.
    """

    at: float = 0.0
    files: Mapping[str, Entry] = MappingProxyType({})
    mounts: tuple[Mount, ...] = ()
    places: Mapping[str, Entry] = MappingProxyType({})
    changed: Mapping[str, PathChange] = MappingProxyType({})

    def with_collection(self, at: float, facts: Facts) -> Remembered:
        """The same after another collection, which began `at` that time, in seconds since the epoch."""
        if facts.mounts is None:  # then nothing was looked at
            return self
        if facts.files is self.files or facts.files == self.files:
            return replace(self, at=at, mounts=facts.mounts)
        now = {
            path: entry
            for path, entry in facts.files.items()
            if entry.type == "link" or (entry.type == "dir" and entry.ino)
        }
        places = {**self.places, **now}
        if len(places) > MOST_PLACES:
            places = now
        changed = {**self.changed, **dict(self._changes(now, facts))}
        return Remembered(
            at, facts.files, facts.mounts, places, {path: each for path, each in changed.items() if path in places}
        )

    def _changes(self, now: Mapping[str, Entry], facts: Facts) -> Iterator[tuple[str, PathChange]]:
        before, after = FileSystem(replace(facts, mounts=self.mounts)), FileSystem(facts)
        for path, entry in now.items():
            known = self.places.get(path, entry)
            if _what(known) == _what(entry):
                continue
            link = "link" in (known.type, entry.type)
            mount = after.mount(path)
            mounted = not link and _part(before.mount(path)) != _part(mount)
            if link or mounted or (mount is not None and mount.fstype in _KEEP_NUMBERS):
                yield path, PathChange(self.at, mounted=mounted)


def _what(entry: Entry) -> Hashable:
    """The identity of an entry: the inode of a directory, the text of a link."""
    return entry.target if entry.type == "link" else (entry.dev, entry.ino)


def _part(mount: Mount | None) -> Hashable:
    return mount and (mount.dev, mount.root, mount.point)

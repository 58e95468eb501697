"""Caches one collection's lookups for the next one, which checks each name again and reuses what has not changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditrules.audit.model.host_facts import Entry
from auditrules.host.entries import is_still
from auditrules.host.open_folders import Listing, OpenFolders, PathNames, UnreadableError
from auditrules.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a path leads."""

    itself: Entry  # at its last name, a link not followed
    place: PathNames  # where the walk ended, links followed
    entry: Entry  # at that place


@dataclass(slots=True)
class LookupCache:
    """The names that a collection looked up, and the walks, lookups and listings that followed from them."""

    remote: Callable[[str], str]
    root: Entry
    since: float  # directories that were made after this time have a birth time
    seen: dict[PathNames, dict[bytes, Entry]] = field(default_factory=dict)  # folders, and the names in them
    walks: dict[str, Walked] = field(default_factory=dict)
    looks: dict[frozenset[str], Mapping[str, Entry]] = field(default_factory=dict)
    listings: dict[PathNames, Listing] = field(default_factory=dict)
    taken_over: bool = False
    # The next collection must not use it: this one looked up other names than the last, or could not see one.
    stale: bool = False

    @property
    def names(self) -> int:
        """How many names were looked up."""
        return sum(map(len, self.seen.values()))

    def may_follow(self, before: LookupCache) -> bool:
        """Whether this collection may reuse an earlier cache.

        Not a stale one: names that nobody asks for any more would be checked forever.
        """
        return (
            not before.stale
            and before.remote == self.remote
            and before.root == self.root
            and before.since == self.since
        )

    def copy_on_write(self) -> LookupCache:
        """Return a cache that may be changed: one that was taken over may be in use in other threads."""
        if not self.taken_over:
            return self
        seen = {folder: dict(names) for folder, names in self.seen.items()}
        copies = dict(self.walks), dict(self.looks), dict(self.listings)
        return LookupCache(self.remote, self.root, self.since, seen, *copies, stale=True)


@dataclass(frozen=True, slots=True)
class StillThere:
    """The names and listings of an earlier collection that have not changed; `all` if none has."""

    seen: Mapping[PathNames, Mapping[bytes, Entry]] = field(default_factory=dict)
    listings: dict[PathNames, Listing] = field(default_factory=dict)  # made anew if the folder may have changed
    all: bool = False
    unreadable: bool = False  # a folder that could be listed can't be read now


def still_there(before: LookupCache, folders: OpenFolders) -> StillThere:
    """Check all names and listings of an earlier cache."""
    seen = {folder: _still_in(folder, names, before.since, folders) for folder, names in before.seen.items()}
    same = all(seen[folder] is names for folder, names in before.seen.items())
    listings: dict[PathNames, Listing] = {}
    unreadable = False
    for folder, listing in before.listings.items():
        if folder and folder[-1] not in seen.get(folder[:-1], {}):
            same = False  # it is another folder
            continue
        try:
            listings[folder] = new = _listed_again(folder, listing, folders)
        except OSError:
            same, unreadable = False, True
        except UnreadableError:
            same = False
        else:
            same = same and new.names == listing.names
    return StillThere(seen, listings, same, unreadable)


def _still_in(
    folder: PathNames, names: Mapping[bytes, Entry], since: float, folders: OpenFolders
) -> Mapping[bytes, Entry]:
    """The unchanged names in a folder; if all are, the same mapping, as there may be thousands."""
    try:
        here = folders.enter(folder)
    except OSError:
        return {}
    others = {name for name, entry in names.items() if not is_still(entry, name, here, since)}
    return {name: entry for name, entry in names.items() if name not in others} if others else names


def _listed_again(folder: PathNames, listing: Listing, folders: OpenFolders) -> Listing:
    """A listing, made anew if the folder may have changed."""
    if not listing.young and folders.changed(folder) == listing.changed:
        return listing
    return folders.listing(folder)

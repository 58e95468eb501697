"""What one collection saw of a root, for the next: that looks at the names again, and reuses what has not changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditrules.audit.model.host_facts import Entry
from auditrules.host.entries import is_still
from auditrules.host.open_folders import Listing, OpenFolders, PathNames, UnreadableError
from auditrules.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a path leads."""

    itself: Entry  # what its last name is, a link not followed
    place: PathNames  # where the walk ended, links followed
    entry: Entry  # what is there


@dataclass(slots=True)
class LookupCache:
    """The names that a collection saw, and what followed from them."""

    remote: Callable[[str], str]
    root: Entry
    since: float  # of directories that were made since then it is known when that was
    seen: dict[PathNames, dict[bytes, Entry]] = field(default_factory=dict)  # folders, and the names in them
    walks: dict[str, Walked] = field(default_factory=dict)
    looks: dict[frozenset[str], Mapping[str, Entry]] = field(default_factory=dict)
    listings: dict[PathNames, Listing] = field(default_factory=dict)
    taken_over: bool = False
    stale: bool = (
        False  # not for the next collection: this one looked at other names than the last, or could not see one
    )

    @property
    def names(self) -> int:
        """How many names were seen."""
        return sum(map(len, self.seen.values()))

    def may_follow(self, before: LookupCache) -> bool:
        """Whether what was seen before could be seen now.

        A stale cache is not taken over: what nobody asks for any more would be looked at for good.
        """
        return (
            not before.stale
            and before.remote == self.remote
            and before.root == self.root
            and before.since == self.since
        )

    def copy_on_write(self) -> LookupCache:
        """Give what can be added to: others may follow what was taken over, in other threads."""
        if not self.taken_over:
            return self
        seen = {folder: dict(names) for folder, names in self.seen.items()}
        copies = dict(self.walks), dict(self.looks), dict(self.listings)
        return LookupCache(self.remote, self.root, self.since, seen, *copies, stale=True)


@dataclass(frozen=True, slots=True)
class StillThere:
    """What of an earlier collection's names and listings is as it was: `all` of it, or so much."""

    seen: Mapping[PathNames, Mapping[bytes, Entry]] = field(default_factory=dict)
    listings: dict[PathNames, Listing] = field(default_factory=dict)  # made anew where the folder may have changed
    all: bool = False
    unreadable: bool = False  # a folder that was listed before can't be read now


def still_there(before: LookupCache, folders: OpenFolders) -> StillThere:
    """Look at all that was seen before, and tell what is as it was."""
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
    """Those of the names in a folder that are as they were; of all the very mapping, as there may be thousands."""
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

"""What one collection saw of a root, kept for the next: that checks the names seen, and keeps the rest if they stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from auditrules.audit.model.host_facts import Entry
from auditrules.values import dataclass, field

PathNames = tuple[bytes, ...]  # names from the root down, none of them a link


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a path leads."""

    itself: Entry  # what its last name is, a link not followed
    place: PathNames  # where the walk ended, links followed
    entry: Entry  # what is there


class Listing(NamedTuple):
    """The names in a folder, and when that was changed; `young`: so shortly before that it may have changed again."""

    changed: tuple[int, int]
    names: tuple[str, ...]
    young: bool = False


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

    def copy_on_write(self) -> LookupCache:
        """Give what can be added to: others may follow what was taken over, in other threads."""
        if not self.taken_over:
            return self
        seen = {folder: dict(names) for folder, names in self.seen.items()}
        copies = dict(self.walks), dict(self.looks), dict(self.listings)
        return LookupCache(self.remote, self.root, self.since, seen, *copies, stale=True)

"""What a look at a root saw, kept for the next one: it looks at the same names, and believes the rest if they stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from auditrules.audit.model.host_facts import Entry

Place = tuple[bytes, ...]  # names from the root down, none of them a link


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a path leads."""

    itself: Entry  # what its last name is, a link not followed
    place: Place  # where the walk ended, links followed
    entry: Entry  # what is there


class Listing(NamedTuple):
    """The names in a folder, and when that was changed."""

    changed: tuple[int, int]
    names: tuple[str, ...]


@dataclass(slots=True)
class Sight:
    """What a look saw, and what followed from it."""

    remote: Callable[[str], str]
    root: Entry
    seen: dict[Place, dict[bytes, Entry]] = field(default_factory=dict)  # folders, and the names in them
    walks: dict[str, Walked] = field(default_factory=dict)
    looks: dict[frozenset[str], Mapping[str, Entry]] = field(default_factory=dict)
    listings: dict[Place, Listing] = field(default_factory=dict)
    taken_over: bool = False
    strayed: bool = False  # it is not to be followed: something else was looked at than before, or could not be seen

    @property
    def names(self) -> int:
        """How many names were seen."""
        return sum(map(len, self.seen.values()))

    def own(self) -> Sight:
        """Give what can be added to: others may follow what was taken over, in other threads."""
        if not self.taken_over:
            return self
        seen = {folder: dict(names) for folder, names in self.seen.items()}
        copies = dict(self.walks), dict(self.looks), dict(self.listings)
        return Sight(self.remote, self.root, seen, *copies, strayed=True)

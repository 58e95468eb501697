"""Why no rule matches although one seems to speak of the path: the closest one tells."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from auditrules.audit.access import Name
from auditrules.audit.places import Place, Places, below
from auditrules.audit.rule import Action
from auditrules.audit.watching import Placed


class Near(Enum):
    """How close a rule comes to a path that it does not record, the closest first."""

    PERMISSIONS = "on the path, for other accesses"
    LINK = "on a symbolic link that leads there"
    NOT_RECURSIVE = "on the directory's own name alone"
    NOTHING = "none"


_ORDER = {near: rank for rank, near in enumerate(Near)}


def nearest(rules: Iterable[Placed], name: Name, place: Place, places: Places) -> tuple[Near, Placed | None]:
    """The closest of the always rules, and how close it comes to a name and to the place that was asked for."""
    found: tuple[Near, Placed | None] = (Near.NOTHING, None)
    for placed in rules:
        if placed.rule.action is Action.ALWAYS:
            near = _near(placed, name, place, places)
            if _ORDER[near] < _ORDER[found[0]]:
                found = near, placed
    return found


def _near(placed: Placed, name: Name, place: Place, places: Places) -> Near:
    if placed.tree is not None:
        if placed.tree.holds(name):
            return Near.PERMISSIONS
        end = places.walk(placed.tree.path) if placed.tree.link else None
        return Near.LINK if end and (end.path == place.path or below(place.path, end.path)) else Near.NOTHING
    if placed.watch is None:
        return Near.NOTHING
    if placed.watch.identity == name.identity:
        return Near.PERMISSIONS
    end = places.walk(placed.watch.path)
    if placed.watch.link:
        return Near.LINK if end.path == place.path else Near.NOTHING
    folder = end.entry is not None and end.entry.type == "dir"
    return Near.NOT_RECURSIVE if folder and (end.path == place.path or below(place.path, end.path)) else Near.NOTHING

"""Why no rule matches although one seems to speak of the path: the closest one tells."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from auditrules.audit.coverage.access import Name
from auditrules.audit.coverage.resolved_rules import Placed
from auditrules.audit.filesystem.path_walk import ResolvedPath, below
from auditrules.audit.model.rule import Action


class Near(Enum):
    """How close a rule comes to a path that it does not record, the closest first."""

    PERMISSIONS = "on the path, for other accesses"
    LINK = "on a symbolic link that leads there"
    NOT_RECURSIVE = "on the directory's own name alone"
    NOTHING = "none"


_ORDER = {near: rank for rank, near in enumerate(Near)}


def nearest(rules: Iterable[Placed], name: Name, place: ResolvedPath) -> tuple[Near, Placed | None]:
    """The closest of the always rules, and how close it comes to a name and to the place that was asked for."""
    found: tuple[Near, Placed | None] = (Near.NOTHING, None)
    for placed in rules:
        if placed.rule.action is Action.ALWAYS:
            near = _near(placed, name, place)
            if _ORDER[near] < _ORDER[found[0]]:
                found = near, placed
    return found


def _near(placed: Placed, name: Name, place: ResolvedPath) -> Near:
    if placed.tree is not None:
        if placed.tree.holds(name):
            return Near.PERMISSIONS
        return Near.LINK if placed.tree.link and _around(placed.tree.leads, place) else Near.NOTHING
    watch = placed.watch
    if watch is None:
        return Near.NOTHING
    if watch.identity == name.identity:
        return Near.PERMISSIONS
    if watch.link:
        return Near.LINK if watch.leads and watch.leads.path == place.path else Near.NOTHING
    folder = watch.leads is not None and watch.leads.entry is not None and watch.leads.entry.type == "dir"
    return Near.NOT_RECURSIVE if folder and _around(watch.leads, place) else Near.NOTHING


def _around(folder: ResolvedPath | None, place: ResolvedPath) -> bool:
    """Whether a place is in a folder, or is it."""
    return folder is not None and (folder.path == place.path or below(place.path, folder.path))

"""Finds rules that never decide, because rules above them decide everything that they match.

In the lists task, user, exit and io_uring the first rule that matches decides. The kernel tries the rules of the exit
list that are on an inode after the others, name by name, but such a rule counts only if it is above the rule that
matched already. So a rule that is above another and matches whenever the other does always comes first, whichever of
the two is on an inode. In the exclude list any rule that matches drops the record, whatever its action is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from auditrules.audit.constants.fields import EXCLUDABLE
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Field, FilterList, Rule
from auditrules.authoring.rule_shape import RuleShape, includes, place_key, places_around
from auditrules.values import dataclass, field

MOST_COMPARED = 500_000  # pairs of rules; beyond them, the last rules are not compared

Linked = Callable[[str], bool]  # whether a path may lead elsewhere than its text says


def moved_on(facts: Facts) -> Linked:
    """Make the function that says whether a path leads elsewhere than its text, by a link or a mount."""
    if not facts.files:
        return lambda _path: False
    files = FileSystem(facts)

    def moved(path: str) -> bool:
        place = files.walk(path or "/", follow=False)
        if place.entry is None or place.entry.type == "link" or place.full_path.rstrip("/") != path.rstrip("/"):
            return True
        mount = files.mount(place.path)
        return (mount is not None and mount.point != "/") or any(True for _ in files.mounts_below(place.path))

    return moved


@dataclass(frozen=True, slots=True)
class Decided:
    """A rule that never decides: its index in the order of evaluation, and the indexes of the rules that decide."""

    index: int
    by: tuple[int, ...]


@dataclass(slots=True)
class _Same:
    """Rules with the same conditions beside their system calls: the calls of all, and the indexes of the rules."""

    shape: RuleShape
    calls: int = 0
    rules: list[int] = field(default_factory=list)


def never_deciding(shapes: Sequence[RuleShape | None], moved: Linked) -> tuple[tuple[Decided, ...], bool]:
    """Find the rules that never decide. `shapes` are in the order of evaluation; False: not all were compared.

    None stands for a rule of which not everything is known. `moved` says whether a path leads elsewhere than its text;
    such a path is not taken to be inside another directory.
    """
    excluding = [shape for shape in shapes if shape and shape.rule.list is FilterList.EXCLUDE]
    plain = all(map(_excludes_plainly, excluding))
    seen: dict[Hashable, dict[Hashable, list[_Same]]] = {}
    same: dict[Hashable, _Same] = {}
    found: list[Decided] = []
    compared = 0
    for index, shape in enumerate(shapes):
        if shape is None or (shape.rule.list is FilterList.EXCLUDE and not plain):
            continue
        before, cost = _deciding_before(shape, shapes, seen, moved)
        compared += cost
        if compared > MOST_COMPARED:
            return tuple(found), False
        if before:
            found.append(Decided(index, before))
            continue  # rules above it decide everything that it would
        known = same.get(shape.sameness)
        if known is None:
            known = same[shape.sameness] = _Same(shape)
            group = seen.setdefault((shape.rule.list, shape.place and place_key(shape.place)), {})
            group.setdefault(_index_of(shape), []).append(known)
        known.calls |= _calls(shape.rule)
        known.rules.append(index)
    return tuple(found), True


def _deciding_before(
    shape: RuleShape,
    shapes: Sequence[RuleShape | None],
    seen: dict[Hashable, dict[Hashable, list[_Same]]],
    moved: Linked,
) -> tuple[tuple[int, ...], int]:
    """The rules above that decide everything that a rule matches (none: something is left), and the cost in pairs."""
    wanted = left = _calls(shape.rule)
    by: list[int] = []
    compared = 0
    here = shape.place and place_key(shape.place)
    for place in places_around(shape.place):
        group = seen.get((shape.rule.list, place))
        if group is None:
            continue
        if here and place is not None and place != here and (moved(here) or moved(place)):
            continue
        for probe in _probes(shape):
            for known in group.get(probe, ()):
                compared += 1
                if known.calls & left and _covers(known.shape, shape):
                    by += [each for each in known.rules if _calls_of(shapes, each) & wanted]
                    left &= ~known.calls
                    if not left:
                        return tuple(sorted(by)), compared
    return (), compared


def _covers(one: RuleShape, other: RuleShape) -> bool:
    if one.rule.list is FilterList.FILESYSTEM:
        return one.sameness == other.sameness and one.rule.action is other.rule.action
    return includes(one, other)


def _calls(rule: Rule) -> int:
    return int(rule.syscalls) or 1  # a rule of the task list has none, and is tried for every task


def _calls_of(shapes: Sequence[RuleShape | None], index: int) -> int:
    shape = shapes[index]
    return _calls(shape.rule) if shape else 0


def _index_of(shape: RuleShape) -> Hashable:
    """A condition that each rule below must have if this rule decides all it matches; None: there is none."""
    for name, values in shape.values.items():
        if values.least == values.most and name != "arch":
            return name, values.least
    return min(shape.others, key=str, default=None)


def _probes(shape: RuleShape) -> Iterable[Hashable]:
    yield None
    for name, values in shape.values.items():
        if values.least == values.most and name != "arch":
            yield name, values.least
    yield from shape.others


def _excludes_plainly(shape: RuleShape) -> bool:
    """Whether the kernel knows all fields of an exclude rule: a field that it does not know ends the walk."""
    conditions = shape.rule.fields
    return bool(conditions) and all(isinstance(each, Field) and each.name in EXCLUDABLE for each in conditions)

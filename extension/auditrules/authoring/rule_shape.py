"""The conditions of a rule as sets of values, to find out whether a rule matches everything that another one does.

It is always certain: if the sets do not show it, the answer is no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from types import MappingProxyType

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.kernel_releases import CHANGES
from auditrules.audit.constants.syscall_classes import classes
from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.c_integers import WORD
from auditrules.audit.model.rule import (
    PATH_NAMES,
    PATH_OR_DIR,
    PERMISSION_LETTERS,
    Comparison,
    Condition,
    Field,
    Operator,
    Rule,
)
from auditrules.values import dataclass

_LAST = WORD - 1
# Fields of which an event has one value, compared as a number. A task may have several groups, a call several names.
SINGLE = frozenset(
    {
        *("auid", "uid", "euid", "suid", "fsuid", "sgid", "fsgid", "pid", "ppid", "sessionid", "pers"),
        *("exit", "a0", "a1", "a2", "a3", "arch", "msgtype"),
    }
)
_BITS = frozenset({Operator.BIT_MASK, Operator.BIT_TEST})
_OPEN = frozenset({"open", "openat", "openat2"})


@dataclass(frozen=True, slots=True)
class Values:
    """The numbers that a field may have: those from `least` to `most`, except `without`."""

    least: int = 0
    most: int = _LAST
    without: frozenset[int] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether there are none."""
        span = self.most - self.least + 1
        return span <= 0 or (span <= len(self.without) and all(each in self.without for each in self._few()))

    def _few(self) -> range:
        return range(self.least, self.most + 1)

    def within(self, other: Values) -> bool:
        """Whether `other` has all of these numbers."""
        if other.least > self.least or self.most > other.most:
            return self.empty
        # Plain loops, as this runs for each pair of rules.
        for each in other.without:  # noqa: SIM110 - as the comment says
            if self.least <= each <= self.most and each not in self.without:
                return False
        return True

    def narrowed(self, operator: Operator, value: int) -> Values:
        """The numbers that also meet a comparison."""
        least, most, without = self.least, self.most, self.without
        match operator:
            case Operator.EQUAL:
                least, most = max(least, value), min(most, value)
            case Operator.NOT_EQUAL:
                without |= {value}
            case Operator.GREATER:
                least = max(least, value + 1)
            case Operator.GREATER_OR_EQUAL:
                least = max(least, value)
            case Operator.LESS:
                most = min(most, value - 1)
            case _:
                most = min(most, value)
        return Values(least, most, without)


ANY = Values()
_NOTHING: Mapping[str, Values] = MappingProxyType({})


@dataclass(frozen=True)
class RuleShape:
    """The conditions of a rule beside its system calls.

    `values` are those of fields with one number. `permissions` are the bits of each perm field; a call must use each.
    `place` is the field that names the watched path. `others` are conditions that are only compared for equality. A key
    is no condition.
    """

    rule: Rule
    values: Mapping[str, Values]
    permissions: tuple[int, ...]
    place: Field | None
    others: frozenset[Condition]

    @cached_property
    def sameness(self) -> object:
        """A value that is equal for rules with the same conditions beside their system calls."""
        return (
            self.rule.list,
            frozenset(self.values.items()),
            frozenset(self.permissions),
            self.place,
            self.others,
        )

    @property
    def by_inode(self) -> bool | None:
        """Whether the kernel keeps the rule with an inode; None: that depends on the entry at its path."""
        if self.place is not None:
            return None if self.place.name not in ("path", "dir") else self.place.name == "path"
        return any(
            isinstance(each, Field) and each.name == "inode" and each.operator is Operator.EQUAL for each in self.others
        )


def shape_of(rule: Rule) -> RuleShape:
    """Sort the conditions of a rule."""
    values: dict[str, Values] = {}
    permissions: list[int] = []
    place = None
    others: list[Condition] = []
    for condition in rule.fields:
        if isinstance(condition, Comparison):
            others.append(condition)
        elif condition.name == "key":
            continue
        elif condition.name in PATH_NAMES and place is None:
            place = condition
        elif condition.name == "perm":
            permissions.append(int(condition.value))
        elif condition.name in SINGLE and condition.operator not in _BITS and isinstance(condition.value, int):
            values[condition.name] = values.get(condition.name, ANY).narrowed(condition.operator, condition.value)
        else:
            others.append(condition)
    return RuleShape(rule, values or _NOTHING, tuple(permissions), place, frozenset(others))


def includes(one: RuleShape, other: RuleShape) -> bool:
    """Whether `one` matches everything that `other` matches, apart from system calls. Both are rules of one list."""
    if not one.others <= other.others:
        return False
    for name, wanted in one.values.items():
        if not other.values.get(name, ANY).within(wanted):
            return False
    for bits in one.permissions:
        if not any(each & ~bits == 0 for each in other.permissions):
            return False
    return one.place is None or (other.place is not None and _includes_place(one.place, other.place))


def _includes_place(one: Field, other: Field) -> bool:
    """Whether a watched path is another one, or a directory around it.

    Only a directory is surely inside a directory, as a file may also be reached by a hard link from elsewhere. A watch
    on a path that nobody looked at is on a directory if another rule calls this path a directory, or one below it.
    """
    outer, inner = place_key(one), place_key(other)
    if one.name == "path":
        return other.name == "path" and one.value == other.value
    if outer == inner:
        return other.name != "path" or one.name == PATH_OR_DIR
    return other.name == "dir" and inner.startswith(f"{outer}/")


def places_around(place: Field | None) -> Iterator[str | None]:
    """The places, by `place_key`, whose rules may include a rule on this place."""
    yield None
    if place is None:
        return
    key = place_key(place)
    yield key
    if place.name == "dir" and key:
        yield from (path.rstrip("/") for path in above(key) if path.rstrip("/") != key)


def place_key(place: Field) -> str:
    """The path of a place, without a slash at its end."""
    return str(place.value).rstrip("/")


@lru_cache(maxsize=64)  # called for each rule
def arches_of(machine: str) -> tuple[int, ...]:
    """The numbers of the architectures whose programs a machine runs."""
    found = (arches.number(bits, machine) for bits in ("b64", "b32"))
    return tuple(each for each in found if each is not None)


def machines_of(shape: RuleShape, machine: str) -> tuple[str, ...]:
    """The machines whose system calls a rule may match: that of its arch, or all whose programs this machine runs."""
    wanted = shape.values.get("arch", ANY)
    known = (each for each in arches_of(machine) if Values(each, each).within(wanted))
    return tuple(arches.machine_of(each, machine) for each in known)


def uses(permissions: Iterable[int], machine: str) -> frozenset[int]:
    """The system calls that count as a use of all these perm fields, in Linux 6.1."""
    return _uses(permissions, partial(classes, machine=machine))


def perhaps_uses(permissions: Iterable[int], machine: str) -> frozenset[int]:
    """The system calls that count as a use of all these perm fields in some kernel."""

    def calls(letter: str) -> frozenset[int]:
        newer = (syscalls.number(call, machine) for of, call in CHANGES if of == letter)
        return classes(letter, machine) | {number for number in newer if number is not None}

    return _uses(permissions, calls)


def _uses(permissions: Iterable[int], calls_of: Callable[[str], frozenset[int]]) -> frozenset[int]:
    found: frozenset[int] | None = None
    for bits in permissions:
        calls = frozenset().union(*(calls_of(letter) for letter, bit in PERMISSION_LETTERS if bits & bit))
        found = calls if found is None else found & calls
    return found or frozenset()

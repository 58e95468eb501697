"""What a rule asks for, as sets: whether another rule asks for no more, and whether nothing can have all of it.

Everything here is certain: where sets can't tell, the answer is no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from types import MappingProxyType

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.fields import FIELDS, FieldKind
from auditrules.audit.constants.kernel_releases import CHANGES
from auditrules.audit.coverage.access import ANYBODY
from auditrules.audit.coverage.match_result import compare
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Truth, match_task
from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.c_integers import WORD, signed
from auditrules.audit.model.rule import (
    PATH_NAMES,
    PATH_OR_DIR,
    PERMISSION_LETTERS,
    SYSCALL_LISTS,
    Comparison,
    Condition,
    Field,
    FilterList,
    Operator,
    Rule,
    letters,
)
from auditrules.values import dataclass

_LAST = WORD - 1
MOST_ERRNO = 4095  # MAX_ERRNO of the kernel: a smaller result is no error
# Fields of which an event has one value, a number that is compared as it is. A task has several groups, and a call
# several names.
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
    """The numbers that a field may have: from one to another, without some."""

    least: int = 0
    most: int = _LAST
    without: frozenset[int] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        span = self.most - self.least + 1
        return span <= 0 or (span <= len(self.without) and all(each in self.without for each in self._few()))

    def _few(self) -> range:
        return range(self.least, self.most + 1)

    def within(self, other: Values) -> bool:
        """Whether each of them is one of the other's."""
        if other.least > self.least or self.most > other.most:
            return self.empty
        # Plain loops: this is asked for each pair of rules.
        for each in other.without:  # noqa: SIM110 - as the comment says
            if self.least <= each <= self.most and each not in self.without:
                return False
        return True

    def narrowed(self, operator: Operator, value: int) -> Values:
        """Those for which a comparison holds, too."""
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
    """What a rule asks for beside its system calls.

    `values` are of the fields that have one number, `permissions` the bits of each perm field, of all of which a call
    must be a use; `place` what is watched; `others` the conditions that are compared as they stand. A key is no
    condition.
    """

    rule: Rule
    values: Mapping[str, Values]
    permissions: tuple[int, ...]
    place: Field | None
    others: frozenset[Condition]

    @cached_property
    def sameness(self) -> object:
        """Equal for rules that ask for the same beside their calls."""
        return (
            self.rule.list,
            frozenset(self.values.items()),
            frozenset(self.permissions),
            self.place,
            self.others,
        )

    @property
    def by_inode(self) -> bool | None:
        """Whether the kernel keeps it with an inode; None: that hangs on what is at its path."""
        if self.place is not None:
            return None if self.place.name not in ("path", "dir") else self.place.name == "path"
        return any(
            isinstance(each, Field) and each.name == "inode" and each.operator is Operator.EQUAL for each in self.others
        )


def shape_of(rule: Rule) -> RuleShape:
    """What a rule asks for."""
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


def asks_no_more(one: RuleShape, other: RuleShape) -> bool:
    """Whether all that matches `other`, but for its system calls, matches `one`: two rules of one list."""
    if not one.others <= other.others:
        return False
    for name, wanted in one.values.items():
        if not other.values.get(name, ANY).within(wanted):
            return False
    for bits in one.permissions:
        if not any(each & ~bits == 0 for each in other.permissions):
            return False
    return one.place is None or (other.place is not None and _holds(one.place, other.place))


def _holds(one: Field, other: Field) -> bool:
    """Whether a place is another, or a directory around it.

    A hard link leads to a file from elsewhere, so that only a directory is in a directory. What a watch on a path is
    that nobody looked at shows where another rule calls the path a directory, or one below it.
    """
    outer, inner = place_key(one), place_key(other)
    if one.name == "path":
        return other.name == "path" and one.value == other.value
    if outer == inner:
        return other.name != "path" or one.name == PATH_OR_DIR
    return other.name == "dir" and inner.startswith(f"{outer}/")


def places_around(place: Field | None) -> Iterator[str | None]:
    """The places, by `place_key`, whose rules may ask no more than one on this place."""
    yield None
    if place is None:
        return
    key = place_key(place)
    yield key
    if place.name == "dir" and key:
        yield from (path.rstrip("/") for path in above(key) if path.rstrip("/") != key)


def place_key(place: Field) -> str:
    """A place's path without a slash at its end."""
    return str(place.value).rstrip("/")


def impossible(shape: RuleShape, machine: str) -> str:
    """Why no event of a machine can match a rule; empty: one may, as far as is known here."""
    return next(filter(None, (check(shape, machine) for check in _CHECKS)), "")


def _excluded_values(shape: RuleShape, _machine: str) -> str:
    found = next((name for name, values in shape.values.items() if values.empty), "")
    return f"no {found} has all that it asks for" if found else ""


def _task(shape: RuleShape, _machine: str) -> str:
    if shape.rule.list is not FilterList.TASK:
        return ""
    found = match_task(ResolvedRule(shape.rule, 0), ANYBODY)
    if found.truth is not Truth.NO or found.failed is None:
        return ""
    name = found.failed.name if isinstance(found.failed, Field) else found.failed.left
    return f"{name} is not known yet when a task is made" if name == "exe" else f"a new task has no {name}"


def _arch(shape: RuleShape, machine: str) -> str:
    known = arches_of(machine)
    wanted = shape.values.get("arch")
    if not known or wanted is None or wanted.empty:
        return ""
    if any(Values(each, each).within(wanted) for each in known):
        return ""
    return f"a program on {machine} has no such arch"


def _success(shape: RuleShape, _machine: str) -> str:
    """Whether success and exit exclude each other: a call that fails returns an error, one that succeeds does not."""
    ends = [each for each in shape.others if isinstance(each, Field) and each.name == "success"]
    possible = {
        result
        for result in (1, 2)
        if all(compare(result, Field("success", each.operator, 1 if each.value else 2)) for each in ends)
    }
    if not possible:
        return "no call has all that it asks of success"
    returned = shape.values.get("exit", ANY)
    if possible == {1} and returned.least == returned.most and -MOST_ERRNO <= signed(returned.least) < 0:
        return "a call that succeeds returns no error"
    if possible == {2} and returned.least == returned.most and signed(returned.least) >= 0:
        return "a call that fails returns an error"
    return ""


def _program(shape: RuleShape, _machine: str) -> str:
    programs = {each for each in shape.others if isinstance(each, Field) and each.name == "exe"}
    equal = {each.value for each in programs if each.operator is Operator.EQUAL}
    unequal = {each.value for each in programs if each.operator is Operator.NOT_EQUAL}
    return "a program is one file" if equal & unequal else ""


def _types(shape: RuleShape, _machine: str) -> str:
    kinds = {
        each.value
        for each in shape.others
        if isinstance(each, Field) and each.name == "filetype" and each.operator is Operator.EQUAL
    }
    return "a name has one file type" if len(kinds) > 1 else ""


def _no_calls(shape: RuleShape, _machine: str) -> str:
    return "it names no system call" if shape.rule.list in SYSCALL_LISTS and not shape.rule.syscalls else ""


def _letters(shape: RuleShape, machine: str) -> str:
    if shape.rule.list is not FilterList.EXIT or not shape.permissions:
        return ""
    machines = machines_of(shape, machine)
    if not machines:
        return ""
    if 0 in shape.permissions:
        return "no call is a use of no permission"
    calls = (number for called in machines for number in _perhaps_uses(shape.permissions, called))
    if any(shape.rule.syscalls >> number & 1 for number in calls):
        return ""
    shown = " and ".join(letters(bits) for bits in shape.permissions)
    return f"none of its system calls is a use of {shown}"


def arches_of(machine: str) -> tuple[int, ...]:
    """The numbers of the arches whose programs a machine runs."""
    found = (arches.number(bits, machine) for bits in ("b64", "b32"))
    return tuple(each for each in found if each is not None)


def machines_of(shape: RuleShape, machine: str) -> tuple[str, ...]:
    """The machines whose system calls a rule may match: its arch's, or all whose programs this machine runs."""
    wanted = shape.values.get("arch", ANY)
    known = (each for each in arches_of(machine) if Values(each, each).within(wanted))
    return tuple(arches.machine_of(each, machine) for each in known)


def uses(permissions: Iterable[int], machine: str) -> frozenset[int]:
    """The system calls that may be a use of each of some perm fields' letters, in Linux 6.1."""
    return _uses(permissions, partial(syscalls.classes, machine=machine))


def _perhaps_uses(permissions: Iterable[int], machine: str) -> frozenset[int]:
    """As `uses`, in any kernel."""

    def calls(letter: str) -> frozenset[int]:
        newer = (syscalls.number(call, machine) for of, call in CHANGES if of == letter)
        return syscalls.classes(letter, machine) | {number for number in newer if number is not None}

    return _uses(permissions, calls)


def _uses(permissions: Iterable[int], calls_of: Callable[[str], frozenset[int]]) -> frozenset[int]:
    found: frozenset[int] | None = None
    for bits in permissions:
        calls = frozenset().union(*(calls_of(letter) for letter, bit in PERMISSION_LETTERS if bits & bit))
        found = calls if found is None else found & calls
    return found or frozenset()


_CHECKS = (_excluded_values, _task, _arch, _success, _program, _types, _no_calls, _letters)


def is_number(name: str) -> bool:
    """Whether a field's value is a number that auditctl reads."""
    return name in FIELDS and FIELDS[name].kind not in (FieldKind.PATH, FieldKind.LABEL, FieldKind.KEY)

"""A rule as the kernel keeps it: list, action, system calls, fields in order. How it was written is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, IntFlag
from functools import lru_cache
from types import MappingProxyType

from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, SyscallMask
from auditrules.values import dataclass, field

KEY_SEPARATOR = "\x01"  # AUDIT_KEY_SEPARATOR: several keys of one rule are one string
PATH_OR_DIR = "path|dir"  # the name of a path field if it is not known whether it watches one name or a tree
PATH_NAMES = frozenset({"path", "dir", PATH_OR_DIR})  # of the field that says what a rule watches
FILE_FIELDS = PATH_NAMES | {"exe"}  # the fields whose value is the path of a file or a directory
WATCH_FIELDS = PATH_NAMES | {"perm", "key"}  # all that -w, -p and -k can say


class _Word(str, Enum):
    """A word of auditctl's. Rules are looked up by their value all the time, so it hashes as its text, at C's speed."""

    __hash__ = str.__hash__


class FilterList(_Word):
    """The kernel's lists, in the order in which `auditctl -l` prints them."""

    USER = "user"
    TASK = "task"
    EXIT = "exit"
    EXCLUDE = "exclude"
    FILESYSTEM = "filesystem"
    IO_URING = "io_uring"


SYSCALL_LISTS = frozenset({FilterList.EXIT, FilterList.IO_URING})


class Action(_Word):
    """What the kernel does if the rule matches: `always` writes a record, `never` prevents one."""

    ALWAYS = "always"
    NEVER = "never"


class Operator(_Word):
    """How a field's value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    BIT_MASK = "&"
    BIT_TEST = "&="


class Permission(IntFlag):
    """The permissions of a perm field, with the kernel's bits (AUDIT_PERM_*)."""

    EXECUTE = 1
    WRITE = 2
    READ = 4
    ATTRIBUTE = 8


PERMISSION_LETTERS = (
    ("r", Permission.READ),
    ("w", Permission.WRITE),
    ("x", Permission.EXECUTE),
    ("a", Permission.ATTRIBUTE),
)


# By the four bits of a perm field: each rule is rendered more than once.
_LETTERS = tuple("".join(letter for letter, bit in PERMISSION_LETTERS if bits & bit) for bits in range(16))


def letters(permissions: int) -> str:
    """The letters of a perm field's value, in the order rwxa."""
    return _LETTERS[permissions & 15]


@dataclass(frozen=True, slots=True)
class Field:
    """One `-F`: a field's canonical name, an operator, and a value.

    A number is unsigned and below 2**32, as the kernel stores it; a path, a key or a label is text. `arch` is the
    AUDIT_ARCH_* number, `perm` the bits of `Permission`.
    """

    name: str
    operator: Operator
    value: int | str

    def __str__(self) -> str:
        """The field as -F takes it, but for escapes: letters of perm, an arch as hexadecimal, other numbers plain."""
        value = self.value
        if isinstance(value, int) and self.name in _SHOWN:
            value = _SHOWN[self.name](value)
        return f"{self.name}{self.operator.value}{value}"

    def __repr__(self) -> str:
        """The field in its short form."""
        return f"Field({str(self)!r})"


_SHARED = 4096
shared_field = lru_cache(_SHARED)(Field)
"""A field as `Field`, the same object for the same values: of most fields but paths, rules have the same few."""

_SHOWN: Mapping[str, Callable[[int], str]] = MappingProxyType({"perm": letters, "arch": hex})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One `-C`: two fields of the same event compared, in the kernel's order of the two."""

    left: str
    operator: Operator
    right: str

    def __str__(self) -> str:
        """The comparison as -C takes it."""
        return f"{self.left}{self.operator.value}{self.right}"

    def __repr__(self) -> str:
        """The comparison in its short form."""
        return f"Comparison({str(self)!r})"


Condition = Field | Comparison


def last_arch(conditions: Iterable[Condition]) -> int | None:
    """The AUDIT_ARCH_* number of the last arch field, whose names the system calls of a rule have."""
    found = None
    for condition in conditions:
        if isinstance(condition, Field) and condition.name == "arch" and isinstance(condition.value, int):
            found = condition.value
    return found


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in normal form. Two rules are equal if the kernel would call the second one a duplicate.

    `syscalls` is empty on the task list, whose rules have none.
    """

    list: FilterList
    action: Action
    syscalls: SyscallMask
    fields: tuple[Condition, ...] = ()
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the hash of nearly all that is compared: rules are looked up all the time, and have few fields alike."""
        told: list[object] = [self.syscalls]
        for each in self.fields:
            told += (each.name, each.value) if isinstance(each, Field) else (each.left, each.right)
        object.__setattr__(self, "_hash", hash(tuple(told)))

    def __hash__(self) -> int:
        """The hash that was made with the rule."""
        return self._hash

    def __repr__(self) -> str:
        """The rule as one line of words, cut where it has many system calls."""
        calls = [f"-S {self.syscalls.short}"] if self.list in SYSCALL_LISTS else []
        words = [f"{self.action.value},{self.list.value}", *calls]
        words += [f"-F {each}" if isinstance(each, Field) else f"-C {each}" for each in self.fields]
        return f"Rule({' '.join(words)!r})"

    def value(self, name: str) -> int | str | None:
        """The value of the first field of that name."""
        for condition in self.fields:
            if isinstance(condition, Field) and condition.name == name:
                return condition.value
        return None

    def watched(self) -> Field | None:
        """The path or dir field, decided or not."""
        for condition in self.fields:
            if isinstance(condition, Field) and condition.name in PATH_NAMES:
                return condition
        return None

    def keys(self) -> tuple[str, ...]:
        """The rule's keys; empty parts between separators are none (auditctl splits with strtok)."""
        key = self.value("key")
        return tuple(part for part in key.split(KEY_SEPARATOR) if part) if isinstance(key, str) else ()

    @property
    def is_watch(self) -> bool:
        """Whether `-w` can say this rule: a record for each access of some permissions to one path."""
        names = {condition.name if isinstance(condition, Field) else "-C" for condition in self.fields}
        return (
            self.list is FilterList.EXIT
            and self.action is Action.ALWAYS
            and self.syscalls == ALL_SYSCALLS
            and "perm" in names
            and self.watched() is not None
            and names <= WATCH_FIELDS
        )


def same(one: Rule, other: Rule) -> bool:
    """Whether two rules are equal, if `path|dir` equals both path and dir.

    It is not transitive, so it is not `==`: path and dir differ, and each equals `path|dir`.
    """
    if one is other:
        return True
    if (one.list, one.action, one.syscalls) != (other.list, other.action, other.syscalls):
        return False
    if len(one.fields) != len(other.fields):
        return False
    return all(map(_same_condition, one.fields, other.fields))


def _same_condition(one: Condition, other: Condition) -> bool:
    if one == other:
        return True
    if isinstance(one, Comparison) or isinstance(other, Comparison):
        return False
    names = {one.name, other.name}
    return PATH_OR_DIR in names and names <= PATH_NAMES and (one.operator, one.value) == (other.operator, other.value)


@dataclass(frozen=True, slots=True)
class ControlFlag:
    """A flag that makes no rule: -D, -b, -e … with its operand as written, empty if it takes none."""

    flag: str
    value: str = ""


class Verb(str, Enum):
    """What a line does with its rule."""

    APPEND = "append"
    PREPEND = "prepend"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A line of a rules file: controls in order, then at most one rule that is added or deleted."""

    controls: tuple[ControlFlag, ...] = ()
    rule: Rule | None = None
    verb: Verb = Verb.APPEND

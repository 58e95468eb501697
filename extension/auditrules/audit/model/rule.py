"""A rule as the kernel keeps it: list, action, system calls, fields in order. Its spelling is not kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import IntFlag
from functools import lru_cache
from types import MappingProxyType

from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, SyscallMask
from auditrules.audit.model.text_enum import TextEnum
from auditrules.values import dataclass, field

KEY_SEPARATOR = "\x01"  # AUDIT_KEY_SEPARATOR: several keys of one rule are one string
PATH_OR_DIR = "path|dir"  # the field of a watch if it is not known whether its path is a file or a directory
PATH_NAMES = frozenset({"path", "dir", PATH_OR_DIR})  # the fields that say what a rule watches
FILE_FIELDS = PATH_NAMES | {"exe"}  # the fields whose value is a path
WATCH_FIELDS = PATH_NAMES | {"perm", "key"}  # the fields that -w, -p and -k make


class FilterList(TextEnum):
    """The kernel's lists, in the order in which `auditctl -l` prints them."""

    USER = "user"
    TASK = "task"
    EXIT = "exit"
    EXCLUDE = "exclude"
    FILESYSTEM = "filesystem"
    IO_URING = "io_uring"


SYSCALL_LISTS = frozenset({FilterList.EXIT, FilterList.IO_URING})


class Action(TextEnum):
    """What the kernel does if the rule matches: `always` writes a record, `never` prevents one."""

    ALWAYS = "always"
    NEVER = "never"


class Operator(TextEnum):
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
        """The field as -F takes it, without escapes: perm as letters, arch in hexadecimal, other numbers in decimal."""
        value = self.value
        if isinstance(value, int) and self.name in _SHOWN:
            value = _SHOWN[self.name](value)
        return f"{self.name}{self.operator}{value}"

    def __repr__(self) -> str:
        """The field in its short form."""
        return f"Field({str(self)!r})"


_SHARED = 4096
shared_field = lru_cache(_SHARED)(Field)
"""As `Field`, but equal fields are one object: most rules share the same few fields, except paths."""

_SHOWN: Mapping[str, Callable[[int], str]] = MappingProxyType({"perm": letters, "arch": hex})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One `-C`: two fields of the same event compared, in the order in which the kernel has them."""

    left: str
    operator: Operator
    right: str

    def __str__(self) -> str:
        """The comparison as -C takes it."""
        return f"{self.left}{self.operator}{self.right}"

    def __repr__(self) -> str:
        """The comparison in its short form."""
        return f"Comparison({str(self)!r})"


Condition = Field | Comparison


def last_arch(conditions: Iterable[Condition]) -> int | None:
    """The AUDIT_ARCH_* number of the last arch field, which decides the names of the rule's system calls."""
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
        """Compute the hash once, from what mostly differs between rules, as rules are hashed all the time."""
        object.__setattr__(self, "_hash", hash(self.alike))

    @property
    def alike(self) -> Hashable:
        """A cheap key for `same`: two rules with different keys are never the same; with equal keys they may be."""
        return self.syscalls, tuple([each.value if isinstance(each, Field) else each.left for each in self.fields])

    def __hash__(self) -> int:
        """The hash, computed when the rule was made."""
        return self._hash

    def __repr__(self) -> str:
        """The rule in one line; a long list of system calls is cut."""
        calls = [f"-S {self.syscalls.short}"] if self.list in SYSCALL_LISTS else []
        words = [f"{self.action},{self.list}", *calls]
        words += [f"-F {each}" if isinstance(each, Field) else f"-C {each}" for each in self.fields]
        return f"Rule({' '.join(words)!r})"

    def value(self, name: str) -> int | str | None:
        """The value of the first field of that name."""
        for condition in self.fields:
            if isinstance(condition, Field) and condition.name == name:
                return condition.value
        return None

    def watched(self) -> Field | None:
        """The field that says what the rule watches: path, dir, or `path|dir` if that is not known."""
        for condition in self.fields:
            if isinstance(condition, Field) and condition.name in PATH_NAMES:
                return condition
        return None

    def keys(self) -> tuple[str, ...]:
        """The rule's keys. Empty parts between separators do not count (auditctl splits with strtok)."""
        key = self.value("key")
        return tuple(part for part in key.split(KEY_SEPARATOR) if part) if isinstance(key, str) else ()

    @property
    def is_watch(self) -> bool:
        """Whether `-w PATH -p PERMISSIONS -k KEY` can express this rule."""
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
    """Whether two rules may be the same: equal, where `path|dir` equals both path and dir.

    It is not `==`, because it is not transitive: path and dir differ, and both equal `path|dir`.
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


class Verb(TextEnum):
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

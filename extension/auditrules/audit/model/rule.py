"""A rule as the kernel keeps it: list, action, syscalls, fields in order. Frozen values; spelling is gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntFlag

KEY_SEPARATOR = "\x01"  # AUDIT_KEY_SEPARATOR: several keys of one rule are one string
PATH_OR_DIR = "path|dir"  # the name of a path field where nobody knows whether it watches one name or a tree
PATH_NAMES = frozenset({"path", "dir", PATH_OR_DIR})  # of the field that says what a rule watches
WATCH_FIELDS = PATH_NAMES | {"perm", "key"}  # all that -w, -p and -k can say

# Bits 2032 to 2047 of a mask stand for the kernel's sixteen classes, not for system calls; the kernel replaces them by
# the members of the class when it takes the rule (kernel/auditfilter.c, audit_to_entry_common).
MASK_BITS = 2048
CLASS_BITS = 16
ALL_SYSCALLS = (1 << (MASK_BITS - CLASS_BITS)) - 1
# auditctl calls a mask "all" by its first 63 words; it never looks at the last one (auditctl-listing.c, print_syscall).
LISTED_AS_ALL = (1 << (MASK_BITS - 32)) - 1


class FilterList(str, Enum):
    """The kernel's lists, in the order in which `auditctl -l` prints them."""

    USER = "user"
    TASK = "task"
    EXIT = "exit"
    EXCLUDE = "exclude"
    FILESYSTEM = "filesystem"
    IO_URING = "io_uring"


SYSCALL_LISTS = frozenset({FilterList.EXIT, FilterList.IO_URING})


class Action(str, Enum):
    """What a match does: always makes a record, never prevents one."""

    ALWAYS = "always"
    NEVER = "never"


class Operator(str, Enum):
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


# By the four bits of a perm field's value: every rule of a kernel is rendered more than once.
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """One `-C`: two fields of the same event compared, in the kernel's order of the two."""

    left: str
    operator: Operator
    right: str


Condition = Field | Comparison


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in normal form. Two rules are equal where the kernel would call the second one a duplicate.

    `syscalls` is the mask as a number, bit N for system call N; 0 on the task list, which has none.
    """

    list: FilterList
    action: Action
    syscalls: int
    fields: tuple[Condition, ...] = ()

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
    """Whether two rules are equal, where an undecided path equals both a path and a dir.

    Not transitive, so it is no `==`: path and dir differ, and each equals the undecided rule between them.
    """
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
class Control:
    """A flag that is no rule: -D, -b, -e … with its operand as written (empty where it takes none)."""

    flag: str
    value: str = ""


class Verb(str, Enum):
    """What a line does with its rule."""

    APPEND = "append"
    PREPEND = "prepend"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says: controls done in order, then at most one rule added or deleted."""

    controls: tuple[Control, ...] = ()
    rule: Rule | None = None
    verb: Verb = Verb.APPEND

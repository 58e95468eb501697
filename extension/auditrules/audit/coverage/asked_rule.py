"""A requested rule, such as a benchmark's: system calls in some arches, under some conditions.

A host meets it if everything that such a rule would record is recorded, by whatever rules: broader ones, or several, in
any spelling. The requested rule's key does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from auditrules.audit.auditctl.parse import parse_rule
from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.kernel_releases import has_call
from auditrules.audit.coverage.answer import PERMISSIONS, path_error
from auditrules.audit.coverage.field_match import CALL_FIELDS, SUBJECT_LABELS
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import Comparison, Condition, Field, Operator
from auditrules.values import dataclass

ALL_CALLS = "all"
ARCHES = ("b64", "b32")

_MOST_NUMBER = 2**32 - 1
_NEWEST: Version = (4, 2, 1)  # of auditctl: a request does not depend on the host's version
_OF_CALL = CALL_FIELDS | {"perm"}
_OF_SUBJECT = frozenset(
    {
        *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
        *("pid", "ppid", "pers", "sessionid"),
    }
)


_SINGLE = (_OF_SUBJECT - {"gid", "egid"}) | CALL_FIELDS  # fields of which an access has one value


class AskedRuleError(ValueError):
    """The request is no rule. `expected` is what was expected; the message says what was found, too."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class CallOfArch:
    """A system call of one arch (b64 or b32)."""

    syscall: str
    arch: str


@dataclass(frozen=True, slots=True)
class AskedRule:
    """A requested rule: system calls by name or `all`, arches, conditions on the subject and the result.

    `path` narrows it to calls on that file, `program` to calls that it makes.
    """

    syscalls: tuple[str, ...]
    arches: tuple[str, ...] = ARCHES
    conditions: tuple[Condition, ...] = ()
    path: str = ""
    program: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that must be looked up before it is evaluated."""
        return tuple(filter(None, (self.path, self.program)))

    def calls(self, machine: str, release: str = "") -> Iterator[tuple[CallOfArch, str]]:
        """The calls of each arch, each with the reason why this machine and kernel release lack it, empty if not."""
        for arch in self.arches:
            called = machine_of(arch, machine)
            if called is None:
                names = self.syscalls
            else:
                names = tuple(syscalls.all_calls(called)) if self.syscalls == (ALL_CALLS,) else self.syscalls
            for name in names:
                yield CallOfArch(name, arch), _why_not(name, arch, called, machine) or _too_old(name, release)


@dataclass(frozen=True, slots=True)
class AskedPath:
    """Requested accesses to a path: letters of rwxa, under conditions on the subject and the result.

    `compat`: accesses by 32-bit programs of a 64-bit machine. `link`: if the path ends in a symbolic link, accesses to
    the link itself, not to its target.
    """

    path: str
    letters: str = PERMISSIONS
    conditions: tuple[Condition, ...] = ()
    compat: bool = False
    link: bool = False


def asked_rule(
    names: Iterable[str], of: Iterable[str] = ARCHES, fields: Iterable[str] = (), compare: Iterable[str] = ()
) -> AskedRule:
    """Parse a request: system calls, arches, and fields and comparisons as -F and -C take them.

    Raises:
        AskedRuleError: a call that no machine has, another arch, a condition that auditctl refuses, or one that is not
            about the subject, the result, `path=` or `exe=`.
    """
    calls, asked = tuple(dict.fromkeys(names)), tuple(dict.fromkeys(of))
    if not calls:
        raise AskedRuleError("system calls", "none")
    for name in () if calls == (ALL_CALLS,) else calls:
        if not is_system_call(name):
            raise AskedRuleError("a system call", repr(name))
    if not asked or set(asked) - {*ARCHES}:
        raise AskedRuleError("b64, b32 or both", repr(", ".join(asked) or "nothing"))
    fields = tuple(fields)
    path, program = _only(fields, "path="), _only(fields, "exe=")
    conditions = asked_conditions([each for each in fields if not each.startswith(("path=", "exe="))], compare)
    return AskedRule(calls, asked, conditions, path, program)


def _only(fields: Iterable[str], start: str) -> str:
    """The path in a field that may occur once; empty if it does not."""
    found = [each.removeprefix(start) for each in fields if each.startswith(start)]
    if any(path_error(each) for each in found) or len(found) > 1:
        raise AskedRuleError(f"one absolute path after {start}", repr(", ".join(found)))
    return found[0] if found else ""


def asked_conditions(fields: Iterable[str] = (), compare: Iterable[str] = ()) -> tuple[Condition, ...]:
    """Parse the texts of -F and -C, each condition once.

    Raises:
        AskedRuleError: auditctl refuses a condition, or it is not about the subject or the result.
    """
    texts = (*(("-F", text) for text in fields), *(("-C", text) for text in compare))
    return tuple(dict.fromkeys(_condition(flag, text) for flag, text in texts))


def contradiction(conditions: Iterable[Condition]) -> str:
    """The conditions on one field that no access can meet together, as a text; empty if there are none.

    The kernel compares unsigned numbers of 32 bits. Labels, bit masks and groups (a task has several) are not checked.
    """
    by_field: dict[str, list[Field]] = {}
    compared: dict[tuple[str, str], Comparison] = {}
    for each in conditions:
        if isinstance(each, Comparison):
            other = compared.setdefault((each.left, each.right), each)
            if other.operator is not each.operator:
                return f"{other} with {each}"
        elif isinstance(each.value, int) and each.name in _SINGLE:
            by_field.setdefault(each.name, []).append(each)
    for found in by_field.values():
        if _none_meets(found):
            return " with ".join(map(str, found))
    return ""


def _none_meets(fields: Sequence[Field]) -> bool:
    least, most = 0, 1 if fields[0].name == "success" else _MOST_NUMBER
    excluded = set[int]()
    for each in fields:
        number = int(each.value)
        if each.name == "success":
            number = int(bool(number))  # any other number means success, too
        match each.operator:
            case Operator.EQUAL:
                least, most = max(least, number), min(most, number)
            case Operator.NOT_EQUAL:
                excluded.add(number)
            case Operator.GREATER | Operator.GREATER_OR_EQUAL:
                least = max(least, number + (each.operator is Operator.GREATER))
            case Operator.LESS | Operator.LESS_OR_EQUAL:
                most = min(most, number - (each.operator is Operator.LESS))
            case _:
                pass
    return most - least < len(excluded) and all(number in excluded for number in range(least, most + 1))


def is_system_call(name: str) -> bool:
    """Whether any machine has a system call of that name."""
    return any(syscalls.call_number(name, machine) is not None for machine in syscalls.ARCHES)


def machine_of(arch: str, machine: str) -> str | None:
    """The machine whose system calls an arch (b64, b32) of `machine` has; None if it runs no such programs."""
    number = arches.number(arch, machine) if arch in ARCHES else None
    return None if number is None else syscalls.machine_of(number)


def _why_not(name: str, arch: str, called: str | None, machine: str) -> str:
    if called is None:
        return f"{machine} runs no {arch} programs"
    if name in syscalls.UNSERVED:
        return f"no kernel since Linux 2.6 serves {name}"
    if syscalls.call_number(name, called) is None:
        return f"{called} has no system call {name}"
    return ""


def _too_old(name: str, release: str) -> str:
    return f"Linux {release} has no system call {name}" if has_call(name, release) is False else ""


@lru_cache(512)  # the benchmarks of all systems have some fifty
def _condition(flag: str, text: str) -> Condition:
    if not text or any(char.isspace() or char in "\0\\" for char in text):
        raise AskedRuleError(f"a condition of {flag}", repr(text))
    try:
        rule = parse_rule(f"-a always,exit -S all {flag} {text}", Facts(version=_NEWEST))
    except RuleSyntaxError as error:
        raise AskedRuleError(error.expected, repr(error.line[slice(*error.span)])) from error
    (condition,) = rule.fields or (None,)
    if isinstance(condition, Comparison) and not depends_on_names(condition):
        return condition
    if (
        condition is None
        or isinstance(condition, Comparison)
        or condition.name not in _OF_CALL | _OF_SUBJECT | SUBJECT_LABELS
    ):
        raise AskedRuleError("a condition on who calls or how the call ends", repr(text))
    return condition

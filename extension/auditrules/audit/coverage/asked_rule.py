"""A rule that is requested, such as by a benchmark: system calls, in some arches, under some conditions.

A host meets it if every access that such a rule would record is recorded, by whatever rules: broader ones, several, in
any spelling. So the key of what is asked for means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from auditrules.audit.auditctl.parse import parse_rule
from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.kernel_releases import has_call
from auditrules.audit.coverage.answer import PERMISSIONS, bad_path
from auditrules.audit.coverage.field_match import CALL_FIELDS, SUBJECT_LABELS
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import Comparison, Condition, Field, Operator
from auditrules.values import dataclass

ALL_CALLS = "all"
ARCHES = ("b64", "b32")

_MOST_NUMBER = 2**32 - 1
_NEWEST: Version = (4, 2, 1)  # of auditctl: what is asked for is not of the host's version
_OF_CALL = CALL_FIELDS | {"perm"}
_OF_SUBJECT = frozenset(
    {
        *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
        *("pid", "ppid", "pers", "sessionid"),
    }
)


_SINGLE = (_OF_SUBJECT - {"gid", "egid"}) | CALL_FIELDS  # fields of which an access has one value


class AskedRuleError(ValueError):
    """What is asked for is no rule: what was `expected`; the message says what was found as well."""

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
    """What is asked for: the calls by name, or `all`; the arches; conditions on who calls and how the call ends.

    With `path`, calls on that file only; with `program`, those that it makes.
    """

    syscalls: tuple[str, ...]
    arches: tuple[str, ...] = ARCHES
    conditions: tuple[Condition, ...] = ()
    path: str = ""
    program: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that are to be looked at before it is judged."""
        return tuple(filter(None, (self.path, self.program)))

    def calls(self, machine: str, release: str = "") -> Iterator[tuple[CallOfArch, str]]:
        """The calls of each arch, and why one can't be made on such a machine and release of Linux; empty: it can."""
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
    """What is asked for of a path: letters of rwxa, under conditions on who makes an access and how it ends.

    `compat` asks for the accesses of 32-bit programs on a 64-bit machine; `link`, where the path ends in a symbolic
    link, for those to the link itself, not to what it leads to.
    """

    path: str
    letters: str = PERMISSIONS
    conditions: tuple[Condition, ...] = ()
    compat: bool = False
    link: bool = False


def asked_rule(
    names: Iterable[str], of: Iterable[str] = ARCHES, fields: Iterable[str] = (), compare: Iterable[str] = ()
) -> AskedRule:
    """What is asked for, read: system calls, arches, and fields and comparisons as -F and -C take them.

    Raises:
        AskedRuleError: a call that no machine has, another arch, or a condition that auditctl would refuse or that is
            none of who calls, how the call ends, `path=` and `exe=`.
    """
    calls, asked = tuple(dict.fromkeys(names)), tuple(dict.fromkeys(of))
    if not calls:
        raise AskedRuleError("system calls", "none")
    for name in () if calls == (ALL_CALLS,) else calls:
        if not known(name):
            raise AskedRuleError("a system call", repr(name))
    if not asked or set(asked) - {*ARCHES}:
        raise AskedRuleError("b64, b32 or both", repr(", ".join(asked) or "nothing"))
    fields = tuple(fields)
    path, program = _only(fields, "path="), _only(fields, "exe=")
    conditions = asked_conditions([each for each in fields if not each.startswith(("path=", "exe="))], compare)
    return AskedRule(calls, asked, conditions, path, program)


def _only(fields: Iterable[str], start: str) -> str:
    """The path of a field that may stand once; empty where there is none."""
    found = [each.removeprefix(start) for each in fields if each.startswith(start)]
    if any(bad_path(each) for each in found) or len(found) > 1:
        raise AskedRuleError(f"one absolute path after {start}", repr(", ".join(found)))
    return found[0] if found else ""


def asked_conditions(fields: Iterable[str] = (), compare: Iterable[str] = ()) -> tuple[Condition, ...]:
    """The conditions that -F and -C texts say, each once.

    Raises:
        AskedRuleError: auditctl would refuse one, or it is none of who makes an access or how that ends.
    """
    texts = (*(("-F", text) for text in fields), *(("-C", text) for text in compare))
    return tuple(dict.fromkeys(_condition(flag, text) for flag, text in texts))


def contradiction(conditions: Iterable[Condition]) -> str:
    """Conditions on one field that no access meets together, as -F and -C take them; empty where one may.

    The kernel compares unsigned numbers of 32 bits. Not compared: labels, masks of bits, and the groups of which a
    task has several.
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


def known(name: str) -> bool:
    """Whether any machine has a system call of that name."""
    return any(syscalls.call_number(name, machine) is not None for machine in syscalls.ARCHES)


def machine_of(arch: str, machine: str) -> str | None:
    """Whose system calls an arch of a machine has; None: it runs no such programs."""
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

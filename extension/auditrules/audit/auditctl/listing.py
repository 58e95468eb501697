"""Writes rules as `auditctl -l` prints them, including what it hides (src/auditctl-listing.c of audit-userspace)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from auditrules.audit.constants import arches, names, syscalls, versions
from auditrules.audit.constants.fields import FIELDS, FieldKind
from auditrules.audit.model.c_integers import signed
from auditrules.audit.model.host_facts import DEFAULT_MACHINE, DEFAULT_VERSION, Version
from auditrules.audit.model.rule import (
    KEY_SEPARATOR,
    PATH_OR_DIR,
    SYSCALL_LISTS,
    WATCH_FIELDS,
    Comparison,
    Condition,
    Field,
    FilterList,
    Operator,
    Rule,
    last_arch,
    letters,
)
from auditrules.audit.model.syscall_mask import SyscallMask

PATHS = {"path": "path", "dir": "dir", PATH_OR_DIR: "path"}

_KEPT = 4096  # cached texts of numbers and masks, which rules mostly share


def shows_operators(version: Version) -> bool:
    """Whether this auditctl prints the operator of path, dir and exe; others print = (audit-userspace PR 379)."""
    return versions.within(version, *versions.OPERATORS_SHOWN)


def syscall_names(
    rule: Rule, machine: str, version: Version | None = None, above: int | None = None
) -> tuple[str, ...]:
    """The system calls in the order of their numbers, or `all`; a call without a name is its number.

    If the rule has no arch, its calls have the names of arch `above` or, without that, of the machine.
    """
    if rule.syscalls.all:
        return ("all",)
    if rule.list is FilterList.IO_URING:
        return tuple(names.uring_name(number, version) or str(number) for number in rule.syscalls.numbers)
    arch = last_arch(rule.fields)
    return _named(rule.syscalls, arches.machine_of(above if arch is None else arch, machine), version)


@lru_cache(_KEPT)
def _named(mask: SyscallMask, machine: str, version: Version | None) -> tuple[str, ...]:
    return tuple(syscalls.name(number, machine, version) or str(number) for number in mask.numbers)


def value(field: Field, version: Version) -> str:
    """A field's value as auditctl prints it, for any field except arch."""
    return field.value if isinstance(field.value, str) else number_text(field.name, field.value, version)


@lru_cache(_KEPT)
def number_text(name: str, number: int, version: Version | None = None) -> str:
    """The number in a field of that name as auditctl prints it; for an arch, see `arches.listed`."""
    kind = FIELDS[name].kind if name in FIELDS else FieldKind.NUMBER
    if kind is FieldKind.PERMISSIONS:
        return letters(number)
    if kind is FieldKind.ARGUMENT:
        return f"0x{number:X}"
    if name == "inode":
        return str(number)
    value = signed(number)
    word = None
    if kind is FieldKind.EXIT and value < 0:
        error = names.errno_name(-value)
        word = f"-{error}" if error else None
    elif kind is FieldKind.MESSAGE:
        word = names.message_type_name(number, version)
    elif kind is FieldKind.FILE_SYSTEM:
        word = names.fstype_name(number, version)
    return word or str(value)


def listed(
    rule: Rule, version: Version = DEFAULT_VERSION, machine: str = DEFAULT_MACHINE, above: int | None = None
) -> str:
    """The line that `auditctl -l` of this version prints for the rule (auditctl-listing.c, print_rule).

    `above` is the last arch that it printed before this line, for any rule: auditctl keeps that arch, and takes it for
    the names of system calls of rules without an arch.
    """
    watch = listed_as_watch(rule)
    parts = []
    if not watch:
        parts.append(f"-a {rule.action},{rule.list}")
        parts += [
            f" -F arch{condition.operator}{arches.listed(condition.value)}"
            for condition in rule.fields
            if isinstance(condition, Field) and condition.name == "arch" and isinstance(condition.value, int)
        ]
        if rule.list in SYSCALL_LISTS:
            called = ",".join(syscall_names(rule, machine, version, above))
            parts.append(f" -S {called}" if called else "")
    parts += [
        _listed_condition(condition, version, watch=watch)
        for condition in rule.fields
        if not (isinstance(condition, Field) and condition.name == "arch")
    ]
    return "".join(parts)


def listing(rules: Iterable[Rule], version: Version, machine: str) -> Iterator[str]:
    """The lines that `auditctl -l` of this version prints for the rules of a kernel."""
    above = None
    for rule in rules:
        yield listed(rule, version, machine, above)
        above = last_arch(rule.fields) or above


def listed_as_watch(rule: Rule) -> bool:
    """Whether auditctl prints -w for the rule. It checks neither action nor list, nor whether it is path or dir."""
    found = {condition.name if isinstance(condition, Field) else "" for condition in rule.fields}
    masked = rule.list in SYSCALL_LISTS and not rule.syscalls.all
    return "perm" in found and found <= WATCH_FIELDS and not masked


def _listed_condition(condition: Condition, version: Version, *, watch: bool) -> str:
    if isinstance(condition, Comparison):
        return f" -C {condition.left}{condition.operator}{condition.right}"
    if condition.name == "field_compare":
        return ""  # -F field_compare=N with a number that names no pair: auditctl prints nothing
    if condition.name == "key":
        keys = [key for key in str(condition.value).split(KEY_SEPARATOR) if key]
        return "".join([f" -k {key}" if watch else f" -F key={key}" for key in keys])
    if watch:
        return f" -p {value(condition, version)}" if condition.name == "perm" else f"-w {condition.value}"
    name = PATHS.get(condition.name, condition.name)
    shown = shows_operators(version) or name not in ("path", "dir", "exe")
    sign = condition.operator if shown else Operator.EQUAL
    # A field without a name has no -F either.
    flag = " " if name.startswith("f") and name[1:].isdigit() else " -F "
    return flag + name + sign + value(condition, version)

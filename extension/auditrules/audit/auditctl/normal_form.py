r"""Writes rules in normal form, `-a ACTION,LIST …`: the same text for equal rules, and valid in a rules file.

It names the list, the action and every operator, has `path=` or `dir=` and never `-w`, and escapes spaces and
backslashes. If it is not known whether a rule watches a file or a directory, it has `path=`.
"""

from __future__ import annotations

from functools import lru_cache

from auditrules.audit.auditctl.listing import PATHS, number_text, syscall_names
from auditrules.audit.constants import arches, names
from auditrules.audit.constants.fields import FIELDS, FieldKind
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.c_integers import signed
from auditrules.audit.model.host_facts import DEFAULT_MACHINE, Facts
from auditrules.audit.model.rule import KEY_SEPARATOR, PATH_OR_DIR, SYSCALL_LISTS, Comparison, Condition, Field, Rule
from auditrules.values import replace

UNSIGNED_ONLY = frozenset(
    {FieldKind.NUMBER, FieldKind.GROUP, FieldKind.FILE_SYSTEM, FieldKind.FAMILY}
)  # auditctl reads no minus sign there

_KEPT = 4096  # cached texts of numbers, which rules mostly share


def render(rule: Rule, machine: str = DEFAULT_MACHINE) -> str:
    """The rule in normal form: equal for equal rules, whatever their source or spelling."""
    words = [f"-a {rule.action},{rule.list}"]
    calls = f"-S {','.join(syscall_names(rule, machine))}" if rule.list in SYSCALL_LISTS else ""
    arches_at = [
        index
        for index, condition in enumerate(rule.fields)
        if isinstance(condition, Field) and condition.name == "arch"
    ]
    words += [_condition(condition, machine) for condition in rule.fields]
    if calls:
        words.insert(arches_at[-1] + 2 if arches_at else 1, calls)  # no arch may come behind -S
    return " ".join(words)


def decided(rule: Rule, facts: Facts) -> Rule:
    """The rule with `path|dir` replaced by `dir` if its path is a directory now; a text has to say one or the other."""
    if not any(isinstance(condition, Field) and condition.name == PATH_OR_DIR for condition in rule.fields):
        return rule
    fields = tuple(
        replace(condition, name="dir")
        if isinstance(condition, Field)
        and condition.name == PATH_OR_DIR
        and isinstance(condition.value, str)
        and FileSystem(facts).walk(condition.value).type == "dir"
        else condition
        for condition in rule.fields
    )
    return replace(rule, fields=fields)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(" ", "\\ ")


def _condition(condition: Condition, machine: str) -> str:
    if isinstance(condition, Comparison):
        return f"-C {field_text(condition, machine)}"
    if condition.name == "key":
        return " ".join([f"-F key={_escaped(key)}" for key in str(condition.value).split(KEY_SEPARATOR)])
    return f"-F {_escaped(field_text(condition, machine))}"


def field_text(condition: Condition, machine: str) -> str:
    """One condition as the `fields` column shows it: without -F and without escapes."""
    if isinstance(condition, Comparison):
        return f"{condition.left}{condition.operator}{condition.right}"
    return f"{PATHS.get(condition.name, condition.name)}{condition.operator}{value_text(condition, machine)}"


def value_text(field: Field, machine: str) -> str:
    """A field's value in normal form: as auditctl prints it, unless auditctl would parse that as another value."""
    return field.value if isinstance(field.value, str) else _number_text(field.name, field.value, machine)


@lru_cache(_KEPT)
def _number_text(name: str, number: int, machine: str) -> str:
    kind = FIELDS[name].kind if name in FIELDS else FieldKind.NUMBER
    if kind is FieldKind.ARCH:
        return arches.shown(number, machine)
    if kind is FieldKind.FILE_TYPE:
        return names.file_type_name(number) or str(number)
    if name in FIELDS and kind in UNSIGNED_ONLY and signed(number) < 0:
        return str(number)
    return number_text(name, number)

"""Finds rules that no event can match. It is always certain: if that is not known, the rule may match."""

from __future__ import annotations

from functools import lru_cache

from auditrules.audit.coverage.access import ANYBODY
from auditrules.audit.coverage.match_result import compare
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Truth, match_task
from auditrules.audit.model.c_integers import signed
from auditrules.audit.model.rule import SYSCALL_LISTS, Field, FilterList, Operator, letters
from auditrules.authoring.rule_shape import ANY, RuleShape, Values, arches_of, machines_of, perhaps_uses

MOST_ERRNO = 4095  # MAX_ERRNO of the kernel: a result below its negative is no error


def impossible(shape: RuleShape, machine: str) -> str:
    """Say why no event of a machine can match a rule; empty: one may."""
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
    """Whether the fields success and exit exclude each other: only a call that fails returns an error."""
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
    if any(int(shape.rule.syscalls) & _perhaps_uses(shape.permissions, called) for called in machines):
        return ""
    shown = " and ".join(letters(bits) for bits in shape.permissions)
    return f"none of its system calls is a use of {shown}"


@lru_cache(maxsize=256)  # most rules ask for the same few letters
def _perhaps_uses(permissions: tuple[int, ...], machine: str) -> int:
    return sum(1 << number for number in perhaps_uses(permissions, machine))


_CHECKS = (_excluded_values, _task, _arch, _success, _program, _types, _no_calls, _letters)

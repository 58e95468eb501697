"""Findings on the system calls and the arch of a rule: calls that do not exist, are added, or are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.model.rule import SYSCALL_LISTS, Action, Field, FilterList, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.authoring.finding import LintFinding
from auditrules.authoring.loaded_rule import LoadedRule
from auditrules.authoring.reading import RulesReading
from auditrules.authoring.rule_shape import ANY, RuleShape, Values, arches_of, machines_of

MOST_NAMED = 6


def no_such_call(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    """Findings on numbers of calls that no machine of the rule has."""
    rule = each.rule
    if rule.list is not FilterList.EXIT or rule.syscalls.all:
        return
    machines = machines_of(each.shape, reading.facts.machine)
    unknown = [
        number
        for number in rule.syscalls.numbers
        if machines and not any(syscalls.name(number, called) for called in machines)
    ]
    if unknown:
        numbers = ", ".join(map(str, unknown[:MOST_NAMED]))
        yield each.finding(reading, "no-such-call", f"{machines[0]} has no system call {numbers}", "syscalls")


def widened(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    """Findings on calls that `perm` adds to the named ones."""
    rule = each.rule
    if not each.shape.permissions or "-S" not in each.text or rule.syscalls.all or rule.list is not FilterList.EXIT:
        return
    named = 0
    called = arches.machine_of(_arch_of(rule), reading.facts.machine)
    for flag in reading.flags(each.text):
        if flag.flag != "-S" or flag.operand is None:
            continue
        for part in flag.operand.text.split(","):
            number = syscalls.number(part, called, reading.facts.version)
            if number is None:
                return  # a call by number, whose name the author may not have meant
            named |= 1 << number
    added = [syscalls.name(number, called) for number in _bits(int(rule.syscalls) & ~named)]
    if named and added:
        shown = ", ".join(str(name) for name in added[:MOST_NAMED])
        more = f" and {len(added) - MOST_NAMED} more" if len(added) > MOST_NAMED else ""
        yield each.finding(reading, "widened-calls", f"it is loaded with {shown}{more}, too", "perm")


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _arch_of(rule: Rule) -> int | None:
    for field in rule.fields:
        if isinstance(field, Field) and field.name == "arch" and isinstance(field.value, int):
            return field.value
    return None


def no_arch(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    """Findings on calls without an arch, whose numbers mean other calls for 32-bit programs."""
    rule = each.rule
    if (
        rule.list is FilterList.EXIT
        and not rule.syscalls.all
        and rule.syscalls
        and "arch" not in each.shape.values
        and len(arches_of(reading.facts.machine)) > 1
        and not any(isinstance(field, Field) and field.name == "arch" for field in rule.fields)
    ):
        yield each.finding(
            reading,
            "no-arch",
            "its numbers are those of 64-bit calls, and 32-bit calls are compared with them, too",
            "syscalls",
        )


def without_twin(rules: tuple[LoadedRule, ...], reading: RulesReading) -> Iterator[LintFinding]:
    """Findings on rules for 64-bit calls whose calls no rule records for 32-bit programs."""
    known = arches_of(reading.facts.machine)
    if len(known) < 2:  # noqa: PLR2004 - a machine of one arch
        return
    wide, narrow = known
    compat = arches.machine_of(narrow, reading.facts.machine)
    machine = arches.machine_of(wide, reading.facts.machine)
    covered: dict[tuple[object, ...], int] = {}
    for each in rules:
        if each.rule.action is Action.ALWAYS and each.rule.list in SYSCALL_LISTS:
            allowed = each.shape.values.get("arch", ANY)
            if Values(narrow, narrow).within(allowed):
                key = _without_arch(each.shape)
                covered[key] = covered.get(key, 0) | int(each.rule.syscalls)
    for each in rules:
        if each.impossible or each.rule.action is not Action.ALWAYS or each.rule.list is not FilterList.EXIT:
            continue
        allowed = each.shape.values.get("arch", ANY)
        if Values(narrow, narrow).within(allowed) or not Values(wide, wide).within(allowed):
            continue
        missing = _missing(each.rule, covered.get(_without_arch(each.shape), 0), machine, compat)
        if missing:
            yield each.finding(reading, "no-b32-twin", f"no rule records {missing} of 32-bit programs", "arch")


def _without_arch(shape: RuleShape) -> tuple[object, ...]:
    """The conditions of a rule beside its arch and its calls, to compare rules."""
    values: Mapping[str, Values] = {name: each for name, each in shape.values.items() if name != "arch"}
    return frozenset(values.items()), frozenset(shape.permissions), shape.place, shape.others


def _missing(rule: Rule, covered: int, machine: str, compat: str) -> str:
    if rule.syscalls.all:
        return "" if covered & ALL_SYSCALLS == ALL_SYSCALLS else "the calls"
    names = (syscalls.name(number, machine) for number in rule.syscalls.numbers)
    wanted = [(name, syscalls.number(name, compat)) for name in names if name]
    left = sorted(name for name, number in wanted if number is not None and not covered >> number & 1)
    if not left:
        return ""
    more = f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
    return f"{', '.join(left[:MOST_NAMED])}{more}"

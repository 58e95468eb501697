"""Findings on single rules: what can't match, and what records less, or other things, than it seems to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.auditctl.normal_form import value_text
from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.fields import FIELDS, FieldKind, lookup
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.c_integers import WORD, is_digit, is_negative
from auditrules.audit.model.rule import (
    PATH_NAMES,
    SYSCALL_LISTS,
    Action,
    Field,
    FilterList,
    Operator,
    Rule,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.authoring.finding import LintFinding
from auditrules.authoring.reading import RulesReading
from auditrules.authoring.rule_shape import ANY, RuleShape, Values, arches_of, machines_of
from auditrules.values import dataclass

_SYSCALL_RECORD = 1300
_PATTERN = re.compile(r"[*?\[]")
_PLAIN = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)\Z")
_OCTAL = re.compile(r"0[0-7]+\Z")
_OPERAND = re.compile(r"(?P<name>[^!<>=&]+)(?P<sign>!=|>=|<=|&=|[=<>&])(?P<value>.*)\Z", re.DOTALL)
_NUMBERS = frozenset(
    {
        *(FieldKind.NUMBER, FieldKind.UNSIGNED, FieldKind.ARGUMENT, FieldKind.USER, FieldKind.GROUP),
        *(FieldKind.SESSION, FieldKind.EXIT, FieldKind.MESSAGE, FieldKind.FILE_SYSTEM, FieldKind.FAMILY),
    }
)
_CONTROLS = frozenset({"-b", "-r", "--backlog_wait_time"})
# An auid that somebody writes who means unset: what -1 is in fewer bits, or -1 mistyped.
_NEARLY_UNSET = frozenset({0xFFFFFFFE, 0x7FFFFFFF, 0xFFFF, 429496729, 429496725, 294967295})
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule that is loaded, with its line and its shape."""

    number: int
    text: str
    rule: Rule
    shape: RuleShape
    impossible: str = ""  # why nothing can match it


RuleCheck = Callable[[LoadedRule, RulesReading], Iterator[LintFinding]]


def rule_findings(rules: tuple[LoadedRule, ...], reading: RulesReading) -> Iterator[LintFinding]:
    """All findings of this kind, on the rules in the order of evaluation."""
    for each in rules:
        for check in _CHECKS:
            yield from check(each, reading)
    yield from _without_twin(rules, reading)


def number_findings(reading: RulesReading) -> Iterator[LintFinding]:
    """Numbers and names in lines that are taken, of rules and of controls."""
    for line in reading.in_full.lines:
        if line.parsed is None or not _SUSPICIOUS.search(line.text):
            continue
        for flag in reading.flags(line.text):
            if flag.operand is None:
                continue
            found = _misread(flag.flag, flag.operand.text, reading)
            if found is not None:
                id_, start, message = found
                span = (flag.operand.start + start, flag.operand.end)
                yield reading.finding(id_, line.number, message, text=line.text, span=span)


# A number with letters behind it, a zero in front, or one of ten digits; a name of a user or group; a family by name.
_SUSPICIOUS = re.compile(
    r"\d[A-Za-z_]|[=<>&\s,][-+]?0\d|\d{10}|id[!<>=&]{1,2}[A-Za-z_]|saddr_fam[!<>=&]{1,2}[A-Za-z]|sessionid",
    re.IGNORECASE,
)


def _misread(flag: str, text: str, reading: RulesReading) -> tuple[str, int, str] | None:
    """The finding on an operand, as its id, where it begins, and a message; None where it is what it seems."""
    if flag in _CONTROLS:
        return _misread_number(text, 0)
    if flag == "-S":
        return _misread_call(text, reading.facts.machine)
    match = _OPERAND.match(text) if flag == "-F" else None
    kind = lookup(match["name"]) if match else None
    if match is None or kind is None or kind.kind not in _NUMBERS:
        return None
    value, start = match["value"], match.start("value")
    if is_digit(value) or is_negative(value):
        flags = kind.kind is FieldKind.ARGUMENT and _OCTAL.match(value)  # of open(2) and modes, as C writes them
        return None if flags else _misread_number(value, start)
    return _misread_word(kind.kind, value, start)


def _misread_call(text: str, machine: str) -> tuple[str, int, str] | None:
    start = 0
    for part in text.split(","):
        if is_digit(part) and syscalls.number(part, machine) is None and not _PLAIN.match(part):
            return _misread_number(part, start)
        start += len(part) + 1
    return None


def _misread_word(kind: FieldKind, value: str, start: int) -> tuple[str, int, str] | None:
    """A word in place of a number. Names of errors, record types and file systems are checked, and need nothing."""
    if kind in (FieldKind.USER, FieldKind.GROUP) and value not in ("unset", "root"):
        who = "user" if kind is FieldKind.USER else "group"
        return "name-lookup", start, f"{value} must be a {who} of the host when the line is loaded"
    if kind is FieldKind.FAMILY or (kind is FieldKind.SESSION and value != "unset"):
        return "number-misread", start, f"{value} is read as 0"
    return None


def _misread_number(text: str, start: int) -> tuple[str, int, str] | None:
    plain = _PLAIN.match(text)
    if plain and -WORD // 2 <= int(text, 0) < WORD:
        return None
    if plain:
        return "number-misread", start, f"{text} is read as {int(text, 0) % WORD}"
    digits = re.match(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", text)
    read = digits[0] if digits else "0"
    octal = len(read.lstrip("+-")) > 1 and read.lstrip("+-")[0] == "0" and read.lstrip("+-")[1] in "01234567"
    value = int(read, 8) if octal else int(read, 0)
    return "number-misread", start, f"{text} is read as {value % WORD}"


# One rule


def _no_key(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    if each.rule.action is Action.ALWAYS and each.rule.list is FilterList.EXIT and not each.rule.keys():
        yield reading.finding(
            "no-key", each.number, "it has no key", text=each.text, span=(len(each.text), len(each.text))
        )


def _pattern(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    for field in _paths(each.rule):
        value = str(field.value)
        if _PATTERN.search(value):
            there = reading.facts.files.get(value)
            if there is None or there.type == "missing":
                yield reading.finding(
                    "wildcard",
                    each.number,
                    f"it is on a file whose name is {value!r}, pattern and all",
                    text=each.text,
                    span=reading.of_field(each.text, "path", "dir", "exe"),
                )


def _paths(rule: Rule) -> Iterator[Field]:
    for field in rule.fields:
        if isinstance(field, Field) and (field.name in PATH_NAMES or field.name == "exe"):
            yield field


def _on_the_host(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    """What is at a path, where that is known."""
    files = FileSystem(reading.facts)
    for field in _paths(each.rule):
        path = str(field.value)
        place = files.walk(path, follow=False)
        span = reading.of_field(each.text, "path", "dir", "exe") if place.entry is not None else None
        if place.entry is not None and place.entry.type == "link" and not path.endswith("/"):
            leads = files.walk(path)
            to = leads.full_path if leads.entry is not None else place.entry.target
            yield reading.finding("watched-link", each.number, f"{path} is a link to {to}", text=each.text, span=span)
        elif place.missing and field.name != "dir":
            yield reading.finding("not-there-yet", each.number, f"there is no {path}", text=each.text, span=span)
        elif field.name == "path" and place.type == "dir":
            yield reading.finding("not-recursive", each.number, f"{path} is a directory", text=each.text, span=span)


def _never_matches(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    why = each.impossible
    if why:
        first = why.split(" ", 2)[1] if why.startswith("no ") else ""
        span = reading.of_field(each.text, first) if first in FIELDS else None
        if "arch" in why:
            span = reading.of_field(each.text, "arch")
        yield reading.finding("never-matches", each.number, why, text=each.text, span=span)


def _no_such_call(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
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
        yield reading.finding(
            "no-such-call",
            each.number,
            f"{machines[0]} has no system call {numbers}",
            text=each.text,
            span=reading.of_field(each.text, "syscalls"),
        )


def _auid(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    rule = each.rule
    if rule.action is not Action.ALWAYS or rule.list is not FilterList.EXIT:
        return
    fields = [field for field in rule.fields if isinstance(field, Field) and field.name == "auid"]
    for field in fields:
        if field.operator is Operator.NOT_EQUAL and field.value in _NEARLY_UNSET:
            yield reading.finding(
                "auid-not-unset",
                each.number,
                f"{value_text(field, reading.facts.machine)} is not the unset auid",
                text=each.text,
                span=reading.of_field(each.text, "auid!=", "loginuid!="),
            )
    passed = each.shape.values.get("auid")
    if passed is not None and passed.least > 0 and Values(UNSET, UNSET).within(passed) and passed.least < UNSET:
        yield reading.finding(
            "auid-includes-unset",
            each.number,
            f"a daemon's auid is {UNSET}, which is in its range",
            text=each.text,
            span=reading.of_field(each.text, "auid>", "loginuid>"),
        )


def _silences(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    rule = each.rule
    bare = not each.shape.values and not each.shape.others and not each.shape.permissions and each.shape.place is None
    message = ""
    if rule.list is FilterList.TASK and rule.action is Action.NEVER and bare:
        message = "no process that starts while it is loaded is audited"
    elif rule.list is FilterList.EXIT and rule.action is Action.NEVER and bare and rule.syscalls == ALL_SYSCALLS:
        message = "every call matches it, so no rule below it is asked"
    elif rule.list is FilterList.EXCLUDE and _drops_all(each.shape):
        message = "it drops the record SYSCALL, and with it the whole event"
    if message:
        yield reading.finding("silences-all", each.number, message, text=each.text)


def _drops_all(shape: RuleShape) -> bool:
    """Whether an exclude rule drops the record of the call whoever makes it."""
    kinds = shape.values.get("msgtype")
    alone = len(shape.values) == 1 and not shape.others
    return alone and kinds is not None and Values(_SYSCALL_RECORD, _SYSCALL_RECORD).within(kinds)


def _widened(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
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
                return  # by number: what the author means is not told by a name
            named |= 1 << number
    added = [syscalls.name(number, called) for number in _bits(int(rule.syscalls) & ~named)]
    if named and added:
        shown = ", ".join(str(name) for name in added[:MOST_NAMED])
        more = f" and {len(added) - MOST_NAMED} more" if len(added) > MOST_NAMED else ""
        yield reading.finding(
            "widened-calls",
            each.number,
            f"it is loaded with {shown}{more}, too",
            text=each.text,
            span=reading.of_field(each.text, "perm"),
        )


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


def _no_arch(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    rule = each.rule
    if (
        rule.list is FilterList.EXIT
        and not rule.syscalls.all
        and rule.syscalls
        and "arch" not in each.shape.values
        and len(arches_of(reading.facts.machine)) > 1
        and not any(isinstance(field, Field) and field.name == "arch" for field in rule.fields)
    ):
        yield reading.finding(
            "no-arch",
            each.number,
            "its numbers are those of 64-bit calls, and 32-bit calls are compared with them, too",
            text=each.text,
            span=reading.of_field(each.text, "syscalls"),
        )


_CHECKS: tuple[RuleCheck, ...] = (
    _no_key,
    _pattern,
    _on_the_host,
    _never_matches,
    _no_such_call,
    _auid,
    _silences,
    _widened,
    _no_arch,
)


# A rule among the others


def _without_twin(rules: tuple[LoadedRule, ...], reading: RulesReading) -> Iterator[LintFinding]:
    """Rules that record 64-bit calls, and calls of the same names that no rule records for 32-bit programs."""
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
            yield reading.finding(
                "no-b32-twin",
                each.number,
                f"no rule records {missing} of 32-bit programs",
                text=each.text,
                span=reading.of_field(each.text, "arch"),
            )


def _without_arch(shape: RuleShape) -> tuple[object, ...]:
    """What a rule asks for beside its arch and its calls."""
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

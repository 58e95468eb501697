"""Parses a line of `auditctl -l` that names its fields: `-a ACTION,LIST -F FIELD=VALUE …`."""

from __future__ import annotations

import re
from typing import NoReturn

from auditrules.audit.auditctl.field_values import ValueExpectedError, read
from auditrules.audit.auditctl.rules_file import Word
from auditrules.audit.constants import arches, names, syscalls
from auditrules.audit.constants.fields import PAIRS, FieldKind, FieldType, lookup
from auditrules.audit.model import c_integers
from auditrules.audit.model.c_integers import is_digit, is_negative
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import (
    KEY_SEPARATOR,
    SYSCALL_LISTS,
    Action,
    Comparison,
    Condition,
    Field,
    FilterList,
    Operator,
    Rule,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, MASK_BITS

_HEAD = re.compile(r"-a (always|never|possible),(user|task|exit|exclude|filesystem|io_uring)(?= |$)")
_FIELD = re.compile(r"([a-z_0-9]+)(!=|>=|<=|&=|=|>|<|&)(.*)", re.DOTALL)
_STARTS = re.compile(
    r" (?=-F [a-z_0-9]+(?:[!<>&]?=|[<>&])|-C [a-z_]+!?=[a-z_]+(?: |$)|-S |f\d+(?:[!<>&]?=|[<>&])-?\d)", re.ASCII
)
_DECIMAL = re.compile(r"-?\d{1,10}", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9A-F]{1,8}")
_CALL = re.compile(r"\d{1,4}", re.ASCII)
_NAMED = frozenset(
    {FieldKind.USER, FieldKind.GROUP, FieldKind.EXIT, FieldKind.MESSAGE, FieldKind.FILE_TYPE, FieldKind.FILE_SYSTEM}
)
_TEXTUAL = frozenset({FieldKind.PATH, FieldKind.LABEL, FieldKind.KEY, FieldKind.PERMISSIONS, FieldKind.ARCH})
_UNNAMED = re.compile(r"f(\d{1,10})(!=|>=|<=|&=|=|>|<|&)(-?\d{1,10})", re.ASCII)


def parse_full_line(line: str, facts: Facts, above: int | None = None) -> Rule:
    """Parse the line. `above` is the last arch on the lines before it, as for `listing.listed`.

    Raises:
        RuleSyntaxError: auditctl prints no such line.
    """
    head = _HEAD.match(line)
    if head is None or head[1] == "possible":
        raise RuleSyntaxError("a rule as auditctl -l prints it: -a ACTION,LIST … or -w PATH …", line, (0, len(line)))
    return _ListedRule(line, facts, FilterList(head[2]), above).rule(Action(head[1]), head.end())


class _ListedRule:
    """One line while it is read, part by part."""

    def __init__(self, line: str, facts: Facts, filter_list: FilterList, arch: int | None) -> None:
        self.line = line
        self.list = filter_list
        self.facts = facts
        self.arch = arch
        self.mask: int | None = None
        self.fields: list[Condition] = []
        self.keys: list[str] = []

    def rule(self, action: Action, start: int) -> Rule:
        for begin, end in self._parts(start):
            self._part(begin, end)
        if self.keys:
            self.fields.append(Field("key", Operator.EQUAL, KEY_SEPARATOR.join(self.keys)))
        mask = self.mask
        if mask is None:
            # For lists with system calls auditctl prints "-S all" if the rule has all, and no -S if it has none.
            mask = 0 if self.list is FilterList.TASK or self.list in SYSCALL_LISTS else ALL_SYSCALLS
        calls = names.syscall_mask(mask, self.list, arches.machine_of(self.arch, self.facts.machine))
        return Rule(self.list, action, calls, tuple(self.fields))

    def _parts(self, start: int) -> list[tuple[int, int]]:
        begins = [match.end() for match in _STARTS.finditer(self.line, start)]
        if not begins:
            if self.line[start:]:
                self._fail("-F, -C or -S", start, len(self.line))
            return []
        if begins[0] != start + 1:
            self._fail("-F, -C or -S", start, begins[0])
        ends = [begin - 1 for begin in begins[1:]] + [len(self.line)]
        return list(zip(begins, ends, strict=True))

    def _part(self, begin: int, end: int) -> None:
        text = self.line[begin:end]
        if text.startswith("-S "):
            self._syscalls(begin + 3, end)
        elif text.startswith("-C "):
            self._comparison(begin + 3, end)
        elif text.startswith("-F "):
            self._field(begin + 3, end)
        else:
            self._unnamed(begin, end)

    def _syscalls(self, begin: int, end: int) -> None:
        if self.mask is not None or self._beyond_arch():
            self._fail("-S once, behind the arch fields and before all others", begin, end)
        text = self.line[begin:end]
        if text == "all":
            self.mask = ALL_SYSCALLS
            return
        machine = arches.machine_of(self.arch, self.facts.machine)
        mask = 0
        for name in Word(text, begin, end).parts(","):
            number = self._syscall(name.text, machine)
            if number is None or mask >> number:
                place = (name.start, name.end) if number is None and name.text else (begin, end)
                self._fail(f"system calls of {machine} in the order of their numbers", *place)
            mask |= 1 << number
        self.mask = mask

    def _beyond_arch(self) -> bool:
        """Whether there was a condition other than arch; auditctl prints no -S after one."""
        return any(isinstance(one, Comparison) or one.name != "arch" for one in self.fields) or bool(self.keys)

    def _syscall(self, name: str, machine: str) -> int | None:
        if _CALL.fullmatch(name):
            return int(name) if int(name) < MASK_BITS else None
        if self.list is FilterList.IO_URING:
            return None if is_digit(name) else names.uring_number(name)
        return syscalls.number(name, machine)

    def _comparison(self, begin: int, end: int) -> None:
        left, sign, right = self._three(begin, end)
        pair = PAIRS.get(frozenset({left, right}))
        if pair is None:
            self._fail("two fields that the kernel compares", begin, end)
        self.fields.append(Comparison(pair[0], sign, pair[1]))

    def _field(self, begin: int, end: int) -> None:
        name, sign, text = self._three(begin, end)
        kind = lookup(name)
        if kind is None:
            self._fail("a field that auditctl knows", begin, end)
        if kind.kind is FieldKind.KEY:
            self.keys.append(text)
            return
        try:
            value = self._value(kind, text)
        except ValueExpectedError as expected:
            self._fail(str(expected), begin, end)
        if kind.kind is FieldKind.ARCH and isinstance(value, int):
            self.arch = value
        self.fields.append(Field(kind.name, sign, value))

    def _value(self, kind: FieldType, text: str) -> int | str:
        if kind.kind in _TEXTUAL:
            return read(kind, text, self.facts)
        if _DECIMAL.fullmatch(text):
            return c_integers.word(int(text))  # printed by %d: never octal, negative if the top bit is set
        if kind.kind is FieldKind.ARGUMENT and _HEXADECIMAL.fullmatch(text):
            return int(text, 16)
        # The rest must be a whole name: in a listing, unlike in a rules file, no text follows a number.
        if kind.kind in _NAMED and not (is_digit(text) or is_negative(text)):
            return read(kind, text, self.facts)
        if kind.kind is FieldKind.SESSION and text == "unset":
            return read(kind, text, self.facts)
        raise ValueExpectedError(kind.kind.value)

    def _unnamed(self, begin: int, end: int) -> None:
        match = _UNNAMED.fullmatch(self.line, begin, end)
        if match is None:
            self._fail("a field without a name, such as f24=1", begin, end)
        self.fields.append(Field(f"f{match[1]}", Operator(match[2]), c_integers.word(int(match[3]))))

    def _three(self, begin: int, end: int) -> tuple[str, Operator, str]:
        match = _FIELD.fullmatch(self.line, begin, end)
        if match is None:
            self._fail("a field, an operator and a value", begin, end)
        return match[1], Operator(match[2]), match[3]

    def _fail(self, expected: str, begin: int, end: int) -> NoReturn:
        raise RuleSyntaxError(expected, self.line, (begin, end))

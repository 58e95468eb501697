"""What `auditctl -l` printed, line by line, back into rules.

A listing quotes nothing: a path or key with a space in it, or with ` -k `, reads in more than one way. The reading here
is one that lists the same. A line in watch form says neither action nor list nor kind of path (auditctl never looks at
them), so it is read as always and exit, with the path undecided.
"""

from __future__ import annotations

import re
from typing import NoReturn

from auditrules.audit import arches, integers, names, syscalls
from auditrules.audit.errors import RuleSyntaxError
from auditrules.audit.facts import Facts
from auditrules.audit.fields import PAIRS, FieldType, Kind, lookup
from auditrules.audit.rule import (
    ALL_SYSCALLS,
    KEY_SEPARATOR,
    PATH_OR_DIR,
    Action,
    Comparison,
    Condition,
    Field,
    FilterList,
    Operator,
    Rule,
)
from auditrules.audit.values import ValueExpectedError, permissions, read

NO_RULES = "No rules"

# Fields come in load order without a separator of their own, so permissions may stand on either side of the path.
_WATCH = re.compile(
    r"(?P<before>(?: -p [rwxa]*)*)"
    r"(?:-w (?P<path>.*?))?"
    r"(?P<after>(?: -p [rwxa]*)*)"
    r"(?P<keys>(?: -k .*)?)",
    re.DOTALL,
)
_HEAD = re.compile(r"-a (always|never|possible),(user|task|exit|exclude|filesystem|io_uring)(?= |$)")
_FIELD = re.compile(r"([a-z_0-9]+)(!=|>=|<=|&=|=|>|<|&)(.*)", re.DOTALL)
_STARTS = re.compile(r" (?=-F [a-z_0-9]+(?:[!<>&]?=|[<>&])|-C [a-z_]+!?=[a-z_]+(?: |$)|-S |f\d+(?:[!<>&]?=|[<>&])\d)")
_DECIMAL = re.compile(r"-?\d+", re.ASCII)
_TEXTUAL = frozenset({Kind.PATH, Kind.LABEL, Kind.KEY, Kind.PERMISSIONS, Kind.ARCH})
_UNNAMED = re.compile(r"f(\d+)(!=|>=|<=|&=|=|>|<|&)(-?\d+)")


def is_watch_form(line: str) -> bool:
    """Whether a line hides its rule's action, list and kind of path."""
    return line.startswith(("-w ", " -p "))


def parse_listed(line: str, facts: Facts) -> Rule:
    """The rule of one line of a listing.

    Raises:
        RuleSyntaxError: auditctl prints no such line, so the listing is damaged or from something else.
    """
    if is_watch_form(line):
        return _watch(line)
    head = _HEAD.match(line)
    if head is None or head[1] == "possible":
        raise RuleSyntaxError("a rule as auditctl -l prints it: -a ACTION,LIST … or -w PATH …", line, (0, len(line)))
    return _Listed(line, facts, FilterList(head[2])).rule(Action(head[1]), head.end())


def _watch(line: str) -> Rule:
    match = _WATCH.fullmatch(line)
    if match is None or not (match["before"] or match["after"]):
        raise RuleSyntaxError("-w PATH -p PERMISSIONS -k KEY, as auditctl -l prints a watch", line, (0, len(line)))
    fields: list[Condition] = _permissions(match["before"])
    if match["path"] is not None:
        fields.append(Field(PATH_OR_DIR, Operator.EQUAL, match["path"]))
    fields += _permissions(match["after"])
    if match["keys"]:
        keys = match["keys"].removeprefix(" -k ").split(" -k ")
        fields.append(Field("key", Operator.EQUAL, KEY_SEPARATOR.join(keys)))
    return Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS, tuple(fields))


def _permissions(text: str) -> list[Condition]:
    return [Field("perm", Operator.EQUAL, permissions(letters)) for letters in text.split(" -p ")[1:]]


class _Listed:
    """The reading of one line that begins with -a."""

    def __init__(self, line: str, facts: Facts, filter_list: FilterList) -> None:
        self.line = line
        self.list = filter_list
        self.facts = facts
        self.arch: int | None = None
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
            mask = 0 if self.list is FilterList.TASK else ALL_SYSCALLS
        return Rule(self.list, action, mask, tuple(self.fields))

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
        text = self.line[begin:end]
        if text == "all":
            self.mask = ALL_SYSCALLS
            return
        machine = arches.machine_of(self.arch, self.facts.machine)
        mask = self.mask or 0
        for name in text.split(","):
            uring = self.list is FilterList.IO_URING
            number = names.uring_number(name) if uring else syscalls.number(name, machine)
            if number is None and name.isascii() and name.isdigit():
                number = int(name)
            if number is None:
                self._fail(f"system calls of {machine}", begin, end)
            mask |= 1 << number
        self.mask = mask

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
        if kind.kind is Kind.KEY:
            self.keys.append(text)
            return
        try:
            value = self._value(kind, text)
        except ValueExpectedError as expected:
            self._fail(str(expected), begin, end)
        if kind.kind is Kind.ARCH and isinstance(value, int):
            self.arch = value
        self.fields.append(Field(kind.name, sign, value))

    def _value(self, kind: FieldType, text: str) -> int | str:
        if kind.kind not in _TEXTUAL and _DECIMAL.fullmatch(text):
            return integers.word(int(text))  # printf's %d, so no octal, and a minus where the top bit is set
        return read(kind, text, self.facts)

    def _unnamed(self, begin: int, end: int) -> None:
        match = _UNNAMED.fullmatch(self.line, begin, end)
        if match is None:
            self._fail("a field without a name, such as f24=1", begin, end)
        self.fields.append(Field(f"f{match[1]}", Operator(match[2]), integers.word(int(match[3]))))

    def _three(self, begin: int, end: int) -> tuple[str, Operator, str]:
        match = _FIELD.fullmatch(self.line, begin, end)
        if match is None:
            self._fail("a field, an operator and a value", begin, end)
        return match[1], Operator(match[2]), match[3]

    def _fail(self, expected: str, begin: int, end: int) -> NoReturn:
        raise RuleSyntaxError(expected, self.line, (begin, end))

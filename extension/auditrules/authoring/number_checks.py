"""Findings on numbers and names that auditctl reads differently than a person does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditrules.audit.constants import syscalls
from auditrules.audit.constants.fields import FieldKind, lookup
from auditrules.audit.model.c_integers import WORD, is_digit, is_negative
from auditrules.authoring.finding import LintFinding
from auditrules.authoring.reading import RulesReading

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
# A number followed by letters, with a leading zero, or of ten digits; the name of a user or group that may not exist;
# the name of an address family.
_SUSPICIOUS = re.compile(
    r"\d[A-Za-z_]|[=<>&\s,][-+]?0\d|\d{10}|id[!<>=&]{1,2}(?!(?-i:unset|root)(?: |\Z))[A-Za-z_]"
    r"|saddr_fam[!<>=&]{1,2}[A-Za-z]|sessionid",
    re.IGNORECASE,
)


def number_findings(reading: RulesReading) -> Iterator[LintFinding]:
    """Yield the findings on numbers and names in accepted lines, of rules and of controls."""
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


def _misread(flag: str, text: str, reading: RulesReading) -> tuple[str, int, str] | None:
    """The finding on an operand: its id, its place and a message; None if the operand is what it seems."""
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
    """The finding on a word in place of a number; none for kinds whose names auditctl itself checks."""
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

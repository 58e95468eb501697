"""Parses the output of `auditctl -l` before audit 2.3.5.

    LIST_RULES: exit,always watch=/etc/passwd perm=wa key=identity
    LIST_RULES: exit,always arch=3221225534 (0xc000003e) key=exec syscall=execve

The list comes first, fields have no -F, a number that is not 0 is followed by the same in hexadecimal, and system calls
come last. From audit_print_reply of src/auditctl.c, as it was before 2.3.5.
"""

from __future__ import annotations

import re

from auditrules.audit.auditctl.listed_rule import parse_full_line
from auditrules.audit.constants.fields import PAIRS
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import FilterList, Rule

_BEGINNING = "LIST_RULES: "

_LINE = re.compile(r"LIST_RULES: (user|task|exit|exclude),(always|never)(.*)", re.DOTALL)
_FIELD = re.compile(r" ([a-z_0-9]+)(!=|>=|<=|&=|=|>|<|&)(?=\S)")
_HEXADECIMAL = re.compile(r" \(0x[0-9a-f]+\)\Z")
_NAMES = {"watch": "path"}
_UNNAMED = re.compile(r"f\d+", re.ASCII)


def is_old_form(line: str) -> bool:
    """Whether a line is in this form."""
    return line.startswith(_BEGINNING)


def parse_old_line(line: str, facts: Facts) -> Rule:
    """Parse the line. Each line names its system calls by its own arch.

    Raises:
        RuleSyntaxError: auditctl printed no such line.
    """
    rewritten = _rewritten(line)
    if rewritten is None:
        expected = "LIST_RULES: LIST,ACTION FIELD=VALUE …, as auditctl before 2.3.5 prints a rule"
        raise RuleSyntaxError(expected, line, (0, len(line)))
    try:
        return parse_full_line(rewritten, facts)
    except RuleSyntaxError as error:
        start = line.find(found) if (found := rewritten[slice(*error.span)].removeprefix("-F ")) else -1
        span = (start, start + len(found)) if start >= 0 else (0, len(line))
        raise RuleSyntaxError(error.expected, line, span) from error


def _rewritten(line: str) -> str | None:
    """The line as later versions print it; None if it is not of this form."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    filter_list, action, rest = match.groups()
    starts = list(_FIELD.finditer(rest))
    if rest[: starts[0].start() if starts else None]:
        return None
    calls = "all" if filter_list == FilterList.EXIT else ""
    arches, fields = [], []
    ends = [*(each.start() for each in starts[1:]), len(rest)]
    for start, end in zip(starts, ends, strict=False):  # without a field there is no start
        name, sign = start.groups()
        value = _HEXADECIMAL.sub("", rest[start.end() : end])
        if name == "syscall":
            calls = value
        elif name == "arch":
            arches.append(f"-F arch{sign}{value}")
        elif frozenset({name, value}) in PAIRS:
            fields.append(f"-C {name}{sign}{value}")
        else:
            flag = "" if _UNNAMED.fullmatch(name) else "-F "
            fields.append(f"{flag}{_NAMES.get(name, name)}{sign}{value}")
    return " ".join([f"-a {action},{filter_list}", *arches, *([f"-S {calls}"] if calls else []), *fields])

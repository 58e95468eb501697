"""Parses the output of `auditctl -l` line by line.

A listing quotes nothing, so a path or key that contains a space, or ` -k `, can be read in several ways. The rule that
is returned always has the same listing again. A line in watch form (-w PATH -p PERMISSIONS) tells neither the action
nor the list, nor whether the path is a directory: it is parsed as `always,exit` with the field `path|dir`.
"""

from __future__ import annotations

import re

from auditrules.audit.auditctl import old_listing
from auditrules.audit.auditctl.field_values import permissions
from auditrules.audit.auditctl.listed_rule import parse_full_line
from auditrules.audit.auditctl.listing import listed_as_watch
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import DEFAULT_FACTS, Facts
from auditrules.audit.model.rule import (
    KEY_SEPARATOR,
    PATH_OR_DIR,
    Action,
    Condition,
    Field,
    FilterList,
    Operator,
    Rule,
    last_arch,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

NO_RULES = "No rules"  # printed in place of a listing

# No listed watch is longer: a path of 4096 bytes, 63 permissions, keys of 256 bytes.
LONGEST_WATCH = 8192

# auditctl prints fields in the order of the rule, so permissions may stand on either side of the path.
_WATCH = re.compile(
    r"(?P<before>(?: -p [rwxa]{0,4})+)?"
    r"(?:-w (?P<path>.*?))?"
    r"(?P<after>(?(before)(?: -p [rwxa]{0,4})*|(?: -p [rwxa]{0,4})+))"
    r"(?P<keys>(?: -k .*)?)",
    re.DOTALL,
)


# Remarks on lines that today's auditctl does not print, though their meaning is clear.
OLD_FORM = "a line of the listing is in the form of auditctl before 2.3.5"
NEVER_PRINTED = (
    "a line of the listing is in a form that no auditctl prints, which lists such a rule as a watch, -w PATH"
)


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line of a listing: its rule, or an error. `remark` says what is unusual about a line that has a rule."""

    text: str
    rule: Rule | None
    error: str = ""
    remark: str = ""


def parse_listing(text: bytes | str, facts: Facts = DEFAULT_FACTS) -> tuple[ListedLine, ...]:
    """Parse a listing; empty for `No rules`. `facts.version` is the auditctl that printed it."""
    lines = (decode(text) if isinstance(text, bytes) else text).removesuffix("\n").split("\n")
    if not text or lines == [NO_RULES]:
        return ()
    found = []
    above = None
    for line in lines:
        try:
            rule = parse_listed_line(line, facts, above)
        except RuleSyntaxError as error:
            found.append(ListedLine(line, None, error.summary))
            continue
        above = last_arch(rule.fields) or above
        found.append(ListedLine(line, rule, remark=_remark(line, rule)))
    return tuple(found)


def _remark(line: str, rule: Rule) -> str:
    if old_listing.is_old_form(line):
        return OLD_FORM
    return NEVER_PRINTED if listed_as_watch(rule) and not is_watch_form(line) else ""


def is_watch_form(line: str) -> bool:
    """Whether a line hides its rule's action, list and kind of path."""
    return line.startswith(("-w ", " -p "))


def parse_listed_line(line: str, facts: Facts, above: int | None = None) -> Rule:
    """Parse one line of a listing. `above` is the last arch on the lines before it, as for `listing.listed`.

    A line that names every field is accepted even if auditctl would print its rule as a watch: its meaning is clear.

    Raises:
        RuleSyntaxError: auditctl prints no such line, so the listing is damaged or from something else.
    """
    if is_watch_form(line):
        return _watch(line)
    if old_listing.is_old_form(line):
        return old_listing.parse_old_line(line, facts)
    return parse_full_line(line, facts, above)


def _watch(line: str) -> Rule:
    match = _WATCH.fullmatch(line) if len(line) <= LONGEST_WATCH else None
    if match is None:
        raise RuleSyntaxError("-w PATH -p PERMISSIONS -k KEY, as auditctl -l prints a watch", line, (0, len(line)))
    fields: list[Condition] = _permissions(match["before"] or "")
    if match["path"] is not None:
        fields.append(Field(PATH_OR_DIR, Operator.EQUAL, match["path"]))
    fields += _permissions(match["after"])
    if match["keys"]:
        if " -p " in match["keys"]:
            # The path may go on after the first -k: two different rules have this line.
            raise RuleSyntaxError("a key without -p in it, which could be the path's end", line, match.span("keys"))
        keys = match["keys"].removeprefix(" -k ").split(" -k ")
        fields.append(Field("key", Operator.EQUAL, KEY_SEPARATOR.join(keys)))
    return Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS, tuple(fields))


def _permissions(text: str) -> list[Condition]:
    return [Field("perm", Operator.EQUAL, permissions(letters)) for letters in text.split(" -p ")[1:]]

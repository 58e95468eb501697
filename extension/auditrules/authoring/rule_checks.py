"""Findings on single rules: they can't match, or record less than they seem to, or something else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.auditctl.normal_form import value_text
from auditrules.audit.constants.fields import FIELDS
from auditrules.audit.coverage.call_filter import SYSCALL_RECORD
from auditrules.audit.coverage.lost_records import lost_records
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import (
    Action,
    Field,
    FilterList,
    Operator,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.authoring.call_checks import no_arch, no_such_call, widened, without_twin
from auditrules.authoring.finding import LintFinding
from auditrules.authoring.loaded_rule import LoadedRule
from auditrules.authoring.reading import RulesReading
from auditrules.authoring.rule_paths import file_fields
from auditrules.authoring.rule_shape import RuleShape, Values

_PATTERN = re.compile(r"[*?\[]")
# Values of auid that are meant as unset: -1 in fewer bits, or mistyped.
_NEARLY_UNSET = frozenset({0xFFFFFFFE, 0x7FFFFFFF, 0xFFFF, 429496729, 429496725, 294967295})
RuleCheck = Callable[[LoadedRule, RulesReading], Iterator[LintFinding]]


def rule_findings(rules: tuple[LoadedRule, ...], reading: RulesReading) -> Iterator[LintFinding]:
    """Yield all findings on single rules, in the order of evaluation."""
    for each in rules:
        for check in _CHECKS:
            yield from check(each, reading)
    yield from without_twin(rules, reading)


def _no_key(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    if each.rule.action is Action.ALWAYS and each.rule.list is FilterList.EXIT and not each.rule.keys():
        yield reading.finding(
            "no-key", each.number, "it has no key", text=each.text, span=(len(each.text), len(each.text))
        )


def _pattern(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    for field in file_fields(each.rule):
        value = str(field.value)
        if _PATTERN.search(value):
            there = reading.facts.files.get(value)
            if there is None or there.type == "missing":
                yield each.finding(
                    reading,
                    "wildcard",
                    f"it is on a file whose name is {value!r}, pattern and all",
                    "path",
                    "dir",
                    "exe",
                )


def _on_the_host(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    """The entry at a path, if it is known."""
    files = FileSystem(reading.facts)
    for field in file_fields(each.rule):
        path = str(field.value)
        place = files.walk(path, follow=False)
        span = reading.field_place(each.text, "path", "dir", "exe") if place.entry is not None else None
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
        span = reading.field_place(each.text, first) if first in FIELDS else None
        if "arch" in why:
            span = reading.field_place(each.text, "arch")
        yield reading.finding("never-matches", each.number, why, text=each.text, span=span)


def _auid(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    rule = each.rule
    if rule.action is not Action.ALWAYS or rule.list is not FilterList.EXIT:
        return
    fields = [field for field in rule.fields if isinstance(field, Field) and field.name == "auid"]
    for field in fields:
        if field.operator is Operator.NOT_EQUAL and field.value in _NEARLY_UNSET:
            yield each.finding(
                reading,
                "auid-not-unset",
                f"{value_text(field, reading.facts.machine)} is not the unset auid",
                "auid!=",
                "loginuid!=",
            )
    passed = each.shape.values.get("auid")
    if passed is not None and passed.least > 0 and Values(UNSET, UNSET).within(passed) and passed.least < UNSET:
        yield each.finding(
            reading, "auid-includes-unset", f"a daemon's auid is {UNSET}, which is in its range", "auid>", "loginuid>"
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
        yield each.finding(reading, "silences-all", message)


def _record_lost(each: LoadedRule, reading: RulesReading) -> Iterator[LintFinding]:
    for record in () if each.impossible else lost_records(each.rule):
        message = f"it drops the record {record.name}: an event does not tell {record.lost}"
        yield each.finding(reading, "excluded-record", message, "msgtype")


def _drops_all(shape: RuleShape) -> bool:
    """Whether an exclude rule drops the record of the system call for any process."""
    kinds = shape.values.get("msgtype")
    alone = len(shape.values) == 1 and not shape.others
    return alone and kinds is not None and Values(SYSCALL_RECORD, SYSCALL_RECORD).within(kinds)


_CHECKS: tuple[RuleCheck, ...] = (
    _no_key,
    _pattern,
    _on_the_host,
    _never_matches,
    no_such_call,
    _auid,
    _silences,
    _record_lost,
    widened,
    no_arch,
)

"""The rows of `audit_rules`: rules of the kernel, and each line of the rules files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from auditrules.audit.auditctl.listing import listed, syscall_names
from auditrules.audit.auditctl.normal_form import field_text, render, value_text
from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.auditctl.parse_listing import ListedLine
from auditrules.audit.auditctl.rules_file import lines
from auditrules.audit.auditctl.status import Reading
from auditrules.audit.boot.augenrules import RULES_D
from auditrules.audit.boot.load import Loaded
from auditrules.audit.boot.version_sort import version_sorted
from auditrules.audit.filesystem.path_walk import Places
from auditrules.audit.kernel.interpret import READER as NETLINK
from auditrules.audit.kernel.interpret import understand
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import (
    PATH_OR_DIR,
    SYSCALL_LISTS,
    Condition,
    Field,
    Line,
    Operator,
    Rule,
    Verb,
    letters,
    same,
)
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, comma_list, finished
from auditrules.tables.schemas import AUDIT_RULES
from auditrules.tables.states import States

PATH_TYPES = {"path": "file", "dir": "dir", PATH_OR_DIR: ""}


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line of a rules file as it was read: what it says, or why it says nothing."""

    source: str
    path: str
    number: int | None  # None: the file itself can't be read
    text: str
    said: Line | None
    error: str = ""


def audit_rules(sources: Sources) -> list[Row]:
    """The rows of `audit_rules`: the kernel's, then those of rules.d, then those of audit.rules."""
    reading = understand(sources.kernel, sources.facts)
    states = States(sources, reading)
    files = list(file_lines(sources, states.audit_rules))
    rows = chain(
        kernel_rows(reading, files, states),
        file_rows("rules.d", files, states),
        file_rows("audit.rules", files, states),
    )
    return finished(AUDIT_RULES.names, rows, ("source", "source_path", "line", "text"))


def file_lines(sources: Sources, audit_rules: Loaded | None) -> Iterator[FileLine]:
    """Every line of the rules files that says something: rules.d in augenrules' order, then audit.rules."""
    if sources.rules_d_error:
        yield FileLine("rules.d", RULES_D, None, "", None, sources.rules_d_error)
    by_path = {file.path: file for file in sources.rules_d}
    for path in version_sorted(by_path):
        yield from _lines_of_rules_d(by_path[path], sources.facts)
    file = sources.audit_rules
    if file is not None and audit_rules is None:
        yield FileLine("audit.rules", file.path, None, "", None, file.error)
    elif file is not None and audit_rules is not None:
        for line in audit_rules.lines:
            why = "" if line.said else line.reason
            yield FileLine("audit.rules", file.path, line.number, line.text, line.said, why)


def _lines_of_rules_d(file: File, facts: Facts) -> Iterator[FileLine]:
    if file.content is None:
        yield FileLine("rules.d", file.path, None, "", None, file.error)
        return
    for number, text in lines(file.content):
        try:
            said = parse_line(text, facts)
        except RuleSyntaxError as error:
            yield FileLine("rules.d", file.path, number, text, None, error.summary)
            continue
        if said is not None:
            yield FileLine("rules.d", file.path, number, text, said)


def kernel_rows(reading: Reading, files: Iterable[FileLine], states: States) -> Iterator[Cells]:
    """The kernel's rules in the order of evaluation, or the one row that says why they are not known."""
    if reading.lines is None:
        yield {"source": "kernel", "type": "unreadable", "error": reading.error}
        return
    known = {} if reading.reader == NETLINK else _by_listing(files, states.sources.facts)
    for position, line in enumerate(reading.lines, start=1):
        yield {"source": "kernel", "position": position, "text": line.text, **_kernel_line(line, known, states)}


def kernel_rules(reading: Reading, files: Iterable[FileLine], facts: Facts) -> Iterator[Rule | None]:
    """The kernel's rules as well as they can be told, in the order of evaluation; None for a line that is none."""
    known = {} if reading.reader == NETLINK else _by_listing(files, facts)
    return (None if line.rule is None else _told(line.text, line.rule, known) for line in reading.lines or ())


def _told(text: str, rule: Rule, known: Mapping[str, Sequence[Rule]]) -> Rule:
    """What a line of the kernel's really is.

    A line may hide its rule's action and kind of path, an operator, a foreign arch or a comparison: a rule of a file
    that lists the same tells them, and of several the one that is not what the line seems to say.
    """
    told = known.get(text, ())
    return next(chain((each for each in told if not same(each, rule)), told), rule)


def _by_listing(files: Iterable[FileLine], facts: Facts) -> dict[str, list[Rule]]:
    """The rules of the files by the line that auditctl would list for them."""
    known: dict[str, list[Rule]] = {}
    for line in files:
        if line.said is None or line.said.rule is None or line.said.verb is Verb.DELETE:
            continue
        rule = line.said.rule
        known.setdefault(listed(rule, facts.version, facts.machine), []).append(rule)
    return known


def _kernel_line(line: ListedLine, known: Mapping[str, Sequence[Rule]], states: States) -> Cells:
    if line.rule is None:
        return {"type": "invalid", "error": line.error}
    rule = _told(line.text, line.rule, known)
    return {**rule_cells(rule, states.sources.facts), "state": states.of_kernel(rule).state.value}


def file_rows(source: str, files: Iterable[FileLine], states: States) -> Iterator[Cells]:
    """The lines of one source, in order."""
    positions = count(1)
    for line in files:
        if line.source != source:
            continue
        yield {
            "source": source,
            "source_path": line.path,
            "line": line.number,
            "position": None if line.number is None else next(positions),
            "text": line.text,
            **_said_cells(line, states),
        }


def _said_cells(line: FileLine, states: States) -> Cells:
    if line.number is None:
        return {"type": "unreadable", "error": line.error}
    rule = line.said.rule if line.said and line.said.verb is not Verb.DELETE else None
    if line.source == "audit.rules":
        stand = states.of_audit_rules(line.number)
    else:
        stand = states.of_rules_d(line.path.rpartition("/")[2], line.number, rule)
    shown = {"state": stand.state.value, "error": line.error or stand.reason}
    if line.said is None:
        return {"type": "invalid", **shown}
    return {"type": "control", **shown} if rule is None else {**rule_cells(rule, states.sources.facts), **shown}


def rule_cells(rule: Rule, facts: Facts) -> Cells:
    """The columns that show a rule's meaning."""
    shown = decided(rule, facts)
    path, permission, arch, others = _told_apart(rule.fields)
    return {
        "type": "watch" if rule.is_watch else "syscall",
        "action": rule.action.value,
        "list": rule.list.value,
        "path": path.value if path else "",
        "path_type": PATH_TYPES[path.name] if path else "",
        "permissions": letters(int(permission.value)) if permission else "",
        "arch": value_text(arch, facts.machine) if arch else "",
        "syscalls": comma_list(syscall_names(rule, facts.machine)) if rule.list in SYSCALL_LISTS else "",
        "fields": comma_list(field_text(condition, facts.machine) for condition in others),
        "keys": comma_list(rule.keys()),
        "rule": render(shown, facts.machine),
    }


def decided(rule: Rule, facts: Facts) -> Rule:
    """The rule with its path as a dir where it is one now; the text of a rule has to say one or the other."""
    if not any(isinstance(condition, Field) and condition.name == PATH_OR_DIR for condition in rule.fields):
        return rule
    fields = tuple(
        replace(condition, name="dir")
        if isinstance(condition, Field)
        and condition.name == PATH_OR_DIR
        and isinstance(condition.value, str)
        and Places(facts).walk(condition.value).type == "dir"
        else condition
        for condition in rule.fields
    )
    return replace(rule, fields=fields)


def _told_apart(
    conditions: Iterable[Condition],
) -> tuple[Field | None, Field | None, Field | None, list[Condition]]:
    """The path, the permissions and the arch that have columns of their own, and every other condition but the key."""
    found: dict[str, Field] = {}
    others: list[Condition] = []
    for condition in conditions:
        if not isinstance(condition, Field):
            others.append(condition)
            continue
        column = "path" if condition.name in PATH_TYPES else condition.name
        if column == "key":
            continue
        if column in found or column not in ("path", "perm", "arch") or condition.operator is not Operator.EQUAL:
            others.append(condition)
        elif column == "perm" and not condition.value:
            others.append(condition)  # perm without a letter never matches, and an empty cell says the opposite
        else:
            found[column] = condition
    return found.get("path"), found.get("perm"), found.get("arch"), others

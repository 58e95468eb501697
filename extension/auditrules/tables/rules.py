"""The rows of `audit_rules`: rules of the kernel, and each line of the rules files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, count

from auditrules.audit.auditctl.listing import syscall_names
from auditrules.audit.auditctl.normal_form import decided, field_text, render, value_text
from auditrules.audit.boot.drift import Drift
from auditrules.audit.boot.rules_files import AUDIT_RULES as AUDIT_RULES_FILE
from auditrules.audit.boot.rules_files import RULES_D
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import PATH_OR_DIR, SYSCALL_LISTS, Condition, Field, Operator, Rule, letters
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, comma_list, finished
from auditrules.tables.schemas import AUDIT_RULES

PATH_TYPES = {"path": "file", "dir": "dir", PATH_OR_DIR: ""}


def audit_rules(drift: Drift) -> list[Row]:
    """The rows of `audit_rules`: the kernel's, then those of rules.d, then those of audit.rules."""
    rows = chain(_kernel(drift), _file(RULES_D, drift), _file(AUDIT_RULES_FILE, drift))
    return finished(AUDIT_RULES.names, rows, ("source", "source_path", "line", "text"))


def _kernel(drift: Drift) -> Iterator[Cells]:
    """The kernel's rules in the order of evaluation, or the one row that says why they are not known."""
    lines = drift.reading.lines
    if lines is None:
        yield {"source": "kernel", "type": "unreadable", "error": drift.reading.error}
        return
    for position, (line, rule, found) in enumerate(zip(lines, drift.rules, drift.of_kernel, strict=True), start=1):
        cells = {"type": "invalid", "error": line.error} if rule is None else rule_cells(rule, drift.files.facts)
        yield {"source": "kernel", "position": position, "text": line.text, "state": found.state.value, **cells}


def _file(source: str, drift: Drift) -> Iterator[Cells]:
    """The lines of one source, in order."""
    positions = count(1)
    for line, found in zip(drift.files.lines, drift.of_files, strict=True):
        if line.source != source:
            continue
        cells: Cells = {"type": "control"}
        if line.number is None:
            cells = {"type": "unreadable"}
        elif line.parsed is None:
            cells = {"type": "invalid"}
        elif line.rule is not None:
            cells = rule_cells(line.rule, drift.files.facts)
        yield {
            "source": source,
            "source_path": line.path,
            "line": line.number,
            "position": None if line.number is None else next(positions),
            "text": line.text,
            "state": found.state.value,
            "error": line.error or found.reason,
            **cells,
        }


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

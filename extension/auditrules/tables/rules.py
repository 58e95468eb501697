"""The rows of `audit_rules`: rules of the kernel, and each line of the rules files."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple

from auditrules.audit.auditctl.listing import syscall_names
from auditrules.audit.auditctl.normal_form import decided, field_text, render, value_text
from auditrules.audit.boot.drift import Drift
from auditrules.audit.boot.rules_files import AUDIT_RULES as AUDIT_RULES_FILE
from auditrules.audit.boot.rules_files import RULES_D
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import PATH_OR_DIR, SYSCALL_LISTS, Condition, Field, Operator, Rule, letters
from auditrules.plugin.row import ROWID, KeptRow, Row, cell, own_cells, places, rowid
from auditrules.tables.cells import comma_list, text
from auditrules.tables.schemas import AUDIT_RULES

PATH_TYPES = {"path": "file", "dir": "dir", PATH_OR_DIR: ""}

_MEANING = AUDIT_RULES.names[AUDIT_RULES.names.index("type") : AUDIT_RULES.names.index("text")]
_PLACES = places((*AUDIT_RULES.names, ROWID))

# Cells whose values rules rarely share.
_LINE, _POSITION, _TEXT, _ROWID = map(own_cells, ("line", "position", "text", ROWID))
_OF_MEANING = tuple((name, own_cells(name) if name in ("path", "rule") else partial(cell, name)) for name in _MEANING)

_MEANING_PLACES = slice(AUDIT_RULES.names.index("type"), AUDIT_RULES.names.index("text"))

Meaning = tuple[bytes, ...]
"""The encoded cells that show the meaning of a rule or another line: columns `type` to `rule`."""

Known = Mapping[Hashable, tuple[bytes, ...]]
"""The encoded cells of a row with this rule, by the rule (and its decided form, if that is another)."""


class _RowContent(NamedTuple):
    """The content of a row. The first four fields identify it."""

    source: str
    path: str
    line: str
    text: str
    position: str
    meaning: Meaning
    state: str
    error: str
    rule: Hashable = None  # the key of the meaning, None if the line is no rule

    def row(self, number: int) -> KeptRow:
        """Encode the row; `number` distinguishes rows with the same identity."""
        source, path, line, found, position, meaning, state, error, _ = self
        return KeptRow(
            _PLACES,
            (
                cell("source", source),
                cell("source_path", path),
                _LINE(line),
                _POSITION(position),
                *meaning,
                _TEXT(found),
                cell("state", state),
                cell("error", error),
                _ROWID(rowid(source, path, line, found, str(number))),
            ),
        )


_IDENTITY = 4


class RuleRows:
    """Makes the rows of `audit_rules`. Encoded cells, and equal rows, are reused from the last time.

    A rule is mostly in the kernel, in rules.d and in audit.rules: its three rows share the cells of its meaning.
    """

    def __init__(self) -> None:
        self._last: tuple[list[Hashable], list[KeptRow]] = ([], [])  # the key of each row's rule, and the rows

    def __call__(self, drift: Drift) -> list[Row]:
        """The rows of the kernel, then of rules.d, then of audit.rules."""
        rules_before, rows_before = self._last  # another thread may replace them meanwhile
        shown = {rule: row.cells for rule, row in zip(rules_before, rows_before, strict=True) if rule is not None}
        seen: dict[tuple[object, ...], int] = {}
        known = {row.cells: row for row in rows_before}
        rules: list[Hashable] = []
        rows: list[KeptRow] = []
        files = (_of_file(source, drift, shown) for source in (RULES_D, AUDIT_RULES_FILE))
        for content in chain(_of_kernel(drift, shown), *files):
            identity = content[:_IDENTITY]
            number = seen.get(identity, 0)
            seen[identity] = number + 1
            row = content.row(number)
            row = known.get(row.cells, row)
            rows.append(row)
            rules.append(content.rule)
            if content.rule is not None:
                shown.setdefault(content.rule, row.cells)
        self._last = rules, rows
        return [*rows]


def _of_kernel(drift: Drift, known: Known) -> Iterator[_RowContent]:
    """The kernel's rules in the order of evaluation, or one row that says why they are not known."""
    lines = drift.reading.lines
    if lines is None:
        yield _RowContent("kernel", "", "", "", "", _meaning_of("unreadable"), "", text(drift.reading.error))
        return
    for position, (line, rule, found) in enumerate(zip(lines, drift.rules, drift.of_kernel, strict=True), start=1):
        if rule is None:
            key, meaning, error = None, _meaning_of("invalid"), text(line.error)
        else:
            (key, meaning), error = _meaning(rule, drift.files.facts, known), ""
        yield _RowContent("kernel", "", "", text(line.text), str(position), meaning, found.state.value, error, key)


def _of_file(source: str, drift: Drift, known: Known) -> Iterator[_RowContent]:
    """The lines of one source, in order."""
    position = 0
    facts = drift.files.facts
    for line, found in zip(drift.files.lines, drift.of_files, strict=True):
        if line.source != source:
            continue
        path, state, error = text(line.path), found.state.value, text(line.error or found.reason)
        if line.number is None:
            yield _RowContent(source, path, "", text(line.text), "", _meaning_of("unreadable"), state, error)
            continue
        position += 1
        if line.rule is not None:
            key, meaning = _meaning(line.rule, facts, known)
        else:
            key, meaning = None, _meaning_of("invalid" if line.parsed is None else "control")
        yield _RowContent(source, path, str(line.number), text(line.text), str(position), meaning, state, error, key)


def _meaning(rule: Rule, facts: Facts, known: Known) -> tuple[Hashable, Meaning]:
    """The key of a rule, and the cells of its meaning: from a row that has them, or encoded now."""
    shown = decided(rule, facts)
    key: Hashable = rule if shown is rule else (rule, shown)
    row = known.get(key)
    return key, _encoded(_shown(rule, shown, facts.machine)) if row is None else row[_MEANING_PLACES]


def audit_rules(drift: Drift) -> list[Row]:
    """The rows of `audit_rules`, without reuse."""
    return RuleRows()(drift)


def _encoded(shown: Mapping[str, str]) -> Meaning:
    return tuple([encoded(text(shown.get(name, ""))) for name, encoded in _OF_MEANING])


@lru_cache(8)
def _meaning_of(kind: str) -> Meaning:
    """The meaning of a line that is no rule."""
    return _encoded({"type": kind})


def _shown(rule: Rule, shown: Rule, machine: str) -> Mapping[str, str]:
    """The columns that show a rule's meaning; `shown` is the rule with its path decided on this host."""
    path, permission, arch, others = _split_conditions(rule.fields)
    return {
        "type": "watch" if rule.is_watch else "syscall",
        "action": rule.action.value,
        "list": rule.list.value,
        "path": str(path.value) if path else "",
        "path_type": PATH_TYPES[path.name] if path else "",
        "permissions": letters(int(permission.value)) if permission else "",
        "arch": value_text(arch, machine) if arch else "",
        "syscalls": comma_list(syscall_names(rule, machine)) if rule.list in SYSCALL_LISTS else "",
        "fields": comma_list(field_text(condition, machine) for condition in others),
        "keys": comma_list(rule.keys()),
        "rule": render(shown, machine),
    }


def _split_conditions(
    conditions: Iterable[Condition],
) -> tuple[Field | None, Field | None, Field | None, list[Condition]]:
    """The path, permissions and arch, which have their own columns, and all other conditions except the key."""
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
            others.append(condition)  # perm without a letter never matches; an empty cell would say the opposite
        else:
            found[column] = condition
    return found.get("path"), found.get("perm"), found.get("arch"), others

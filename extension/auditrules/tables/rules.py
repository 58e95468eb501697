"""The rows of `audit_rules`: rules of the kernel, and each line of the rules files."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache, partial
from typing import NamedTuple

from auditrules.audit.auditctl.kernel_answer import Lines
from auditrules.audit.auditctl.listing import syscall_names
from auditrules.audit.auditctl.normal_form import decided, field_text, render, value_text
from auditrules.audit.boot.drift import Drift, LineState, RuleState
from auditrules.audit.boot.rules_files import FileLine
from auditrules.audit.model.rule import PATH_OR_DIR, SYSCALL_LISTS, Condition, Field, Operator, Rule, letters
from auditrules.plugin.row import ROWID, KeptRow, Row, cell, own_cells, places, rowid_of, shared_cells
from auditrules.tables.cells import comma_list, text
from auditrules.tables.schemas import AUDIT_RULES

PATH_TYPES = {"path": "file", "dir": "dir", PATH_OR_DIR: ""}

_PLACES = places((*AUDIT_RULES.names, ROWID))

# Columns whose values rules rarely share, columns with few values, and columns between the two.
_LINE, _POSITION, _PATH, _RULE, _TEXT, _ROWID = map(own_cells, ("line", "position", "path", "rule", "text", ROWID))
_SOURCE, _SOURCE_PATH, _STATE, _ERROR = map(shared_cells, ("source", "source_path", "state", "error"))
_TYPE, _ACTION, _LIST, _PATH_TYPE, _PERMISSIONS, _ARCH = map(
    shared_cells, ("type", "action", "list", "path_type", "permissions", "arch")
)
_SYSCALLS, _FIELDS, _KEYS = (partial(cell, name) for name in ("syscalls", "fields", "keys"))

_POSITION_PLACE = AUDIT_RULES.names.index("position")
_MEANT = slice(AUDIT_RULES.names.index("type"), AUDIT_RULES.names.index("text"))  # of the cells of a row

Meaning = tuple[bytes, ...]
"""The encoded cells that show the meaning of a rule or another line: columns `type` to `rule`."""

_Identity = tuple[str, str, str, str, str]
"""What identifies a row: source, path, line, text, and the number of kernel rules before it with the same text."""

_NOTHING = tuple(cell(name, "") for name in AUDIT_RULES.names[_MEANT][1:])  # of a line that is no rule, behind its type


class _Made(NamedTuple):
    """The rows of the kernel's lines, then of the files' lines; for each the key of its rule, and its state."""

    rows: list[KeptRow]
    rules: list[Hashable]
    states: list[LineState]
    of_kernel: Lines | None = None
    of_files: tuple[FileLine, ...] = ()
    machine: str = ""


class RuleRows:
    """Makes the rows of `audit_rules`. Encoded cells, and equal rows, are reused from the last time.

    A rule is mostly in the kernel, in rules.d and in audit.rules: its three rows share the cells of its meaning.
    """

    def __init__(self) -> None:
        self._last = _Made([], [], [])

    def __call__(self, drift: Drift) -> list[Row]:
        """The rows: the kernel's, then those of rules.d, then those of audit.rules."""
        made = _Rows(drift, self._last)  # another thread may put newer ones in their place
        made.add_kernel()
        made.add_files()
        files = drift.files
        self._last = _Made(made.rows, made.rules, made.states, drift.reading.lines, files.lines, files.facts.machine)
        return [*made.rows]


class _Rows:
    """Makes the rows and the rest of `_Made`; what has not changed is reused."""

    def __init__(self, drift: Drift, before: _Made) -> None:
        self.rows: list[KeptRow] = []
        self.rules: list[Hashable] = []
        self.states: list[LineState] = []
        self._drift = drift
        self._before = before
        # The cells of a row that shows a meaning, by the key of that.
        self._meant = {rule: row.cells for rule, row in zip(before.rules, before.rows, strict=True) if rule is not None}
        self._known = {row.cells: row for row in before.rows}

    def add_kernel(self) -> None:
        """Add the kernel's rules in the order of evaluation, or the one row that says why they are not known."""
        drift, before = self._drift, self._before
        lines = drift.reading.lines
        if lines is None:
            found = LineState(RuleState.NOTHING, drift.reading.error)
            self._add_other(("kernel", "", "", "", "0"), "", "unreadable", found, "")
            return
        seen: dict[str, int] = {}
        for place, (line, rule, found) in enumerate(zip(lines, drift.rules, drift.of_kernel, strict=True)):
            shown = text(line.text)
            number = seen.get(shown, 0)
            seen[shown] = number + 1
            identity = ("kernel", "", "", shown, str(number))
            if lines is before.of_kernel and found == before.states[place] and rule is before.rules[place]:
                self._keep(place)
            elif rule is None:
                self._add_other(identity, str(place + 1), "invalid", found, line.error)
            else:
                self._add_rule(identity, str(place + 1), rule, found, line.error)

    def add_files(self) -> None:
        """Add the lines of rules.d, then those of audit.rules, in order."""
        lines, before = self._drift.files.lines, self._before
        first = len(before.rows) - len(before.of_files)
        source, position = "", 0
        for place, (line, found) in enumerate(zip(lines, self._drift.of_files, strict=True), start=first):
            if line.source != source:
                source, position = line.source, 0
            if line.number is not None:
                position += 1
            if place < len(before.rows) and self._is_as_before(place, line, str(position), found):
                self._keep(place)
            else:
                self._add_line(line, str(position), found)

    def _is_as_before(self, place: int, line: FileLine, position: str, found: LineState) -> bool:
        """Whether a line of a file has the row that it had before."""
        before = self._before
        return (
            found == before.states[place]
            and line == before.of_files[place - len(before.rows)]  # the last rows are those of files
            and _POSITION(position) == before.rows[place].cells[_POSITION_PLACE]
            and before.machine == self._drift.files.facts.machine
        )

    def _keep(self, place: int) -> None:
        """Reuse a row."""
        self.rows.append(self._before.rows[place])
        self.rules.append(self._before.rules[place])
        self.states.append(self._before.states[place])

    def _add_line(self, line: FileLine, position: str, found: LineState) -> None:
        if line.number is None:
            identity = (line.source, text(line.path), "", text(line.text), "0")
            self._add_other(identity, "", "unreadable", found, line.error)
            return
        identity, rule = (line.source, text(line.path), str(line.number), text(line.text), "0"), line.rule
        if rule is not None:
            self._add_rule(identity, position, rule, found, line.error)
        else:
            self._add_other(identity, position, "invalid" if line.parsed is None else "control", found, line.error)

    def _add_rule(self, identity: _Identity, position: str, rule: Rule, found: LineState, error: str) -> None:
        key: Hashable = rule
        shows = self._meant.get(key)
        if shows is None and (shown := decided(rule, self._drift.files.facts)) is not rule:
            key = (rule, shown)
            shows = self._meant.get(key)
        meaning = _meaning(rule, shown, self._drift.files.facts.machine) if shows is None else shows[_MEANT]
        self.rules.append(key)
        self._add(identity, position, meaning, found, error)
        if shows is None:
            self._meant[key] = self.rows[-1].cells

    def _add_other(self, identity: _Identity, position: str, kind: str, found: LineState, error: str) -> None:
        self.rules.append(None)
        self._add(identity, position, _meaning_of(kind), found, error)

    def _add(self, identity: _Identity, position: str, meaning: Meaning, found: LineState, error: str) -> None:
        source, path, line, shown, _ = identity
        cells = (
            _SOURCE(source),
            _SOURCE_PATH(path),
            _LINE(line),
            _POSITION(position),
            *meaning,
            _TEXT(shown),
            _STATE(found.state),
            _ERROR(text(error or found.reason)),
            _ROWID(rowid_of("\0".join(identity).encode())),
        )
        self.states.append(found)
        self.rows.append((self._known and self._known.get(cells)) or KeptRow(_PLACES, cells))


@lru_cache(8)
def _meaning_of(kind: str) -> Meaning:
    """The meaning of a line that is no rule."""
    return _TYPE(kind), *_NOTHING


def _meaning(rule: Rule, shown: Rule, machine: str) -> Meaning:
    """The cells of a rule's meaning; `shown` is the rule with its path decided on this host."""
    path, permission, arch, others = _split_conditions(rule.fields)
    return (
        _TYPE("watch" if rule.is_watch else "syscall"),
        _ACTION(rule.action),
        _LIST(rule.list),
        _PATH(text(path.value) if path else ""),
        _PATH_TYPE(PATH_TYPES[path.name] if path else ""),
        _PERMISSIONS(letters(int(permission.value)) if permission else ""),
        _ARCH(value_text(arch, machine) if arch else ""),
        _SYSCALLS(comma_list(syscall_names(rule, machine)) if rule.list in SYSCALL_LISTS else ""),
        _FIELDS(comma_list(field_text(condition, machine) for condition in others)),
        _KEYS(comma_list(rule.keys())),
        _RULE(text(render(shown, machine))),
    )


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

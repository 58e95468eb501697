"""The state of a rules file's line while its flags are read; auditctl has global variables for it (src/auditctl.c)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NoReturn

from auditrules.audit.auditctl.getopt import Flags
from auditrules.audit.auditctl.rules_file import Word
from auditrules.audit.constants import arches
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import (
    Action,
    Comparison,
    Condition,
    ControlFlag,
    FilterList,
    Operator,
    ParsedLine,
    shared_field,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.values import dataclass, field

MOST_FIELDS = 63  # AUDIT_MAX_FIELDS, less the one that auditctl keeps for the key


class BuildState(Enum):
    """What auditctl will do with the line, from the flags read so far."""

    CONTROL = "it waits for a reply"
    RULE = "it sends a rule"
    DONE = "it is done; words behind the flag are an error"
    RETURNED = "it is done, and ignores the rest of the line"


@dataclass(slots=True)
class Draft:
    """The state of one line."""

    text: str
    facts: Facts
    options: Flags
    type_at: Callable[[str], str | None]  # what is at a path, as `ResolvedPath.type` says it
    outcome: BuildState = BuildState.CONTROL
    add: FilterList | None = None
    remove: FilterList | None = None
    prepended: bool = False
    action: Action | None = None
    operations: int = 0  # how many of -a, -A and -d the line has
    mask: int = 0
    arch: int | None = None  # the architecture whose names -S takes
    has_syscalls: bool = False
    has_permission: bool = False
    has_exe: bool = False
    has_file_system: bool = False
    keys: list[str] = field(default_factory=list)
    fields: list[Condition] = field(default_factory=list)
    controls: list[ControlFlag] = field(default_factory=list)
    listing_asked: bool = False

    @property
    def list(self) -> FilterList | None:
        """The list of the rule that is added or deleted."""
        return self.add or self.remove

    @property
    def machine(self) -> str:
        """The machine whose names -S takes."""
        return arches.machine_of(self.arch, self.facts.machine)

    def line_so_far(self) -> ParsedLine:
        """The line without a rule."""
        return ParsedLine(tuple(self.controls))

    def fail(self, expected: str, word: Word | None = None) -> NoReturn:
        """Raise RuleSyntaxError: what was expected in place of this word, or at the end of the line."""
        end = len(self.text)
        span = (word.start, word.end) if word else (end, end)
        raise RuleSyntaxError(expected, self.text, span, tuple(self.controls))

    def control(self, flag: str, value: str = "") -> None:
        """Add a control."""
        self.controls.append(ControlFlag(flag, value))

    def condition(self, condition: Condition, word: Word) -> None:
        """Add a field."""
        if len(self.fields) >= MOST_FIELDS:
            self.fail(f"at most {MOST_FIELDS} fields", word)
        self.fields.append(condition)

    def all_syscalls(self) -> None:
        """Set every bit, as `-S all` does."""
        self.mask |= ALL_SYSCALLS

    @property
    def may_take_key(self) -> bool:
        """Whether the line has what a key needs before it."""
        return self.has_syscalls or self.has_permission or self.has_exe or self.has_file_system

    def set_permissions(self, bits: int, word: Word) -> None:
        """Set the value of every perm field, or add such a field (libaudit.c, audit_update_watch_perms)."""
        if not self.fields:
            self.fail("a field or a watched path before the permissions", word)
        found = False
        for index, condition in enumerate(self.fields):
            if not isinstance(condition, Comparison) and condition.name == "perm":
                self.fields[index] = shared_field("perm", condition.operator, bits)
                found = True
        if not found:
            self.condition(shared_field("perm", Operator.EQUAL, bits), word)

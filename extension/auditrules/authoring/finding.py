"""The values of lint: findings with their places and kinds, costs, and the report of an input."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditrules.audit.model.host_facts import Version, dotted
from auditrules.values import dataclass, field


class LintSeverity(str, Enum):
    """The severity of a finding, the worst first, with SARIF's words."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of finding. `id` is stable; `effect` says what happens, `advice` what to do."""

    id: str
    severity: LintSeverity
    title: str
    effect: str
    advice: str


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, with the number that auditctl counts; 0: the file itself."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        """Write `FILE:LINE`."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def __lt__(self, other: Place) -> bool:
        """Sort by file and line."""
        return (self.path, self.line) < (other.path, other.line)


@dataclass(frozen=True, slots=True)
class LintTarget:
    """A version of auditctl and a machine for which rules are read."""

    version: Version
    machine: str

    def __str__(self) -> str:
        """Write it as in `auditctl 3.0.9 on x86_64`."""
        return f"auditctl {dotted(self.version)} on {self.machine}"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A finding at a place.

    `text` is the line, `span` the part of it that is meant, in characters from 0. `related` are other places, with what
    they have to do with it. `targets` are those that it holds for, `suppressed` the reason that a comment gives for
    leaving it as it is.
    """

    kind: FindingKind
    place: Place
    message: str
    text: str = ""
    span: tuple[int, int] | None = None
    related: tuple[tuple[Place, str], ...] = ()
    targets: tuple[LintTarget, ...] = ()
    suppressed: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """The number of rules that the kernel tries at the end of a system call.

    `listed` are the rules of the exit list whose mask is looked at for every call, `always` those of them that are
    compared for every call. `calls` are the calls for which most rules are compared, worst first. `on_inodes` are the
    rules that are asked only if a call uses a file with an inode in the same of 32 buckets, `undecided` those that are
    either: a watch on a path of which it is not known whether it is a directory. The last three say what a change would
    save: rules that could be one with another, that need not be asked at most calls if they named those of their
    letters, and that could come earlier.
    """

    listed: int = 0
    always: int = 0
    calls: tuple[tuple[str, int], ...] = ()
    on_inodes: int = 0
    undecided: int = 0
    merged_away: int = 0
    limited: int = 0
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """The load on a target: how many rules it reads and loads, which lines it refuses, and where it stops."""

    target: LintTarget
    rules: int
    loaded: int
    refused: tuple[Place, ...] = ()
    stopped_at: Place | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings in one input, in order, and the load on each target."""

    name: str
    files: tuple[str, ...]
    findings: tuple[LintFinding, ...]
    outcomes: tuple[LoadOutcome, ...]

    def of_severity(self, severity: LintSeverity) -> tuple[LintFinding, ...]:
        """The findings of a severity that no comment suppresses."""
        return tuple(each for each in self.findings if each.kind.severity is severity and each.suppressed is None)

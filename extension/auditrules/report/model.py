"""The values of a fleet report: `evaluate` makes them from the logs, and `present` writes them.

Times are Unix seconds, UTC. Text from a log is as hostile as its host, so every format must escape it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from auditrules.status import Status


class HostState(Enum):
    """Whether a host's verdicts can be trusted."""

    REPORTING = "reporting"
    """It reported every control within the maximum age."""
    STALE = "stale"
    """Its last report is older than that."""
    MISSING = "missing"
    """The inventory names it, but no log does."""
    FAILING = "failing"
    """It reports, but one of our queries fails there, or the extension is not loaded, so its verdicts are old."""
    NO_ROWS = "no_rows"
    """It runs our queries, but they return nothing."""


class ChangeKind(Enum):
    """How a verdict changed within the window."""

    NEWLY_FAILING = "newly_failing"
    FIXED = "fixed"
    GONE_SILENT = "gone_silent"
    OTHER = "other"


class WaiverState(Enum):
    """Whether a waiver is in force."""

    ACTIVE = "active"
    EXPIRED = "expired"
    UNUSED = "unused"
    """In force, but there is nothing to waive."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody's decision to accept a failure. It is shown beside the failure, and changes no status."""

    hosts: str
    """The name or key of a host, or a glob."""
    control: str
    reason: str
    owner: str
    expires: str
    """The last day on which it holds, as YYYY-MM-DD, UTC."""
    state: WaiverState = WaiverState.ACTIVE


# Not frozen, although nobody changes it: there are many, and a frozen one takes five times as long to make.
@dataclass(slots=True)
class Verdict:
    """The latest verdict of one host on one control and one target."""

    host: str
    """The host's key, as in `HostSummary.key`."""
    benchmark: str
    version: str
    control: str
    title: str
    level: str
    target: str
    """The path that decided; empty: no row ever named one."""
    status: Status
    """The status that counts. It is unknown if the host is stale, missing or failing, whatever its last row said."""
    logged: str
    """The status word of the last row as in the log; empty: there is none."""
    reason: str
    """The row's reason word, or one of the report's own: stale, missing, query_failed, extension_missing,
    no_rows, gone (the query ran and the row vanished), clock_wrong, too_many_targets, unknown_status."""
    evidence: str
    """The row's evidence, or a sentence that says why nothing is known."""
    next_boot: str
    since: int | None
    """Since when it has this `status`; None: not known."""
    seen: int | None
    """When the host reported it last; None: never."""
    waiver: Waiver | None = None
    """The waiver of a failing or unknown verdict, active or expired."""
    family: str = ""
    """The family of the control in the catalogue; empty: the catalogue does not know it."""

    @property
    def waived(self) -> bool:
        """Whether a waiver that has not expired accepts this failure."""
        return self.waiver is not None and self.waiver.state is WaiverState.ACTIVE


@dataclass(frozen=True, slots=True)
class HostSummary:
    """A host and the worst status of its verdicts."""

    key: str
    """decorations.host_uuid, else the host identifier."""
    name: str
    """Its newest host name, else the identifier."""
    group: str
    """The value of the column by which hosts are grouped; empty: there is no such column, or no value."""
    state: HostState
    status: Status
    """The worst of its verdicts."""
    last_seen: int | None
    note: str
    """Remarks on it: a new name, an identifier that it shares, a wrong clock, the error of a query."""
    identified_by: str = ""
    """The identifier that distinguishes it: `host_uuid`, `host identifier` or `name`, several joined by *and* if one
    alone is not enough, or `inventory` if no log names it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of verdicts with each status. `waived` are among `failed` and `unknown`."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0
    waived: int = 0

    @property
    def judged(self) -> int:
        """The verdicts that passed or failed: the denominator of `share`."""
        return self.passed + self.failed

    @property
    def share(self) -> float | None:
        """The part of `judged` that passed, 0 to 1; None: nothing was judged. Unknown verdicts count in neither."""
        return self.passed / self.judged if self.judged else None

    @property
    def total(self) -> int:
        """All verdicts."""
        return self.judged + self.unknown + self.not_applicable


@dataclass(frozen=True, slots=True)
class ControlCounts:
    """One control over the fleet. Each host counts once, with its worst target."""

    benchmark: str
    version: str
    control: str
    title: str
    level: str
    counts: Counts
    family: str = ""
    """The family of the control in the catalogue; empty: the catalogue does not know it."""


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """One value of the column by which hosts are grouped, over all controls. Each host and control counts once."""

    group: str
    hosts: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Day:
    """The state at the end of a day (UTC), or at the end of the window. Each host and control counts once."""

    day: str
    """YYYY-MM-DD."""
    counts: Counts


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that changed within the window."""

    at: int
    kind: ChangeKind
    host: str
    """The host's key."""
    benchmark: str
    version: str
    control: str
    target: str
    before: str
    after: str
    """Status words."""
    evidence: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A line, or a whole file (line 0), that could not be read."""

    file: str
    line: int
    cause: str
    host: str = ""
    """The host that the line names, whose verdicts may be missing; empty: none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Counts of what was read, and problems."""

    files: int
    lines: int
    rows: int
    """Verdicts, each counted once, even if its line was read several times."""
    repeated: int
    """Verdicts that had been read before."""
    passed_over: int
    """Lines of osquery that are not about our controls."""
    broken: int
    """Lines that are no line of a log."""
    first_broken: tuple[Broken, ...]
    """The first ten."""
    unreadable: tuple[Broken, ...]
    """Files that could not be read to their end."""
    dated_by_file: int = 0
    """Verdicts of exports without a time, which are assumed to be as new as the file."""
    broken_hosts: tuple[str, ...] = ()
    """Hosts that broken lines name, in order: their verdicts may be missing."""

    @property
    def unread(self) -> bool:
        """Whether something that may have held verdicts could not be read."""
        return bool(self.broken or self.unreadable)


@dataclass(frozen=True, slots=True)
class Report:
    """The content of a report, in the order in which it is shown."""

    tool_version: str
    made_at: int
    start: int | None
    """The first moment of the window that the logs cover, as `end` is the last one; None: they hold nothing."""
    end: int | None
    max_age: int
    """Seconds after which a host's last report is stale."""
    inventory: int | None
    """The number of hosts in the inventory; None: there is no inventory."""
    grouped_by: str
    """The column by which hosts are grouped; empty: none."""
    counts: Counts
    """Counts each host and control once, with its worst target. `verdicts` may be longer: it has all targets."""
    host_counts: Counts
    """Counts each host once, with its worst status."""
    controls: tuple[ControlCounts, ...]
    groups: tuple[GroupCounts, ...]
    trend: tuple[Day, ...]
    hosts: tuple[HostSummary, ...]
    verdicts: tuple[Verdict, ...]
    """Sorted by status, then control, host and target."""
    changes: tuple[Change, ...]
    """The newest first."""
    waivers: tuple[Waiver, ...]
    reading: Reading
    notes: tuple[str, ...]
    """Warnings about the data, which a reader must know before trusting the numbers; a sentence each."""

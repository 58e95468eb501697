"""What a fleet report is made of: frozen values, between what judges the logs and what presents the report.

Times are Unix seconds, UTC. All text that came out of a log is as hostile as its host: what presents it escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from auditrules.status import Status


class HostState(Enum):
    """How much a host's verdicts are worth."""

    REPORTING = "reporting"
    """It said something of every control within the age that is allowed."""
    STALE = "stale"
    """Its last word is older than that."""
    MISSING = "missing"
    """The inventory names it, and no log does."""
    FAILING = "failing"
    """It talks, but a query of ours fails there, or the extension is not loaded: its verdicts are old."""
    NO_ROWS = "no_rows"
    """It runs our queries, and they return nothing."""


class ChangeKind(Enum):
    """What happened to a verdict within the window."""

    NEWLY_FAILING = "newly_failing"
    FIXED = "fixed"
    GONE_SILENT = "gone_silent"
    OTHER = "other"


class WaiverState(Enum):
    """Whether a waiver is in force."""

    ACTIVE = "active"
    EXPIRED = "expired"
    UNUSED = "unused"
    """In force, with nothing to waive."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody's decision to live with a failure: it is said beside the failure, and changes no status."""

    hosts: str
    """A host's name or key, or a glob of them."""
    control: str
    reason: str
    owner: str
    expires: str
    """The last day on which it holds, as YYYY-MM-DD, UTC."""
    state: WaiverState = WaiverState.ACTIVE


# Not frozen, though nobody changes one: there are many, and a frozen one takes five times as long to make.
@dataclass(slots=True)
class Verdict:
    """The latest word of one host on one control and one target."""

    host: str
    """The host's key, as in `HostSummary.key`."""
    benchmark: str
    version: str
    control: str
    title: str
    level: str
    target: str
    """The path that decided; empty where no row ever named one."""
    status: Status
    """What it counts as: a host that is stale, missing or failing is unknown whatever its last row said."""
    logged: str
    """The status word of the last row as the log has it; empty where there is none."""
    reason: str
    """The row's reason word, or for a status that the report gave: stale, missing, query_failed, extension_missing,
    no_rows, gone (the query ran and the row vanished), clock_wrong, too_many_targets, unknown_status."""
    evidence: str
    """The row's evidence, or in a sentence why nothing is known."""
    next_boot: str
    since: int | None
    """Since when `status` has been what it is; None where nobody knows."""
    seen: int | None
    """When the host last said this; None if never."""
    waiver: Waiver | None = None
    """The waiver of a failing or unknown verdict, active or expired."""
    family: str = ""
    """What the control is about, as the catalogue has it; empty where the catalogue does not know it."""

    @property
    def waived(self) -> bool:
        """Whether somebody decided to live with this failure, until a day that has not passed."""
        return self.waiver is not None and self.waiver.state is WaiverState.ACTIVE


@dataclass(frozen=True, slots=True)
class HostSummary:
    """A host, and the worst word on it."""

    key: str
    """decorations.host_uuid, else the host identifier."""
    name: str
    """Its newest host name, else the identifier."""
    group: str
    """The value of the column that was grouped by; empty where none was, or where the host has none."""
    state: HostState
    status: Status
    """The worst of its verdicts."""
    last_seen: int | None
    note: str
    """What else is to be known of it: renamed, an identifier that it shares, a clock that is wrong, a query's error."""
    identified_by: str = ""
    """What tells it apart from others: `host_uuid`, `host identifier` or `name`, several joined by *and* where one
    alone is that of several hosts, or `inventory` where no log names it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many verdicts have which status. `waived` are among `failed` and `unknown`."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0
    waived: int = 0

    @property
    def judged(self) -> int:
        """How much passed or failed: the denominator of `share`."""
        return self.passed + self.failed

    @property
    def share(self) -> float | None:
        """The part of the judged that passed, 0 to 1; None where nothing was judged. Unknown is in neither."""
        return self.passed / self.judged if self.judged else None

    @property
    def total(self) -> int:
        """All of them."""
        return self.judged + self.unknown + self.not_applicable


@dataclass(frozen=True, slots=True)
class ControlCounts:
    """One control over the fleet: each host counts once, with its worst target."""

    benchmark: str
    version: str
    control: str
    title: str
    level: str
    counts: Counts
    family: str = ""
    """What it is about, as the catalogue has it; empty where the catalogue does not know it."""


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """One value of the column that is grouped by, over all controls; each host and control counts once."""

    group: str
    hosts: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Day:
    """The state at the end of a day (UTC), or at the end of the window; each host and control counts once."""

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
    """The host that the line names, whose verdicts may be missing; empty where it names none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read."""

    files: int
    lines: int
    rows: int
    """Verdicts, each counted once however often its line was met."""
    repeated: int
    """Verdicts that had been read before."""
    passed_over: int
    """Lines of osquery that say nothing of our controls."""
    broken: int
    """Lines that are no log line at all."""
    first_broken: tuple[Broken, ...]
    """The first ten."""
    unreadable: tuple[Broken, ...]
    """Files that could not be read, or not to their end."""
    dated_by_file: int = 0
    """Verdicts of exports that have no time of their own, and are taken to be as new as the file."""
    broken_hosts: tuple[str, ...] = ()
    """Hosts that broken lines name, in order: verdicts of theirs may be missing."""

    @property
    def unread(self) -> bool:
        """Whether something could not be read that may have held verdicts."""
        return bool(self.broken or self.unreadable)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report says, in the order in which it says it."""

    tool_version: str
    made_at: int
    start: int | None
    """The first and the last moment of the window, which is what the logs hold of it; None where they hold nothing."""
    end: int | None
    max_age: int
    """Seconds after which a host's last word is stale."""
    inventory: int | None
    """How many hosts the inventory names; None if there is none."""
    grouped_by: str
    """The column; empty if none."""
    counts: Counts
    """Each host and control once, with its worst target: `verdicts` are one a target, and may be more."""
    host_counts: Counts
    """Each host once, with its worst word."""
    controls: tuple[ControlCounts, ...]
    groups: tuple[GroupCounts, ...]
    trend: tuple[Day, ...]
    hosts: tuple[HostSummary, ...]
    verdicts: tuple[Verdict, ...]
    """By status, then control, host and target."""
    changes: tuple[Change, ...]
    """The newest first."""
    waivers: tuple[Waiver, ...]
    reading: Reading
    notes: tuple[str, ...]
    """What a reader must know before believing a number, a sentence each."""

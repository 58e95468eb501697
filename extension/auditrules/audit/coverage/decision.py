"""The possible outcomes of an access, and its status: recorded, conditional, unrecorded or unknown."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Pending, Truth
from auditrules.audit.model.rule import Condition
from auditrules.values import dataclass

RECORDS_OF_AN_EVENT = 12  # more than an access to a file ever makes


class Cause(str, Enum):
    """Why an access ends in an outcome."""

    RULE = "rule"  # of the exit list
    NO_RULE = "no_rule"  # matched
    REPORTED = "reported"  # the kernel writes a record of its own
    TASK = "task"  # a rule of the task list, evaluated when the task was forked
    EXCLUDED = "excluded"
    DISABLED = "disabled"
    NO_CONTEXT = "no_context"  # the task is older than auditing
    RATE_LIMIT = "rate_limit"
    UNREADABLE = "unreadable"


CaseCondition = tuple[Cause, Condition]  # a condition, with its rule's list: TASK, EXCLUDED, or RULE for the exit list


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which an access may end: recorded or not, and by which rule, if the `pending` conditions hold."""

    cause: Cause
    resolved: ResolvedRule | None = None
    pending: tuple[Pending, ...] = ()
    keys: tuple[str, ...] = ()
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """All possible outcomes of an access, in the order of evaluation; one of them happens."""

    outcomes: tuple[Outcome, ...]
    cut: bool = False  # there are more outcomes, which would not change the result

    @property
    def recorded(self) -> Truth:
        """Whether the kernel records it."""
        found = {each.recorded for each in self.outcomes}
        return Truth.MAYBE if len(found) > 1 else Truth.YES if True in found else Truth.NO

    @property
    def waits_for(self) -> frozenset[Undetermined]:
        """The missing facts that the answer depends on; empty if it is yes or no."""
        if self.recorded is not Truth.MAYBE:
            return frozenset()
        return frozenset(pending.why for each in self.outcomes for pending in each.pending)


@dataclass(frozen=True, slots=True)
class Auditing:
    """The state of auditing: `enabled` as in `auditctl -s` (None: not known, taken as on), and its -r (0: no limit)."""

    enabled: int | None = 1
    rate_limit: int = 0

    @property
    def limited(self) -> bool:
        """Whether the rate limit may drop records of a single event."""
        return 0 < self.rate_limit <= RECORDS_OF_AN_EVENT


ON = Auditing()


class CoverageStatus(Enum):
    """Whether one or several accesses are recorded: for all subjects, for some, for none, or not known."""

    RECORDED = "recorded"
    CONDITIONAL = "conditional"
    UNRECORDED = "unrecorded"
    UNKNOWN = "unknown"


def combine(statuses: Iterable[CoverageStatus]) -> CoverageStatus:
    """The common status of several accesses. A certainly unrecorded one counts more than an unknown one."""
    found = set(statuses)
    if len(found) == 1:
        return found.pop()
    return (
        CoverageStatus.CONDITIONAL
        if found & {CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL}
        else CoverageStatus.UNKNOWN
    )

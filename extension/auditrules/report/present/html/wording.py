"""Writes numbers, times, statuses and texts for the page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditrules.report.model import Change, ChangeKind, ControlCounts, Counts, HostState, HostSummary, Verdict
from auditrules.report.present.html.findings import FailureCause
from auditrules.report.present.wording import Naming, percent
from auditrules.report.present.wording import label as of_control
from auditrules.report.times import utc_minute
from auditrules.status import Status
from auditrules.text import visible

LONGEST = 4000
"""The longest text from a log that is shown, in characters, so that no host can make the page endless."""

STATUSES = tuple(Status)
STATES = tuple(HostState)
KINDS = tuple(ChangeKind)

WHY: Mapping[HostState, str] = MappingProxyType(
    {
        HostState.REPORTING: "",
        HostState.STALE: "its last result has expired",
        HostState.MISSING: "the inventory names it, and no log does",
        HostState.FAILING: "it reports, but a query fails there or the extension is not loaded",
        HostState.NO_ROWS: "its queries return no rows",
    }
)


def shown(text: str) -> str:
    r"""Make a text fit for a page: characters that are not printable become escapes, and it is cut at `LONGEST`.

    >>> shown("a\x1b]0;b\nc")
    'a\\x1b]0;b\nc'
    """
    if len(text) <= LONGEST:
        return "\n".join(map(visible, text.split("\n")))
    return f"{shown(text[:LONGEST])}… ({len(text) - LONGEST:,} more characters)"


def words(value: Status | HostState | ChangeKind) -> str:
    """Write a word of the report as a person does: `not_applicable` is not applicable.

    A host whose queries fail is not one that fails a control.
    """
    if value is HostState.FAILING:
        return "query fails"
    return str(value.value).replace("_", " ")


def number(count: int) -> str:
    """Write a count with commas between its thousands."""
    return f"{count:,}"


def utc(seconds: int | None, never: str = "never") -> str:
    """Write Unix seconds to the minute, in UTC.

    >>> utc(1795435200), utc(None)
    ('2026-11-23 12:00', 'never')
    """
    return never if seconds is None else utc_minute(seconds)


def share(counts: Counts) -> str:
    """Write the pass rate with its numbers, and the verdicts that it leaves out.

    >>> share(Counts(passed=3, failed=2, unknown=2, not_applicable=1))
    '60 % of the 5 judged pass (3 of 5); 2 unknown and 1 not applicable are not counted'
    """
    judged = (
        f"{percent(counts)} of the {number(counts.judged)} judged pass "
        f"({number(counts.passed)} of {number(counts.judged)})"
        if counts.judged
        else "Nothing was judged"
    )
    apart = [
        f"{number(count)} {word}"
        for count, word in ((counts.unknown, "unknown"), (counts.not_applicable, "not applicable"))
        if count
    ]
    if not apart:
        return judged
    verb = "is" if counts.unknown + counts.not_applicable == 1 else "are"
    return f"{judged}; {' and '.join(apart)} {verb} not counted"


def parts(counts: Counts) -> tuple[tuple[Status, int], ...]:
    """Return each status with its count, in the order of a bar: passes come first."""
    return (
        (Status.PASS, counts.passed),
        (Status.FAIL, counts.failed),
        (Status.UNKNOWN, counts.unknown),
        (Status.NOT_APPLICABLE, counts.not_applicable),
    )


def spoken(counts: Counts) -> str:
    """Describe a bar in words."""
    return ", ".join(f"{number(count)} {words(status)}" for status, count in parts(counts) if count) or "nothing"


def why(host: HostSummary) -> str:
    """Say why a host does not report, and give other remarks on it."""
    return "; ".join(text for text in (WHY[host.state], host.note) if text)


def label(each: ControlCounts | Change | Verdict | FailureCause, naming: Naming) -> str:
    """Return the unique name of a control in the report: its number, with benchmark or version if needed."""
    return of_control(each.benchmark, each.version, each.control, naming)

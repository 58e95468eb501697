"""Sentences that the formats, the summary and the page share."""

from __future__ import annotations

from auditrules.report.model import ControlCounts, Counts, Verdict, Waiver
from auditrules.text import visible

_TENTHS = 1000  # of a percent, in the whole


def percent(counts: Counts) -> str:
    """Write the pass rate, rounded down to a tenth: 100 % means that all passed, 0 % that none did.

    >>> percent(Counts(passed=2, failed=1)), percent(Counts(passed=1, failed=9999)), percent(Counts(unknown=3))
    ('66.6 %', 'under 0.1 %', 'none judged')
    """
    if not counts.judged:
        return "none judged"
    tenths = counts.passed * _TENTHS // counts.judged
    if counts.passed and not tenths:
        return "under 0.1 %"
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth} %" if tenth else f"{whole} %"


def waiver_text(waiver: Waiver) -> str:
    """Say who accepts a failure until when, and why."""
    state = waiver.state.value
    return visible(f"waiver ({state}), until {waiver.expires}, by {waiver.owner}: {waiver.reason}")


def control_name(verdict: Verdict) -> str:
    """Return number and title of a control; the title alone where a host has no control."""
    return f"{verdict.control} {verdict.title}" if verdict.control else verdict.title


def control_heading(of: Verdict | ControlCounts) -> str:
    """Return benchmark, number and title of a control; the title alone where there is no control."""
    return f"{of.benchmark} {of.version}, {of.control}: {of.title}" if of.benchmark or of.control else of.title

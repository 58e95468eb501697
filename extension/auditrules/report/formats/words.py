"""What more than one format says in the same words."""

from __future__ import annotations

from auditrules.present import visible
from auditrules.report.model import Verdict, Waiver
from auditrules.report.remedy import remedy


def waived(waiver: Waiver) -> str:
    """Say who lives with a failure until when, and why."""
    state = waiver.state.value
    return visible(f"waiver ({state}), until {waiver.expires}, by {waiver.owner}: {waiver.reason}")


def remediation(verdict: Verdict) -> str:
    """What to do about a verdict; empty where it does not fail, or its control is in no known benchmark."""
    remedied = remedy(verdict)
    return visible(remedied.text) if remedied else ""

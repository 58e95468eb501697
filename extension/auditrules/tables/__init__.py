"""The seam: what the audit language says, as rows of osquery tables.

Nothing below it knows a row, and nothing above it splits a rule.
"""

from __future__ import annotations

from collections.abc import Callable

from auditrules.audit.sources import Sources
from auditrules.plugin.table import Table
from auditrules.tables.rules import audit_rules
from auditrules.tables.schemas import AUDIT_RULES, AUDIT_STATUS, AUDITD_SETTINGS, SCHEMAS
from auditrules.tables.settings import auditd_settings
from auditrules.tables.status import audit_status

__all__ = ["SCHEMAS", "build"]


def build(sources: Callable[[], Sources]) -> tuple[Table, ...]:
    """The tables over what `sources` gives at each call."""
    return (
        Table(AUDIT_RULES, lambda _context: audit_rules(sources())),
        Table(AUDIT_STATUS, lambda _context: audit_status(sources())),
        Table(AUDITD_SETTINGS, lambda _context: auditd_settings(sources())),
    )

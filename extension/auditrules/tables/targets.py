"""The rows of `audit_targets`."""

from __future__ import annotations

from auditrules.benchmarks import CONTROLS
from auditrules.benchmarks.remediation import remedy
from auditrules.benchmarks.services import Services
from auditrules.benchmarks.targets import Target, targets
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, finished
from auditrules.tables.schemas import AUDIT_TARGETS


def audit_targets(services: Services) -> list[Row]:
    """The rows of `audit_targets`."""
    rows = map(_row, targets(CONTROLS, services))
    return finished(AUDIT_TARGETS.names, rows, ("benchmark", "version", "control", "path"))


def _row(target: Target) -> Cells:
    control = target.control
    return {
        "benchmark": control.benchmark,
        "version": control.version,
        "control": control.id,
        "title": control.title,
        "level": control.level,
        "path": target.path,
        "origin": target.origin.value,
        "kind": control.subject.kind.value,
        "required": control.required,
        "applicable": int(target.applicable),
        "reason": target.reason.value if target.reason else "",
        "error": target.error,
        "remediation": remedy(control, target.watched) if target.path else "",
    }

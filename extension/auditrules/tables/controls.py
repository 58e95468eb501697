"""The rows of `audit_controls`."""

from __future__ import annotations

from collections.abc import Iterable

from auditrules.benchmarks import BENCHMARKS, CONTROLS
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.selection import newest
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, comma_list, finished
from auditrules.tables.schemas import AUDIT_CONTROLS

CONTROL_KEY = ("benchmark", "version", "control")

_NEWEST = {(each.name, each.version) for each in newest(BENCHMARKS).values()}


def audit_controls(controls: Iterable[BenchmarkControl] = CONTROLS) -> list[Row]:
    """The rows of `audit_controls`."""
    return finished(AUDIT_CONTROLS.names, map(_row, controls), CONTROL_KEY)


def control_cells(control: BenchmarkControl) -> Cells:
    """The cells that every table on controls has in common."""
    return {
        "benchmark": control.benchmark,
        "version": control.version,
        "control": control.id,
        "title": control.title,
        "level": control.level,
        "newest": int((control.benchmark, control.version) in _NEWEST),
    }


def _row(control: BenchmarkControl) -> Cells:
    return {
        **control_cells(control),
        "assessment": control.assessment.value,
        "family": control.family,
        "systems": comma_list(control.systems),
        "description": control.subject.description,
        "rationale": control.subject.rationale,
        "impact": control.impact,
        "default_value": control.default_value,
        "mappings": comma_list(control.mappings),
        "links": control.references,
        "notes": control.disagreements,
    }

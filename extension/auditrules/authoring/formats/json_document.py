"""Writes a lint report as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from auditrules.audit.model.host_facts import dotted
from auditrules.authoring.finding import LintFinding, LintReport, LintSeverity, LintTarget, LoadOutcome, Place
from auditrules.text import visible


def json_document(reports: Sequence[LintReport], _fail_on: LintSeverity) -> str:
    """Write the reports: `inputs`, each with its `targets` and `findings`."""
    inputs = [
        {
            "name": report.name,
            "files": list(report.files),
            "targets": [_outcome(each) for each in report.outcomes],
            "findings": [_finding(each) for each in report.findings],
        }
        for report in reports
    ]
    return json.dumps({"inputs": inputs}, indent=2, default=str) + "\n"


def _target(target: LintTarget) -> dict[str, str]:
    return {"auditctl": dotted(target.version), "machine": target.machine}


def _place(place: Place | None) -> dict[str, object] | None:
    return None if place is None else {"path": visible(place.path), "line": place.line or None}


def _outcome(outcome: LoadOutcome) -> dict[str, object]:
    return {
        **_target(outcome.target),
        "rules": outcome.rules,
        "loaded": outcome.loaded,
        "refused": [_place(each) for each in outcome.refused],
        "stopped_at": _place(outcome.stopped_at),
        "cost": {**asdict(outcome.cost), "calls": [{"call": call, "rules": n} for call, n in outcome.cost.calls]},
    }


def _finding(finding: LintFinding) -> dict[str, object]:
    span = finding.span
    return {
        "id": finding.kind.id,
        "severity": finding.kind.severity.value,
        **(_place(finding.place) or {}),
        "column": span[0] + 1 if span else None,
        "end_column": span[1] + 1 if span else None,
        "text": visible(finding.text),
        "message": visible(finding.message),
        "effect": finding.kind.effect,
        "advice": finding.kind.advice,
        "related": [{**(_place(place) or {}), "message": message} for place, message in finding.related],
        "targets": [_target(each) for each in finding.targets],
        "suppressed": finding.suppressed and visible(finding.suppressed),
    }

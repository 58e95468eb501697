"""The rows of `audit_verdicts` and `audit_requirements`: the controls that a query asks for, judged on this host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.auditctl.status import LOCKED
from auditrules.audit.coverage.answer import bad_path
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.benchmarks import CONTROLS
from auditrules.benchmarks.control import BenchmarkControl, TargetKind
from auditrules.benchmarks.remediation import remedy
from auditrules.benchmarks.services import Services
from auditrules.benchmarks.subjects import DAEMON
from auditrules.benchmarks.targets import Target, targets
from auditrules.benchmarks.verdict import (
    AuditState,
    ControlVerdict,
    Judged,
    judge_control,
    judge_requirement,
    of_missing_directory,
)
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Schema
from auditrules.plugin.table import row_filters
from auditrules.status import Status
from auditrules.tables import HostView
from auditrules.tables.cells import Cells, finished
from auditrules.tables.controls import CONTROL_KEY, control_cells
from auditrules.tables.schemas import AUDIT_REQUIREMENTS, AUDIT_VERDICTS

_ANY_NAME = "name"  # of something in a directory that is not there yet: no rule can follow it by its inode

Key = tuple[str, str, str]
"""Benchmark, version and number of a control."""


class HostJudge:
    """Judges controls on one host, and keeps the rows of each for as long as what they rest on stays the same."""

    def __init__(self, host: HostView) -> None:
        self._host = host
        self._targets: tuple[Services, Mapping[Key, tuple[Target, ...]]] | None = None
        self._verdicts: dict[Key, tuple[object, list[Row]]] = {}
        self._requirements: dict[Key, tuple[object, list[Row]]] = {}

    def verdicts(self, context: Context) -> list[Row]:
        """The rows of `audit_verdicts` that a query asks for."""
        controls = asked_for(context, AUDIT_VERDICTS)
        audit = self._host.audit()
        judged = self._judged(controls, audit)
        return [row for control in controls for row in self._verdict(control, judged[control.key], audit.kernel)]

    def requirements(self, context: Context) -> list[Row]:
        """The rows of `audit_requirements` that a query asks for."""
        judged = self._judged(asked_for(context, AUDIT_REQUIREMENTS), self._host.audit())
        return [
            row
            for key, found in judged.items()
            for row in _kept(self._requirements, key, found, partial(_requirement_rows, found))
        ]

    def _verdict(
        self, control: BenchmarkControl, judged: Mapping[str, Sequence[Judged]], kernel: KernelAnswer
    ) -> list[Row]:
        state = AuditState(kernel.state, kernel.error, kernel.reader, locked=kernel.status.enabled == LOCKED)
        lines = (kernel.lines or ()) if control.subject is DAEMON else ()

        def row() -> list[Row]:
            cells = verdict_cells(judge_control(control, judged, state, [line.text for line in lines]))
            return finished(AUDIT_VERDICTS.names, [cells], CONTROL_KEY)

        return _kept(self._verdicts, control.key, (judged, state, lines), row)

    def _judged(
        self, controls: Sequence[BenchmarkControl], audit: HostAudit
    ) -> Mapping[Key, Mapping[str, list[Judged]]]:
        """The requirements of controls, judged by source."""
        found = self._found(self._host.services())
        wanted = {control.key: found[control.key] for control in controls}
        paths = dict.fromkeys(each.path for group in wanted.values() for each in group if each.path)
        seen = self._host.look([path for path in paths if not bad_path(path)]) if paths else {}

        def judge(target: Target, source: str) -> Judged:
            return judge_requirement(target, source, _answer(target, source, audit, seen) if target.path else None)

        return {
            key: {source: [judge(each, source) for each in group] for source in (KERNEL, BOOT)}
            for key, group in wanted.items()
        }

    def _found(self, services: Services) -> Mapping[Key, tuple[Target, ...]]:
        if self._targets is None or self._targets[0] != services:
            found: dict[Key, list[Target]] = {}
            for target in targets(CONTROLS, services):
                found.setdefault(target.control.key, []).append(target)
            self._targets = services, {key: tuple(group) for key, group in found.items()}
        return self._targets[1]


def _kept(
    rows: dict[Key, tuple[object, list[Row]]], key: Key, rests_on: object, make: Callable[[], list[Row]]
) -> list[Row]:
    """The rows of a control, made anew only if what they rest on has changed."""
    kept = rows.get(key)
    if kept is None or kept[0] != rests_on:
        kept = rows[key] = rests_on, make()
    return kept[1]


def _answer(target: Target, source: str, audit: HostAudit, seen: Mapping[str, Entry]) -> PathAnswer:
    """What is recorded of a target; of a directory that is not there yet, also of what will be in it."""
    itself = audit.coverage(target.path, source, seen)
    if target.control.subject.kind is not TargetKind.DIRECTORY or itself.exists is not False:
        return itself
    return of_missing_directory(itself, audit.coverage(f"{target.path}/{_ANY_NAME}", source, seen))


def asked_for(context: Context, schema: Schema) -> Sequence[BenchmarkControl]:
    """The controls that the constraints of a query leave; a superset, as osquery applies its WHERE clause again."""
    keep = row_filters(schema, context, CONTROL_KEY)
    return [
        control
        for control in CONTROLS
        if all(one({"benchmark": control.benchmark, "version": control.version, "control": control.id}) for one in keep)
    ]


def verdict_cells(verdict: ControlVerdict) -> Cells:
    """A verdict as the cells of a row of `audit_verdicts`."""
    return {
        **control_cells(verdict.control),
        "applies": 1,
        "target": verdict.target,
        "status": verdict.status.value,
        "reason": verdict.reason,
        "evidence": verdict.evidence,
        "evidence_lines": verdict.evidence_lines,
        "remediation": verdict.remediation,
        "next_boot": verdict.next_boot.value,
        "grep_verdict": verdict.grep_verdict,
    }


def _requirement_rows(found: Mapping[str, Sequence[Judged]]) -> list[Row]:
    cells = (_requirement(each) for source in (KERNEL, BOOT) for each in found[source])
    return finished(AUDIT_REQUIREMENTS.names, cells, (*CONTROL_KEY, "subject", "source"))


def _requirement(judged: Judged) -> Cells:
    target = judged.target
    acts = judged.status in (Status.FAIL, Status.UNKNOWN)
    return {
        **control_cells(target.control),
        "source": judged.source,
        "kind": "path",
        "subject": target.path,
        "required": target.control.required,
        "who": "everybody",
        "origin": target.origin.value,
        "status": judged.status.value,
        "reason": judged.told_reason,
        "missing": judged.missing,
        "evidence": target.error or (judged.answer.evidence if judged.answer else ""),
        "remediation": remedy(target.control, target.watched) if acts and target.path else "",
    }

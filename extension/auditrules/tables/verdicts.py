"""The rows of `audit_verdicts` and `audit_requirements`; each row is kept while its judgement stays the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain

from auditrules.audit.auditctl.kernel_answer import AnswerState
from auditrules.audit.auditctl.listing import listing
from auditrules.audit.auditctl.status import LOCKED
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.judge import BySource, Key
from auditrules.benchmarks.remediation import AuditState, remedies_text
from auditrules.benchmarks.requirement import Judged
from auditrules.benchmarks.verdict import ControlVerdict, judge_control, remedies
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.status import Status
from auditrules.tables.cells import Cells, finished
from auditrules.tables.controls import CONTROL_KEY, control_cells
from auditrules.tables.judging import AskedBenchmark, HostJudge
from auditrules.tables.schemas import AUDIT_REQUIREMENTS, AUDIT_VERDICTS

OTHER_SYSTEM, SYSTEM_UNKNOWN = "other_system", "system_unknown"


class VerdictTables:
    """Makes the rows of the two tables of verdicts, and keeps each while its inputs stay the same."""

    def __init__(self, judge: HostJudge) -> None:
        self._judge = judge
        self._verdicts: dict[Key, tuple[object, list[Row]]] = {}
        self._requirements: dict[Key, tuple[object, list[Row]]] = {}

    def verdicts(self, context: Context) -> list[Row]:
        """The rows of `audit_verdicts` for a query."""
        asked, system = self._judge.asked(context, AUDIT_VERDICTS)
        judged = self._judge.judge(chain.from_iterable(each.controls for each in asked if each.applies))
        answer = self._state_and_listing(self._judge.host.audit()) if judged else None
        rows: list[Row] = []
        for each in asked:
            if each.applies and answer is not None:
                for control in each.controls:
                    rows += self._verdict(control, judged[control.key], *answer, newest=each.newest)
            elif not each.applies:
                rows += _not_judged_rows(each, system)
        return rows

    def requirements(self, context: Context) -> list[Row]:
        """The rows of `audit_requirements` for a query, of benchmarks for this system only."""
        asked, _ = self._judge.asked(context, AUDIT_REQUIREMENTS)
        judged = self._judge.judge(chain.from_iterable(each.controls for each in asked if each.applies))
        if not judged:
            return []
        state = AuditState.of(self._judge.host.audit())
        return [
            row
            for key, found in judged.items()
            for row in _reused(self._requirements, key, (found, state), partial(_requirement_rows, key, found, state))
        ]

    def _state_and_listing(self, audit: HostAudit) -> tuple[AuditState, Callable[[], tuple[str, ...]]]:
        """The state of auditing that is judged, and a function for the lines that `auditctl -l` prints in it."""
        if not self._judge.at_boot:
            lines = audit.kernel.lines or ()
            return AuditState.of_kernel(audit.kernel), lambda: tuple(line.text for line in lines)
        loaded, facts = audit.boot.loaded, audit.collected.facts
        if loaded is None:
            return AuditState(AnswerState.NOT_ASKED, audit.boot.reason), tuple
        state = AuditState(AnswerState.OK, locked=audit.boot.enabled == LOCKED)
        return state, lambda: tuple(listing(loaded.rules, facts.version, facts.machine))

    def _verdict(
        self,
        control: BenchmarkControl,
        judged: BySource,
        state: AuditState,
        listed: Callable[[], tuple[str, ...]],
        *,
        newest: bool,
    ) -> list[Row]:
        lines = listed() if control.grep else ()

        def row() -> list[Row]:
            verdict = judge_control(control, judged, state, lines)
            return finished(AUDIT_VERDICTS.names, [verdict_cells(verdict, newest=newest)], CONTROL_KEY)

        return _reused(self._verdicts, control.key, (judged, state, lines, newest, control), row)


def _reused(
    rows: dict[Key, tuple[object, list[Row]]], key: Key, inputs: object, make: Callable[[], list[Row]]
) -> list[Row]:
    """The rows of a control, made anew only if their inputs have changed."""
    kept = rows.get(key)
    if kept is None or kept[0] != inputs:
        kept = rows[key] = inputs, make()
    return kept[1]


def _not_judged_rows(asked: AskedBenchmark, system: OsRelease) -> list[Row]:
    """A row for each control of a benchmark for another system; its requirements are not even read."""
    unknown = bool(system.error)
    status = Status.UNKNOWN if unknown else Status.NOT_APPLICABLE
    found = " ".join(filter(None, (system.id, system.version_id)))
    evidence = (
        system.error if unknown else f"for {' and '.join(asked.benchmark.systems) or 'other systems'}, not {found}"
    )
    shared = {
        "applies": 0,
        "status": status.value,
        "reason": SYSTEM_UNKNOWN if unknown else OTHER_SYSTEM,
        "evidence": evidence,
        "evidence_lines": evidence,
        "next_boot": status.value,
    }
    cells = ({**control_cells(each, newest=asked.newest), **shared} for each in asked.controls)
    return finished(AUDIT_VERDICTS.names, cells, CONTROL_KEY)


def verdict_cells(verdict: ControlVerdict, *, newest: bool) -> Cells:
    """The cells of a verdict's row in `audit_verdicts`."""
    return {
        **control_cells(verdict.control, newest=newest),
        "applies": 1,
        "target": verdict.target,
        "status": verdict.status.value,
        "reason": verdict.reason,
        "evidence": verdict.evidence,
        "evidence_lines": verdict.evidence_lines,
        "remediation": _lines(verdict.remediation),
        "next_boot": verdict.next_boot.value,
        "grep_verdict": verdict.grep_verdict,
    }


def _requirement_rows(key: Key, found: BySource, state: AuditState) -> list[Row]:
    cells = (_requirement(key, each, found[BOOT], state) for source in (KERNEL, BOOT) for each in found[source])
    return finished(AUDIT_REQUIREMENTS.names, cells, (*CONTROL_KEY, "kind", "subject", "required", "who", "source"))


def _requirement(key: Key, judged: Judged, at_boot: Iterable[Judged], state: AuditState) -> Cells:
    return {
        **dict(zip(CONTROL_KEY, key, strict=True)),
        "source": judged.source,
        "kind": judged.kind,
        "subject": judged.subject,
        "required": judged.required,
        "who": judged.who,
        "origin": judged.origin,
        "status": judged.status.value,
        "reason": judged.reason,
        "missing": judged.missing,
        "evidence": judged.evidence,
        "remediation": _lines(remedies_text(remedies([judged], at_boot, state))) if judged.subject else "",
    }


def _lines(text: str) -> tuple[str, ...]:
    """The lines of a text, as one cell: lines for a rules file can be copied from it."""
    return tuple(text.split("\n"))

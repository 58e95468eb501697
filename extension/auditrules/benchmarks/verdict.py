"""Makes a control's verdict from its judged requirements. Pure.

A control has the status of its worst requirement, in the order fail, unknown, pass, not_applicable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.remediation import ADVICE, AuditState, load_again, remedies_text
from auditrules.benchmarks.requirement import Judged, Remedy
from auditrules.status import Status
from auditrules.values import dataclass

SWITCHED_OFF = "switched_off"

MOST_ALSO = 10  # further requirements that the evidence names after the worst

_RANK = {status: rank for rank, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class ControlVerdict:
    """A control's verdict on this host; its fields are columns of `audit_verdicts`."""

    control: BenchmarkControl
    target: str
    status: Status
    reason: str
    evidence: str
    evidence_lines: str
    remediation: str
    next_boot: Status
    grep_verdict: str = ""


def judge_control(
    control: BenchmarkControl,
    requirements: Mapping[str, Sequence[Judged]],
    state: AuditState,
    rules: Iterable[str] = (),
) -> ControlVerdict:
    """Make the verdict of a control.

    `requirements` are its judged requirements by source, at least one for each source. `rules` are the lines that
    `auditctl -l` prints, for the benchmark's own grep only.
    """
    if control.off:
        return switched_off(control)
    ranked = _ranked(requirements[KERNEL])
    now, boot = ranked[0], _ranked(requirements[BOOT])[0]
    after = "" if boot.status is now.status else f"; after the next boot: {_in_words(boot)}"
    also = _also(ranked[1:])
    after += "".join(f"; {each}" for each in control.changed)
    return ControlVerdict(
        control,
        now.subject or next((each.subject for each in requirements[KERNEL] if each.own and each.subject), ""),
        now.status,
        now.reason,
        f"{now.evidence}{also}{after}",
        f"{now.evidence_lines or now.evidence}{also}{after}",
        remedies_text(remedies(ranked, requirements[BOOT], state)),
        boot.status,
        _grep(control, state, rules),
    )


def switched_off(control: BenchmarkControl) -> ControlVerdict:
    """The verdict of a control that a site switched off; its evidence says who did it and why."""
    evidence, none = "; ".join(control.changed), Status.NOT_APPLICABLE
    return ControlVerdict(control, "", none, SWITCHED_OFF, evidence, evidence, "", none)


def judged_off(control: BenchmarkControl, source: str) -> Judged:
    """The single judged requirement of a control that a site switched off."""
    evidence = "; ".join(control.changed)
    kind = control.requirements[0].kind
    return Judged(source, kind, "", "", "", "benchmark", Status.NOT_APPLICABLE, SWITCHED_OFF, evidence=evidence)


def remedies(judged: Iterable[Judged], at_boot: Iterable[Judged], state: AuditState) -> Iterable[Remedy]:
    """The remedy for each requirement that is not met. If it passes after the next boot, that is to load the rules."""
    passes = {_identity(each) for each in at_boot if each.status is Status.PASS}
    for each in judged:
        if not each.acts:
            continue
        loads = each.status is Status.FAIL and each.remedy.lines and each.reason not in ADVICE
        if loads and _identity(each) in passes:
            yield Remedy(text=load_again(each.remedy.records, locked=state.locked))
        else:
            yield each.remedy


def _identity(judged: Judged) -> tuple[str, str, str, str]:
    """What identifies a requirement within its control, for both sources."""
    return judged.kind, judged.subject, judged.required, judged.who


def _ranked(requirements: Iterable[Judged]) -> list[Judged]:
    """The requirements, the worst first. Among equals the benchmark's own come first, in its order, then by name."""
    return sorted(
        requirements,
        key=lambda each: (
            _RANK[each.status],
            not each.own,
            b"" if each.own else each.subject.encode("utf-8", "surrogateescape"),
        ),
    )


def _also(others: Iterable[Judged]) -> str:
    named = [f"{each.subject}: {_in_words(each)}" for each in others if each.subject and each.acts]
    left = len(named) - MOST_ALSO
    more = [f"and {left} more"] if left > 0 else []
    return f"; also {', '.join([*named[:MOST_ALSO], *more])}" if named else ""


def _in_words(judged: Judged) -> str:
    """The status and, unless it is pass, the reason."""
    return judged.status.value if judged.status is Status.PASS else f"{judged.status.value} ({judged.reason})"


def _grep(control: BenchmarkControl, state: AuditState, rules: Iterable[str]) -> str:
    """The result of the benchmark's own `auditctl -l | grep TEXT` on the same rules; empty if it has no such check."""
    if not control.grep:
        return ""
    if not state.known:
        return Status.UNKNOWN.value
    found = any(control.grep in rule for rule in rules)
    return Status.PASS.value if found else Status.FAIL.value

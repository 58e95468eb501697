"""From requirements to a verdict: what a control says of a host, given what the kernel records of its paths. Pure.

A requirement fails if a letter that it needs is not recorded, or not always; otherwise it is unknown if one of them is
unknown; otherwise it passes. A control has the status of its worst requirement. What lies outside of that (who reads
the records, lost records, 32-bit calls) stands in the evidence and changes no status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from auditrules.audit.auditctl.kernel_answer import AnswerState
from auditrules.audit.coverage.answer import Reason as AnswerReason
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.remediation import ADVICE, TARGET_UNREAD, UNREAD, load_again, remedy
from auditrules.benchmarks.subjects import DAEMON
from auditrules.benchmarks.targets import Target, TargetReason
from auditrules.status import Status

RULES_KNOWN = frozenset({AnswerState.OK, AnswerState.NO_RULES, AnswerState.DISABLED})
"""The states of auditing in which the rules of the kernel are known."""


_RANK = {status: rank for rank, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class AuditState:
    """What a verdict needs of the state of auditing: why it is so, how the rules were read, and if they are locked."""

    state: AnswerState
    error: str = ""
    reader: str = "netlink"
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """One requirement and source, with its status."""

    target: Target
    source: str
    status: Status
    reason: str
    answer: PathAnswer | None = None

    def required(self, letters: str) -> str:
        """Those of some letters that the control requires, in the order rwxa."""
        return "".join(letter for letter in "rwxa" if letter in self.target.control.required and letter in letters)

    @property
    def unrecorded(self) -> str:
        """Required letters that are not recorded."""
        return self.required(self.answer.unrecorded) if self.answer else ""

    @property
    def conditional(self) -> str:
        """Required letters that are not always recorded."""
        return self.required(self.answer.conditional) if self.answer else ""

    @property
    def unknown(self) -> str:
        """Required letters whose coverage is unknown."""
        return self.required(self.answer.unknown) if self.answer else ""

    @property
    def missing(self) -> str:
        """Required letters that keep the requirement from passing."""
        if self.status in (Status.PASS, Status.NOT_APPLICABLE):
            return ""
        if self.answer is None:
            return self.target.control.required
        return self.required(self.unrecorded + self.conditional + self.unknown)

    @property
    def told_reason(self) -> str:
        """The reason as a verdict gives it: of the letters that the control requires, and `covered` for a pass."""
        if self.status is Status.PASS:
            return "covered"
        if self.reason == "conditional" and self.status is Status.FAIL and not self.conditional:
            return "no_rule" if self.unrecorded == self.target.control.required else "permissions_missing"
        return self.reason

    @property
    def in_words(self) -> str:
        """Status and, unless it passes, its reason."""
        return self.status.value if self.status is Status.PASS else f"{self.status.value} ({self.reason})"


@dataclass(frozen=True, slots=True)
class ControlVerdict:
    """What a control says of this host: the columns of `audit_verdicts` of the same names."""

    control: BenchmarkControl
    target: str
    status: Status
    reason: str
    evidence: str
    evidence_lines: str
    remediation: str
    next_boot: Status
    grep_verdict: str = ""


def judge_requirement(target: Target, source: str, answer: PathAnswer | None) -> Judged:
    """The status of one path of a control. `answer` is None if nobody could ask about the path."""
    if not target.applicable:
        return Judged(target, source, Status.NOT_APPLICABLE, _text(target.reason), answer)
    if target.reason is not None or answer is None:
        return Judged(target, source, Status.UNKNOWN, _text(target.reason) or TargetReason.UNREADABLE.value, answer)
    required = set(target.control.required)
    if required - set(answer.recorded + answer.unknown):
        status = Status.FAIL
    else:
        status = Status.UNKNOWN if required - set(answer.recorded) else Status.PASS
    return Judged(target, source, status, answer.reason.value, answer)


def of_missing_directory(itself: PathAnswer, inside: PathAnswer) -> PathAnswer:
    """What is recorded of a directory that is not there yet, by the answers on its name and on a name inside of it.

    A watch on what is no directory yet is not recursive: it records that the directory is made, and nothing below it.
    """
    both = {letter for letter in itself.recorded if letter in inside.recorded}
    if both == set(itself.recorded):
        return itself
    of_inside = (inside.conditional, inside.unrecorded, inside.unknown)
    conditional, unrecorded, unknown = (
        "".join(each for each in "rwxa" if each in own or (each in itself.recorded and each in below))
        for own, below in zip((itself.conditional, itself.unrecorded, itself.unknown), of_inside, strict=True)
    )
    return replace(
        itself,
        recorded="".join(letter for letter in itself.recorded if letter in both),
        conditional=conditional,
        unrecorded=unrecorded,
        unknown=unknown,
        reason=AnswerReason.NOT_RECURSIVE,
    )


def judge_control(
    control: BenchmarkControl,
    requirements: Mapping[str, Sequence[Judged]],
    state: AuditState,
    rules: Iterable[str] = (),
) -> ControlVerdict:
    """The verdict of a control.

    `requirements` are its judged paths by source, at least one for each of the two sources; `rules` are the lines that
    `auditctl -l` prints, which only the benchmark's own grep reads.
    """
    now, *others = _ranked(control, requirements[KERNEL])
    boot = _ranked(control, requirements[BOOT])[0]
    return ControlVerdict(
        control,
        now.target.path or control.subject.path,
        now.status,
        now.told_reason,
        _evidence(now, others, boot, state, lines=False),
        _evidence(now, others, boot, state, lines=True),
        _remediation(now, requirements[BOOT], state),
        boot.status,
        _grep(control, state, rules),
    )


def _text(reason: TargetReason | None) -> str:
    return reason.value if reason else ""


def _ranked(control: BenchmarkControl, requirements: Iterable[Judged]) -> list[Judged]:
    """The requirements, the worst first; of equals the benchmark's own path, then by name."""
    return sorted(
        requirements,
        key=lambda each: (
            _RANK[each.status],
            each.target.path != control.subject.path,
            each.target.path.encode("utf-8", "surrogateescape"),
        ),
    )


def _evidence(now: Judged, others: Iterable[Judged], boot: Judged, state: AuditState, *, lines: bool) -> str:
    also = [f"{each.target.path}: {each.in_words}" for each in others if each.target.path and _asks(each)]
    return (
        _decided_by(now, state, lines=lines)
        + (f"; also {', '.join(also)}" if also else "")
        + ("" if boot.status is now.status else f"; after the next boot: {boot.in_words}")
    )


def _asks(judged: Judged) -> bool:
    return judged.status in (Status.FAIL, Status.UNKNOWN)


def _decided_by(now: Judged, state: AuditState, *, lines: bool) -> str:
    own = now.target.control.subject.path
    rules = (now.answer.evidence_lines if lines else now.answer.evidence) if now.answer else ""
    if now.reason == TargetReason.NOT_INSTALLED.value:
        return f"no Docker daemon at {', '.join((DAEMON.path, *DAEMON.places))}, and none runs"
    if now.reason == TargetReason.ABSENT.value:
        return f"nothing at {own}, so the control does not apply"
    if now.reason == TargetReason.UNREADABLE.value:
        if now.target.error:
            return now.target.error
        if state.state in RULES_KNOWN and rules:
            return rules
        return f"the rules of the kernel are not known{f': {state.error}' if state.error else ''}"
    parts = (
        rules or f"no rule of the kernel records {now.target.path}",
        f"not recorded: {now.unrecorded}" if now.unrecorded else "",
        f"not always recorded: {now.conditional}" if now.conditional else "",
        f"not known: {now.unknown}" if now.unknown else "",
        ", ".join(now.answer.conditions) if now.answer else "",
    )
    return "; ".join(filter(None, parts))


def _remediation(now: Judged, at_boot: Iterable[Judged], state: AuditState) -> str:
    if not _asks(now):
        return ""
    own = remedy(now.target.control, now.target.watched) if now.target.path else ""
    if now.reason == TargetReason.UNREADABLE.value and now.target.error:
        return TARGET_UNREAD
    if now.reason == TargetReason.UNREADABLE.value and state.reader in UNREAD and state.state not in RULES_KNOWN:
        return UNREAD[state.reader]
    advice = ADVICE.get(now.reason)
    if advice is not None:
        return f"{advice.text} {own}" if advice.and_line else advice.text
    later = next((each for each in at_boot if each.target.path == now.target.path), None)
    if now.status is Status.FAIL and later is not None and later.status is Status.PASS:
        return load_again(now.target.watched, locked=state.locked)
    return own


def _grep(control: BenchmarkControl, state: AuditState, rules: Iterable[str]) -> str:
    """What the benchmark's own `auditctl -l | grep /usr/bin/dockerd` says of the same rules; empty if it has none."""
    if control.subject is not DAEMON:
        return ""
    if state.state not in RULES_KNOWN:
        return Status.UNKNOWN.value
    found = any(control.subject.path in rule for rule in rules)
    return Status.PASS.value if found else Status.FAIL.value

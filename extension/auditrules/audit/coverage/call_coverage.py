"""Decides whether a system call is recorded on any file, in all cases that are asked about.

It evaluates accesses as for a path: the call on a file that no rule names, and on each file that a `never` rule is on.
An `always` rule on a file (path, dir, inode) records only some of the calls, as not every call uses that file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from auditrules.audit.auditctl.normal_form import field_text
from auditrules.audit.constants import syscalls
from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.answer import Reason, reason_of
from auditrules.audit.coverage.asked_rule import machine_of
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_ways import AskedCall, JudgedWay
from auditrules.audit.coverage.decision import Cause, CoverageStatus, Decision, Outcome, combine
from auditrules.audit.coverage.explain import outcome_conditions
from auditrules.audit.coverage.field_match import match_field
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.coverage.operations import READ_ONLY, READ_WRITE, WRITE_ONLY
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Pending
from auditrules.audit.model.rule import PATH_NAMES, Action, Field
from auditrules.values import dataclass, field

MOST_PLACES = 10  # rules on files that the answer names, and `never` rules that are tried

_MODES = {READ_ONLY: "opened for reading", WRITE_ONLY: "opened for writing", READ_WRITE: "opened for both"}


@dataclass(frozen=True)
class CallAnswer:
    """Whether a system call is recorded on any file, in all cases that are asked about.

    `elsewhere` is the status on files that no rule names; a `never` rule on one file changes only `status`. `deciding`
    are the rules in the order of evaluation; `accesses` are those that were evaluated. `nothing_asked`: no such call
    can meet the conditions that are asked about.
    """

    status: CoverageStatus
    reason: Reason
    elsewhere: CoverageStatus
    conditions: tuple[str, ...] = ()
    deciding: tuple[ResolvedRule, ...] = ()
    accesses: tuple[Access, ...] = field(default=(), repr=False, compare=False)
    nothing_asked: bool = False


class UnknownSyscallError(ValueError):
    """A system call that the machine does not have, or an arch that it does not run; the message says which."""


def evaluate_call(name: str, arch: str, host: AuditedHost, path: str = "") -> CallAnswer:
    """Whether a system call is recorded in the cases that `host` asks about. `arch` is b64 or b32, of its machine.

    With `path`, only calls on that file count.

    Raises:
        UnknownSyscallError: the machine has no such call, or no such arch.
    """
    machine = machine_of(arch, host.machine)
    if machine is None:
        raise UnknownSyscallError(f"expected an arch of {host.machine}, b64 or b32, found {arch!r}")
    number = syscalls.call_number(name, machine)
    if number is None:
        raise UnknownSyscallError(f"expected a system call of {machine}, found {name!r}")
    call = AskedCall(name, number, machine, host)
    anywhere = tuple(call.at(path) if path else call.anywhere())
    if not anywhere:
        return CallAnswer(CoverageStatus.UNKNOWN, Reason.UNREADABLE, CoverageStatus.UNKNOWN, nothing_asked=True)
    found = combine(status for _, (status, _) in anywhere)
    if found is CoverageStatus.UNRECORDED and not call.complete:
        found = CoverageStatus.UNKNOWN
    if found is CoverageStatus.RECORDED and not path:
        return _everywhere(call, anywhere)
    decisions = [decision for _, (_, decision) in anywhere]
    on_places = [] if path else list(islice(_on_places(host, anywhere), MOST_PLACES))
    texts: list[str] = []
    if found is CoverageStatus.CONDITIONAL:
        texts += [text for decision in decisions for text in _conditions(decision, host.machine)]
        texts += _uneven(call, anywhere)
    if on_places and found is CoverageStatus.UNRECORDED:
        found = CoverageStatus.CONDITIONAL
    texts += [f"{_place(rule, host.machine)} only" for rule in on_places]
    reason = reason_of(found, decisions)
    deciding = [*_deciding(decisions, found), *on_places]
    return _answer(found, found, reason, texts, deciding, anywhere)


def _everywhere(call: AskedCall, anywhere: Sequence[JudgedWay]) -> CallAnswer:
    """The answer for a call that is recorded on files that no rule names, but maybe not on the files of never rules."""
    decisions = [decision for _, (_, decision) in anywhere]
    recording = [outcome for decision in decisions for outcome in decision.outcomes if outcome.recorded]
    listed = [each.resolved.order for each in recording if each.resolved and each.cause is Cause.RULE]
    last = max(listed) if len(listed) == len(recording) else len(call.host.rules.resolved)
    escapes: dict[str, ResolvedRule] = {}
    unsure: list[Decision] = []
    tried = 0
    for placed in call.host.rules.on_places:
        never = placed.resolved
        if never.rule.action is not Action.NEVER or never.order > last or not _about(never, call.number):
            continue
        tried += 1
        if tried > MOST_PLACES:
            if not escapes:
                unsure.append(_TOO_MANY)
            break
        for status, decision in call.on(never):
            hidden = never.tree is not None and not never.tree.known  # yet some file is there
            if status is CoverageStatus.UNKNOWN and not hidden:
                unsure.append(decision)
            elif status is not CoverageStatus.RECORDED:
                escapes[f"except {_escaping(never, decision, call.host.machine)}"] = never
    if not call.complete:
        unsure.append(_TOO_MANY)
    status = CoverageStatus.CONDITIONAL if escapes else CoverageStatus.UNKNOWN if unsure else CoverageStatus.RECORDED
    deciding = [*_deciding(decisions, CoverageStatus.RECORDED), *escapes.values()]
    elsewhere = CoverageStatus.RECORDED if call.complete else CoverageStatus.UNKNOWN
    return _answer(status, elsewhere, reason_of(status, unsure), list(escapes), deciding, anywhere)


_TOO_MANY = Decision((Outcome(Cause.UNREADABLE, pending=(Pending(None, Undetermined.TOO_MANY),)),))


def _about(never: ResolvedRule, number: int) -> bool:
    return bool(int(never.rule.syscalls) >> number & 1)


def _answer(  # noqa: PLR0913, PLR0917 - the parts of one answer
    status: CoverageStatus,
    elsewhere: CoverageStatus,
    reason: Reason,
    texts: Iterable[str],
    deciding: Iterable[ResolvedRule],
    anywhere: Sequence[JudgedWay],
) -> CallAnswer:
    ordered = {each.order: each for each in deciding}
    return CallAnswer(
        status,
        reason,
        elsewhere,
        tuple(dict.fromkeys(texts)),
        tuple(ordered[order] for order in sorted(ordered)),
        tuple(made.access for made, _ in anywhere),
    )


def _deciding(decisions: Iterable[Decision], found: CoverageStatus) -> Iterator[ResolvedRule]:
    for decision in decisions:
        for outcome in decision.outcomes:
            if outcome.resolved is not None and not (found is CoverageStatus.UNRECORDED and outcome.pending):
                yield outcome.resolved


def _conditions(decision: Decision, machine: str) -> Iterator[str]:
    for outcome in decision.outcomes:
        yield from outcome_conditions(outcome, machine)


def _uneven(call: AskedCall, anywhere: Sequence[JudgedWay]) -> Iterator[str]:
    """How the recorded ways to make a call differ from those that are not recorded, in words."""
    missed = [made for made, (status, _) in anywhere if status is CoverageStatus.UNRECORDED]
    if not missed or len(missed) == len(anywhere):
        return
    modes = dict.fromkeys(made.mode for made, _ in anywhere)
    if len(modes) > 1:
        yield from (f"except {_MODES[mode]}" for mode in modes if mode is not None and all(_is_missed(mode, anywhere)))
    for each in call.host.rules.elsewhere.call_filter(missed[0].access).name_dependent:
        differing = " and ".join(
            field_text(condition, call.host.machine)
            for condition in each.resolved.rule.fields
            if depends_on_names(condition)
        )
        yield f"{differing} only" if each.resolved.rule.action is Action.ALWAYS else f"except {differing}"


def _is_missed(mode: int, anywhere: Sequence[JudgedWay]) -> Iterator[bool]:
    return (status is CoverageStatus.UNRECORDED for made, (status, _) in anywhere if made.mode == mode)


def _on_places(host: AuditedHost, elsewhere: Sequence[JudgedWay]) -> Iterator[ResolvedRule]:
    """The always rules that may record such a call on the file that they name, if no rule before them decides."""
    found: dict[int, ResolvedRule] = {}
    for made, (_, decision) in elsewhere:
        sure = next((outcome for outcome in decision.outcomes if not outcome.pending), None)
        if sure is None or sure.cause in (Cause.NO_RULE, Cause.RULE):  # else no rule of this list counts
            decides = sure.resolved if sure is not None else None
            last = len(host.rules.resolved) if decides is None else decides.order
            before = (each for each in host.rules.always_on_places(made.access) if each.order < last)
            # The first ones of all ways to make the call are among the first ones of each.
            holding = islice((each for each in before if _holds(each, made.access)), MOST_PLACES)
            found.update((each.order, each) for each in holding)
    yield from (found[order] for order in sorted(found))


def _holds(resolved: ResolvedRule, access: Access) -> bool:
    """Whether all conditions of a rule that are not about its file hold or may hold."""
    return all(
        depends_on_names(condition) or match_field(condition, resolved, access, None)
        for condition in resolved.rule.fields
    )


def _place(resolved: ResolvedRule, machine: str) -> str:
    """The conditions of a rule that say which file it is on."""
    return " and ".join(
        field_text(condition, machine)
        for condition in resolved.rule.fields
        if isinstance(condition, Field) and condition.name in PATH_NAMES | {"inode"}
    )


def _escaping(never: ResolvedRule, decision: Decision, machine: str) -> str:
    """Which calls a never rule on a file suppresses, in words."""
    pending = [
        field_text(each.condition, machine)
        for outcome in decision.outcomes
        if outcome.resolved is never
        for each in outcome.pending
        if each.condition is not None and each.why is Undetermined.SUBJECT
    ]
    return " and ".join(dict.fromkeys((_place(never, machine), *pending)))

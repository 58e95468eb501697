"""The kernel's answer as a value: its rules and status, or why they are not known.

This module interprets text: the output of `auditctl -l` and `auditctl -s`, now or saved. `kernel.interpret` interprets
the kernel's own bytes.
"""

from __future__ import annotations

from enum import Enum

from auditrules.audit.auditctl.parse import parse_rules_file
from auditrules.audit.auditctl.parse_listing import ListedLine, parse_listing
from auditrules.audit.auditctl.status import OLD_FORM, UNKNOWN_STATUS, AuditStatus, NotAStatusError, parse_status
from auditrules.audit.model.collected import Kernel, Run, RunFailure
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Action, FilterList
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

NETLINK = "netlink"  # the reader that asks the kernel itself
CUT = "the listing ends in the middle of this line: it has no newline"


class AnswerState(str, Enum):
    """The column `state` of audit_status: nine answers that must not be confused, and `NOT_ASKED`, which is empty."""

    OK = "ok"
    NO_RULES = "no_rules"
    DISABLED = "disabled"
    NO_PERMISSION = "no_permission"
    AUDITCTL_MISSING = "auditctl_missing"
    TIMED_OUT = "timed_out"
    NO_KERNEL_AUDIT = "no_kernel_audit"
    FOREIGN_NAMESPACE = "foreign_namespace"
    BROKEN_REPLY = "broken_reply"
    NOT_ASKED = ""


Lines = tuple[ListedLine, ...]


@dataclass(frozen=True, slots=True)
class KernelAnswer:
    """The answer, interpreted. `lines` is None if the rules are not known."""

    state: AnswerState
    reader: str
    error: str = ""
    lines: Lines | None = None
    status: AuditStatus = UNKNOWN_STATUS

    @property
    def remarks(self) -> tuple[str, ...]:
        """The remarks on unusual lines, each once."""
        return tuple(dict.fromkeys(line.remark for line in self.lines or () if line.remark))

    @property
    def exact(self) -> bool:
        """Whether the rules come from the kernel's own bytes. A listing hides a part of them."""
        return self.reader == NETLINK

    @property
    def task_never(self) -> bool | None:
        """Whether a never rule of the task list is loaded; None if a line is not understood."""
        if self.lines is None or any(line.rule is None for line in self.lines):
            return None
        rules = (line.rule for line in self.lines if line.rule is not None)
        return any(rule.list is FilterList.TASK and rule.action is Action.NEVER for rule in rules)


# What auditctl 2.8 to 4.2 print if they get no answer.
NOT_ROOT = "You must be root"
NOT_PERMITTED = "Operation not permitted"
NOT_IN_KERNEL = ("audit support not in kernel", "Cannot open netlink audit socket")
SYSTEM_DISABLED = "The audit system is disabled"  # ECONNREFUSED: this user namespace has no audit

FAILED = {
    RunFailure.MISSING: AnswerState.AUDITCTL_MISSING,
    RunFailure.NOT_STARTED: AnswerState.AUDITCTL_MISSING,
    RunFailure.TIMED_OUT: AnswerState.TIMED_OUT,
    RunFailure.TOO_LONG: AnswerState.BROKEN_REPLY,
}


def interpret_texts(kernel: Kernel, facts: Facts, known: Lines | None = None) -> KernelAnswer:
    """Interpret auditctl's output, now or saved. Every text and every failure has a state; never raises.

    `known` are the listing's lines, if they were parsed before.
    """
    if kernel.saved is not None:
        if kernel.saved.content is None:
            return KernelAnswer(AnswerState.BROKEN_REPLY, kernel.reader, kernel.saved.error)
        return _saved(decode(kernel.saved.content), kernel.reader, facts)
    if kernel.listing is None:
        return KernelAnswer(AnswerState.NOT_ASKED, kernel.reader, kernel.reason)
    refused = _refused(kernel.listing, kernel.status)
    if refused is not None:
        return KernelAnswer(refused[0], kernel.reader, refused[1])
    status, problem = _status(kernel.status)
    lines = _lines(decode(kernel.listing.stdout), facts) if known is None else known
    return _listed(lines, kernel.reader, status, problem)


def _saved(content: str, reader: str, facts: Facts) -> KernelAnswer:
    """Interpret a saved listing, with or without a saved status after it."""
    start = 0 if content.startswith(("enabled ", OLD_FORM)) else -1
    for mark in ("\nenabled ", "\n" + OLD_FORM):
        if start < 0 and mark in content:
            start = content.index(mark) + 1
    listing = content if start < 0 else content[:start]
    lines = _lines(listing, facts)
    of_rules_file = _of_rules_file(lines or (), facts)
    if of_rules_file:
        return KernelAnswer(AnswerState.BROKEN_REPLY, reader, of_rules_file, lines)
    if start < 0:
        return _listed(lines, reader, None, None)
    try:
        status = parse_status(content[start:])
    except NotAStatusError as expected:
        return KernelAnswer(AnswerState.BROKEN_REPLY, reader, f"the saved status: expected {expected}")
    return _listed(lines, reader, status, None)


def _of_rules_file(lines: Lines, facts: Facts) -> str:
    """The error if a saved listing is in truth a rules file: auditctl prints no such lines, but reads them all."""
    others = [line.text for line in lines if line.rule is None and line.text.strip(" ") and line.error != CUT]
    if not others or any(line.error for line in parse_rules_file("\n".join(others), facts)):
        return ""
    return (
        f"expected what auditctl -l prints, found a rules file (it has the line {others[0]!r}): "
        "to judge what rules files would load, give them with --rules"
    )


def _refused(listing: Run, status: Run | None) -> tuple[AnswerState, str] | None:
    """Why there is no listing, or None if auditctl printed one."""
    said = decode(listing.stderr).strip()
    command = " ".join(listing.command)
    if listing.failure is not None:
        return FAILED[listing.failure], f"{command}: {listing.detail or listing.failure.value}"
    state = None
    if any(text in said for text in NOT_IN_KERNEL):
        state = AnswerState.NO_KERNEL_AUDIT
    elif SYSTEM_DISABLED in said:
        state = AnswerState.FOREIGN_NAMESPACE
    elif NOT_ROOT in said:
        state = AnswerState.NO_PERMISSION
    elif NOT_PERMITTED in said:
        # auditctl -s tests the capability first. If it is there and the kernel refuses, the namespace is the cause.
        rooted = status is not None and NOT_ROOT not in decode(status.stderr)
        state = AnswerState.FOREIGN_NAMESPACE if rooted else AnswerState.NO_PERMISSION
    elif listing.returncode != 0 or said:  # a message may mean that it does not list all rules
        state = AnswerState.BROKEN_REPLY
    if state is None:
        return None
    ended = f"exit status {listing.returncode}" if listing.returncode != 0 else "no listing"
    return state, f"{command}: {ended}" + (f": {'; '.join(said.splitlines())}" if said else "")


def _status(run: Run | None) -> tuple[AuditStatus | None, tuple[AnswerState, str] | None]:
    """The status of a run of `auditctl -s`, or why there is none."""
    if run is None:
        return None, (AnswerState.BROKEN_REPLY, "auditctl -s was not run")
    command = " ".join(run.command)
    if run.failure is not None:
        return None, (FAILED[run.failure], f"{command}: {run.detail or run.failure.value}")
    text = decode(run.stdout)
    if run.returncode == 0 and not text:
        return None, (AnswerState.FOREIGN_NAMESPACE, f"{command}: no answer, as in another user namespace")
    if run.returncode != 0:
        said = "; ".join(decode(run.stderr).split("\n")).strip("; ")
        return None, (AnswerState.BROKEN_REPLY, f"{command}: exit status {run.returncode}: {said}")
    try:
        return parse_status(text), None
    except NotAStatusError as expected:
        return None, (AnswerState.BROKEN_REPLY, f"{command}: expected {expected}")


def _listed(
    lines: Lines | None, reader: str, status: AuditStatus | None, problem: tuple[AnswerState, str] | None
) -> KernelAnswer:
    numbers = status or UNKNOWN_STATUS
    if lines is None:
        error = "expected rules or the words No rules, found nothing"
        return KernelAnswer(AnswerState.BROKEN_REPLY, reader, error, status=numbers)
    if problem is not None:
        return KernelAnswer(problem[0], reader, problem[1], lines, numbers)
    return answered(reader, lines, numbers, "a line of the listing is no rule")


def answered(reader: str, lines: Lines, status: AuditStatus, broken: str) -> KernelAnswer:
    """The answer for these rules and this status. `broken` begins the error if a line is not understood."""
    if status.enabled == 0:
        return KernelAnswer(AnswerState.DISABLED, reader, "", lines, status)
    errors = [line.error for line in lines if line.rule is None]
    if errors:
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        return KernelAnswer(AnswerState.BROKEN_REPLY, reader, f"{broken}: {errors[0]}{more}", lines, status)
    return KernelAnswer(AnswerState.OK if lines else AnswerState.NO_RULES, reader, "", lines, status)


def _lines(text: str, facts: Facts) -> Lines | None:
    """The lines of a listing; None if it is empty, as auditctl never prints nothing."""
    if not text:
        return None
    whole, newline, rest = text.rpartition("\n")
    lines = parse_listing(whole + newline, facts)
    if rest:
        lines = (*lines, ListedLine(rest, None, CUT))
    return lines

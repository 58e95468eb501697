"""Interprets the kernel's collected answer: its bytes here, auditctl's text in `auditctl.kernel_answer`."""

from __future__ import annotations

import re

from auditrules.audit.auditctl.kernel_answer import (
    NETLINK,
    AnswerState,
    KernelAnswer,
    Lines,
    answered,
    interpret_texts,
)
from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.parse_listing import ListedLine
from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.kernel import netlink
from auditrules.audit.kernel.rule_data import decoded
from auditrules.audit.model.collected import Kernel, Netlink
from auditrules.audit.model.errors import NetlinkError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import last_arch
from auditrules.values import replace

# The errno of a refusal by its meaning: kernel/audit.c (audit_netlink_ok) and socket(2).
NOT_PERMITTED = frozenset({1, 13})  # EPERM, EACCES
NO_AUDIT = frozenset({22, 93, 97})  # EINVAL, EPROTONOSUPPORT, EAFNOSUPPORT
REFUSED = 111  # ECONNREFUSED: nobody listens in this user or network namespace

_COUNT = re.compile(rb"^(?:lost|backlog) \d{1,10}\n", re.MULTILINE)  # lines of `auditctl -s`


def interpret_answer(kernel: Kernel, facts: Facts, known: Lines | None = None) -> KernelAnswer:
    """Interpret the kernel's answer. Every answer and every failure has a state; never raises.

    `known` are the lines of the rules, if they were parsed before: rules stay for days, while the status changes.
    """
    if kernel.netlink is None:
        return interpret_texts(kernel, facts, known)
    if kernel.netlink.rules is None:
        return KernelAnswer(_failure(kernel.netlink), NETLINK, kernel.netlink.error)
    return _answer(kernel.netlink, kernel.netlink.rules, facts, known)


def without_counters(kernel: Kernel) -> Kernel:
    """The kernel's answer without the counters that change while it audits: backlog and lost records."""
    if kernel.netlink is not None:
        cleared = netlink.without_counters(kernel.netlink.status)
        return replace(kernel, netlink=replace(kernel.netlink, status=cleared))
    if kernel.status is not None:
        return replace(kernel, status=replace(kernel.status, stdout=_COUNT.sub(b"", kernel.status.stdout)))
    return kernel


def _failure(answer: Netlink) -> AnswerState:
    if answer.timed_out:
        return AnswerState.TIMED_OUT
    if answer.errno in NOT_PERMITTED:
        # With the capability, the namespace is the cause (audit_netlink_ok wants the initial pid namespace).
        return AnswerState.FOREIGN_NAMESPACE if answer.capable else AnswerState.NO_PERMISSION
    if answer.errno in NO_AUDIT:
        return AnswerState.NO_KERNEL_AUDIT
    return AnswerState.FOREIGN_NAMESPACE if answer.errno == REFUSED else AnswerState.BROKEN_REPLY


def _answer(answer: Netlink, payloads: tuple[bytes, ...], facts: Facts, known: Lines | None) -> KernelAnswer:
    lines = listed_lines(payloads, facts.version, facts.machine) if known is None else known
    try:
        status = _status(answer)
    except NetlinkError as error:
        return KernelAnswer(AnswerState.BROKEN_REPLY, NETLINK, f"the status: {error}", lines)
    return answered(NETLINK, lines, status, "a rule is not understood")


def listed_lines(payloads: tuple[bytes, ...], version: Version, machine: str) -> Lines:
    """Each rule, with the line that `auditctl -l` prints for it."""
    lines = []
    above = None
    for rule in decoded(payloads):
        if isinstance(rule, NetlinkError):
            lines.append(ListedLine("", None, str(rule)))
            continue
        lines.append(ListedLine(listed(rule, version, machine, above), rule))
        above = last_arch(rule.fields) or above
    return tuple(lines)


def _status(answer: Netlink) -> AuditStatus:
    immutable = netlink.decode_loginuid_immutable(answer.features) if answer.features else None
    return netlink.decode_status(answer.status, immutable)

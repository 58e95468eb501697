"""Asks the kernel for its rules and status over AF_NETLINK. Our messages only list, and change nothing."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from auditrules.audit.kernel.netlink import AUDIT_GET, AUDIT_GET_FEATURE, AUDIT_LIST_RULES, Reply, request
from auditrules.audit.model.collected import Netlink
from auditrules.audit.model.errors import NetlinkError
from auditrules.host.program import Deadline

NETLINK_AUDIT = 9
CAP_AUDIT_CONTROL = 1 << 30

_RECEIVED = 1 << 16  # bytes; the longest message, a rule with its text, has about 9,000
_LEAST = 0.001  # seconds to wait; 0 would mean not to wait
_KERNEL = 0  # the kernel's port: messages from any other port are forged


def ask(deadline: Deadline, known: tuple[bytes, ...] = ()) -> Netlink:
    """Ask for the rules, status and features; `known` is as in `Reply`. Never raises: errors are in the value."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT) as kernel:
            rules = _reply(kernel, AUDIT_LIST_RULES, 1, deadline, known)
            if rules.refused:
                return _refused(rules.refused, "listing the rules")
            status = _reply(kernel, AUDIT_GET, 2, deadline)
            if status.refused:
                return _refused(status.refused, "asking for the status")
            features = _reply(kernel, AUDIT_GET_FEATURE, 3, deadline)
    except TimeoutError:
        return Netlink(timed_out=True, error=f"the kernel did not answer within {deadline.seconds:g} s")
    except NetlinkError as error:
        return Netlink(error=str(error))
    except OSError as error:
        return _refused(error.errno or errno.EIO, "speaking to the kernel")
    return Netlink(
        rules=tuple(rules.payloads),
        status=status.payloads[0],
        features=features.payloads[0] if features.payloads else b"",
    )


def _refused(number: int, what: str) -> Netlink:
    return Netlink(errno=number, error=f"{what}: {os.strerror(number)}", capable=capable())


def _reply(kernel: socket.socket, kind: int, sequence: int, deadline: Deadline, known: tuple[bytes, ...] = ()) -> Reply:
    """Send one request, and take messages until its answer is complete."""
    reply = Reply(kind, sequence, known)
    kernel.settimeout(max(deadline.left, _LEAST))
    kernel.sendto(request(kind, sequence), (_KERNEL, 0))
    kernel.settimeout(0)
    while not reply.complete:
        if not deadline.left:
            raise TimeoutError
        datagram, _, flags, sender = _received(kernel, deadline)
        if sender[0] != _KERNEL:
            continue
        if flags & socket.MSG_TRUNC:
            raise NetlinkError(f"expected messages of at most {_RECEIVED} bytes, found a longer one")
        reply.take(datagram)
    return reply


def _received(kernel: socket.socket, deadline: Deadline) -> tuple[bytes, list[tuple[int, int, bytes]], int, Any]:
    """The result of the next recvmsg(2).

    Mostly a message is there already. Trying without a timeout first saves a system call for each rule.
    """
    try:
        return kernel.recvmsg(_RECEIVED)
    except BlockingIOError:
        kernel.settimeout(max(deadline.left, _LEAST))
    try:
        return kernel.recvmsg(_RECEIVED)
    finally:
        kernel.settimeout(0)


def capable() -> bool | None:
    """Whether this process has CAP_AUDIT_CONTROL; None if /proc does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
            text = stream.read()
    except OSError:
        return None
    effective = [line.split()[1] for line in text.splitlines() if line.startswith("CapEff:")]
    return bool(int(effective[0], 16) & CAP_AUDIT_CONTROL) if effective else None

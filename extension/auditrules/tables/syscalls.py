"""The rows of `audit_syscalls`: for whom a system call is recorded, now and after the next boot."""

from __future__ import annotations

from collections.abc import Iterable

from auditrules.audit.coverage.syscall_answer import SyscallAnswer
from auditrules.benchmarks.configuration.login_defs import DEFAULT_UID_MIN
from auditrules.benchmarks.requirement import Fact
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.table import UnsupportedQuery, row_filters
from auditrules.tables import HostView
from auditrules.tables.cells import Cells, comma_list, finished
from auditrules.tables.schemas import AUDIT_SYSCALLS


def asked_syscalls(context: Context, host: HostView) -> tuple[SyscallAnswer, ...]:
    """The answers for the system calls in a query, two for each arch of the machine: now, and after the next boot.

    Raises:
        UnsupportedQuery: the query names no system call.
    """
    names = tuple(dict.fromkeys(context.equals("syscall") or ()))
    if not names:
        raise UnsupportedQuery("expected syscall with = or IN")
    login = host.facts({Fact.LOGIN}).login
    first = DEFAULT_UID_MIN if login is None or login.uid_min is None else login.uid_min
    wanted = row_filters(AUDIT_SYSCALLS, context, ("arch", "source"))
    return tuple(
        each
        for name in names
        for each in host.audit().syscall(name, first)
        if all(matches({"arch": each.arch, "source": each.source}) for matches in wanted)
    )


def audit_syscalls(answers: Iterable[SyscallAnswer]) -> list[Row]:
    """The rows of `audit_syscalls`, one for each answer."""
    return finished(AUDIT_SYSCALLS.names, map(_cells, answers), ("syscall", "arch", "source"), "syscall")


def _cells(answer: SyscallAnswer) -> Cells:
    return {
        "syscall": answer.syscall,
        "arch": answer.arch,
        "source": answer.source,
        "recorded_for": answer.recorded_for,
        "conditions": comma_list(answer.conditions),
        "rules": answer.rules,
        "keys": comma_list(answer.keys),
        "reason": answer.reason,
        "evidence": answer.evidence,
        "evidence_lines": answer.evidence_lines,
    }

"""The row of `audit_status`."""

from __future__ import annotations

from auditrules.audit.auditctl.status import LOCKED, Reading
from auditrules.audit.boot.boot import boot, merged
from auditrules.audit.boot.startup import cmdline_of
from auditrules.audit.boot.systemd import UntoldError
from auditrules.audit.kernel.interpret import understand
from auditrules.audit.model.collected import Sources
from auditrules.audit.model.rule import Action, FilterList
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, finished
from auditrules.tables.schemas import AUDIT_STATUS


def audit_status(sources: Sources) -> list[Row]:
    """The one row of `audit_status`."""
    reading = understand(sources.kernel, sources.facts)
    status = reading.status
    booted = boot(sources)
    row: Cells = {
        "state": reading.state.value,
        "error": reading.error,
        "reader": reading.reader,
        "enabled": status.enabled,
        "immutable": None if status.enabled is None else int(status.enabled == LOCKED),
        "failure": status.failure,
        "pid": status.pid,
        "consumer": sources.consumer,
        "rate_limit": status.rate_limit,
        "backlog_limit": status.backlog_limit,
        "backlog": status.backlog,
        "lost": status.lost,
        "backlog_wait_time": status.backlog_wait_time,
        "loginuid_immutable": status.loginuid_immutable,
        "kernel_rules": None if reading.lines is None else len(reading.lines),
        "task_never": _task_never(reading),
        "boot_audit": _boot_audit(sources),
        "boot_loader": booted.loader.value,
        "boot_error": booted.problem if booted.loaded is not None else booted.reason,
        "augenrules_stale": _stale(sources),
        "auditctl_version": sources.auditctl_version,
    }
    return finished(AUDIT_STATUS.names, [row], ())


def _task_never(reading: Reading) -> int | None:
    """1 where a never rule of the task list is loaded; None where a line of the kernel's is not understood."""
    if reading.lines is None or any(line.rule is None for line in reading.lines):
        return None
    rules = [line.rule for line in reading.lines if line.rule is not None]
    return int(any(rule.list is FilterList.TASK and rule.action is Action.NEVER for rule in rules))


def _stale(sources: Sources) -> int | None:
    """1 where audit.rules differs from what augenrules would make; None where that can't be told."""
    try:
        made = merged(sources)
    except UntoldError:
        return None
    file = sources.audit_rules
    if made is None or (file is not None and file.content is None):
        return None
    return int(file is None or file.content != made.content)


def _boot_audit(sources: Sources) -> str:
    """The last audit= of the kernel's command line, which is the one that counts."""
    given = [word for word in cmdline_of(sources) if word.startswith("audit=")]
    return given[-1].removeprefix("audit=") if given else ""

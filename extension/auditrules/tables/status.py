"""The one row of `audit_status`: the kernel's audit status, and how boot loads the rules."""

from __future__ import annotations

from auditrules.audit.auditctl.status import LOCKED
from auditrules.audit.host_audit import HostAudit
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, finished, flag
from auditrules.tables.schemas import AUDIT_STATUS


def audit_status(audit: HostAudit) -> list[Row]:
    """The one row of `audit_status`."""
    kernel, boot = audit.kernel, audit.boot
    status = kernel.status
    row: Cells = {
        "state": kernel.state.value,
        "error": kernel.error,
        "reader": kernel.reader,
        "enabled": status.enabled,
        "immutable": None if status.enabled is None else int(status.enabled == LOCKED),
        "failure": status.failure,
        "pid": status.pid,
        "consumer": audit.collected.consumer,
        "rate_limit": status.rate_limit,
        "backlog_limit": status.backlog_limit,
        "backlog": status.backlog,
        "lost": status.lost,
        "backlog_wait_time": status.backlog_wait_time,
        "loginuid_immutable": status.loginuid_immutable,
        "kernel_rules": None if kernel.lines is None else len(kernel.lines),
        "task_never": flag(kernel.task_never),
        "boot_audit": audit.boot_audit,
        "boot_loader": boot.loader.value,
        "boot_error": boot.problem if boot.loaded is not None else boot.reason,
        "augenrules_stale": flag(audit.files.stale),
        "kernel_release": audit.collected.facts.kernel.release,
        "auditctl_version": audit.collected.auditctl_version,
    }
    return finished(AUDIT_STATUS.names, [row], ())

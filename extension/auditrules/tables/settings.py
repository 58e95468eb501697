"""The rows of `auditd_settings`: the settings of auditd.conf."""

from __future__ import annotations

from auditrules.audit.boot.auditd_conf import AuditdConf
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, finished
from auditrules.tables.schemas import AUDITD_SETTINGS


def auditd_settings(conf: AuditdConf) -> list[Row]:
    """The rows of `auditd_settings`."""
    return finished(AUDITD_SETTINGS.names, _settings(conf), ("source_path", "line", "name", "value"))


def _settings(conf: AuditdConf) -> list[Cells]:
    if conf.error:
        return [{"source_path": conf.path, "error": conf.error}]
    return [
        {
            "name": setting.name,
            "value": setting.value,
            "source_path": conf.path,
            "line": setting.line,
            "error": setting.error,
        }
        for setting in conf.settings
    ]

"""The rows of `auditd_settings`."""

from __future__ import annotations

from auditrules.audit.boot.auditd_conf import settings
from auditrules.audit.model.collected import File, Sources
from auditrules.plugin.row import Row
from auditrules.tables.cells import Cells, finished
from auditrules.tables.schemas import AUDITD_SETTINGS


def auditd_settings(sources: Sources) -> list[Row]:
    """The rows of `auditd_settings`."""
    return finished(AUDITD_SETTINGS.names, _settings(sources.auditd_conf), ("source_path", "line", "name", "value"))


def _settings(file: File | None) -> list[Cells]:
    if file is None:
        return []
    if file.content is None:
        return [{"source_path": file.path, "error": file.error}]
    return [
        {
            "name": setting.name,
            "value": setting.value,
            "source_path": file.path,
            "line": setting.line,
            "error": setting.error,
        }
        for setting in settings(file.content)
    ]

"""The rows of `audit_coverage`: which accesses to a path are recorded, now and after the next boot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from auditrules.audit.coverage.answer import path_error
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.table import UnsupportedQuery
from auditrules.tables.cells import Cells, comma_list, finished, flag
from auditrules.tables.schemas import AUDIT_COVERAGE

LookUp = Callable[[Iterable[str]], Mapping[str, Entry]]


def asked_paths(context: Context, audit: HostAudit, look: LookUp) -> tuple[PathAnswer, ...]:
    """The answers for the paths in a query, two for each: now, and after the next boot.

    Raises:
        UnsupportedQuery: the query names no path.
    """
    paths = tuple(dict.fromkeys(context.equals("path") or ()))
    if not paths:
        raise UnsupportedQuery("expected path with = or IN")
    seen = look([path for path in paths if not path_error(path)])
    return tuple(audit.coverage(path, source, seen) for path in paths for source in (KERNEL, BOOT))


def audit_coverage(answers: Iterable[PathAnswer]) -> list[Row]:
    """The rows of `audit_coverage`, one for each answer."""
    return finished(AUDIT_COVERAGE.names, map(_cells, answers), ("path", "source"), "path")


def _cells(answer: PathAnswer) -> Cells:
    return {
        "path": answer.path,
        "source": answer.source,
        "recorded": answer.recorded,
        "conditional": answer.conditional,
        "unrecorded": answer.unrecorded,
        "unknown": answer.unknown,
        "rules": answer.rules,
        "keys": comma_list(answer.keys),
        "conditions": comma_list(answer.conditions),
        "reason": answer.reason.value,
        "resolved_path": answer.resolved,
        "path_exists": flag(answer.exists),
        "evidence": answer.evidence,
        "evidence_lines": answer.evidence_lines,
    }

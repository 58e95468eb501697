"""The rows of `audit_coverage`: what of a path is recorded now, and what after the next boot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from auditrules.audit.coverage.answer import bad_path
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.host_audit import BOOT, KERNEL, HostAudit
from auditrules.audit.model.host_facts import Entry
from auditrules.plugin.context import Context, Operator
from auditrules.plugin.row import Row
from auditrules.plugin.table import Question
from auditrules.tables.cells import Cells, comma_list, finished, flag
from auditrules.tables.schemas import AUDIT_COVERAGE

# Equalities are answered; a LIMIT stands with the first column, of which it says nothing.
_ANSWERED = frozenset({Operator.EQUALS, Operator.LIMIT, Operator.OFFSET})

Look = Callable[[Iterable[str]], Mapping[str, Entry]]


def asked(context: Context, audit: HostAudit, look: Look) -> tuple[PathAnswer, ...]:
    """The answers for the paths that a query asks for, two for each.

    Raises Question where the path is asked for by anything but `=` and `IN`.
    """
    paths = _paths(context)
    seen = look([path for path in paths if not bad_path(path)])
    return tuple(audit.coverage(path, source, seen) for path in paths for source in (KERNEL, BOOT))


def audit_coverage(answers: Iterable[PathAnswer]) -> list[Row]:
    """The rows of `audit_coverage`, one for each answer."""
    return finished(AUDIT_COVERAGE.names, map(_cells, answers), ("path", "source"))


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


def _paths(context: Context) -> Sequence[str]:
    """The paths of a query; osquery keeps an empty one to itself, which then asks for nothing."""
    paths = context.equals("path")
    if paths is not None:
        return tuple(dict.fromkeys(paths))
    asked = [each.op for each in context.constraints if each.column == "path"]
    if any(op not in _ANSWERED for op in asked):
        raise Question(
            "expected path = '/a/path' or path IN (…): coverage is worked out for one path, not for a pattern"
        )
    if asked:
        raise Question("expected a path: WHERE path = '/a/path', or path IN (…)")
    return ()

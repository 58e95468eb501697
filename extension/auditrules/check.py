"""Asks `audit_verdicts` about controls, and derives the exit code. Pure: the function that runs SQL is passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.verdict_sql import COLUMNS, of_control
from auditrules.sql.result import QueryResult
from auditrules.status import Status

__all__ = ["COLUMNS", "CheckError", "Status", "check", "exit_code", "statuses"]

_WANTED = (*COLUMNS, "grep_verdict")


class CheckError(Exception):
    """A control did not have exactly one row with a known status."""


def check(controls: Iterable[BenchmarkControl], query: Callable[[str], QueryResult]) -> QueryResult:
    """Return one row for each control: the columns of `COLUMNS`, then `grep_verdict`.

    Raises:
        CheckError: a control has not exactly one row with a known status. A control without a verdict must not look
            like one that passed.
    """
    return QueryResult(_WANTED, tuple(row for control in controls for row in _verdict(control, query).rows))


def _verdict(control: BenchmarkControl, query: Callable[[str], QueryResult]) -> QueryResult:
    name = f"{control.benchmark} {control.version}, control {control.id}"
    sql = f"SELECT {', '.join(_WANTED)} FROM audit_verdicts WHERE {of_control(control)}"  # noqa: S608 - the parts are ours
    result = query(sql)
    if len(result.rows) != 1:
        raise CheckError(f"{name}: audit_verdicts gave {len(result.rows)} rows, expected one")
    known = [member.value for member in Status]
    status = result.rows[0][result.columns.index("status")]
    if status not in known:
        raise CheckError(f"{name}: audit_verdicts gave the status {status!r}, expected one of {', '.join(known)}")
    return result


def statuses(result: QueryResult) -> tuple[Status, ...]:
    """The status of each row of a check."""
    return tuple(map(Status, result.column("status")))


def exit_code(result: QueryResult) -> int:
    """1 if any control fails, else 3 if any is unknown, else 0."""
    present = statuses(result)
    if Status.FAIL in present:
        return 1
    return 3 if Status.UNKNOWN in present else 0

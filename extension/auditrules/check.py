"""Controls run as queries, and the verdict of them all. Pure: what answers the queries is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Protocol

from auditrules.sql.result import Result, Value

COLUMNS = (
    "benchmark",
    "version",
    "control",
    "title",
    "level",
    "target",
    "status",
    "reason",
    "evidence",
    "remediation",
    "next_boot",
)


class Status(str, Enum):
    """What a control says of a host, the worst first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    PASS = "pass"  # noqa: S105 - not that kind of pass
    NOT_APPLICABLE = "not_applicable"


class Control(Protocol):
    """A control as the check needs it: its id in the benchmark, and the SQL that judges a host."""

    @property
    def benchmark(self) -> str:
        """Name of the benchmark."""

    @property
    def version(self) -> str:
        """Version of the benchmark."""

    @property
    def id(self) -> str:
        """Number of the control in its benchmark, such as 1.2.3."""

    @property
    def query(self) -> str:
        """The SQL of the pack."""


class CheckError(Exception):
    """A control's query did not give the one row, with the columns and the status, that a verdict is."""


def check(controls: Iterable[Control], query: Callable[[str], Result]) -> Result:
    """Give one row a control: the columns of `COLUMNS`, then whatever else any of the queries returns.

    Raises `CheckError` where a query gives anything but one row with a known status: a control without a verdict must
    not look like a control that passed.
    """
    verdicts = [_verdict(control, query(control.query)) for control in controls]
    extra = (column for verdict in verdicts for column in verdict if column not in COLUMNS)
    columns = (*COLUMNS, *dict.fromkeys(extra))
    return Result(columns, tuple(tuple(verdict.get(column) for column in columns) for verdict in verdicts))


def statuses(result: Result) -> tuple[Status, ...]:
    """Give the status of each row of a check."""
    place = result.columns.index("status")
    return tuple(Status(row[place]) for row in result.rows)


def exit_code(result: Result) -> int:
    """Give 1 if any control fails, else 3 if any is unknown, else 0."""
    found = statuses(result)
    if Status.FAIL in found:
        return 1
    return 3 if Status.UNKNOWN in found else 0


def _verdict(control: Control, result: Result) -> dict[str, Value]:
    name = f"{control.benchmark} {control.version}, control {control.id}"
    missing = [column for column in COLUMNS if column not in result.columns]
    if missing:
        raise CheckError(f"{name}: its query gave no column {', '.join(missing)}")
    if len(result.rows) != 1:
        raise CheckError(f"{name}: its query gave {len(result.rows)} rows, expected one")
    verdict = dict(zip(result.columns, result.rows[0], strict=True))
    known = [status.value for status in Status]
    if verdict["status"] not in known:
        raise CheckError(f"{name}: its query gave the status {verdict['status']!r}, expected one of {', '.join(known)}")
    return verdict

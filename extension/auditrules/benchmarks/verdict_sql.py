"""Parts of SQL queries on `audit_verdicts`: its columns, and conditions for one benchmark or control."""

from __future__ import annotations

from auditrules.benchmarks.control import BenchmarkControl

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
"""The columns of every verdict in a log, in their order."""


def quoted(text: str) -> str:
    """A text as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def of_benchmark(benchmark: str, version: str) -> str:
    """The condition for the rows of one version of a benchmark."""
    return f"benchmark = {quoted(benchmark)} AND version = {quoted(version)}"


def of_control(control: BenchmarkControl) -> str:
    """The condition for the row of one control."""
    return f"{of_benchmark(control.benchmark, control.version)} AND control = {quoted(control.id)}"

"""Writes the queries for verdicts: each is one SELECT of the table `audit_verdicts`."""

from __future__ import annotations

from collections.abc import Iterable

from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.verdict_sql import COLUMNS, of_benchmark, of_control, quoted
from auditrules.values import dataclass

PASSES = ("pass", "not_applicable")
"""The statuses of hosts that pass a policy."""


def _select(columns: str, condition: str) -> str:
    return f"SELECT {columns}\nFROM audit_verdicts\nWHERE {condition};\n"


def _columns(*, lines: bool, grep: bool) -> str:
    """List the columns. `lines`: with line numbers in the evidence. `grep`: with the benchmark's own check."""
    names = [
        *("evidence_lines AS evidence" if lines and name == "evidence" else name for name in COLUMNS),
        *(["grep_verdict"] if grep else []),
    ]
    return ", ".join(names[:6]) + ",\n  " + ", ".join(names[6:])


def policy_sql(control: BenchmarkControl) -> str:
    """Write the query of a Fleet policy: a row if the host passes, none if it fails or is unknown."""
    statuses = ", ".join(map(quoted, PASSES))
    return _select("1", f"{of_control(control)}\n  AND status IN ({statuses})")


def applies_sql(control: BenchmarkControl) -> str:
    """Write a query that returns a row on the systems of a control's benchmark."""
    return _select("1", f"{of_control(control)}\n  AND applies = 1")


def all_controls_sql(benchmark: Benchmark) -> str:
    """Write the query of all controls of a benchmark, with line numbers in its evidence."""
    return _select(_columns(lines=True, grep=True), of_benchmark(benchmark.name, benchmark.version))


def system_sql(names: Iterable[str], *, lines: bool) -> str:
    """Write the query of all controls of those benchmarks, in their newest version, that are for the host's system.

    The query names each benchmark, so that the table judges no other one. `lines`: with line numbers in the evidence.
    """
    named = ",\n  ".join(map(quoted, names))
    return _select(_columns(lines=lines, grep=False), f"applies = 1 AND newest = 1 AND benchmark IN (\n  {named}\n)")


def pinned_sql(benchmark: Benchmark, *, lines: bool) -> str:
    """Write the query of all controls of one version of a benchmark, with rows only on its systems."""
    of_this = of_benchmark(benchmark.name, benchmark.version)
    return _select(_columns(lines=lines, grep=False), f"{of_this} AND applies = 1")


@dataclass(frozen=True, slots=True)
class Check:
    """A control, and the queries for its verdict. Each returns one row on every host."""

    control: BenchmarkControl

    @property
    def name(self) -> str:
        """The name of the query in a pack."""
        return self.control.name

    @property
    def query(self) -> str:
        """The query whose row changes only with the host's rules and targets: its evidence has no line numbers."""
        return self._query(lines=False)

    @property
    def snapshot_query(self) -> str:
        """The same, with line numbers in its evidence."""
        return self._query(lines=True)

    def _query(self, *, lines: bool) -> str:
        return _select(_columns(lines=lines, grep=bool(self.control.grep)), of_control(self.control))

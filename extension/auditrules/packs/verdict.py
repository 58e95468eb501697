"""The SQL that asks a host for verdicts: one statement on `audit_verdicts` for each query."""

from __future__ import annotations

from collections.abc import Iterable

from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.verdict_sql import COLUMNS, of_benchmark, of_control, quoted
from auditrules.values import dataclass

PASSES = ("pass", "not_applicable")
"""The statuses with which a host passes a policy."""


def _select(columns: str, condition: str) -> str:
    return f"SELECT {columns}\nFROM audit_verdicts\nWHERE {condition};\n"


def _columns(*, lines: bool, grep: bool) -> str:
    """The columns of a verdict; `lines` puts line numbers into the evidence, `grep` adds the benchmark's own check."""
    names = [
        *("evidence_lines AS evidence" if lines and name == "evidence" else name for name in COLUMNS),
        *(["grep_verdict"] if grep else []),
    ]
    return ", ".join(names[:6]) + ",\n  " + ", ".join(names[6:])


def policy_sql(control: BenchmarkControl) -> str:
    """The query of a Fleet policy: a row if the host passes, none if it fails or is unknown."""
    statuses = ", ".join(map(quoted, PASSES))
    return _select("1", f"{of_control(control)}\n  AND status IN ({statuses})")


def applies_sql(control: BenchmarkControl) -> str:
    """A query that gives a row on systems that the benchmark of a control is for."""
    return _select("1", f"{of_control(control)}\n  AND applies = 1")


def all_controls_sql(benchmark: Benchmark) -> str:
    """The query of all controls of a benchmark, with line numbers in its evidence."""
    return _select(_columns(lines=True, grep=True), of_benchmark(benchmark.name, benchmark.version))


def system_sql(names: Iterable[str], *, lines: bool) -> str:
    """The query of all controls of those of some benchmarks, in their newest version, that are for the host's system.

    Each is named, as only that narrows what is judged. `lines` puts line numbers into the evidence.
    """
    named = ",\n  ".join(map(quoted, names))
    return _select(_columns(lines=lines, grep=False), f"applies = 1 AND newest = 1 AND benchmark IN (\n  {named}\n)")


def pinned_sql(benchmark: Benchmark, *, lines: bool) -> str:
    """The query of all controls of one version of a benchmark, on systems that it is for."""
    of_this = of_benchmark(benchmark.name, benchmark.version)
    return _select(_columns(lines=lines, grep=False), f"{of_this} AND applies = 1")


@dataclass(frozen=True, slots=True)
class Check:
    """A control with the queries that ask a host for its verdict: one row, whatever the host."""

    control: BenchmarkControl

    @property
    def name(self) -> str:
        """Name of the query in a pack."""
        return self.control.name

    @property
    def query(self) -> str:
        """The SQL whose answer changes only with the host's rules and targets: its evidence names files, no lines."""
        return self._query(lines=False)

    @property
    def snapshot_query(self) -> str:
        """The same, with line numbers in its evidence."""
        return self._query(lines=True)

    def _query(self, *, lines: bool) -> str:
        return _select(_columns(lines=lines, grep=bool(self.control.grep)), of_control(self.control))

"""The rows of `audit_controls`: the catalogue of controls, which does not depend on the host."""

from __future__ import annotations

from collections import Counter

from auditrules.benchmarks.catalogue import Catalogue, LeftOut
from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.table import row_filters
from auditrules.tables.cells import Cells, comma_list, finished
from auditrules.tables.schemas import AUDIT_CONTROLS

CONTROL_KEY = ("benchmark", "version", "control")

_TEXTS = frozenset({"description", "rationale", "impact", "default_value"})


def audit_controls(catalogue: Catalogue, context: Context) -> list[Row]:
    """The rows of `audit_controls` for a query. Long texts are read only if the query uses a column of them."""
    of_benchmark = row_filters(AUDIT_CONTROLS, context, ("benchmark", "version", "newest"))
    of_control = row_filters(AUDIT_CONTROLS, context, ("control",))
    texts = _TEXTS if context.columns_used is None else _TEXTS & context.columns_used
    cells = [
        _cells(benchmark, control, texts, newest=catalogue.is_newest(benchmark))
        for benchmark in catalogue.benchmarks
        if all(keep(benchmark_cells(benchmark, newest=catalogue.is_newest(benchmark))) for keep in of_benchmark)
        for control in benchmark.controls
        if all(keep({"control": control.id}) for keep in of_control)
    ]
    names = Counter(each.name for each in catalogue.left_out)
    left_out = (_left_out(each, each.name if names[each.name] == 1 else each.path) for each in catalogue.left_out)
    return finished(AUDIT_CONTROLS.names, [*cells, *left_out], CONTROL_KEY)


def benchmark_cells(benchmark: Benchmark, *, newest: bool) -> dict[str, str]:
    """The cells of a benchmark that a query's constraints may test."""
    return {"benchmark": benchmark.name, "version": benchmark.version, "newest": str(int(newest))}


def control_cells(control: BenchmarkControl, *, newest: bool) -> Cells:
    """The cells that every table on controls has in common."""
    return {
        "benchmark": control.benchmark,
        "version": control.version,
        "control": control.id,
        "title": control.title,
        "level": control.level,
        "newest": int(newest),
    }


def _cells(benchmark: Benchmark, control: BenchmarkControl, texts: frozenset[str], *, newest: bool) -> Cells:
    return {
        **control_cells(control, newest=newest),
        "assessment": control.assessment.value,
        "family": control.family,
        "systems": comma_list(control.systems),
        **{name: control.text(name) for name in texts},
        "mappings": comma_list(control.mappings),
        "links": control.links,
        "notes": control.notes,
        "source_path": benchmark.source_path,
    }


def _left_out(file: LeftOut, name: str) -> Cells:
    return {"benchmark": name, "newest": 0, "source_path": file.path, "error": file.error}

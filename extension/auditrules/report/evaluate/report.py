"""Makes a report from the tables of the logs: fills the tables of the request, and runs the SQL stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import pyarrow as pa

from auditrules import __version__
from auditrules.benchmarks import BENCHMARKS, CIS_DOCKER
from auditrules.benchmarks.catalogue import keep_all_loaded
from auditrules.report.evaluate import queries, values
from auditrules.report.evaluate.engine import Engine
from auditrules.report.evaluate.filters import (
    ControlFilters,
    KnownControl,
    check_column,
    check_hosts,
    glob,
    selected_benchmarks,
    selected_controls,
)
from auditrules.report.evaluate.natural_order import natural
from auditrules.report.evaluate.notes import Notes, ObservedTimes
from auditrules.report.evaluate.query_names import named_queries
from auditrules.report.evaluate.values import ResultRow
from auditrules.report.evaluate.waivers import Waivers
from auditrules.report.inputs import ReportRequest
from auditrules.report.model import Counts, Day, Reading, Report
from auditrules.report.tables import REQUEST_TABLES
from auditrules.report.times import CLOCK_AHEAD, DAY, EARLIEST, day

RESTART_GAP = 600
"""An extension that is gone for at most so many seconds, as at a restart of osqueryd, counts as never gone."""
LONGEST_TREND = 366
"""The most days of a trend; the last ones are kept."""


def build_report(
    engine: Engine, request: ReportRequest, reading: Reading, outline: Callable[[], Sequence[str]] = tuple
) -> Report:
    """Make a report of the engine's tables. `reading` may already have the number of their rows.

    `outline` may give the engine an outline of the observations; it returns notes. Raises `ReportError` if a filter
    selects nothing, or a query fails.
    """
    keep_all_loaded()
    until = request.now if request.until is None else request.until
    waivers = Waivers(request.waivers, until)
    set_parameters(engine, request, until)
    _create(engine, "05_known")
    remarks = outline()
    _create(engine, "08_outline")
    titles = _create_subjects(engine, request)
    waived = waivers.waived_subjects(engine.fetch("waivable_subjects")) if request.waivers else ()
    set_rows(engine, "waived_subjects", waived)
    first, last, has_snapshot = engine.fetch("observed_window")[0]
    later = None
    if not reading.rows or first is None:
        read, distinct, later = engine.fetch("observation_counts")[0]
        reading = replace(reading, rows=distinct, repeated=read - distinct)
    observed = ObservedTimes(last, bool(has_snapshot), later if first is None else None)
    start = None if first is None else min(max(first, request.since or 0), until)  # a clock may be a little ahead
    days = list(_days(until if start is None else start, until))
    set_rows(engine, "trend_days", days)
    _create(engine, "40_slots", "50_streaks")
    shown = _create_async(engine, "60_shown")
    early = engine.fetch_async("host_name_notes", "wrong_clocks")
    _create(engine, "70_verdicts")
    late = engine.fetch_async("by_host", "by_control", "changes", "trend")

    shown()
    verdict_rows = engine.fetch("verdict_rows")
    names, clocks = early()
    notes = Notes(names, clocks, reading.broken_hosts, until, request.max_age)
    verdicts = values.verdicts(verdict_rows, titles, waivers, notes)
    by_host, by_control, changes, trend = late()
    hosts = values.hosts(by_host, notes)
    controls = values.controls(by_control, titles)
    at_end = {name: Counts(*counts) for name, *counts in trend}
    return Report(
        tool_version=__version__,
        made_at=request.now,
        start=start,
        end=None if last is None else min(last, until),
        max_age=request.max_age,
        inventory=None if request.inventory is None else len(request.inventory.hosts),
        grouped_by=request.grouped_by,
        counts=values.summed(control.counts for control in controls),
        host_counts=values.host_counts(by_host),
        controls=controls,
        groups=values.groups(engine.fetch("by_group")) if request.grouped_by else (),
        trend=tuple(Day(name, at_end.get(name, Counts())) for name, _ in days),
        hosts=hosts,
        verdicts=verdicts,
        changes=values.changes(changes, notes),
        waivers=waivers.with_states(),
        reading=reading,
        notes=(*notes.fleet(request, reading, verdicts, hosts, observed), *remarks),
    )


def _known_controls(logged: Iterable[ResultRow]) -> Mapping[tuple[str, str, str], KnownControl]:
    """Return the controls of the logs and of the catalogue by their keys. If both have one, the catalogue counts."""
    return {**{each.key: each for each in (KnownControl(*row) for row in logged)}, **_shipped()}


@cache
def _shipped() -> Mapping[tuple[str, str, str], KnownControl]:
    controls = (each for benchmark in BENCHMARKS for each in benchmark.controls)
    return MappingProxyType(
        {each.key: KnownControl(*each.key, each.title, each.level, each.family) for each in controls}
    )


def set_rows(engine: Engine, name: str, rows: Iterable[ResultRow]) -> None:
    """Fill a table of `tables.REQUEST_TABLES`."""
    schema = REQUEST_TABLES[name]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    engine.set_table(name, pa.Table.from_arrays(arrays, schema=schema))


def set_parameters(engine: Engine, request: ReportRequest, until: int) -> None:
    """Fill in the table `parameters`."""
    latest = request.now + CLOCK_AHEAD
    filters = _filters(request)
    parameters = (
        request.grouped_by,
        latest if request.until is None else until,
        EARLIEST,
        latest,
        until,
        request.since or 0,
        request.max_age,
        RESTART_GAP,
        int(not request.benchmarks),
        int(not filters),
        int(not request.hosts),
    )
    set_rows(engine, "parameters", [parameters])


def _filters(request: ReportRequest) -> ControlFilters:
    return ControlFilters(request.controls, request.families, request.levels)


def _create_subjects(engine: Engine, request: ReportRequest) -> Mapping[tuple[str, str, str], KnownControl]:
    """Find the hosts and controls of the observations, and fill the table of controls that each host should report.

    Returns the known controls.
    """
    filters = _filters(request)
    observations = _create_async(engine, "10_observations")
    known = _known_controls(engine.fetch("control_titles"))
    selected = selected_benchmarks(request.benchmarks, (key[:2] for key in known))
    default = selected or (CIS_DOCKER[0].key,)
    set_rows(engine, "selected_benchmarks", selected)
    set_rows(engine, "shipped_controls", ((*key, int(key[:2] in default)) for key in _shipped()))
    in_order = sorted(known.values(), key=lambda each: (natural(each.control), each.key))
    set_rows(engine, "selected_controls", selected_controls(selected, filters, in_order))
    if request.grouped_by:
        columns = request.inventory.columns if request.inventory else ()
        check_column(request.grouped_by, {*columns, *(name for (name,) in engine.fetch("decoration_names"))})
    set_rows(engine, "inventory", request.inventory.rows(request.grouped_by) if request.inventory else ())
    set_rows(engine, "named_queries", named_queries(name for (name,) in engine.fetch("interrupted_queries")))
    _create(engine, "20_hosts")
    globs = [glob(pattern) for pattern in request.hosts]
    hosts = engine.fetch("selectable_hosts") if globs else []
    check_hosts(request.hosts, hosts)
    matched = {key for key, name in hosts for matches in globs if matches(key) or matches(name)}
    set_rows(engine, "selected_hosts", ((key,) for key in sorted(matched)))
    observations()
    _create(engine, "30_subjects")
    return known


def _create(engine: Engine, *stages: str) -> None:
    for stage in stages:
        for step in queries.steps(stage):
            engine.create(step)


def _create_async(engine: Engine, stage: str) -> Callable[[], None]:
    """Start a stage. Returns the function that waits for its end."""
    waits = [engine.create_async(step) for step in queries.steps(stage)]

    def wait() -> None:
        for each in waits:
            each()

    return wait


def _days(start: int, until: int) -> Iterator[tuple[str, int]]:
    """Yield the days of the window, each with its last moment. The last day ends at `until`."""
    last = until // DAY
    for number in range(max(start // DAY, last - LONGEST_TREND + 1), last + 1):
        yield day(number * DAY), min((number + 1) * DAY - 1, until)

"""From the tables of the logs to a report: fill in what is asked, and run the queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pyarrow as pa

from auditrules import __version__
from auditrules.benchmarks import BENCHMARKS, BY_ID
from auditrules.report.evaluate import queries, values
from auditrules.report.evaluate.engine import Engine
from auditrules.report.evaluate.filters import control_is_known, host_is_known
from auditrules.report.evaluate.notes import Notes
from auditrules.report.evaluate.query_names import named
from auditrules.report.evaluate.values import Row, natural
from auditrules.report.evaluate.waivers import Waivers, glob
from auditrules.report.inputs import Question
from auditrules.report.model import Counts, Day, Reading, Report
from auditrules.report.storage.update import AHEAD
from auditrules.report.tables import GIVEN
from auditrules.report.times import DAY, EARLIEST, day

FLIP = 600
"""Seconds within which an extension that is gone and back, as at a restart of osqueryd, was never gone."""
LONGEST_TREND = 366
"""Days, the last ones."""


def judge(engine: Engine, question: Question, reading: Reading) -> Report:
    """Make a report of what the engine's tables hold; `reading` may know already how many rows that is."""
    until = question.now if question.until is None else question.until
    waivers = Waivers(question.waivers, until)
    _name(engine, question, until)
    given(engine, "waived", waivers.spelled_out(engine.rows("subjects_named")) if question.waivers else ())
    first, last, snapshot = engine.rows("window")[0]
    if not reading.rows:
        rows, once = engine.rows("counted")[0]
        reading = replace(reading, rows=once, repeated=rows - once)
    start = None if first is None else min(max(first, question.since or 0), until)  # a clock may be a little ahead
    moments = list(_moments(until if start is None else start, until))
    given(engine, "moments", moments)
    for step in (*queries.steps("40_slots"), *queries.steps("50_streaks")):
        engine.make(step)
    shown = [engine.make_aside(step) for step in queries.steps("60_shown")]
    told = engine.rows_aside("names", "clocks", "titles")
    for step in queries.steps("70_verdicts"):
        engine.make(step)
    counted = engine.rows_aside("by_host", "by_control", "changes", "trend")

    for made in shown:
        made()
    judged = engine.rows("judged_rows")
    names, clocks, titled = told()
    notes = Notes(names, clocks, until, question.max_age)
    titles = {tuple(key): (title, level) for *key, title, level in titled}
    titles |= {key: (control.title, control.level) for key, control in BY_ID.items()}
    verdicts = values.verdicts(judged, titles, waivers, notes)
    by_host, by_control, changes, trend = counted()
    hosts = values.hosts(by_host, notes)
    controls = values.controls(by_control, titles)
    at_end = {name: Counts(*counts) for name, *counts in trend}
    return Report(
        tool_version=__version__,
        made_at=question.now,
        start=start,
        end=None if last is None else min(last, until),
        max_age=question.max_age,
        inventory=None if question.inventory is None else len(question.inventory.hosts),
        grouped_by=question.grouped_by,
        counts=values.summed(control.counts for control in controls),
        host_counts=values.host_counts(by_host),
        controls=controls,
        groups=values.groups(engine.rows("by_group")) if question.grouped_by else (),
        trend=tuple(Day(name, at_end.get(name, Counts())) for name, _ in moments),
        hosts=hosts,
        verdicts=verdicts,
        changes=values.changes(changes, notes),
        waivers=waivers.stated(),
        reading=reading,
        notes=tuple(notes.fleet(question, reading, verdicts, hosts, snapshot=bool(snapshot))),
    )


def given(engine: Engine, name: str, rows: Iterable[Row]) -> None:
    """Give an engine the rows of a table of `tables.GIVEN`."""
    schema = GIVEN[name]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    engine.given(name, pa.Table.from_arrays(arrays, schema=schema))


def _name(engine: Engine, question: Question, until: int) -> None:
    """Find out which host and control each line is of, and what is expected of whom."""
    latest = question.now + AHEAD
    parameters = (
        question.benchmark,
        question.grouped_by,
        latest if question.until is None else until,
        EARLIEST,
        latest,
        until,
        question.since or 0,
        question.max_age,
        FLIP,
        int(not question.controls),
        int(not question.hosts),
    )
    given(engine, "parameters", [parameters])
    voices = [engine.make_aside(step) for step in queries.steps("10_observations")]
    expected = question.benchmark or BENCHMARKS[0].version
    given(engine, "shipped", ((*key, int(key[1] == expected)) for key in BY_ID))
    given(engine, "wanted_controls", ((control,) for control in question.controls))
    given(engine, "inventory", question.inventory.rows(question.grouped_by) if question.inventory else ())
    logged = [(benchmark, version, control) for benchmark, version, control, *_ in engine.rows("titles")]
    known = sorted({key[1:] for key in (*BY_ID, *logged)}, key=lambda key: (natural(key[1]), key))
    control_is_known(question.benchmark, question.controls, known)
    given(engine, "named", named((name for (name,) in engine.rows("unnamed")), logged))
    for step in queries.steps("20_hosts"):
        engine.make(step)
    globs = [glob(pattern) for pattern in question.hosts]
    hosts = engine.rows("hosts_named") if globs else []
    host_is_known(question.hosts, hosts)
    wanted = {key for key, name in hosts for matches in globs if matches(key) or matches(name)}
    given(engine, "wanted_hosts", ((key,) for key in sorted(wanted)))
    for made in voices:
        made()
    for step in queries.steps("30_subjects"):
        engine.make(step)


def _moments(start: int, until: int) -> Iterator[tuple[str, int]]:
    """The end of each day of the window, and of the last the moment for which the report is made."""
    last = until // DAY
    for number in range(max(start // DAY, last - LONGEST_TREND + 1), last + 1):
        yield day(number * DAY), min((number + 1) * DAY - 1, until)

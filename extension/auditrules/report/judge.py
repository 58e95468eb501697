"""From the tables of the logs to a report: fill in what is asked, run the queries, and make values of their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pyarrow as pa

from auditrules import __version__
from auditrules.benchmarks import BENCHMARKS, BY_ID
from auditrules.check import Status
from auditrules.report import queries
from auditrules.report.asked import control_is_known, host_is_known
from auditrules.report.engine import Engine
from auditrules.report.given import Question
from auditrules.report.model import (
    Change,
    ChangeKind,
    ControlCounts,
    Counts,
    Day,
    GroupCounts,
    Host,
    HostState,
    Reading,
    Report,
    Verdict,
)
from auditrules.report.naming import named
from auditrules.report.notes import Notes
from auditrules.report.reading import AHEAD, EARLIEST
from auditrules.report.tables import GIVEN
from auditrules.report.times import DAY, day
from auditrules.report.waiving import Waivers, glob

FLIP = 600
"""Seconds within which an extension that is gone and back, as at a restart of osqueryd, was never gone."""
LONGEST_TREND = 366
"""Days, the last ones."""

_WORST = tuple(Status)
_RANK = {status: rank for rank, status in enumerate(_WORST)}
_STATUSES = {status.value: status for status in Status}
_DIGITS = re.compile(r"(\d+)")

Row = Sequence[Any]


def judge(engine: Engine, question: Question, reading: Reading) -> Report:
    """Make a report of what the engine's tables hold; `reading` may know already how many rows that is."""
    until = question.now if question.until is None else question.until
    waivers = Waivers(question.waivers, until)
    _name(engine, question, until)
    given(engine, "waived", waivers.spelled_out(engine.rows("subjects_named")))
    first, last, snapshots = engine.rows("window")[0]
    if not reading.rows:
        rows, once = engine.rows("counted")[0]
        reading = replace(reading, rows=once, repeated=rows - once)
    start = None if first is None else min(max(first, question.since or 0), until)  # a clock may be a little ahead
    moments = list(_moments(until if start is None else start, until))
    given(engine, "moments", moments)
    for step in queries.JUDGING:
        engine.make(step)

    notes = Notes(engine, until, question.max_age)
    titles = {tuple(key): (title, level) for *key, title, level in engine.rows("titles")}
    titles |= {key: (control.title, control.level) for key, control in BY_ID.items()}
    verdicts = _verdicts(engine.rows("judged_rows"), titles, waivers, notes)
    trend = {name: Counts(*counts) for name, *counts in engine.rows("trend")}
    by_host = engine.rows("by_host")
    hosts = _hosts(by_host, notes)
    controls = _controls(engine.rows("by_control"), titles)
    return Report(
        tool_version=__version__,
        made_at=question.now,
        start=start,
        end=None if last is None else min(last, until),
        max_age=question.max_age,
        inventory=None if question.inventory is None else len(question.inventory.hosts),
        grouped_by=question.grouped_by,
        counts=_sum(control.counts for control in controls),
        host_counts=_host_counts(by_host),
        controls=controls,
        groups=_groups(engine.rows("by_group")) if question.grouped_by else (),
        trend=tuple(Day(name, trend.get(name, Counts())) for name, _ in moments),
        hosts=hosts,
        verdicts=verdicts,
        changes=_changes(engine.rows("changes"), notes),
        waivers=waivers.stated(),
        reading=reading,
        notes=tuple(notes.fleet(question, reading, snapshots or 0, verdicts, hosts)),
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
    expected = question.benchmark or BENCHMARKS[0].version
    given(engine, "shipped", ((*key, int(key[1] == expected)) for key in BY_ID))
    given(engine, "wanted_controls", ((control,) for control in question.controls))
    given(engine, "inventory", question.inventory.rows(question.grouped_by) if question.inventory else ())
    logged = [(benchmark, version, control) for benchmark, version, control, *_ in engine.rows("titles")]
    known = sorted({key[1:] for key in (*BY_ID, *logged)}, key=lambda key: (natural(key[1]), key))
    control_is_known(question.benchmark, question.controls, known)
    given(engine, "named", named((name for (name,) in engine.rows("unnamed")), logged))
    for step in queries.NAMING:
        engine.make(step)
    globs = [glob(pattern) for pattern in question.hosts]
    hosts = engine.rows("hosts_named") if globs else []
    host_is_known(question.hosts, hosts)
    wanted = {key for key, name in hosts for matches in globs if matches(key) or matches(name)}
    given(engine, "wanted_hosts", ((key,) for key in sorted(wanted)))
    for step in queries.SUBJECTS:
        engine.make(step)


def _moments(start: int, until: int) -> Iterator[tuple[str, int]]:
    """The end of each day of the window, and of the last the moment for which the report is made."""
    last = until // DAY
    for number in range(max(start // DAY, last - LONGEST_TREND + 1), last + 1):
        yield day(number * DAY), min((number + 1) * DAY - 1, until)


def _verdicts(
    rows: Iterable[Row], titles: dict[tuple[str, ...], tuple[str, str]], waivers: Waivers, notes: Notes
) -> tuple[Verdict, ...]:
    verdicts: list[Verdict] = []
    failing: list[Verdict] = []
    for (
        key,
        benchmark,
        version,
        control,
        target,
        word,
        logged,
        cause,
        reason,
        evidence,
        boot,
        since,
        seen,
        *failure,
    ) in rows:
        status = _STATUSES[word]
        if cause:
            reason, evidence = cause, notes.why(cause, seen, *failure)  # noqa: PLW2901 - what the row said is old
        elif logged not in _STATUSES:
            reason = "unknown_status"  # noqa: PLW2901 - the row's own is of a status that nobody knows
        open_ = status in (Status.FAIL, Status.UNKNOWN)
        title, level = titles.get((benchmark, version, control), ("", ""))
        verdicts.append(
            Verdict(
                host=key,
                benchmark=benchmark,
                version=version,
                control=control,
                title=title,
                level=level,
                target=target,
                status=status,
                logged=logged,
                reason=reason,
                evidence=evidence,
                next_boot=boot,
                since=since,
                seen=seen,
                waiver=waivers.of((key, benchmark, version, control)) if open_ else None,
            )
        )
        if cause in ("query_failed", "extension_missing"):
            failing.append(verdicts[-1])
    verdicts.sort(key=_place)
    for verdict in sorted(failing, key=_place):
        notes.fails(verdict.host, verdict.evidence)
    return tuple(verdicts)


def _place(verdict: Verdict) -> tuple[object, ...]:
    """Where a verdict stands: nothing is left to the order in which an engine gives the rows."""
    return (
        _RANK[verdict.status],
        natural(verdict.control),
        verdict.host,
        verdict.target,
        verdict.version,
        verdict.seen or 0,
        verdict.since or 0,
        verdict.evidence,
    )


def _hosts(rows: Iterable[Row], notes: Notes) -> tuple[Host, ...]:
    hosts = []
    for key, name, group, missing, last, worst, failing, stale, silent, number, _ in rows:
        if missing:
            state = HostState.MISSING
        elif failing:
            state = HostState.FAILING
        elif stale:
            state = HostState.STALE
        elif silent == number:
            state = HostState.NO_ROWS
        else:
            state = HostState.REPORTING
        hosts.append(Host(key, name, group, state, _WORST[worst], last, notes.host(key)))
    hosts.sort(key=lambda host: (_RANK[host.status], host.name, host.key))
    return tuple(hosts)


def _host_counts(rows: Iterable[Row]) -> Counts:
    numbers = [0, 0, 0, 0]
    waived = 0
    for *_, worst, _failing, _stale, _silent, number, all_waived in rows:
        numbers[worst] += 1
        waived += worst <= _RANK[Status.UNKNOWN] and bool(number) and all_waived
    failed, unknown, passed, not_applicable = numbers
    return Counts(passed, failed, unknown, not_applicable, waived)


def _controls(rows: Iterable[Row], titles: dict[tuple[str, ...], tuple[str, str]]) -> tuple[ControlCounts, ...]:
    controls = []
    for benchmark, version, control, *counts in rows:
        title, level = titles.get((benchmark, version, control), ("", ""))
        controls.append(ControlCounts(benchmark, version, control, title, level, Counts(*counts)))
    controls.sort(key=lambda each: (each.benchmark, natural(each.version), natural(each.control)))
    return tuple(controls)


def _groups(rows: Iterable[Row]) -> tuple[GroupCounts, ...]:
    return tuple(GroupCounts(group, number, Counts(*counts)) for group, number, *counts in rows)


def _changes(rows: Iterable[Row], notes: Notes) -> tuple[Change, ...]:
    changes = []
    for at, key, benchmark, version, control, target, before, after, cause, evidence, seen, *failure in rows:
        if after == "gone":
            kind = ChangeKind.OTHER
            evidence = "its query runs there, and names this target no more"  # noqa: PLW2901 - no row says so
        elif cause:
            kind = ChangeKind.GONE_SILENT
            evidence = notes.why(cause, seen, *failure)  # noqa: PLW2901 - no row says so
        elif after == Status.FAIL.value:
            kind = ChangeKind.NEWLY_FAILING
        elif before == Status.FAIL.value and after != Status.UNKNOWN.value:
            kind = ChangeKind.FIXED
        else:
            kind = ChangeKind.OTHER
        changes.append(Change(at, kind, key, benchmark, version, control, target, before, after, evidence))
    changes.sort(key=lambda each: (-each.at, each.host, natural(each.control), each.target, each.after, each.before))
    return tuple(changes)


def _sum(counts: Iterable[Counts]) -> Counts:
    every = [(each.passed, each.failed, each.unknown, each.not_applicable, each.waived) for each in counts]
    return Counts(*map(sum, zip(*every, strict=True)))


@lru_cache(maxsize=4096)
def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Give the order of numbers within text: 1.2.9 before 1.2.10."""
    return tuple((int(part[:18]), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(text) if part)

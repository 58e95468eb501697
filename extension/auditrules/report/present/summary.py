"""Makes the summary of a report, in sections of rows, for a terminal or another display."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from auditrules.report.model import Broken, Counts, HostState, HostSummary, Reading, Report, Verdict, WaiverState
from auditrules.report.present.complete import list_all
from auditrules.report.present.wording import Naming, identity_text, label, naming_of, percent, waiver_text
from auditrules.report.times import duration, utc
from auditrules.status import Status
from auditrules.text import counted

MOST = 20
"""The most hosts, changes, waivers or files in a list."""

MOST_OF_HOST = 10
"""The most verdicts of one host in a list."""

SummaryRow = Sequence[str | Counts]
"""Texts, which are as hostile as their hosts, and counts, which become bars. A row of one text is a line."""
Section = tuple[str, Sequence[SummaryRow]]

_Value = TypeVar("_Value")


def sections(report: Report) -> Iterator[Section]:
    """Yield the sections of a summary, in order, without empty ones."""
    report = list_all(report)
    yield f"auditrules report {report.tool_version}", list(_heading(report))
    naming = naming_of(report.controls)
    benchmarks: dict[tuple[str, str], list[SummaryRow]] = defaultdict(list)
    for each in report.controls:
        row = (each.control, each.title, each.counts, _share(each.counts), _counted(each.counts))
        benchmarks[each.benchmark, each.version].append(row)
    for (benchmark, version), rows in benchmarks.items():
        yield f"Controls of {benchmark} {version}, by hosts", rows
    if report.grouped_by:
        groups = [
            (each.group or "(none)", counted(each.hosts, "host"), each.counts, _share(each.counts))
            for each in report.groups
        ]
        yield f"By {report.grouped_by}, by hosts and controls", groups
    hosts = {host.key: host for host in report.hosts}
    failing = [each for each in report.verdicts if each.status is Status.FAIL]
    unknown = [each for each in report.verdicts if each.status is Status.UNKNOWN]
    reporting = [each for each in unknown if hosts[each.host].state is HostState.REPORTING]
    yield from _judged("Failing hosts", failing, hosts, naming)
    yield from _judged("Reporting hosts with an unknown control", reporting, hosts, naming)
    not_reporting = [host for host in report.hosts if host.state is not HostState.REPORTING]
    why = {each.host: each.evidence for each in reversed(unknown)}
    yield from _listed(
        "Hosts not reporting",
        not_reporting,
        lambda host: (
            host.name,
            host.state.value.replace("_", " "),
            _when(host.last_seen),
            "; ".join(filter(None, _why(host, why))),
        ),
    )
    yield from _listed(
        "Changes",
        report.changes,
        lambda change: (
            utc(change.at),
            change.kind.value.replace("_", " "),
            hosts[change.host].name,
            label(change.benchmark, change.version, change.control, naming),
            change.target,
        ),
    )
    lapsed = [each for each in report.waivers if each.state is not WaiverState.ACTIVE]
    yield from _listed("Waivers that waive nothing", lapsed, lambda each: (each.hosts, each.control, waiver_text(each)))
    if report.notes:
        yield "Data-quality warnings", [(note,) for note in report.notes]
    yield "Read", list(_read(report.reading))


def _heading(report: Report) -> Iterator[SummaryRow]:
    window = "no results" if report.end is None else f"{_when(report.start)} to {_when(report.end)}"
    yield "logs", f"{window}; results expire after {duration(report.max_age)}; made at {utc(report.made_at)}"
    asked = "no inventory" if report.inventory is None else f"the inventory names {report.inventory}"
    hosts = report.host_counts
    yield "hosts", f"{_share(hosts)}; {_counted(hosts)}; {len(report.hosts)} in all, {asked}"
    told_apart = identity_text(report.hosts)
    if told_apart:
        yield "", f"told apart: {told_apart}"
    yield "verdicts", f"{_share(report.counts)}; {_counted(report.counts)}; {report.counts.waived} waived"
    yield "", "Pass rate = pass / (pass + fail); unknown and n/a are in neither."


def _share(counts: Counts) -> str:
    """Write the pass rate with its numbers."""
    rate = percent(counts)
    return f"{counts.passed} of {counts.judged} pass, {rate}" if counts.judged else rate


def _counted(counts: Counts) -> str:
    return f"{counts.failed} fail, {counts.unknown} unknown, {counts.not_applicable} n/a"


def _judged(
    title: str, verdicts: Iterable[Verdict], hosts: dict[str, HostSummary], naming: Naming
) -> Iterator[Section]:
    """List the hosts of these verdicts, those without a waiver first, each with its first verdicts."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.host].append(verdict)
    ordered = sorted(found, key=lambda host: all(verdict.waived for verdict in found[host]))
    rows: list[SummaryRow] = []
    for host in ordered[:MOST]:
        rows += (_line(hosts[host].name, each, naming) for each in found[host][:MOST_OF_HOST])
        if len(found[host]) > MOST_OF_HOST:
            rows.append((hosts[host].name, f"and {len(found[host]) - MOST_OF_HOST} more", "", "", ""))
    if found:
        yield f"{title}: {len(found)}", [*rows, *_more(len(found))]


def _line(host: str, verdict: Verdict, naming: Naming) -> SummaryRow:
    return (
        host,
        label(verdict.benchmark, verdict.version, verdict.control, naming),
        verdict.target,
        "" if verdict.since is None else f"since {utc(verdict.since)}",
        "; ".join(filter(None, _reasons(verdict))),
    )


def _reasons(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.reason}: {verdict.evidence}" if verdict.evidence else verdict.reason
    if verdict.waiver is not None:
        yield waiver_text(verdict.waiver)


def _why(host: HostSummary, why: dict[str, str]) -> Iterator[str]:
    yield why.get(host.key, "")
    if host.note != why.get(host.key):
        yield host.note


def _listed(title: str, values: Sequence[_Value], row: Callable[[_Value], SummaryRow]) -> Iterator[Section]:
    if values:
        yield f"{title}: {len(values)}", [*map(row, values[:MOST]), *_more(len(values))]


def _more(number: int) -> Iterator[SummaryRow]:
    if number > MOST:
        yield (f"and {number - MOST} more",)


def _read(reading: Reading) -> Iterator[SummaryRow]:
    counts = (
        f"{counted(reading.lines, 'line')} of {counted(reading.files, 'file')}: {counted(reading.rows, 'verdict')}, "
        f"{counted(reading.repeated, 'duplicate')}, {counted(reading.passed_over, 'line')} of other queries, "
        f"{reading.broken} broken"
    )
    yield (counts,)
    for each in reading.unreadable[:MOST]:
        yield (f"unreadable: {_place(each)}: {each.cause}",)
    yield from _more(len(reading.unreadable))
    for each in reading.first_broken:
        yield (f"broken: {_place(each)}: {each.cause}{f' (of {each.host})' if each.host else ''}",)
    if reading.broken > len(reading.first_broken):
        yield (f"and {reading.broken - len(reading.first_broken)} more broken lines",)


def _place(broken: Broken) -> str:
    return f"{broken.file}:{broken.line}" if broken.line else broken.file


def _when(at: int | None) -> str:
    return "never" if at is None else utc(at)

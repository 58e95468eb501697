"""What a summary of a report says, section by section, whatever it is shown on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from auditrules.check import Status
from auditrules.report.model import Broken, Counts, Host, HostState, Reading, Report, Verdict, WaiverState
from auditrules.report.present.complete import listed
from auditrules.report.present.words import percent, waived
from auditrules.report.times import utc

MOST = 20
"""How many hosts, changes, waivers or files are listed."""

Row = Sequence[str | Counts]
"""Texts, as hostile as their hosts, and counts, to be drawn as a bar; a row of one text is a line."""
Section = tuple[str, Sequence[Row]]

_HOUR = 3600
_Value = TypeVar("_Value")


def sections(report: Report) -> Iterator[Section]:
    """Give the parts of a summary, in their order; what has nothing to say is left out."""
    report = listed(report)
    yield f"auditrules report {report.tool_version}", list(_heading(report))
    if report.controls:
        controls = [
            (
                f"{each.benchmark} {each.version}",
                each.control,
                each.title,
                each.counts,
                _share(each.counts),
                _counted(each.counts),
            )
            for each in report.controls
        ]
        one = len({benchmark for benchmark, *_ in controls}) == 1
        title = f"Controls of {controls[0][0]}" if one else "Controls"
        yield f"{title}, by hosts", [row[1:] if one else row for row in controls]
    if report.grouped_by:
        groups = [
            (each.group or "(none)", f"{each.hosts} hosts", each.counts, _share(each.counts)) for each in report.groups
        ]
        yield f"By {report.grouped_by}, by hosts and controls", groups
    hosts = {host.key: host for host in report.hosts}
    failing = [each for each in report.verdicts if each.status is Status.FAIL]
    unknown = [each for each in report.verdicts if each.status is Status.UNKNOWN]
    reporting = [each for each in unknown if hosts[each.host].state is HostState.REPORTING]
    yield from _judged("Failing hosts", failing, hosts)
    yield from _judged("Hosts that report, with a control unknown", reporting, hosts)
    silent = [host for host in report.hosts if host.state is not HostState.REPORTING]
    why = {each.host: each.evidence for each in reversed(unknown)}
    yield from _listed(
        "Silent hosts",
        silent,
        lambda host: (
            host.name,
            host.state.value.replace("_", " "),
            _when(host.last_seen),
            "; ".join(filter(None, _said(host, why))),
        ),
    )
    yield from _listed(
        "Changes",
        report.changes,
        lambda change: (
            utc(change.at),
            change.kind.value.replace("_", " "),
            hosts[change.host].name,
            change.control,
            change.target,
        ),
    )
    lapsed = [each for each in report.waivers if each.state is not WaiverState.ACTIVE]
    yield from _listed("Waivers that waive nothing", lapsed, lambda each: (each.hosts, each.control, waived(each)))
    if report.notes:
        yield "To know before believing a number", [(note,) for note in report.notes]
    yield "Read", list(_read(report.reading))


def _heading(report: Report) -> Iterator[Row]:
    window = "nothing is in them" if report.end is None else f"{_when(report.start)} to {_when(report.end)}"
    yield "logs", f"{window}; a host is stale after {report.max_age / _HOUR:g} h; made at {utc(report.made_at)}"
    asked = "no inventory" if report.inventory is None else f"the inventory names {report.inventory}"
    hosts = report.host_counts
    yield "hosts", f"{_share(hosts)}; {_counted(hosts)}; {len(report.hosts)} in all, {asked}"
    yield "verdicts", f"{_share(report.counts)}; {_counted(report.counts)}; {report.counts.waived} waived"
    yield "", "A percentage is of what passes or fails; unknown and n/a are in no percentage."


def _share(counts: Counts) -> str:
    """Say which part passes, and of how many."""
    said = percent(counts)
    return f"{counts.passed} of {counts.judged} pass, {said}" if counts.judged else said


def _counted(counts: Counts) -> str:
    return f"{counts.failed} fail, {counts.unknown} unknown, {counts.not_applicable} n/a"


def _judged(title: str, verdicts: Iterable[Verdict], hosts: dict[str, Host]) -> Iterator[Section]:
    """List the hosts with such a verdict, those first that nobody waived."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.host].append(verdict)
    ordered = sorted(found, key=lambda host: all(verdict.waived for verdict in found[host]))
    rows = [
        (
            hosts[host].name,
            each.control,
            each.target,
            "" if each.since is None else f"since {utc(each.since)}",
            "; ".join(filter(None, _reasons(each))),
        )
        for host in ordered[:MOST]
        for each in found[host]
    ]
    if found:
        yield f"{title}: {len(found)}", [*rows, *_more(len(found))]


def _reasons(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.reason}: {verdict.evidence}" if verdict.evidence else verdict.reason
    if verdict.waiver is not None:
        yield waived(verdict.waiver)


def _said(host: Host, why: dict[str, str]) -> Iterator[str]:
    yield why.get(host.key, "")
    if host.note != why.get(host.key):
        yield host.note


def _listed(title: str, values: Sequence[_Value], row: Callable[[_Value], Row]) -> Iterator[Section]:
    if values:
        yield f"{title}: {len(values)}", [*map(row, values[:MOST]), *_more(len(values))]


def _more(number: int) -> Iterator[Row]:
    if number > MOST:
        yield (f"and {number - MOST} more",)


def _read(reading: Reading) -> Iterator[Row]:
    counts = (
        f"{reading.lines} lines of {reading.files} files: {reading.rows} verdicts, {reading.repeated} met again, "
        f"{reading.passed_over} lines of other queries, {reading.broken} broken"
    )
    yield (counts,)
    for each in reading.unreadable[:MOST]:
        yield (f"unreadable: {_place(each)}: {each.cause}",)
    yield from _more(len(reading.unreadable))
    for each in reading.first_broken:
        yield (f"broken: {_place(each)}: {each.cause}",)
    if reading.broken > len(reading.first_broken):
        yield (f"and {reading.broken - len(reading.first_broken)} more broken lines",)


def _place(broken: Broken) -> str:
    return f"{broken.file}:{broken.line}" if broken.line else broken.file


def _when(at: int | None) -> str:
    return "never" if at is None else utc(at)

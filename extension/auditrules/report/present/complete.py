"""Completes a report: each verdict has its host and control, and each host a verdict.

A format that lists hosts must not miss a verdict, and one that lists verdicts must not miss a host without any, which
would look like one that nobody expected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType

from auditrules.report.model import ControlCounts, Counts, HostState, HostSummary, Report, Verdict
from auditrules.status import Status

TITLE = "Whether this host audits what it should"
"""The text in place of a control for a host that has none."""

_HOST = attrgetter("host")
_CONTROL = attrgetter("benchmark", "version", "control")
_WITHOUT_VERDICT: Mapping[HostState, tuple[str, str]] = MappingProxyType(
    {
        HostState.REPORTING: ("no_rows", "no verdict of it is known"),
        HostState.STALE: ("stale", "its last result has expired, and no verdict of it is known"),
        HostState.MISSING: ("missing", "the inventory names it, and no log does"),
        HostState.FAILING: ("query_failed", "a query failed there, and no verdict of it is known"),
        HostState.NO_ROWS: ("no_rows", "its queries return no row, or do not run"),
    }
)


def list_all(report: Report) -> Report:
    """Add hosts and controls that only verdicts name, and hosts that only changes name."""
    by_host = [*map(_HOST, report.verdicts), *map(_HOST, report.changes)]
    strange = set(by_host).difference(host.key for host in report.hosts)
    unknown = set(map(_CONTROL, report.verdicts)).difference(map(_CONTROL, report.controls))
    if not strange and not unknown:
        return report
    return replace(
        report,
        hosts=(*report.hosts, *_hosts(report, [key for key in dict.fromkeys(by_host) if key in strange])),
        controls=(*report.controls, *_controls([each for each in report.verdicts if _CONTROL(each) in unknown])),
    )


def complete(report: Report) -> Report:
    """Do what `list_all` does, and add an unknown verdict for each host without any."""
    known = {verdict.host for verdict in report.verdicts}
    added = tuple(_unknown(host) for host in report.hosts if host.key not in known)
    return list_all(replace(report, verdicts=(*report.verdicts, *added)) if added else report)


def _hosts(report: Report, keys: list[str]) -> Iterator[HostSummary]:
    if not keys:
        return
    statuses: dict[str, set[Status]] = defaultdict(set)
    seen: dict[str, int] = {}
    for verdict in report.verdicts:
        statuses[verdict.host].add(verdict.status)
        seen[verdict.host] = max(verdict.seen or 0, seen.get(verdict.host, 0))
    for key in keys:
        yield HostSummary(key, key, "", HostState.REPORTING, _worst(statuses[key]), seen.get(key) or None, "")


def _controls(found: list[Verdict]) -> Iterator[ControlCounts]:
    controls: dict[tuple[str, str, str], dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for each in found:
        controls[each.benchmark, each.version, each.control][each.host].append(each)
    for control, hosts in controls.items():
        statuses = [_worst({each.status for each in verdicts}) for verdicts in hosts.values()]
        waived = sum(_waived(verdicts) for verdicts in hosts.values())
        failed, unknown, passed, not_applicable = map(statuses.count, Status)
        counts = Counts(passed, failed, unknown, not_applicable, waived)
        first = next(each for verdicts in hosts.values() for each in verdicts)
        yield ControlCounts(*control, first.title, first.level, counts, first.family)


def _worst(statuses: set[Status]) -> Status:
    return next((status for status in Status if status in statuses), Status.UNKNOWN)


def _waived(verdicts: list[Verdict]) -> bool:
    open_ = [each.waived for each in verdicts if each.status in (Status.FAIL, Status.UNKNOWN)]
    return bool(open_) and all(open_)


def _unknown(host: HostSummary) -> Verdict:
    """Make the verdict of a host without any."""
    reason, why = _WITHOUT_VERDICT[host.state]
    return Verdict(
        host=host.key,
        benchmark="",
        version="",
        control="",
        title=TITLE,
        level="",
        target="",
        status=Status.UNKNOWN,
        logged="",
        reason=reason,
        evidence="; ".join(filter(None, (why, host.note))),
        next_boot="",
        since=None,
        seen=None,
    )

"""Writes CSV: a header, and a row for each verdict. A host without verdicts has a row that is unknown."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from auditrules.report.model import HostSummary, Report, Verdict
from auditrules.report.present.complete import complete
from auditrules.report.present.remediation import remediation_text
from auditrules.report.times import utc
from auditrules.text import spreadsheet_cell

_COLUMNS: Mapping[str, Callable[[HostSummary, Verdict], str]] = MappingProxyType(
    {
        "host": lambda host, _: host.key,
        "name": lambda host, _: host.name,
        "group": lambda host, _: host.group,
        "state": lambda host, _: host.state.value,
        "benchmark": lambda _, verdict: verdict.benchmark,
        "version": lambda _, verdict: verdict.version,
        "control": lambda _, verdict: verdict.control,
        "title": lambda _, verdict: verdict.title,
        "level": lambda _, verdict: verdict.level,
        "target": lambda _, verdict: verdict.target,
        "status": lambda _, verdict: verdict.status.value,
        "logged": lambda _, verdict: verdict.logged,
        "reason": lambda _, verdict: verdict.reason,
        "evidence": lambda _, verdict: verdict.evidence,
        "next_boot": lambda _, verdict: verdict.next_boot,
        "since": lambda _, verdict: "" if verdict.since is None else utc(verdict.since),
        "seen": lambda _, verdict: "" if verdict.seen is None else utc(verdict.seen),
        "waived": lambda _, verdict: str(int(verdict.waived)),
        "waiver_reason": lambda _, verdict: verdict.waiver.reason if verdict.waiver else "",
        "waiver_owner": lambda _, verdict: verdict.waiver.owner if verdict.waiver else "",
        "waiver_expires": lambda _, verdict: verdict.waiver.expires if verdict.waiver else "",
        "remediation": lambda _, verdict: remediation_text(verdict),
        "note": lambda host, _: host.note,
        "family": lambda _, verdict: verdict.family,
    }
)

COLUMNS = tuple(_COLUMNS)


def rows(report: Report) -> Iterator[str]:
    """Write CSV as in RFC 4180, but always one line for each row."""
    writer = csv.writer(_Line(), lineterminator="\r\n")
    yield writer.writerow(COLUMNS)
    report = complete(report)
    hosts = {host.key: host for host in report.hosts}
    for verdict in report.verdicts:
        host = hosts[verdict.host]
        yield writer.writerow([spreadsheet_cell(cell(host, verdict)) for cell in _COLUMNS.values()])


class _Line:
    """A file for csv.writer that returns the written line."""

    @staticmethod
    def write(line: str) -> str:
        return line

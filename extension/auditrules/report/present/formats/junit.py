"""Writes JUnit XML: a suite for each host, a case for each control. Unknown is an error, not applicable is skipped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from junitparser import Error, Failure, Skipped, TestCase, TestSuite

from auditrules.report.model import HostSummary, Report, Verdict
from auditrules.report.present.complete import complete
from auditrules.report.present.remediation import remediation_text
from auditrules.report.present.wording import control_name, waiver_text
from auditrules.report.times import utc
from auditrules.status import Status
from auditrules.text import visible


def junit(report: Report) -> Iterator[str]:
    """Write a document, with the hosts in the report's order. A host without a verdict is an error."""
    report = complete(report)
    cases: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in report.verdicts:
        cases[verdict.host].append(verdict)
    found = [verdict.status for verdict in report.verdicts]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<testsuites name="auditrules report" tests="{len(found)}" failures="{found.count(Status.FAIL)}" '
        f'errors="{found.count(Status.UNKNOWN)}">\n'
    )
    for host in report.hosts:
        text: bytes = _suite(report, host, cases[host.key]).tostring()
        # What is beyond ASCII is written as a reference, whatever the encoding of the file that it ends in.
        yield text.decode().encode("ascii", "xmlcharrefreplace").decode() + "\n"
    yield "</testsuites>\n"


def _suite(report: Report, host: HostSummary, verdicts: Sequence[Verdict]) -> TestSuite:
    suite = TestSuite(visible(host.name))
    suite.hostname = visible(host.name)
    if host.last_seen is not None:
        suite.timestamp = utc(host.last_seen)
    for name, value in (
        ("host", host.key),
        ("state", host.state.value),
        (report.grouped_by, host.group),
        ("note", host.note),
    ):
        if value:
            suite.add_property(visible(name), visible(value))
    for verdict in verdicts:
        suite.append(_case(verdict))
    suite.update_statistics()
    return suite


def _case(verdict: Verdict) -> TestCase:
    target = f" [{verdict.target}]" if verdict.target else ""
    case = TestCase(
        visible(f"{control_name(verdict)}{target}"),
        classname=visible(f"{verdict.benchmark} {verdict.version}".strip() or "auditrules report"),
    )
    reason, evidence = visible(verdict.reason), visible(verdict.evidence)
    result: Failure | Error | Skipped
    match verdict.status:
        case Status.FAIL:
            result = Failure(evidence, reason)
        case Status.UNKNOWN:
            result = Error(evidence, reason)
        case Status.NOT_APPLICABLE:
            result = Skipped(evidence or reason, reason)
        case Status.PASS:
            return case
    result.text = "\n".join(_details(verdict))
    case.result = [result]
    return case


def _details(verdict: Verdict) -> Iterator[str]:
    if verdict.evidence:
        yield visible(verdict.evidence)
    if verdict.since is not None:
        yield f"since {utc(verdict.since)}"
    if verdict.waiver is not None:
        yield waiver_text(verdict.waiver)
    advice = remediation_text(verdict)
    if advice:
        yield advice

"""Writes a lint report as JUnit: a suite for each input, a case for each finding, a passing case for a clean file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditrules.authoring.finding import LintFinding, LintReport, LintSeverity
from auditrules.text import visible

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_QUOTED_ESCAPES = {**_ESCAPES, ord('"'): "&quot;"}  # xml.sax has a function for it, which imports all of HTTP and TLS


def junit(reports: Sequence[LintReport], fail_on: LintSeverity) -> str:
    """Write the reports. Findings that fail the run are failures; suppressed ones are skipped cases."""
    ranks = list(LintSeverity)
    failing = {*ranks[: ranks.index(fail_on) + 1]}
    return document("auditrules lint", (suite(report.name, list(_cases(report, failing))) for report in reports))


Case = tuple[str, str, str, str, str]
"""A case: its name, its class, its element (failure, error or skipped; empty: it passes), a message, and a text."""


def document(name: str, suites: Iterable[str]) -> str:
    """Write a document of suites, in ASCII."""
    body = "".join(suites)
    whole = f"{_HEAD}<testsuites name={_attribute(name)}>\n{body}</testsuites>\n"
    return whole.encode("ascii", "xmlcharrefreplace").decode()


def suite(name: str, cases: Sequence[Case]) -> str:
    """Write one suite, with its counts."""
    counts = {kind: sum(case[2] == kind for case in cases) for kind in ("failure", "error", "skipped")}
    head = (
        f'  <testsuite name={_attribute(name)} tests="{len(cases)}" failures="{counts["failure"]}" '
        f'errors="{counts["error"]}" skipped="{counts["skipped"]}">\n'
    )
    return head + "".join(map(_case, cases)) + "  </testsuite>\n"


def _case(case: Case) -> str:
    name, classname, kind, message, text = case
    head = f"    <testcase name={_attribute(name)} classname={_attribute(classname)}"
    shown = visible(text, kept="\n").translate(_ESCAPES)
    if not kind:
        return f"{head}>\n      <system-out>{shown}</system-out>\n    </testcase>\n" if shown else f"{head}/>\n"
    return f"{head}>\n      <{kind} message={_attribute(message)}>{shown}</{kind}>\n    </testcase>\n"


def _attribute(text: str) -> str:
    return f'"{visible(text).translate(_QUOTED_ESCAPES)}"'


def _cases(report: LintReport, failing: set[LintSeverity]) -> Iterator[Case]:
    found = {each.place.path for each in report.findings}
    for finding in report.findings:
        kind = "skipped" if finding.suppressed is not None else "failure" if finding.kind.severity in failing else ""
        message = finding.suppressed or f"{finding.kind.severity.value}: {finding.message}"
        yield f"{finding.kind.id} {finding.place}", finding.place.path, kind, message, _text(finding)
    for path in report.files:
        if path not in found:
            yield path, path, "", "", ""


def _text(finding: LintFinding) -> str:
    lines = (
        f"{finding.place}: {finding.message}",
        finding.text,
        finding.kind.effect,
        finding.kind.advice,
        ", ".join(map(str, finding.targets)),
    )
    return "\n".join(filter(None, lines))

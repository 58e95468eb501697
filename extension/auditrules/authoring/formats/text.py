"""Writes a lint report for people: each finding with its line and a marker, then the outcome for each target.

What a kind of finding means is said where it comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditrules.authoring.finding import Cost, LintFinding, LintReport, LintSeverity, LintTarget, LoadOutcome
from auditrules.authoring.targets import systems_of
from auditrules.text import counted, shortened, visible

_WIDEST = 160  # shown characters of a line
_INDENT = "    "


def text(reports: Sequence[LintReport], _fail_on: LintSeverity) -> str:
    """Write the reports as text."""
    return "".join(line for report in reports for line in _report(report))


def _report(report: LintReport) -> Iterator[str]:
    all_targets = tuple(each.target for each in report.outcomes)
    shown = [each for each in report.findings if each.suppressed is None]
    told: set[str] = set()
    for each in shown:
        yield from _finding(each, all_targets)
        if each.kind.id not in told:
            yield f"{_INDENT}{each.kind.effect}\n{_INDENT}{each.kind.advice}\n"
            told.add(each.kind.id)
    for outcome in report.outcomes:
        yield f"{visible(report.name)}: {_outcome(outcome)}\n"
    yield from _agreement(report)
    if report.outcomes:
        yield from _cost(report.outcomes[0].cost)
    counts = ", ".join(counted(len(report.of_severity(severity)), severity.value) for severity in LintSeverity)
    left = len(report.findings) - len(shown)
    yield f"{visible(report.name)}: {counts}{f', {left} suppressed by a comment' if left else ''}\n"


def _finding(finding: LintFinding, targets: tuple[LintTarget, ...]) -> Iterator[str]:
    column = f":{finding.span[0] + 1}" if finding.span and finding.place.line else ""
    kind = finding.kind
    place = f"{visible(str(finding.place))}{column}"
    yield f"{place}: {kind.severity.value}: {visible(shortened(finding.message))} [{kind.id}]\n"
    if finding.text and finding.place.line:
        yield from _line(finding.text, finding.span)
    if finding.targets != targets:
        yield f"{_INDENT}with {', '.join(map(str, finding.targets))}\n"


def _line(line: str, span: tuple[int, int] | None) -> Iterator[str]:
    """The line with a marker below. A long line is cut so that the marked place is shown."""
    start, end = span or (0, 0)
    first = max(0, min(start - _WIDEST // 2, len(line) - _WIDEST))
    cut = line[first : first + _WIDEST]
    shown = cut if cut.isprintable() else "".join(char if char.isprintable() else "·" for char in cut)
    yield f"{_INDENT}{'…' if first else ''}{shown}{'…' if first + _WIDEST < len(line) else ''}\n"
    if span is not None:
        width = max(min(end, first + _WIDEST) - start, 1)
        yield f"{_INDENT}{' ' * (start - first + bool(first))}{'^' * width}\n"


def _outcome(outcome: LoadOutcome) -> str:
    target = outcome.target
    rules = counted(outcome.rules, "rule is", "rules are")
    head = f"{target}{systems_of(target.version)}: {outcome.loaded} of {rules} loaded"
    if outcome.stopped_at is not None:
        return f"{head}, the load stops at {visible(str(outcome.stopped_at))}"
    refused = counted(len(outcome.refused), "line is", "lines are")
    return f"{head}, {refused} refused" if outcome.refused else head


def _agreement(report: LintReport) -> Iterator[str]:
    """If targets differ: which of them accept all lines, and which lines the others refuse."""
    if len({each.refused for each in report.outcomes}) < 2:  # noqa: PLR2004 - all are alike
        return
    clean = [str(each.target) for each in report.outcomes if not each.refused]
    if clean:
        yield f"{visible(report.name)}: loads with {', '.join(clean)}\n"
    for each in report.outcomes:
        if each.refused:
            places = ", ".join(visible(str(place)) for place in each.refused[:10])
            yield f"{visible(report.name)}: refused with {each.target}: {places}\n"


def _cost(cost: Cost) -> Iterator[str]:
    if not cost.listed and not cost.on_inodes and not cost.undecided:
        return
    listed, on_inodes = counted(cost.listed, "rule"), counted(cost.on_inodes, "is", "are")
    yield (
        f"cost: at the end of every system call the kernel looks at {listed} and compares {cost.always}; "
        f"{on_inodes} on files, and asked only where a call uses one\n"
    )
    if cost.undecided:
        one = "watch more is on a file, or is asked at every call if it is a directory"
        many = "watches more are on files, or are asked at every call if they are directories"
        yield f"cost: {counted(cost.undecided, one, many)}\n"
    if cost.calls:
        yield f"cost: most are compared for {', '.join(f'{name} ({count})' for name, count in cost.calls)}\n"
    for count, what in (
        (cost.merged_away, "could be one with another that differs in the calls only"),
        (cost.limited, "would be asked at few calls only, with the calls of the letters named"),
        (cost.earlier, "could stand before a rule that is asked at every call"),
    ):
        if count:
            yield f"cost: {counted(count, 'rule')} {what}\n"

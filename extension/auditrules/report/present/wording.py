"""Sentences that the formats, the summary and the page share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from auditrules.report.model import ControlCounts, Counts, HostSummary, Verdict, Waiver
from auditrules.text import visible

_INVENTORY = "inventory"  # what no log names is told apart by nothing else
_TENTHS = 1000  # of a percent, in the whole


def percent(counts: Counts) -> str:
    """Write the pass rate, rounded down to a tenth: 100 % means that all passed, 0 % that none did.

    >>> percent(Counts(passed=2, failed=1)), percent(Counts(passed=1, failed=9999)), percent(Counts(unknown=3))
    ('66.6 %', 'under 0.1 %', 'none judged')
    """
    if not counts.judged:
        return "none judged"
    tenths = counts.passed * _TENTHS // counts.judged
    if counts.passed and not tenths:
        return "under 0.1 %"
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth} %" if tenth else f"{whole} %"


def identity_text(hosts: Iterable[HostSummary]) -> str:
    """Say which identifiers distinguish the hosts of the logs, the commonest first; empty: no log names a host."""
    numbers = Counter(host.identified_by for host in hosts if host.identified_by not in ("", _INVENTORY))
    if len(numbers) == 1:
        return f"each by its {next(iter(numbers))}"
    return ", ".join(
        f"{number} by {what}" for what, number in sorted(numbers.items(), key=lambda each: (-each[1], each[0]))
    )


def waiver_text(waiver: Waiver) -> str:
    """Say who accepts a failure until when, and why."""
    state = waiver.state.value
    return visible(f"waiver ({state}), until {waiver.expires}, by {waiver.owner}: {waiver.reason}")


class Naming(Enum):
    """The parts of a control's name that make it unique in a report."""

    NUMBER = "number"
    VERSION = "number and version"
    BENCHMARK = "number, benchmark and version"


def naming_of(controls: Iterable[ControlCounts]) -> Naming:
    """Find the shortest unique names for the controls of a report."""
    versions = {(each.benchmark, each.version) for each in controls}
    if len({benchmark for benchmark, _ in versions}) > 1:
        return Naming.BENCHMARK
    return Naming.VERSION if len(versions) > 1 else Naming.NUMBER


def benchmark_name(benchmark: str, version: str) -> str:
    """Return name and version of a benchmark, without the word Benchmark at the end."""
    return f"{benchmark.removesuffix(' Benchmark')} {version}"


def label(benchmark: str, version: str, control: str, naming: Naming) -> str:
    """Return the number of a control, with benchmark or version if its number is not unique.

    >>> label("CIS Debian Linux 12 Benchmark", "1.1.0", "6.2.3.9", Naming.BENCHMARK)
    '6.2.3.9 (CIS Debian Linux 12 1.1.0)'
    """
    if naming is Naming.NUMBER:
        return control
    return f"{control} ({version if naming is Naming.VERSION else benchmark_name(benchmark, version)})"


def control_name(verdict: Verdict) -> str:
    """Return number and title of a control; only the title if the host has no control."""
    return f"{verdict.control} {verdict.title}" if verdict.control else verdict.title


def control_heading(of: Verdict | ControlCounts) -> str:
    """Return benchmark, number and title of a control; only the title if there is no control."""
    return f"{of.benchmark} {of.version}, {of.control}: {of.title}" if of.benchmark or of.control else of.title

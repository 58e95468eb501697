"""Makes the values of the model from the results of the SQL, in an order that depends only on the values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auditrules.report.evaluate.filters import KnownControl
from auditrules.report.evaluate.natural_order import natural
from auditrules.report.evaluate.notes import Notes
from auditrules.report.evaluate.waivers import Waivers
from auditrules.report.model import (
    Change,
    ChangeKind,
    ControlCounts,
    Counts,
    GroupCounts,
    HostState,
    HostSummary,
    Verdict,
)
from auditrules.status import Status

ResultRow = Sequence[Any]

_WORST = tuple(Status)
_RANK = {status: rank for rank, status in enumerate(_WORST)}
_STATUSES = {status.value: status for status in Status}
_STRANGE = KnownControl("", "", "", "", "")
_OPEN = (Status.FAIL.value, Status.UNKNOWN.value)


def verdicts(
    rows: Iterable[ResultRow],
    known: Mapping[tuple[str, str, str], KnownControl],
    waivers: Waivers,
    notes: Notes,
) -> tuple[Verdict, ...]:
    """Return the verdicts of `verdict_rows`, the worst first, and give `notes` the reasons why hosts fail."""
    placed: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    failing: set[int] = set()
    for (  # not with a star: it would make a list of each
        key,
        benchmark,
        version,
        control,
        target,
        word,
        logged,
        override,
        reason,
        evidence,
        boot,
        since,
        seen,
        query,
        message,
    ) in rows:
        status = _STATUSES[word]
        about = known.get((benchmark, version, control), _STRANGE)
        waiver = waivers.waiver_of((key, benchmark, version, control)) if word in _OPEN else None
        if override:
            why, shown = override, notes.explain(override, seen, query, message)
        else:
            why, shown = reason if logged in _STATUSES else "unknown_status", evidence
        verdict = Verdict(
            host=key,
            benchmark=benchmark,
            version=version,
            control=control,
            title=about.title,
            level=about.level,
            target=target,
            status=status,
            logged=logged,
            reason=why,
            evidence=shown,
            next_boot=boot,
            since=since,
            seen=seen,
            waiver=waiver,
            family=about.family,
        )
        if override in ("query_failed", "extension_missing"):
            failing.add(id(verdict))
        placed[word, control].append(verdict)  # a status is slower to look up than its word
    ordered = sorted(placed, key=lambda place: (_RANK[_STATUSES[place[0]]], natural(place[1]), place[1]))
    found = [verdict for place in ordered for verdict in placed[place]]
    for verdict in found if failing else ():
        if id(verdict) in failing:
            notes.add_failure(verdict.host, verdict.evidence)
    return tuple(found)


def hosts(rows: Iterable[ResultRow], notes: Notes) -> tuple[HostSummary, ...]:
    """Return the hosts of `by_host`, the worst first."""
    found = []
    for key, name, group, missing, last, worst, failing, stale, without_rows, number, _, identified_by in rows:
        if missing:
            state = HostState.MISSING
        elif failing:
            state = HostState.FAILING
        elif stale:
            state = HostState.STALE
        elif without_rows == number:
            state = HostState.NO_ROWS
        else:
            state = HostState.REPORTING
        found.append(HostSummary(key, name, group, state, _WORST[worst], last, notes.host(key, name), identified_by))
    found.sort(key=lambda host: (_RANK[host.status], host.name, host.key))
    return tuple(found)


def host_counts(rows: Iterable[ResultRow]) -> Counts:
    """Count the hosts of `by_host`, each once."""
    numbers = [0, 0, 0, 0]
    waived = 0
    for *_, worst, _failing, _stale, _without_rows, number, all_waived, _identified_by in rows:
        numbers[worst] += 1
        waived += worst <= _RANK[Status.UNKNOWN] and bool(number) and all_waived
    failed, unknown, passed, not_applicable = numbers
    return Counts(passed, failed, unknown, not_applicable, waived)


def controls(
    rows: Iterable[ResultRow], known: Mapping[tuple[str, str, str], KnownControl]
) -> tuple[ControlCounts, ...]:
    """Return the controls of `by_control`, in the order of their numbers."""
    found = []
    for benchmark, version, control, *counts in rows:
        about = known.get((benchmark, version, control), _STRANGE)
        found.append(
            ControlCounts(benchmark, version, control, about.title, about.level, Counts(*counts), about.family)
        )
    found.sort(key=lambda each: (each.benchmark, natural(each.version), natural(each.control)))
    return tuple(found)


def groups(rows: Iterable[ResultRow]) -> tuple[GroupCounts, ...]:
    """Return the groups of `by_group`."""
    return tuple(GroupCounts(group, number, Counts(*counts)) for group, number, *counts in rows)


def changes(rows: Iterable[ResultRow], notes: Notes) -> tuple[Change, ...]:
    """Return the changes of `changes`, the newest first."""
    found = []
    for at, key, benchmark, version, control, target, before, after, override, evidence, seen, *failure in rows:
        if after == "gone":
            kind = ChangeKind.OTHER
            evidence = "its query runs there, and no longer names this target"  # noqa: PLW2901 - no row says so
        elif override:
            kind = ChangeKind.GONE_SILENT
            evidence = notes.explain(override, seen, *failure)  # noqa: PLW2901 - no row says so
        elif after == Status.FAIL.value:
            kind = ChangeKind.NEWLY_FAILING
        elif before == Status.FAIL.value and after != Status.UNKNOWN.value:
            kind = ChangeKind.FIXED
        else:
            kind = ChangeKind.OTHER
        found.append(Change(at, kind, key, benchmark, version, control, target, before, after, evidence))
    found.sort(
        key=lambda each: (
            *(-each.at, each.host, natural(each.control), each.target, each.after, each.before),
            *(each.control, each.version, each.benchmark),
        )
    )
    return tuple(found)


def summed(counts: Iterable[Counts]) -> Counts:
    """Add up counts."""
    every = [(each.passed, each.failed, each.unknown, each.not_applicable, each.waived) for each in counts]
    return Counts(*map(sum, zip(*every, strict=True)))

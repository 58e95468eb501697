"""A report on a fleet as large as is wanted, from a seed: what the page looks like, and what it costs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from auditrules.benchmarks import CIS_DOCKER, BenchmarkControl
from auditrules.report.model import (
    Change,
    ChangeKind,
    ControlCounts,
    Counts,
    Day,
    GroupCounts,
    HostState,
    HostSummary,
    Report,
    Verdict,
    Waiver,
    WaiverState,
)
from auditrules.status import Status
from tests.fixtures.judged import required
from tests.report.present.sample import DAY, HOUR, NOON, WAIVER, sample

ROLES = ("web", "db", "cache", "build", "edge")
GROUPS = ("production", "staging", "office", "laboratory")
STATES = (HostState.STALE, HostState.MISSING, HostState.FAILING, HostState.NO_ROWS)
EXPIRED = Waiver("build-*", "1.2.8", "is rebuilt each night", "build team", "2026-10-31", WaiverState.EXPIRED)
UNUSED = Waiver("laboratory-*", "*", "a host of tests", "platform team", "2027-03-31", WaiverState.UNUSED)
WORST = tuple(Status)


def fleet(size: int, days: int = 30, seed: int = 1) -> Report:
    """A report on `size` hosts by the ten controls of the first benchmark: most pass, some do not, some say nothing."""
    chance = random.Random(seed)  # noqa: S311 - a fleet that is made up
    controls = CIS_DOCKER[0].controls
    hosts: list[HostSummary] = []
    verdicts: list[Verdict] = []
    for number in range(size):
        role = ROLES[number % len(ROLES)]
        state = chance.choice(STATES) if chance.random() < 0.04 else HostState.REPORTING
        name = f"{role}-{number // len(ROLES) + 1}"
        key = f"{chance.getrandbits(128):032x}"
        seen = None if state is HostState.MISSING else NOON - chance.randrange(HOUR)
        if state is HostState.STALE and seen is not None:
            seen -= 3 * DAY
        weak = chance.random() < 0.2
        said = [_verdict(chance, key, name, control, state, weak, seen) for control in controls]
        worst = min((each.status for each in said), key=WORST.index)
        note = "no such table: audit_coverage" if state is HostState.FAILING else ""
        hosts.append(HostSummary(key, f"{name}.example.net", GROUPS[number * 7 % 4], state, worst, seen, note))
        verdicts += said
    groups = {host.key: host.group for host in hosts}
    counts = _counts(verdicts)
    return replace(
        sample(),
        start=NOON - days * DAY,
        inventory=size,
        counts=counts,
        host_counts=_counts(hosts),
        controls=tuple(
            ControlCounts(
                each.benchmark,
                each.version,
                each.id,
                each.title,
                each.level,
                _counts(verdict for verdict in verdicts if verdict.control == each.id),
            )
            for each in controls
        ),
        groups=tuple(
            GroupCounts(
                group,
                sum(host.group == group for host in hosts),
                _counts(verdict for verdict in verdicts if groups[verdict.host] == group),
            )
            for group in GROUPS
        ),
        trend=tuple(_day(counts, days, number) for number in range(days)),
        hosts=tuple(sorted(hosts, key=lambda each: WORST.index(each.status))),
        verdicts=tuple(sorted(verdicts, key=lambda each: (WORST.index(each.status), int(each.control.split(".")[2])))),
        changes=tuple(_changes(chance, verdicts, size // 40)),
        waivers=(WAIVER, EXPIRED, UNUSED),
    )


def _verdict(
    chance: random.Random,
    host: str,
    name: str,
    control: BenchmarkControl,
    state: HostState,
    weak: bool,
    seen: int | None,
) -> Verdict:
    wanted = required(control)
    path = wanted.path
    line = f"-w {path} -p {wanted.permissions} -k docker"
    status, reason, evidence = Status.PASS, "covered", f"{line} (/etc/audit/rules.d/docker.rules)"
    logged = "pass"
    if state is not HostState.REPORTING:
        status, reason, evidence = Status.UNKNOWN, state.value, "nothing is known: the host is silent"
        logged = "" if state in {HostState.MISSING, HostState.NO_ROWS} else "pass"
    elif weak and chance.random() < 0.3:
        status, reason, logged = Status.FAIL, "no_rule", "fail"
        evidence = f"no rule of the kernel records {path}; not recorded: {wanted.permissions}"
    elif wanted.docker and wanted.docker.if_applicable and chance.random() < 0.3:
        status, reason, evidence = Status.NOT_APPLICABLE, "absent", f"nothing at {path}, and nothing is wanted then"
        logged = "not_applicable"
    waiver = None
    if status is Status.FAIL:
        waiver = next(
            (each for each in (WAIVER, EXPIRED) if name.startswith(each.hosts[:-1]) and control.id == each.control),
            None,
        )
    return Verdict(
        host=host,
        benchmark=control.benchmark,
        version=control.version,
        control=control.id,
        title=control.title,
        level=control.level,
        target=path if logged else "",
        status=status,
        logged=logged,
        reason=reason,
        evidence=evidence,
        next_boot="pass" if logged else "",
        since=NOON - chance.randrange(30 * DAY) if logged else None,
        seen=seen,
        waiver=waiver,
    )


def _counts(found: Iterable[Verdict | HostSummary]) -> Counts:
    each = list(found)
    count = Counter(one.status for one in each)
    return Counts(
        passed=count[Status.PASS],
        failed=count[Status.FAIL],
        unknown=count[Status.UNKNOWN],
        not_applicable=count[Status.NOT_APPLICABLE],
        waived=sum(isinstance(one, Verdict) and one.waived for one in each),
    )


def _day(last: Counts, days: int, number: int) -> Day:
    """More of them failing at first, and now and then some silent."""
    then = datetime.fromtimestamp(NOON, timezone.utc) - timedelta(days=days - 1 - number)
    left = days - 1 - number
    failed = last.passed * left // (3 * days)
    unknown = last.passed * (number * 7 % 5) // 80 if left else 0
    return Day(
        f"{then:%Y-%m-%d}",
        replace(
            last,
            passed=last.passed - failed - unknown,
            failed=last.failed + failed,
            unknown=last.unknown + unknown,
        ),
    )


def _changes(chance: random.Random, verdicts: list[Verdict], count: int) -> list[Change]:
    kinds = {
        Status.FAIL: (ChangeKind.NEWLY_FAILING, "pass"),
        Status.PASS: (ChangeKind.FIXED, "fail"),
        Status.UNKNOWN: (ChangeKind.GONE_SILENT, "pass"),
        Status.NOT_APPLICABLE: (ChangeKind.OTHER, "pass"),
    }
    chosen = [
        verdict for status in Status for verdict in [each for each in verdicts if each.status is status][: count // 4]
    ]
    return sorted(
        (
            Change(
                NOON - chance.randrange(7 * DAY),
                kinds[each.status][0],
                each.host,
                each.benchmark,
                each.version,
                each.control,
                each.target,
                kinds[each.status][1],
                each.status.value,
                each.evidence,
            )
            for each in chosen
        ),
        key=lambda change: -change.at,
    )

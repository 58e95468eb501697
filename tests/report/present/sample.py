"""Reports made by hand, for the tests of what presents them."""

from __future__ import annotations

from dataclasses import replace

from auditrules.report.model import (
    Broken,
    Change,
    ChangeKind,
    ControlCounts,
    Counts,
    Day,
    GroupCounts,
    HostState,
    HostSummary,
    Reading,
    Report,
    Verdict,
    Waiver,
    WaiverState,
)
from auditrules.status import Status

NOON = 1_795_435_200  # 2026-11-23 12:00:00 UTC
HOUR = 3600
DAY = 24 * HOUR

BENCHMARK, VERSION = "CIS Docker Benchmark", "1.2.0"
DAEMON = "Auditing for the Docker daemon executable is configured"
DATA = "Auditing for /var/lib/docker is configured"

WAIVER = Waiver("db-*", "1.2.4", "moves to the new storage in December", "storage team", "2026-12-31")

HOSTILE = (
    "<script>alert(1)</script>",
    "=1+1",
    "\x1b]0;mine\x07",
    "$(reboot)",
    "</script><!--",
    "\u202egnp.exe",
    "a\x00b",
)
"""What a host that was taken over may write into any column."""


def verdict(host: str, status: Status, control: str = "1.2.3") -> Verdict:
    title, target = (DAEMON, "/usr/bin/dockerd") if control == "1.2.3" else (DATA, "/var/lib/docker")
    return Verdict(
        host=host,
        benchmark=BENCHMARK,
        version=VERSION,
        control=control,
        title=title,
        level="1",
        target=target,
        status=status,
        logged=status.value,
        reason={Status.PASS: "covered", Status.FAIL: "no_rule", Status.UNKNOWN: "unreadable"}.get(status, "no_target"),
        evidence="" if status is Status.NOT_APPLICABLE else f"what {host} says of {target}",
        next_boot="pass",
        since=NOON - DAY,
        seen=NOON,
        family="docker",
    )


def sample() -> Report:
    """Four hosts, two controls: one host passes, one fails, one fails under a waiver, one is missing."""
    missing = replace(
        verdict("cache-1", Status.UNKNOWN),
        target="",
        logged="",
        reason="missing",
        evidence="the inventory names it, and no log does",
        next_boot="",
        since=None,
        seen=None,
    )
    return Report(
        tool_version="0.1.0",
        made_at=NOON + HOUR,
        start=NOON - 2 * DAY,
        end=NOON,
        max_age=26 * HOUR,
        inventory=4,
        grouped_by="environment",
        counts=Counts(passed=3, failed=2, unknown=2, not_applicable=1, waived=1),
        host_counts=Counts(passed=1, failed=2, unknown=1),
        controls=(
            ControlCounts(BENCHMARK, VERSION, "1.2.3", DAEMON, "1", Counts(passed=2, failed=1, unknown=1), "docker"),
            ControlCounts(
                BENCHMARK,
                VERSION,
                "1.2.4",
                DATA,
                "1",
                Counts(passed=1, failed=1, unknown=1, not_applicable=1, waived=1),
                "docker",
            ),
        ),
        groups=(
            GroupCounts("production", 2, Counts(passed=2, failed=2, waived=1)),
            GroupCounts("", 2, Counts(passed=1, unknown=2, not_applicable=1)),
        ),
        trend=(
            Day("2026-11-21", Counts(passed=2, failed=3, not_applicable=1, waived=1)),
            Day("2026-11-22", Counts(passed=2, failed=3, not_applicable=1, waived=1)),
            Day("2026-11-23", Counts(passed=3, failed=2, unknown=2, not_applicable=1, waived=1)),
        ),
        hosts=(
            HostSummary("uuid-web-1", "web-1.example.net", "production", HostState.REPORTING, Status.FAIL, NOON, ""),
            HostSummary(
                "uuid-db-1", "db-1.example.net", "production", HostState.REPORTING, Status.FAIL, NOON, "was called db-0"
            ),
            HostSummary("cache-1", "cache-1", "", HostState.MISSING, Status.UNKNOWN, None, ""),
            HostSummary("uuid-edge-1", "edge-1.example.net", "", HostState.REPORTING, Status.PASS, NOON, ""),
        ),
        verdicts=(
            verdict("uuid-web-1", Status.FAIL),
            replace(verdict("uuid-db-1", Status.FAIL, "1.2.4"), waiver=WAIVER),
            missing,
            replace(missing, control="1.2.4", title=DATA),
            verdict("uuid-db-1", Status.PASS),
            verdict("uuid-edge-1", Status.PASS),
            verdict("uuid-web-1", Status.PASS, "1.2.4"),
            verdict("uuid-edge-1", Status.NOT_APPLICABLE, "1.2.4"),
        ),
        changes=(
            Change(
                NOON - HOUR,
                ChangeKind.NEWLY_FAILING,
                "uuid-web-1",
                BENCHMARK,
                VERSION,
                "1.2.3",
                "/usr/bin/dockerd",
                "pass",
                "fail",
                "what uuid-web-1 says of /usr/bin/dockerd",
            ),
            Change(
                NOON - DAY,
                ChangeKind.FIXED,
                "uuid-db-1",
                BENCHMARK,
                VERSION,
                "1.2.3",
                "/usr/bin/dockerd",
                "fail",
                "pass",
                "what uuid-db-1 says of /usr/bin/dockerd",
            ),
        ),
        waivers=(
            WAIVER,
            Waiver("web-9", "*", "a host of tests", "nobody", "2026-01-31", WaiverState.EXPIRED),
        ),
        reading=Reading(
            files=3,
            lines=40,
            rows=12,
            repeated=2,
            passed_over=5,
            broken=1,
            first_broken=(Broken("web-1/osqueryd.results.log", 7, "expected a JSON object, found {"),),
            unreadable=(),
        ),
        notes=("1 host has a clock that is ahead by 364 days: its rows count as said when the log ends",),
    )


def only(*verdicts: Verdict) -> Report:
    """Give the sample with these verdicts, and the hosts that they are of."""
    keys = {each.host for each in verdicts}
    return replace(sample(), hosts=tuple(host for host in sample().hosts if host.key in keys), verdicts=verdicts)


def mute(state: HostState) -> Report:
    """Give a report of one host of which there is no verdict."""
    host = replace(sample().hosts[0], state=state, status=Status.UNKNOWN, note="a note")
    return replace(
        sample(),
        hosts=(host,),
        verdicts=(),
        controls=(),
        groups=(),
        changes=(),
        counts=Counts(),
        host_counts=Counts(unknown=1),
    )


def stray() -> Report:
    """Give a report whose verdicts and changes are of a host and a control that it does not list."""
    strange = replace(verdict("uuid-lost", Status.FAIL, "9.9"), title="a control of nobody")
    change = replace(sample().changes[0], host="uuid-lost", control="9.9")
    return replace(sample(), verdicts=(*sample().verdicts, strange), changes=(change,))


def hostile(text: str) -> Report:
    """The sample with `text` in every column that a host, a log's name or another person's file can fill."""
    plain = sample()
    return replace(
        plain,
        grouped_by=text,
        controls=tuple(
            replace(each, benchmark=text, version=text, control=text, title=text, level=text) for each in plain.controls
        ),
        groups=tuple(replace(each, group=text) for each in plain.groups),
        hosts=tuple(replace(each, key=text + each.key, name=text, group=text, note=text) for each in plain.hosts),
        verdicts=tuple(
            replace(
                each,
                host=text + each.host,
                benchmark=text,
                version=text,
                control=text,
                title=text,
                level=text,
                target=text,
                logged=text,
                reason=text,
                evidence=text,
                next_boot=text,
                waiver=each.waiver and replace(each.waiver, hosts=text, control=text, reason=text, owner=text),
            )
            for each in plain.verdicts
        ),
        changes=tuple(
            replace(
                each,
                host=text + each.host,
                benchmark=text,
                version=text,
                control=text,
                target=text,
                before=text,
                after=text,
                evidence=text,
            )
            for each in plain.changes
        ),
        waivers=tuple(replace(each, hosts=text, control=text, reason=text, owner=text) for each in plain.waivers),
        reading=replace(plain.reading, first_broken=(Broken(text, 7, text),), unreadable=(Broken(text, 0, text),)),
        notes=(text,),
    )


def two_systems() -> Report:
    """One number of two benchmarks, of the same version, which fails on one host each."""
    first, second = (
        replace(
            sample().controls[0], benchmark=name, version="1.0.0", control="6.2.3.9", level=level, family="perm_mod"
        )
        for name, level in (
            ("CIS Debian Linux 12 Benchmark", "L2 server"),
            ("CIS Debian Linux 13 Benchmark", "L1 server"),
        )
    )
    said = tuple(
        replace(
            verdict("uuid-web-1", Status.FAIL), benchmark=each.benchmark, version=each.version, control=each.control
        )
        for each in (first, second)
    )
    return replace(sample(), controls=(first, second), verdicts=said, changes=())


NOTHING = replace(
    sample(),
    start=None,
    end=None,
    inventory=None,
    grouped_by="",
    counts=Counts(),
    host_counts=Counts(),
    controls=(),
    groups=(),
    trend=(),
    hosts=(),
    verdicts=(),
    changes=(),
    waivers=(),
    reading=Reading(0, 0, 0, 0, 0, 0, (), ()),
    notes=(),
)
"""A report on logs that hold nothing."""

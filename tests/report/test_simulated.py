"""From hosts to the page: what the tables said of each host is what the report says, and the page."""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from auditrules.cli import main
from tests.core.logger import Row, escaped
from tests.report import simulated
from tests.report.present.browser import browser
from tests.report.simulated import END, HOSTS, HOUR, START, WIRED, Told, uuid

# One simulation for all, which takes seconds: so the tests stay in one process.
pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("simulated")]

SILENT = "ci-1"
LOST = "cache-1"
NEVER = "new-1"
REPORTING = [host.name for host in (*HOSTS, WIRED) if host.name not in (SILENT, LOST)]
DAY = 24 * HOUR
LATE = HOUR * 11 // 10 + 1
"""Seconds until an hourly query has run, with osquery's splay of a tenth."""
AGE = "27h"  # a daily query with its splay comes every 26.4 hours at the latest


@dataclass(frozen=True)
class Fleet:
    """What the hosts told, and what was made of their logs."""

    told: Told
    logs: Path
    report: dict[str, Any]
    source: str
    """The page."""

    @property
    def page(self) -> dict[str, Any]:
        """The page's block of data."""
        text = self.source.partition('type="application/json"')[2].partition(">")[2].partition("<")[0]
        data: dict[str, Any] = json.loads(text)
        return data

    def verdict(self, host: str, control: str) -> dict[str, Any]:
        key = NEVER if host == NEVER else uuid(host)
        (found,) = (each for each in self.report["verdicts"] if (each["host"], each["control"]) == (key, control))
        return dict(found)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with tempfile.TemporaryDirectory(prefix="sf", dir="/tmp") as short:  # a socket's path has to be short
        folder = Path(short)
        told = simulated.simulate(folder)
        simulated.simulate_wired(folder, told)
        inventory = folder / "hosts.csv"
        inventory.write_text("\n".join(["host", *told.rows, NEVER, ""]), encoding="utf-8")
        page = folder / "report.html"
        report = reported(folder / "logs", "--inventory", str(inventory), "--html", str(page))
        yield Fleet(told, folder / "logs", report, page.read_text("utf-8"))


def reported(logs: Path, *options: str) -> dict[str, Any]:
    """Run the command over the logs, at the end of the simulation."""
    out, err = io.StringIO(), io.StringIO()
    until = datetime.fromtimestamp(END, timezone.utc).strftime("%Y-%m-%dT%H:%M")
    arguments = ["report", str(logs), "--until", until, "--max-age", AGE, "--format", "json", *options]
    assert main(arguments, stdout=out, stderr=err) == 0, err.getvalue()
    made: dict[str, Any] = json.loads(out.getvalue())
    return made


def controls() -> list[str]:
    return [each.id for each in simulated.CONTROLS]


@pytest.mark.parametrize("host", REPORTING)
def test_the_report_says_of_a_host_what_its_tables_say(fleet: Fleet, host: str) -> None:
    told = fleet.told.last(host)
    assert {control: _word(fleet.verdict(host, control)) for control in controls()} == {
        control: _word(row) for control, row in told.items()
    }


@pytest.mark.parametrize("host", REPORTING)
def test_the_evidence_is_the_hosts_own(fleet: Fleet, host: str) -> None:
    """In the differential's form, or the snapshot's, which names lines, and whose control characters are whole."""
    for control, row in fleet.told.last(host).items():
        assert fleet.verdict(host, control)["evidence"] in {escaped(row)["evidence"], row["evidence"]}


@pytest.mark.parametrize(
    ("host", "reason", "logged"),
    [(SILENT, "stale", "pass"), (LOST, "extension_missing", "pass"), (NEVER, "missing", "")],
)
def test_what_a_host_said_last_is_not_what_it_counts_as(fleet: Fleet, host: str, reason: str, logged: str) -> None:
    found = [fleet.verdict(host, control) for control in controls()]
    assert {(each["status"], each["reason"], each["logged"]) for each in found} == {("unknown", reason, logged)}


def test_each_host_and_control_counts_once(fleet: Fleet) -> None:
    told = Counter(row["status"] for host in REPORTING for row in fleet.told.last(host).values())
    told["unknown"] += 3 * len(controls())
    assert {name: fleet.report["counts"][name] for name in ("passed", "failed", "unknown", "not_applicable")} == {
        "passed": told["pass"],
        "failed": told["fail"],
        "unknown": told["unknown"],
        "not_applicable": told["not_applicable"],
    }


@pytest.mark.parametrize("host", REPORTING)
def test_a_change_of_a_host_is_a_change_of_the_report_within_the_hour(fleet: Fleet, host: str) -> None:
    expected = sorted(_changes(fleet.told.rows[host]))
    found = sorted(
        (change["control"], change["before"], change["after"], change["at"])
        for change in fleet.report["changes"]
        if change["host"] == uuid(host)
    )
    assert [change[:3] for change in found] == [change[:3] for change in expected]
    assert [at for *_, at in found if at < START] == []
    late = [after - before for (*_, before), (*_, after) in zip(expected, found, strict=True)]
    assert [each for each in late if not 0 <= each <= LATE] == []


def test_a_host_that_falls_silent_or_loses_its_extension_is_told_once_for_each_control(fleet: Fleet) -> None:
    silent = Counter(change["host"] for change in fleet.report["changes"] if change["kind"] == "gone_silent")
    assert silent == {uuid(SILENT): len(controls()), uuid(LOST): len(controls())}


def test_the_trend_is_what_the_hosts_were_at_the_end_of_each_day(fleet: Fleet) -> None:
    """Of the hosts that report, each of which changes more than an hour before or after the end of a day."""
    hosts = [option for host in REPORTING for option in ("--host", f"{host}.example.net")]
    trend = reported(fleet.logs, *hosts)["trend"]
    ends = [*range(START - START % DAY + DAY - 1, END, DAY), END]
    assert len(ends) == len(trend) == 5
    for end, day in zip(ends, trend, strict=True):
        told = Counter(
            row["status"]
            for host in REPORTING
            for row in [rows for at, rows in fleet.told.rows[host] if at <= end][-1].values()
        )
        counts = day["counts"]
        assert [counts[name] for name in ("passed", "failed", "unknown", "not_applicable")] == [
            told[status] for status in ("pass", "fail", "unknown", "not_applicable")
        ]


def test_nothing_of_the_logs_is_broken_and_no_line_counts_twice(fleet: Fleet) -> None:
    reading = fleet.report["reading"]
    assert (reading["broken"], reading["repeated"], reading["unreadable"]) == (0, 0, [])


def test_the_page_says_what_the_report_says(fleet: Fleet) -> None:
    names = {each["key"]: each["name"] for each in fleet.report["hosts"]}
    page = fleet.page
    hosts, labels = _texts(page["hosts"]["name"]), [number for number, _ in page["controls"]]
    findings = page["findings"]
    assert list(
        zip(
            (hosts[place] for place in findings["host"]),
            (labels[place] for place in findings["control"]),
            _texts(findings["status"], "names"),
            _texts(findings["reason"]),
            strict=True,
        )
    ) == [(names[each["host"]], each["control"], each["status"], each["reason"]) for each in fleet.report["verdicts"]]


def test_the_page_says_the_changes_of_the_report(fleet: Fleet) -> None:
    changes = fleet.page["changes"]
    found = zip(_texts(changes["before"]), _texts(changes["after"]), changes["at"]["ago"], strict=True)
    made = fleet.page["made_at"]
    assert [(before, after, made - ago) for before, after, ago in found] == [
        (each["before"], each["after"], each["at"]) for each in fleet.report["changes"]
    ]


def test_what_a_host_wrote_into_its_rules_is_text_on_the_page(fleet: Fleet) -> None:
    evidence = fleet.verdict("web-3", "1.2.3")["evidence"]
    assert "<script>alert(1)</script>=1+1" in evidence
    (shown,) = (text for text in fleet.page["findings"]["evidence"]["texts"] if "alert" in text)
    assert "<script>alert(1)</script>=1+1\\x1b]0;$(reboot)" in shown
    assert "<script>alert" not in fleet.source


@pytest.mark.browser
def test_a_browser_shows_of_each_control_what_the_hosts_told(fleet: Fleet) -> None:
    with browser() as page:
        page.open_text(fleet.source)
        rows = page.ask(
            "return [...document.querySelectorAll('#controls tbody tr')].map((row) => "
            "[row.querySelector('strong').textContent, "
            "...[...row.querySelectorAll('.number')].slice(0, 4).map((each) => Number(each.dataset.value))])"
        )
        complaints = page.complaints()
    assert sorted(rows) == sorted([control, *_told(fleet, control)] for control in controls())
    assert complaints == []


def _told(fleet: Fleet, control: str) -> list[int]:
    """How many hosts told pass, fail, nothing that counts, and not applicable."""
    told = Counter(fleet.told.last(host)[control]["status"] for host in REPORTING)
    return [told["pass"], told["fail"], told["unknown"] + len((SILENT, LOST, NEVER)), told["not_applicable"]]


def _texts(column: Mapping[str, Any], names: str = "texts") -> list[str]:
    return [column[names][code] for code in column["codes"]]


def _word(row: Mapping[str, Any] | Row) -> tuple[object, ...]:
    return row["status"], row["target"], row["reason"], row["next_boot"]


def _changes(states: list[tuple[int, Mapping[str, Row]]]) -> Iterator[tuple[str, str, str, int]]:
    for (_, before), (at, after) in pairwise(states):
        for control, row in after.items():
            if row["status"] != before[control]["status"]:
                yield control, before[control]["status"], row["status"], at

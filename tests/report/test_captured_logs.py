"""Logs that a real osqueryd wrote, against what its hosts really answered. Where they are from: their README."""

from __future__ import annotations

import calendar
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditrules.report.model import HostState, Report
from auditrules.status import Status
from tests.report.logs import report

pytestmark = pytest.mark.engine

LOGS = Path(__file__).parents[1] / "corpus" / "osquery-logs"
TRUTH: list[dict[str, Any]] = json.loads((LOGS / "truth.json").read_text())
TIMELINE = {each["variant"]: each for each in json.loads((LOGS / "timeline.json").read_text())}
DEFAULT = "1-default"
AGE = 10
"""Seconds. Hosts that report do so every four; the capture ends thirty after the one that fell silent."""

STATES = {
    "reporting": {HostState.REPORTING},
    "silent": {HostState.STALE},
    "query_error": {HostState.FAILING},
    "extension_lost": {HostState.FAILING},
    "no_rows": {HostState.NO_ROWS},
}
# Without a row an event of a snapshot is no line: what is not there cannot be told from what fell silent.
UNSEEN = {"reporting": {HostState.REPORTING, HostState.STALE}, "no_rows": {HostState.STALE}}


def numeric(line: dict[str, Any]) -> None:
    """As `--logger_numerics=true` writes it: what SQLite takes for a number is one."""
    line["numerics"] = True
    for columns in _rows(line):
        if columns.get("control") == "1.2.10":
            columns["level"] = int(columns["level"])
        if "loaded" in columns:
            columns["loaded"] = int(columns["loaded"])


def named_as_by_fleet(line: dict[str, Any]) -> None:
    """As Fleet names packs, with `--pack_delimiter=/`."""
    line["name"] = _fleets(line["name"])


def escaped(line: dict[str, Any]) -> None:
    """As osquery before 5.22 wrote differential results: every byte that is not ASCII is an escape."""
    if "columns" in line:
        line["columns"] = {
            key: "".join(chr(byte) if byte < 0x80 else f"\\x{byte:02X}" for byte in value.encode())
            for key, value in line["columns"].items()
        }


def _rows(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "columns" in line:
        yield line["columns"]
    yield from line.get("snapshot", ())


def _fleets(name: str) -> str:
    plain = name.removeprefix("pack_cis-docker_")
    control = plain.removeprefix("cis_docker_").removesuffix("_snapshot").replace("_", ".")
    if control in ("1.2.3", plain.replace("_", ".")):
        return f"pack/Global/{plain}"
    return f"pack/team-3/CIS Docker {control}{' - snapshot' if plain.endswith('_snapshot') else ''}"


# What is not among the logs is made from the first of them, as its README says that it differs.
MADE: dict[str, Callable[[dict[str, Any]], None]] = {
    "4-numerics": numeric,
    "6b-fleet-names": named_as_by_fleet,
    "8-escapes-before-5.22": escaped,
}
VARIANTS = [*sorted(TIMELINE.keys() - MADE.keys()), *MADE]


def made(variant: str, folder: Path) -> Path:
    shutil.copytree(LOGS / DEFAULT, folder, symlinks=True)
    for path in folder.glob("*/osqueryd.*"):
        if path.suffix == ".log":
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            for line in lines:
                MADE[variant](line)
            path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
        elif variant == "6b-fleet-names":
            words = [
                _fleets(word[:-1]) + ":" if word.startswith("pack_") else word for word in path.read_text().split(" ")
            ]
            path.write_text(" ".join(words))
    return folder


# All tests of one variant run in one process, so that its report is made once.
@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            each, marks=[pytest.mark.xdist_group(f"captured-{each}"), *([pytest.mark.full] if place % 3 else [])]
        )
        for place, each in enumerate(VARIANTS)
    ],
)
def captured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Report]:
    variant: str = request.param
    folder = tmp_path_factory.mktemp("logs") / variant
    if variant in MADE:
        made(variant, folder)
    else:
        shutil.copytree(LOGS / variant, folder, symlinks=True)
    for path in folder.glob("*/osqueryd.[EIW]*"):
        written(path)
    end = TIMELINE[DEFAULT if variant in MADE else variant]["end"]
    return variant, report(folder, now=end, until=end, max_age=AGE)


def written(status: Path) -> None:
    """Give a status file the time at which it was written, which no copy of this repository keeps; it is in UTC."""
    said = re.findall(r"^[EIW](\d{4} \d\d:\d\d:\d\d)", status.read_text(), re.MULTILINE)
    if not said:
        return  # nothing but its header
    last = calendar.timegm(time.strptime(f"2026 {said[-1]}", "%Y %m%d %H:%M:%S"))
    os.utime(status, (last, last))


def truth(variant: str) -> list[dict[str, Any]]:
    return [each for each in TRUTH if each["variant"] == (DEFAULT if variant in MADE else variant)]


def test_a_host_that_reports_has_the_status_that_it_last_gave(captured: tuple[str, Report]) -> None:
    variant, fleet = captured
    found = {
        (each.host, each.control, each.target): each.status.value
        for each in fleet.verdicts
        if each.reason not in _GIVEN
    }
    expected = {
        (each["host_uuid"], each["control"], each["target"]): each["latest_status"]
        for each in truth(variant)
        if each["host_state"] == "reporting" and each["latest_status"]
    }
    assert found == expected


_GIVEN = ("stale", "missing", "query_failed", "extension_missing", "no_rows", "gone")


def test_whatever_else_there_is_is_unknown(captured: tuple[str, Report]) -> None:
    variant, fleet = captured
    silent = {each["host_uuid"] for each in truth(variant) if each["host_state"] != "reporting"}
    found = {(each.host, each.control): each.status for each in fleet.verdicts if each.host in silent}
    controls = {each["control"] for each in truth(variant)}
    assert found == {(host, control): Status.UNKNOWN for host in silent for control in controls}


def test_a_control_of_which_no_row_is_left_is_unknown(captured: tuple[str, Report]) -> None:
    (gone,) = [each.status for each in captured[1].verdicts if each.host.endswith("0003") and each.control == "1.2.9"]
    assert gone is Status.UNKNOWN


def test_each_host_is_in_the_state_that_it_was_in(captured: tuple[str, Report]) -> None:
    variant, fleet = captured
    states = STATES | UNSEEN if variant == "3-snapshot-events" else STATES
    expected = {each["host_uuid"]: states[each["host_state"]] for each in truth(variant)}
    assert {host.key for host in fleet.hosts} == expected.keys()
    assert [host for host in fleet.hosts if host.state not in expected[host.key]] == []


def test_each_change_of_a_status_is_told_when_it_happened(captured: tuple[str, Report]) -> None:
    variant, fleet = captured
    found = [
        (each.host, each.control, each.target, each.before, each.after, each.at)
        for each in fleet.changes
        if each.after in _STATUSES and each.kind.value != "gone_silent"
    ]
    expected = [
        (each["host_uuid"], each["control"], each["target"], before, after, at)
        for each in truth(variant)
        for (_, before), (at, after) in zip(each["changes"], each["changes"][1:], strict=False)
        if after
    ]
    assert sorted(change[:5] for change in found) == sorted(change[:5] for change in expected)
    late = [abs(one[5] - other[5]) for one, other in zip(sorted(found), sorted(expected), strict=True)]
    assert max(late) <= 2


_STATUSES = [status.value for status in Status]


def test_the_last_day_of_the_trend_is_what_is_counted(captured: tuple[str, Report]) -> None:
    assert captured[1].trend[-1].counts == captured[1].counts


def test_every_line_is_a_verdict_or_is_counted(captured: tuple[str, Report]) -> None:
    variant, fleet = captured
    twice = int(variant == "7-rotate")  # ci-1 ran a query twice within one second: two lines, the same to the byte
    assert (fleet.reading.repeated, fleet.reading.broken, fleet.reading.unreadable) == (twice, 0, ())

"""Every shape in which a row reaches a report, and everything that is none."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import zstandard

from auditrules.report.errors import ReportError
from auditrules.report.ingest import csv_export, json_lines, reader
from auditrules.report.ingest.table_builder import TOO_DEEP, text
from auditrules.report.model import Broken
from auditrules.report.present.formats import FORMATS
from auditrules.report.storage import update
from tests.report.logs import (
    DAY,
    HOUR,
    NOON,
    Line,
    added,
    failed,
    ingest,
    ingest_of,
    report,
    report_of,
    row,
    run,
    said,
    snapshot,
    write,
)

PASSES = [("a", "1.2.3", "pass", "covered")]
LINE = snapshot("a", NOON, row())
PLAIN = json.dumps(LINE)


def _without(line: Line, *keys: str, **more: object) -> Line:
    return {key: value for key, value in line.items() if key not in keys} | more


OLD = {
    "benchmark": "CIS Docker Benchmark",
    "cis_id": "1.2.3",
    "status": "pass",
    "reason": "covered",
    "version": "1.2.0",
    "target": "/usr/bin/dockerd",
}
CHANGES = {"added": [row()], "removed": [row("fail")]}

# What osqueryd writes, and what others make of it; each is one verdict of host a.
LINES: dict[str, Line | str] = {
    "a snapshot": LINE,
    "a row of a snapshot": _without(LINE, "snapshot", columns=row()),
    "a row that was added": added("a", NOON, row()),
    "numbers and times as text": _without(LINE, unixTime=str(NOON), counter="0", epoch="0"),
    "numbers where columns are numbers": _without(LINE, snapshot=[row(level=1)], numerics=True),
    "no unixTime": _without(LINE, "unixTime"),
    "hostname for hostIdentifier": _without(LINE, "hostIdentifier", hostname="a"),
    "decorations beside the rest": _without(LINE, "decorations", **LINE["decorations"]),
    "another pack, another delimiter": _without(LINE, name="pack/team-3/what we call it"),
    "the older columns": _without(LINE, snapshot=[OLD]),
    "columns that are null": _without(LINE, snapshot=[row(evidence=None)]),
    "syslog": f"<14>Nov 23 12:00:00 web osqueryd[812]: {PLAIN}",
    "syslog with a cookie": f"@cee:{PLAIN}",
    "Filebeat's module": json.dumps({"@timestamp": "x", "host": {"name": "b"}, "osquery": {"result": LINE}}),
    "Filebeat's names": json.dumps(
        {
            "osquery": {
                "result": {
                    "host_identifier": "a",
                    "unix_time": NOON,
                    "name": "n",
                    "action": "added",
                    "columns": row(),
                    "decorations": LINE["decorations"],
                }
            }
        }
    ),
    "a flat key": json.dumps({"osquery.result": LINE}),
    "text in message": json.dumps({"message": PLAIN, "agent": {"type": "filebeat"}}),
    "the body of a TLS logger": json.dumps({"node_key": "k", "log_type": "result", "data": [LINE]}),
    "a mark of byte order": f"\ufeff{PLAIN}",
    "a carriage return": f"{PLAIN}\r",
    "zeros that a crash left": f"\0\0\0{PLAIN}",
    "a document of Elasticsearch": json.dumps({"_id": "1", "_source": {"message": PLAIN}}),
    "Elastic's original event": json.dumps({"event": {"original": PLAIN, "kind": "event"}}),
    "Google's payload": json.dumps({"jsonPayload": LINE}),
    "text in json": json.dumps({"json": PLAIN}),
    "an object in message": json.dumps({"message": LINE}),
    "a message with a severity": json.dumps({"severity": "info", "message": PLAIN}),
    "an envelope with a host and an error": json.dumps({"host": "x", "error": "no parser", "message": PLAIN}),
    "an envelope with a host that is an object": json.dumps({"host": {"name": "x"}, "error": {}, "line": PLAIN}),
}


def test_a_verdict_is_known_by_its_columns_in_whatever_is_around_them(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, *LINES.values())
    assert (said(fleet), fleet.reading.broken, fleet.reading.passed_over) == (PASSES, 0, 0)
    assert fleet.reading.rows + fleet.reading.repeated == len(LINES)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_verdict_is_known_by_its_columns(line: Line | str, tmp_path: Path) -> None:
    found = ingest_of(tmp_path, line)
    assert (found.said, found.reading.broken, found.reading.passed_over) == (PASSES, 0, 0)
    assert found.tables["observations"][0]["host"] == "uuid-a"


def test_a_batch_of_changes_is_read_row_by_row(tmp_path: Path) -> None:
    found = ingest_of(tmp_path, {**run("a", NOON), "diffResults": CHANGES}).tables["observations"]
    assert {(each["status"], each["action"]) for each in found} == {("pass", "added"), ("fail", "removed")}


def test_records_without_a_newline_between_them_are_read_one_by_one(tmp_path: Path) -> None:
    records = "".join(json.dumps(snapshot(host, NOON, row())) for host in "abc")
    found = ingest_of(tmp_path, records)
    assert (found.counts, found.reading.broken) == ((1, 3, 0), 0)


def test_records_of_a_line_that_is_longer_than_memory_are_read_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 10_000)
    monkeypatch.setattr(reader, "BLOCK", 10_000)
    records = "".join(json.dumps(snapshot(f"h{number}", NOON, row())) for number in range(500))
    found = ingest_of(tmp_path, records, LINE)
    assert (found.counts, found.reading.broken) == ((2, 501, 0), 0)


def test_a_line_that_never_ends_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 100_000)
    found = ingest_of(tmp_path, '{"a": "' + "x" * 5_000_000, LINE)
    assert found.said == PASSES
    (broken,) = found.reading.first_broken
    assert (broken.line, broken.cause.startswith("expected at most ")) == (1, True)


CSV = """\
host_name,benchmark,control,evidence,reason,status,target,version
a,CIS Docker Benchmark,1.2.3,"a
b",covered,pass,/usr/bin/dockerd,1.2.0
"""
EXPORTS = {
    "Fleet's API": (
        "report.json",
        json.dumps(
            {
                "query_id": 31,
                "report_clipped": False,
                "results": [{"host_id": 1, "host_name": "a", "last_fetched": "2026-11-23T12:00:00Z", "columns": row()}],
            },
            indent=2,
        ),
    ),
    "fleetctl query": ("live.json", json.dumps({"host": "a", "rows": [{"host_hostname": "a", **row()}]})),
    "a CSV export": ("report.csv", CSV),
}


@pytest.mark.parametrize(("name", "content"), EXPORTS.values(), ids=EXPORTS)
def test_an_export_of_fleet_is_a_snapshot(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    os.utime(path, (NOON, NOON))
    found = ingest(path)
    assert (found.said, found.tables["observations"][0]["time"], found.reading.broken) == (PASSES, NOON, 0)


def test_a_report_is_no_evidence(tmp_path: Path) -> None:
    old = report_of(tmp_path, LINE)
    paths = [tmp_path / f"report.{name}" for name in ("csv", "json")]
    for path in paths:
        path.write_text("".join(FORMATS[path.suffix[1:]](old)))
    found = ingest(*paths)
    assert found.said == []
    cause = "expected a log, found a report: its verdicts are those of other logs, and not as new as this file"
    assert found.reading.unreadable == tuple(Broken(str(path), 0, cause) for path in paths)


def test_verdicts_that_are_dated_by_their_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text(CSV)
    os.utime(path, (NOON, NOON))
    assert report(path).notes == (
        "1 verdict has no time, and the time of the file counts: a copy of the file makes them look newer",
    )


# Exports with rows that cannot be read; the last row says that b fails.
CSV_FAILING = "b,CIS Docker Benchmark,1.2.3,x,no_rule,fail,/usr/bin/dockerd,1.2.0\n"
CSV_LINES = CSV.replace('"a\nb"', "x").splitlines(keepends=True)
TORN_EXPORTS = {
    "a quote that is never closed": CSV_LINES[0] + CSV_LINES[1].replace(",x,", ',"x,') + CSV_FAILING,
    "a quote that the next row closes": CSV_LINES[0]
    + CSV_LINES[1].replace(",x,", ',"x,')
    + CSV_LINES[1].replace(",x,", ',"x",')
    + CSV_FAILING,
    "a row without a host": CSV_LINES[0] + CSV_LINES[1].replace("a,", ",", 1) + CSV_FAILING,
    "a row that breaks off": CSV_LINES[0] + "a,CIS Docker\n" + CSV_FAILING,
    "a carriage return alone": CSV_LINES[0] + CSV_LINES[1].replace(",x,", ",x\rx,") + CSV_FAILING,
}


@pytest.mark.parametrize("content", TORN_EXPORTS.values(), ids=TORN_EXPORTS)
def test_a_broken_row_of_an_export_costs_none_of_the_others(content: str, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text(content, newline="")
    os.utime(path, (NOON, NOON))
    found = ingest(path)
    assert [each.line for each in found.reading.first_broken] == [2]
    assert ("b", "1.2.3", "fail", "no_rule") in found.said


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text(CSV.replace('"a\nb"', "x" * 200_000) + CSV_FAILING)
    os.utime(path, (NOON, NOON))
    assert [each[:1] for each in ingest(path).said] == [("a",), ("b",)]


def test_the_host_of_an_export_is_in_the_column_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text(
        "".join(",".join(reversed(line.split(","))) + "\n" for line in CSV.replace('"a\nb"', "x").splitlines())
    )
    os.utime(path, (NOON, NOON))
    assert ingest(path).said == PASSES


def test_an_export_without_hosts_is_told_and_left(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("benchmark,control,status\nCIS,1.2.3,pass\n")
    found = ingest(path)
    assert found.said == []
    assert found.reading.unreadable == (Broken(str(path), 1, "expected a column host_name, found none"),)


def test_a_text_with_a_carriage_return_alone_is_no_export(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"a,b\rc,d\n")
    assert [each.line for each in ingest(path).reading.first_broken] == [1]


def test_an_error_of_fleetctl_is_a_query_that_failed(tmp_path: Path) -> None:
    path = write(tmp_path / "live.json", [{"host": "b", "error": "no such table: audit_rules"}])
    os.utime(path, (NOON, NOON))
    fleet = report(path, write(tmp_path / "log", [LINE]))
    assert said(fleet) == [("b", "1.2.3", "unknown", "query_failed"), *PASSES]
    assert fleet.verdicts[0].evidence == "the query failed: no such table: audit_rules"


HEADER = """Log file created at: {date}
Running on machine: {machine}
Running duration (h:mm:ss): 0:00:00
Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg
"""
ERROR = (
    "E1123 11:59:00.030493 31011 scheduler.cpp:128] Error executing scheduled query pack_cis-docker_cis_docker_1_2_3: "
    "no such table: audit_rules\n"
)
FAILS = [("a", "1.2.3", "unknown", "query_failed")]


# A host, and the folder and the machine of its status file; f has none.
STATUS_FILES = {
    "a": ("x1", "a.example.net"),
    "b": ("b", "x"),
    "c": ("x3", "c"),
    "d": ("x4", "d.other.net"),
    "e": ("uuid-e", "x"),
}


def test_a_status_file_is_of_the_host_of_its_header_or_folder(tmp_path: Path) -> None:
    for folder, machine in STATUS_FILES.values():
        (tmp_path / folder).mkdir()
        status = tmp_path / folder / "osqueryd.ERROR.20261123-115800.1"
        status.write_text(HEADER.format(date="2026/11/23 11:58:00", machine=machine) + ERROR)
    write(tmp_path / "osqueryd.snapshots.log", [snapshot(host, NOON - 600, row()) for host in [*STATUS_FILES, "f"]])
    failed_of = [(host, "1.2.3", "unknown", "query_failed") for host in STATUS_FILES]
    assert said(report(tmp_path)) == [*failed_of, ("f", "1.2.3", "pass", "covered")]


def test_a_status_file_that_was_begun_last_year_goes_on_in_this(tmp_path: Path) -> None:
    status = tmp_path / "osqueryd.ERROR"
    status.write_text(HEADER.format(date="2025/12/31 23:59:00", machine="a") + ERROR.replace("E1123", "E0101"))
    os.utime(status, (1_767_268_740, 1_767_268_740))  # 2026-01-01 11:59:00
    assert [each["time"] for each in ingest(status).tables["query_failures"]] == [1_767_268_740]


# The offset of the host's zone from UTC, and when the copy of its status file was written.
ZONES = {
    "UTC": (0, NOON - 60),
    "eight hours behind": (-8, NOON - 60),
    "eight hours ahead": (8, NOON - 60),
    "five hours and three quarters ahead": (5.75, NOON - 60),
    "a line that was kept for half a minute": (-8, NOON - 30),
    "a copy that was given a time of its own": (-8, NOON - 7),
    "a copy that was made days later": (-8, NOON + 3 * DAY),
}


@pytest.mark.parametrize(("hours", "modified"), ZONES.values(), ids=ZONES)
def test_a_failure_is_not_earlier_than_it_was_in_whatever_zone_its_host_is(
    hours: float, modified: int, tmp_path: Path
) -> None:
    local = datetime.fromtimestamp(NOON - 60 + hours * HOUR, timezone.utc)
    status = tmp_path / "osqueryd.ERROR"
    header = HEADER.format(date=local.strftime("%Y/%m/%d %H:%M:%S"), machine="a.example.net")
    status.write_text(header + ERROR.replace("1123 11:59:00", local.strftime("%m%d %H:%M:%S")))
    os.utime(status, (modified, modified))
    (failure,) = ingest(status).tables["query_failures"]
    assert failure["time"] >= NOON - 60


def test_a_failure_has_its_time_where_the_file_shows_the_zone(tmp_path: Path) -> None:
    status = tmp_path / "osqueryd.ERROR"
    status.write_text(HEADER.format(date="2026/11/23 11:58:00", machine="a.example.net") + ERROR)
    os.utime(status, (NOON - 60 - 8 * HOUR, NOON - 60 - 8 * HOUR))  # eight hours ahead of UTC
    assert [each["time"] for each in ingest(status).tables["query_failures"]] == [NOON - 60 - 8 * HOUR]


def test_a_query_during_which_osqueryd_was_stopped_has_failed(tmp_path: Path) -> None:
    message = "Scheduled query may have failed: pack_cis-docker_cis_docker_1_2_3"
    (failure,) = ingest_of(tmp_path, {**failed("a", NOON, "x"), "message": message}).tables["query_failures"]
    assert (failure["query"], failure["message"]) == (
        "pack_cis-docker_cis_docker_1_2_3",
        "osqueryd was stopped while it ran",
    )


FAILING = json.dumps(snapshot("a", NOON + 1, row("fail")))
NAMELESS = {"last_fetched": "2026-11-23T12:00:00Z", "columns": row()}
# One record of many cannot be read; the last of them says that the control fails.
AMONG_OTHERS: dict[str, str] = {
    "records of Firehose, one of which is cut": f"{PLAIN}{PLAIN[:150]}{FAILING}{FAILING}",
    "records of Firehose, the first of which is cut in a later row": PLAIN.replace('], "action"', ', {"a') + FAILING,
    "text between records": f"{PLAIN} lost {FAILING}",
    "the body of a TLS logger": json.dumps({"data": [{"columns": row()}, json.loads(FAILING)]}),
    "a list": f'[1, {{"columns": {json.dumps(row())}}}, {FAILING}]',
    "Fleet's API": json.dumps({"results": [NAMELESS, {**NAMELESS, "host_name": "a", "columns": row("fail")}]}),
    "text in message": json.dumps({"message": f"{PLAIN}{{{FAILING}"}),
}


@pytest.mark.parametrize("line", AMONG_OTHERS.values(), ids=AMONG_OTHERS)
def test_a_broken_record_costs_none_of_the_others(line: str, tmp_path: Path) -> None:
    found = ingest_of(tmp_path, line, now=NOON + 60)
    assert (found.said[0], found.reading.broken > 0) == (("a", "1.2.3", "fail", "no_rule"), True)


# A verdict in what nobody knows may be a failure: it is not passed over in silence.
UNKNOWN_ENVELOPES: dict[str, Line] = {
    "a key that nobody knows": {"payload": json.loads(FAILING)},
    "text under a key that nobody knows": {"payload": FAILING},
    "envelopes too deep": {"json": {"json": {"json": {"json": {"json": {"json": json.loads(FAILING)}}}}}},
}


@pytest.mark.parametrize("line", UNKNOWN_ENVELOPES.values(), ids=UNKNOWN_ENVELOPES)
def test_a_verdict_in_an_unknown_envelope_is_a_broken_line(line: Line, tmp_path: Path) -> None:
    reading = ingest_of(tmp_path, LINE, line).reading
    assert (reading.passed_over, [each.cause for each in reading.first_broken]) == (
        0,
        ["expected a verdict in a known envelope, found one in another"],
    )


def test_a_status_that_is_none_is_unknown(tmp_path: Path) -> None:
    hosts = {"a": None, "b": "", "c": "maybe"}
    lines = [
        line
        for host, status in hosts.items()
        for line in (snapshot(host, NOON, row()), snapshot(host, NOON + 1, row() | {"status": status}))
    ]
    fleet = report_of(tmp_path, *lines, now=NOON + 60)
    assert said(fleet) == [(host, "1.2.3", "unknown", "unknown_status") for host in hosts]


def test_a_verdict_on_no_control_is_broken(tmp_path: Path) -> None:
    reading = ingest_of(tmp_path, LINE, {**LINE, "snapshot": [row() | {"control": None}]}).reading
    assert [each.cause for each in reading.first_broken] == ["expected a control in a verdict, found null"]


def test_a_row_that_is_broken_takes_nothing_from_those_before_it(tmp_path: Path) -> None:
    line = {**snapshot("b", NOON, row("fail")), "snapshot": [row("fail"), row() | {"control": None}]}
    found = ingest_of(tmp_path, LINE, line, now=NOON + 60)
    assert ("b", "1.2.3", "fail", "no_rule") in found.said


def test_evidence_that_is_nested_too_deeply_costs_no_verdict(tmp_path: Path) -> None:
    line = json.dumps(snapshot("a", NOON, row("fail", evidence="?"))).replace('"?"', "[" * 990 + "]" * 990)
    assert ingest_of(tmp_path, line).said == [("a", "1.2.3", "fail", "no_rule")]


def test_what_no_python_can_write_is_said_to_be_too_deep() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert text(nested) == TOO_DEEP


# Lines that are none, and what is said of them.
BROKEN: dict[str, tuple[bytes, str]] = {
    "half a line": (b'{"snapshot":[', 'expected a JSON object, found {"snapshot":['),
    "text": (b"hello\x1b]0;x\x07", "expected a JSON object, found hello\\x1b]0;x\\x07"),
    "a number": (b"12", "expected a JSON object, found int"),
    "bytes": (b"{\xff\xfe", "expected a JSON object, found {\\xff\\xfe"),
    "depth": (b'{"a":' * 100_000, "expected a JSON object, found " + '{"a":' * 12 + "…"),
    "no host": (
        json.dumps({"columns": row(), "action": "added", "unixTime": NOON}).encode(),
        "expected hostIdentifier or hostname in a verdict of 1.2.3, found neither",
    ),
}


@pytest.mark.parametrize(("line", "cause"), BROKEN.values(), ids=BROKEN)
def test_a_broken_line_is_shown_and_stops_nothing(line: bytes, cause: str, tmp_path: Path) -> None:
    found = ingest_of(tmp_path, PLAIN, line, PLAIN)
    assert found.said == PASSES
    assert found.reading.first_broken == (Broken(str(tmp_path / "osqueryd.results.log"), 2, cause),)


def test_a_broken_line_that_names_no_host_has_a_note(tmp_path: Path) -> None:
    assert report_of(tmp_path, PLAIN, b'{"snapshot":[', PLAIN).notes == (
        "1 line could not be read, and may have held verdicts",
    )


def test_of_many_broken_lines_ten_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    reading = ingest_of(tmp_path, LINE, *(["x"] * 25)).reading
    assert (reading.broken, [each.line for each in reading.first_broken]) == (25, list(range(2, 12)))


# What is passed over: lines of osquery that are of no control of ours.
OTHERS: dict[str, Line] = {
    "another pack": {**run("a", NOON, "pack_other_uptime"), "columns": {"days": "1"}, "action": "added"},
    "nothing of another pack": {**run("a", NOON, "pack_other_uptime"), "snapshot": [], "action": "snapshot"},
    "a status line": {**failed("a", NOON, "x"), "severity": 0, "message": "Registering extension (audit_rules)"},
    "an envelope of nothing": {"message": "started", "agent": {}},
    "rows that are no rows": {**run("a", NOON), "snapshot": [1, None, "x", []], "action": "snapshot"},
    "columns that are none": {**run("a", NOON), "columns": {"status": "pass"}, "action": "added"},
}


@pytest.mark.parametrize("line", OTHERS.values(), ids=OTHERS)
def test_what_is_none_of_ours_is_counted(line: Line, tmp_path: Path) -> None:
    found = ingest_of(tmp_path, LINE, line)
    assert (found.said, found.reading.passed_over, found.reading.broken) == (PASSES, 1, 0)


def test_a_log_of_another_pack_alone_makes_a_report_that_says_so(tmp_path: Path) -> None:
    fleet = report_of(tmp_path, OTHERS["another pack"])
    assert fleet.notes == (
        "no verdict was found in 1 line of 1 file: they are osquery's, and none is of a query of ours",
    )


def test_an_empty_directory_makes_a_report_that_says_so(tmp_path: Path) -> None:
    fleet = report(tmp_path)
    assert (fleet.hosts, fleet.notes) == ((), ("no file was found there",))


def _zstd(content: bytes) -> bytes:
    return zstandard.compress(content)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": _zstd,
    "two frames of zstd": lambda content: _zstd(content[:100]) + _zstd(content[100:]),
    "two members of gzip": lambda content: gzip.compress(content[:100]) + gzip.compress(content[100:]),
}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_a_packed_log_is_known_by_its_bytes(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "osqueryd.snapshots.log.2"
    path.write_bytes(pack(PLAIN.encode() + b"\n"))
    assert ingest(path).said == PASSES


def test_of_a_packed_log_that_breaks_off_the_lines_before_count(tmp_path: Path) -> None:
    content = b"".join(
        json.dumps(snapshot(f"h{n}", NOON, row(evidence=os.urandom(50).hex()))).encode() + b"\n" for n in range(2000)
    )
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(content)[:-20_000])
    found = ingest(path)
    lines, rows, _ = found.counts
    assert 0 < rows < 2000
    (problem,) = found.reading.unreadable
    assert (problem.file, problem.line) == (str(path), lines + 1)
    assert problem.cause.startswith("cannot be unpacked from there on: ")


@pytest.mark.parametrize("size", [10, 1000, 20_000])
def test_of_a_log_whose_frame_of_zstd_is_cut_the_rest_is_told(size: int, tmp_path: Path) -> None:
    content = b"".join(
        json.dumps(snapshot(f"h{n}", NOON, row(evidence=os.urandom(50).hex()))).encode() + b"\n" for n in range(2000)
    )
    path = tmp_path / "log.zst"
    path.write_bytes(_zstd(content)[:-size])
    found = ingest(path, store=tmp_path / "store")
    assert len(found.tables["observations"]) < 2000
    (problem,) = found.reading.unreadable
    assert problem.cause == "cannot be unpacked from there on: a frame is not whole"


@pytest.mark.parametrize("pack", [gzip.compress, _zstd], ids=["gzip", "zstd"])
@pytest.mark.parametrize("kept", [True, False], ids=["with a store", "without"])
def test_a_packed_log_that_is_corrupt_is_told(
    pack: Callable[[bytes], bytes], *, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "MIN_TASK", 100)
    packed = pack(os.urandom(10_000))
    path = tmp_path / "log"
    path.write_bytes(packed[:7] + b"\xff" * (len(packed) - 7))
    (problem,) = ingest(path, store=tmp_path / "store" if kept else None).reading.unreadable
    assert problem.cause.startswith("cannot be unpacked from there on: ")


def test_a_log_that_begins_with_zeros_is_read(tmp_path: Path) -> None:
    assert ingest_of(tmp_path, bytes(10_000) + PLAIN.encode()[:0], LINE).said == PASSES


def test_a_log_in_utf_16_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(PLAIN, encoding="utf-16")
    cause = "expected UTF-8, found UTF-16: write it anew, with iconv -f UTF-16 -t UTF-8"
    fleet = report(path)
    assert fleet.reading.unreadable == (Broken(str(path), 0, cause),)
    assert fleet.notes == ("no verdict was found, and 1 file could not be read: " + cause,)


def test_a_binary_file_is_told_and_left(tmp_path: Path) -> None:
    binary = tmp_path / "core"
    binary.write_bytes(b"\x7fELF\0\0\0" + PLAIN.encode())
    found = ingest(binary, write(tmp_path / "log", [LINE]))
    assert found.said == PASSES
    assert found.reading.unreadable == (Broken(str(binary), 0, "expected lines of text, found a binary file"),)


def test_a_log_and_its_packed_twin_count_once(tmp_path: Path) -> None:
    write(tmp_path / "log.1", [LINE])
    (tmp_path / "log.2.gz").write_bytes(gzip.compress((tmp_path / "log.1").read_bytes()))
    found = ingest(tmp_path)
    assert (found.reading.files, found.counts[1:]) == (2, (1, 1))


def test_a_file_of_many_names_is_read_once(tmp_path: Path) -> None:
    log = write(tmp_path / "osqueryd.INFO.1", [LINE])
    (tmp_path / "osqueryd.INFO").symlink_to(log.name)
    (tmp_path / "hard").hardlink_to(log)
    found = ingest(tmp_path, log, tmp_path / "osqueryd.INFO", tmp_path / "*INFO*")
    assert (found.reading.files, found.counts[1:]) == (1, (1, 0))


def test_a_directory_is_read_with_all_below_it(tmp_path: Path) -> None:
    for host in "ab":
        (tmp_path / host / "logs").mkdir(parents=True)
        write(tmp_path / host / "logs" / "osqueryd.snapshots.log", [snapshot(host, NOON, row())])
    assert len(ingest(tmp_path).said) == 2


def test_a_link_out_of_a_directory_is_not_followed_and_is_named(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", [snapshot("b", NOON, row())])
    (tmp_path / "logs").mkdir()
    write(tmp_path / "logs" / "log", [LINE])
    (tmp_path / "logs" / "link").symlink_to(outside)
    (tmp_path / "logs" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "logs" / "gone").symlink_to("nothing")
    found = ingest(tmp_path / "logs")
    assert found.said == PASSES
    link = "a link, which is not followed: to have it read, give it as a PATH"
    assert sorted((each.file, each.cause) for each in found.reading.unreadable) == [
        (f"{tmp_path}/logs/b", link),
        (f"{tmp_path}/logs/gone", "a link that leads nowhere: No such file or directory"),
        (f"{tmp_path}/logs/link", link),
    ]


def test_a_link_to_what_is_read_anyhow_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path / "a" / "log.1", [LINE])
    (tmp_path / "a" / "log").symlink_to("log.1")
    (tmp_path / "b").symlink_to("a")
    assert ingest(tmp_path).reading.unreadable == ()


def test_a_path_that_is_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError) as raised:
        ingest(tmp_path / "nothing")
    assert str(raised.value) == (
        f"{tmp_path}/nothing: expected a file, a directory or a glob that matches one, found nothing"
    )


def test_a_pipe_is_told_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path / "log", [LINE])
    fleet = ingest(tmp_path)
    assert fleet.reading.unreadable == (Broken(f"{tmp_path}/pipe", 0, "expected a regular file or a directory"),)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, _zstd], ids=["plain", "gzip", "zstd"])
def test_standard_input_is_read(pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BufferedReader(io.BytesIO(pack(PLAIN.encode() + b"\n")))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    assert ingest("-").said == PASSES


def test_what_fleetctl_says_on_standard_input_is_said_now(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BufferedReader(io.BytesIO(json.dumps({"host": "a", "rows": [row()]}).encode()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    found = ingest("-")
    assert (found.said, found.tables["observations"][0]["time"]) == (PASSES, NOON)


def test_a_large_log_is_cut_into_parts_that_end_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "MIN_TASK", 10_000)
    monkeypatch.setattr(update, "IN_PROCESS", 10_000)
    lines: list[Any] = [snapshot(f"h{number % 7}", NOON - number, row()) for number in range(200)]
    lines[120] = "broken"
    found = ingest_of(tmp_path, *lines)
    assert found.counts == (200, 199, 0)
    assert [each.line for each in found.reading.first_broken] == [121]


HOSTILE = ["<script>alert(1)</script>", "=1+1", "\x1b]0;x\x07", "$(reboot)", "a\x00b", "'; DROP TABLE verdicts; --"]


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    """As everything that a line may say, and as the decoration that is grouped by."""
    lines = []
    for each in HOSTILE:
        columns = row(target=each, reason=each, evidence=each, next_boot=each, benchmark=each, version=each)
        decorations = dict.fromkeys(HOSTILE, each)
        lines.append({**snapshot(each, NOON, columns), "name": each, "decorations": decorations})
    fleet = report_of(tmp_path, *lines, grouped_by=HOSTILE[-1])
    found = {(each.host, each.target, each.evidence, each.benchmark) for each in fleet.verdicts if each.target}
    assert found == {(text, text, text, text) for text in HOSTILE}
    assert {(host.key, host.group) for host in fleet.hosts} == {(text, text) for text in HOSTILE}


def test_text_that_is_no_utf_8_is_escaped(tmp_path: Path) -> None:
    line = PLAIN.replace("what is known", "\\ud800 what").encode().replace(b"what", b"\xff")
    (found,) = ingest_of(tmp_path, line).tables["observations"]
    assert found["evidence"] == "\\ud800 \\xff of /usr/bin/dockerd"


LINE_IN_BASE64 = base64.b64encode(FAILING.encode()).decode()
PASSED = snapshot("a", NOON - 60, row())
# Lines that may hold verdicts and can't be read, and the host that each names.
UNREAD: dict[str, tuple[Line | str, str]] = {
    "base64 under a key that nobody knows": ({"blob": LINE_IN_BASE64}, ""),
    "base64 of gzip under a key that nobody knows": (
        {"blob": base64.b64encode(gzip.compress(FAILING.encode())).decode()},
        "",
    ),
    "base64 that is cut": ({"Records": [{"Data": LINE_IN_BASE64[:400] + "="}]}, ""),
    "a line that is cut": (FAILING[:-20], "a"),
    "a line of syslog that is cut": (f"Nov 23 12:00:01 web-1 osqueryd[812]: {FAILING[:120]}", "web-1"),
    "a line in text that is cut": (json.dumps({"message": FAILING[:-20]}), "a"),
}


@pytest.mark.parametrize(("line", "host"), UNREAD.values(), ids=UNREAD)
def test_what_may_have_held_verdicts_is_unread_and_its_host_is_named(
    line: Line | str, host: str, tmp_path: Path
) -> None:
    reading = ingest_of(tmp_path, PASSED, line).reading
    assert (reading.broken, reading.unread) == (1, True)
    assert (reading.first_broken[0].host, reading.broken_hosts) == (host, (host,) if host else ())


def test_a_host_of_a_broken_line_has_a_note(tmp_path: Path) -> None:
    found = report_of(tmp_path, PASSED, FAILING[:-20])
    assert found.hosts[0].note == "a line of it could not be read: verdicts may be missing"
    assert found.notes == ("1 line could not be read, and may have held verdicts of a",)


BLOBS = {
    "of another query": {**run("a", NOON, "pack_other_files"), "columns": {"content": "A" * 400}, "action": "added"},
    "of a picture": {"message": "upload", "blob": base64.b64encode(os.urandom(600)).decode()},
}


@pytest.mark.parametrize("line", BLOBS.values(), ids=BLOBS)
def test_other_base64_is_passed_over(line: Line, tmp_path: Path) -> None:
    reading = ingest_of(tmp_path, PASSED, line).reading
    assert (reading.broken, reading.passed_over) == (0, 1)


STATUS_TEXT = (
    "severity=2 location=scheduler.cpp:118 message=Error executing scheduled query {}: no such table: audit_rules"
)
QUERY_NAME = "pack_cis-docker_cis_docker_1_2_3_snapshot"
# Lines of osqueryd's status by syslog and the journal.
SYSLOG = {
    "traditional": f"Nov 23 11:59:30 a osqueryd[812]: {STATUS_TEXT}",
    "with a priority": f"<155>Nov 23 11:59:30 a osqueryd[812]: {STATUS_TEXT}",
    "with a day of one digit": f"Nov  3 11:59:30 a osqueryd[812]: {STATUS_TEXT}",
    "with a domain": f"Nov 23 11:59:30 a.example.net osqueryd[812]: {STATUS_TEXT}",
    "RFC 5424": f"<155>1 2026-11-23T11:59:30.123Z a osqueryd 812 - - {STATUS_TEXT}",
    "RFC 5424 with data": f'<155>1 2026-11-23T11:59:30+00:00 a osqueryd 812 - [x@1 y="z"] {STATUS_TEXT}',
    "rsyslog": f"2026-11-23T12:59:30.123456+01:00 a osqueryd[812]: {STATUS_TEXT}",
    "glog": "Nov 23 11:59:30 a osqueryd[812]: E1123 11:59:30.1 812 scheduler.cpp:118] "
    "Error executing scheduled query {}: no such table: audit_rules",
    "standard output": STATUS_TEXT,
    "a message alone": json.dumps(
        {"hostname": "a", "message": "Error executing scheduled query {}: no such table: audit_rules"}
    ).replace("{}", "QUERY"),
}


def _syslog(folder: Path, line: str) -> Path:
    """A log of a host's pass of a month ago, and of a line of syslog that is written a second before noon."""
    (folder / "a").mkdir()
    early = snapshot("a", NOON - 30 * DAY, row())
    log = write(folder / "a" / "log", [early, line.replace("QUERY", QUERY_NAME).replace("{}", QUERY_NAME)])
    os.utime(log, (NOON - 1, NOON - 1))
    return log


@pytest.mark.parametrize("line", SYSLOG.values(), ids=SYSLOG)
def test_a_status_line_of_syslog_is_a_query_that_failed(line: str, tmp_path: Path) -> None:
    found = ingest(_syslog(tmp_path, line))
    ((query, message, folder),) = [
        (each["query"], each["message"], Path(each["folder"]).name) for each in found.tables["query_failures"]
    ]
    assert (query, message, folder) == (QUERY_NAME, "no such table: audit_rules", "a")
    assert found.reading.broken == 0


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=() if name in ("traditional", "standard output") else pytest.mark.full, id=name)
        for name, line in SYSLOG.items()
    ],
)
def test_a_status_line_of_syslog_makes_a_pass_before_it_unknown(line: str, tmp_path: Path) -> None:
    found = report(_syslog(tmp_path, line), max_age=60 * DAY)
    assert said(found) == [("a", "1.2.3", "unknown", "query_failed")]
    assert found.reading.broken == 0


def test_a_failure_of_syslog_has_its_time_where_results_show_the_zone(tmp_path: Path) -> None:
    lines = [
        f"Nov 23 19:00:00 a osqueryd[8]: {json.dumps(snapshot('a', NOON - HOUR, row('fail')))}",
        f"Nov 23 19:10:00 a osqueryd[8]: {STATUS_TEXT.format(QUERY_NAME)}",
        f"Nov 23 19:50:00 a osqueryd[8]: {json.dumps(snapshot('a', NOON - 600, row()))}",
    ]
    log = write(tmp_path / "syslog", lines)
    os.utime(log, (NOON, NOON))
    assert [each["time"] for each in ingest(log).tables["query_failures"]] == [NOON - 3000]


def test_lines_of_other_programs_in_syslog_are_passed_over(tmp_path: Path) -> None:
    lines = [
        "Nov 23 11:59:30 a sshd[7]: Accepted publickey for root",
        "Nov 23 11:59:30 a kernel: {unfinished",
        '<30>1 2026-11-23T11:59:30Z a dockerd 9 - - {"level":"info"}',
        "Nov 23 11:59:30 a osqueryd[812]: severity=0 location=eventfactory.cpp:156 message=Event publisher started",
    ]
    reading = ingest_of(tmp_path, PASSED, *lines).reading
    assert (reading.broken, reading.passed_over) == (0, 4)


# Files that are broken as a whole, beside a good log.
BAD_FILES = {
    "an empty first line": b"\n\nhost_name,control,status,benchmark\n",
    "a first line of 17 MB": b'"host_name","control","status",' + b"x" * 17_000_000 + b"\n1,2,3\n",
    "a CSV in UTF-16": "host_name,control,status\n".encode("utf-16"),
    "a CSV in UTF-16 without a mark": "host_name,control,status\n".encode("utf-16-le"),
    "quotes that never match": b"host_name,control,status\n" + b'a","\n' * 8000,
    "a document of brackets": b"[\n" * 1_000_000,
}
# What packed files may unpack to, again and again.
BOMBS = {"nothing but line feeds": b"\n", "very many records": b"{}\n", "nothing but brackets": b"["}


def named(bad: Path) -> bool:
    """Whether a bad file costs a good log nothing, and is what is named; gives whether anything is unread."""
    found = ingest(write(bad.parent / "log", [LINE]), bad)
    assert found.said == PASSES
    assert {each.file for each in (*found.reading.first_broken, *found.reading.unreadable)} <= {str(bad)}
    return found.reading.unread


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_named_and_ends_no_report(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(content)
    assert named(tmp_path / "bad") or b"\n\nhost" in content


@pytest.mark.parametrize(
    ("largest", "times"), [(10_000, 100_000), pytest.param(None, 20_000_000, marks=pytest.mark.full)]
)
@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_packed_file_of_very_much_is_named_and_ends_no_report(
    content: bytes, largest: int | None, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if largest:
        monkeypatch.setattr(reader, "LARGEST_UNPACKED", largest)
        monkeypatch.setattr(reader, "MOST_UNPACKED", 1)
    (tmp_path / "bad").write_bytes(zstandard.compress(content * times))
    assert named(tmp_path / "bad")


def test_a_fault_of_this_program_in_one_file_ends_no_ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "detect_format", lambda head: {}[head])
    found = ingest(write(tmp_path / "log", [LINE]))
    assert [each.cause.partition(" (")[0] for each in found.reading.unreadable] == ["this program failed to read it"]


def test_a_packed_file_that_unpacks_to_very_much_is_read_up_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "log.zst").write_bytes(zstandard.compress(b"\n" * 100_000_000))
    reading = ingest(write(tmp_path / "log", [LINE]), tmp_path / "log.zst").reading
    assert reading.lines < 40_000_000
    assert [each.cause.startswith("expected at most ") for each in reading.unreadable] == [True]


def test_a_torn_line_is_scanned_a_few_times_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = 0

    def counted(text: str, place: int) -> tuple[object, int]:
        nonlocal scanned
        try:
            found, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            scanned += error.pos - place
            raise
        scanned += end - place
        return found, end

    decoder = json.JSONDecoder()
    monkeypatch.setattr(json_lines, "_scan", counted)
    line = ('{"a":' * 50 + '{"b":"' + "x" * 20_000).encode() * 20
    found = list(json_lines.decode_records(line))
    assert found
    assert scanned < 20 * len(line)


def test_lines_of_an_export_are_read_again_a_bounded_number_of_times() -> None:
    lines = (number for number in range(1, 10**7))
    taken = 0

    def feed() -> Iterator[tuple[int, str]]:
        nonlocal taken
        for number in lines:
            taken += 1
            yield number, 'a","\n'

    assert any(isinstance(each, csv_export.TooManyQuotesError) for _, each in csv_export.read_rows(feed()))
    assert taken < 2 * csv_export.MOST_AGAIN


@pytest.mark.parametrize("column", ["evidence", "level", "title"])
def test_numbers_that_collide_are_compared_as_text(column: str, tmp_path: Path) -> None:
    lines = [snapshot("a", NOON - 1, row() | {column: number * (2**61 - 1)}) for number in range(3000)]
    assert ingest_of(tmp_path, *lines).counts == (3000, 3000, 0)

"""Inputs of the report, changed byte by byte: none ends a report, and none is lost without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditrules.report.ingest.log_files import LogFile
from auditrules.report.ingest.part import FilePart
from auditrules.report.ingest.reader import read_part
from auditrules.report.ingest.table_builder import TableBuilder
from auditrules.report.inputs import InputError, read_inventory, read_waivers
from auditrules.report.times import EARLIEST
from tests.mutations import SOAK, refusals
from tests.report.logs import NOON, added, failed, row, snapshot

COUNT = 100_000 if SOAK else 300

LINES = b"".join(
    json.dumps(each).encode() + b"\n"
    for each in (
        snapshot("a", NOON, row()),
        added("a", NOON, row("fail")),
        failed("a", NOON, "q"),
        {"data": [snapshot("b", NOON, row())]},
        {"message": {"data": "eyJuYW1lIjoicSIsImhvc3RJZGVudGlmaWVyIjoiaCJ9"}},
    )
)
GLOG = b"""Log file created at: 2026/11/23 11:00:00
Running on machine: web-1
E1123 11:30:00.000000 7 scheduler.cpp:118] Error executing scheduled query q: no such table: audit_rules
"""
SYSLOG = (
    b"Nov 23 11:00:00 web-1 osqueryd[7]: severity=2 location=scheduler.cpp:118 message="
    b"Error executing scheduled query q: x\n"
    b"<14>1 2026-11-23T11:00:00Z web-1 osqueryd 7 - - " + LINES
)
LOGS = {
    "logs of lines": LINES,
    "documents": json.dumps([snapshot("a", NOON, row()), added("b", NOON, row())], indent=1).encode(),
    "exports": b"host_name,benchmark,version,control,status,last_fetched\na,CIS Docker Benchmark,1.2.0,1.2.3,pass,\n",
    "status files": GLOG,
    "lines of syslog": SYSLOG,
}
GIVEN = {
    "inventories": (b"host,site\nweb-1,x\nweb-2,y\n", read_inventory),
    "waivers": (
        b'[[waiver]]\nhosts = "db-*"\ncontrol = "1.2.4"\nreason = "r"\nowner = "o"\nexpires = 2026-12-31\n',
        read_waivers,
    ),
}


@pytest.mark.parametrize("kind", LOGS)
def test_a_log_that_is_changed_is_read_or_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "log"

    def read(content: bytes) -> None:
        path.write_bytes(content)
        builder = TableBuilder(EARLIEST, NOON)
        found = read_part(FilePart(LogFile(str(path), len(content), NOON * 10**9)), builder)
        builder.tables()
        assert not any("please report this" in each.cause for each in found.unreadable), content

    assert refusals(kind, LOGS[kind], COUNT, read) == 0


@pytest.mark.parametrize("kind", GIVEN)
def test_what_is_given_beside_logs_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    content, reader = GIVEN[kind]
    path = tmp_path / "given"

    def read(content: bytes) -> None:
        path.write_bytes(content)
        reader(str(path))

    assert refusals(kind, content, COUNT, read, InputError) < COUNT

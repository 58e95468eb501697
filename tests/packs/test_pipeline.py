"""Whether records get where they should: the queries on the audit stream, the log's rotation, place and format."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from auditrules.audit.model.collected import File, Kernel, Run, Sources
from auditrules.packs import pipeline
from auditrules.plugin.context import Context
from auditrules.plugin.row import ROWID, Row
from auditrules.plugin.schema import Schema
from auditrules.plugin.table import Table
from auditrules.sql.database import Database
from auditrules.sql.standins import MOUNTS
from auditrules.tables import build
from tests.fixtures.hosts import Given, status

SQL = {query.name: query.sql for query in pipeline.QUERIES}
CONF = "/etc/audit/auditd.conf"
LS = ("/usr/sbin/auditctl", "-l")
NO_CONSUMER = (
    "no process owns the audit stream: records go to the kernel's log, and to whoever may listen to the multicast group"
)
DEBIAN = b"""\
local_events = yes
write_logs = yes
log_file = /var/log/audit/audit.log
log_format = ENRICHED
max_log_file = 8
num_logs = 5
max_log_file_action = ROTATE
space_left = 75
space_left_action = SYSLOG
disk_full_action = SUSPEND
"""


def given(schema: Schema, rows: Iterable[dict[str, str]]) -> Table:
    def cells(_: Context) -> Iterable[Row]:
        for number, row in enumerate(rows):
            yield {**dict.fromkeys(schema.names, ""), **row, ROWID: str(number)}

    return Table(schema, cells)


def asked(name: str, sources: Sources, mounts: tuple[str, ...] = ()) -> dict[str, object]:
    points = [{"path": path, "device": f"/dev/{number}", "type": "ext4"} for number, path in enumerate(mounts)]
    with Database((*build(Given.at_rest(sources)), given(MOUNTS, points))) as database:
        result = database.query(SQL[name])
    (row,) = result.rows
    return dict(zip(result.columns, row, strict=True))


# Who reads the records


def streamed(state: str | None, consumer: str = "auditd") -> dict[str, object]:
    listing = Run(LS, 0, b"No rules\n")
    answer = None if state is None else Run(LS, 0, state.encode())
    return asked("audit_pipeline", Sources(Kernel("auditctl", listing=listing, status=answer), consumer=consumer))


@pytest.mark.parametrize(
    ("state", "consumer", "expected", "reason", "evidence"),
    [
        (status(), "auditd", "pass", "consumed", "auditd reads the records"),
        (status(), "osqueryd", "pass", "consumed", "osqueryd reads the records"),
        (
            status(rate_limit=100), "auditd", "pass", "consumed",
            "auditd reads the records; no more than 100 records a second, what is above is lost",
        ),
        (status(lost=3), "auditd", "fail", "records_lost", "3 records were lost since the counter was reset"),
        (status(backlog=9, backlog_limit=9), "auditd", "fail", "backlog_full", "9 records wait, and the limit is 9"),
        (status(backlog=64, backlog_limit=0), "auditd", "pass", "consumed", "auditd reads the records"),
        (
            status(pid=0), "", "unknown", "no_consumer",
            NO_CONSUMER,
        ),
        (
            status(), "", "unknown", "consumer_gone",
            "the stream belongs to process 612, whose name is not known",
        ),
        (status(enabled=0), "auditd", "fail", "disabled", "auditing is off (enabled 0): there are no records"),
        (status(pid=0, lost=1), "", "fail", "records_lost", "1 records were lost since the counter was reset"),
        ("enabled 1\n", "", "unknown", "unreadable", None),
        (None, "", "unknown", "unreadable", None),
    ],
    ids=range(12),
)  # fmt: skip
def test_the_stream(state: str | None, consumer: str, expected: str, reason: str, evidence: str | None) -> None:
    row = streamed(state, consumer)
    assert (row["status"], row["reason"]) == (expected, reason)
    assert row["evidence"] if evidence is None else row["evidence"] == evidence
    assert (row["remediation"] == "") == (expected == "pass")


def test_the_stream_of_a_kernel_that_nobody_asked_is_unknown_with_the_reason() -> None:
    row = asked("audit_pipeline", Sources(Kernel("none", reason="the kernel was not asked, as wanted")))
    assert (row["status"], row["evidence"]) == ("unknown", "the kernel was not asked, as wanted")


# Rotation and format


def conf(content: bytes | None, error: str = "") -> Sources:
    return Sources(Kernel("none"), auditd_conf=File(CONF, content, error))


def without(name: bytes) -> bytes:
    return b"".join(line for line in DEBIAN.splitlines(keepends=True) if not line.startswith(name + b" "))


def with_line(line: bytes) -> bytes:
    return DEBIAN + line + b"\n"


@pytest.mark.parametrize(
    ("content", "expected", "reason"),
    [
        (DEBIAN, "pass", "rotated"),
        (DEBIAN.lower(), "pass", "rotated"),
        (with_line(b"MAX_LOG_FILE_ACTION = keep_logs"), "pass", "rotated"),
        (with_line(b"max_log_file_action = keep_logs\nnum_logs = 0"), "pass", "rotated"),
        (with_line(b"num_logs = 1"), "fail", "not_rotated"),
        (without(b"num_logs"), "fail", "not_rotated"),
        (with_line(b"max_log_file_action = IGNORE"), "fail", "not_rotated"),
        (with_line(b"max_log_file_action = SUSPEND"), "fail", "not_rotated"),
        (without(b"max_log_file_action"), "fail", "not_rotated"),
        (with_line(b"space_left_action = ignore"), "fail", "space_ignored"),
        (without(b"space_left_action"), "fail", "space_ignored"),
        (with_line(b"space_left_action = exec /opt/full"), "pass", "rotated"),
        (with_line(b"disk_full_action = ignore"), "fail", "full_disk_ignored"),
        (without(b"disk_full_action"), "fail", "full_disk_ignored"),
        (with_line(b"num_logs=5"), "unknown", "unreadable"),
        (b"# nothing\n", "not_applicable", "no_settings"),
    ],
    ids=range(16),
)
def test_rotation(content: bytes, expected: str, reason: str) -> None:
    row = asked("audit_log_rotation", conf(content))
    assert (row["status"], row["reason"]) == (expected, reason)
    assert (row["remediation"] == "") == (expected in ("pass", "not_applicable"))


def test_rotation_tells_the_settings() -> None:
    assert asked("audit_log_rotation", conf(DEBIAN))["evidence"] == (
        "max_log_file_action = rotate, num_logs = 5, space_left_action = syslog, disk_full_action = suspend"
    )


@pytest.mark.parametrize(
    ("content", "expected", "reason"),
    [
        (DEBIAN, "pass", "enriched"),
        (with_line(b"log_format = RAW"), "fail", "not_enriched"),
        (without(b"log_format"), "fail", "not_enriched"),
        (with_line(b"log_format = NOLOG"), "fail", "not_written"),
        (with_line(b"write_logs = no"), "fail", "not_written"),
        (without(b"write_logs"), "pass", "enriched"),
        (with_line(b"?"), "unknown", "unreadable"),
        (b"", "not_applicable", "no_settings"),
    ],
    ids=range(8),
)
def test_format(content: bytes, expected: str, reason: str) -> None:
    row = asked("audit_log_format", conf(content))
    assert (row["status"], row["reason"]) == (expected, reason)


@pytest.mark.parametrize("name", ["audit_log_rotation", "audit_log_format"])
def test_settings_that_cannot_be_read_are_unknown(name: str) -> None:
    row = asked(name, conf(None, "Permission denied"))
    assert (row["status"], row["evidence"]) == ("unknown", f"{CONF}: Permission denied")


@pytest.mark.parametrize("name", ["audit_log_rotation", "audit_log_format"])
def test_without_auditd_there_are_no_settings(name: str) -> None:
    assert asked(name, Sources(Kernel("none")))["status"] == "not_applicable"


# The partition


@pytest.mark.parametrize(
    ("log_file", "mounts", "expected", "mount"),
    [
        ("", ("/", "/var/log/audit"), "pass", "/var/log/audit"),
        ("", ("/", "/var", "/var/log"), "fail", "/var/log"),
        ("", ("/var/log", "/", "/var"), "fail", "/var/log"),
        ("", ("/", "/var/log/audit2", "/var/log/audi"), "fail", "/"),
        ("", ("/", "/var/log/%"), "fail", "/"),
        ("", (), "unknown", None),
        ("/srv/audit/log", ("/", "/srv/audit"), "pass", "/srv/audit"),
        ("/srv/audit/log", ("/", "/var/log/audit"), "fail", "/"),
        ("/audit.log", ("/",), "fail", "/"),
    ],
)
def test_the_partition_of_the_log(log_file: str, mounts: tuple[str, ...], expected: str, mount: str | None) -> None:
    content = DEBIAN + (f"log_file = {log_file}\n".encode() if log_file else b"")
    row = asked("audit_log_partition", conf(content), mounts)
    assert (row["status"], row["mount"]) == (expected, mount)


def test_without_auditd_the_log_would_be_in_its_usual_place() -> None:
    row = asked("audit_log_partition", Sources(Kernel("none")), ("/", "/var/log/audit"))
    assert (row["status"], row["folder"]) == ("pass", "/var/log/audit")


def test_a_log_whose_place_cannot_be_read_is_unknown() -> None:
    row = asked("audit_log_partition", conf(None, "Permission denied"), ("/", "/var/log/audit"))
    assert (row["status"], row["evidence"]) == ("unknown", f"{CONF}: Permission denied")

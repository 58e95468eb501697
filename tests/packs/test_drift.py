from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditrules.audit.boot.load import load_rules
from auditrules.audit.kernel.rule_data import encode
from auditrules.audit.model.collected import File, Kernel, Netlink, Sources, Units
from auditrules.audit.model.host_facts import Facts
from auditrules.packs import drift
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Table
from auditrules.sql.database import Database
from auditrules.tables import build
from tests.audit.strategies import HOST
from tests.fixtures.hosts import Given

W = "-w /etc/docker -p wa -k docker"
RULE = "-a always,exit -S all -F dir=/etc/docker -F perm=wa -F key=docker"
PATH = "/etc/audit/rules.d/docker.rules"
UNITS = Units(augenrules=True, awk="/usr/bin/mawk")
NOBODY = Kernel("none", reason="the kernel was not asked, as wanted")
GONE = "auditctl takes this line, and the kernel does not have its rule"
NO_PATH = "expected an absolute path, without quotes or variables, found 'docker'"
FLAGS = Schema(
    "osquery_flags", "Flags.", (Column("name", ColumnType.TEXT, ""), Column("value", ColumnType.TEXT, "")), ()
)


def kernel(*lines: str, pid: int = 0, lost: int = 0) -> Kernel:
    rules = load_rules("".join(f"{line}\n" for line in lines).encode(), HOST).rules
    status = struct.pack("=11I", 0, 1, 1, pid, 0, 8192, lost, 0, 0x7F, 15000, 0)
    return Kernel("netlink", netlink=Netlink(tuple(map(encode, rules)), status))


def host(said: Kernel, text: str | None = "", *, audit: str | None = None, units: Units | None = UNITS) -> Sources:
    rules_d = () if text is None else (File(PATH, text.encode()),)
    audit_rules = None if audit is None else File("/etc/audit/audit.rules", audit.encode())
    return Sources(said, rules_d, audit_rules=audit_rules, units=units, facts=HOST)


def told(name: str, sources: Sources, flags: Mapping[str, str] | None = None) -> list[tuple[object, ...]]:
    """Run one of the queries on a host."""
    (sql,) = (query.sql for query in drift.QUERIES if query.name == name)
    cells = [
        {"name": flag, "value": value, "rowid": str(number)}
        for number, (flag, value) in enumerate((flags or {}).items())
    ]
    with Database([*build(Given.at_rest(sources)), Table(FLAGS, lambda _context: cells)]) as database:
        return list(database.query(sql).rows)


NOT_LOADED = (
    ("all is loaded", host(kernel(W), f"{W}\n"), [("none", "", "", "")]),
    ("a rule is missing", host(kernel(), f"{W}\n"), [("missing", PATH, RULE, GONE)]),
    (
        "the load stopped",
        host(kernel(), f"-w docker\n{W}\n"),
        [
            ("rejected", PATH, "-w docker", NO_PATH),
            ("unreached", PATH, RULE, "the load stops at a line before it: -w docker"),
        ],
    ),
    ("nobody asked", host(NOBODY, f"{W}\n"), [("unknown", "", "", "the kernel was not asked, as wanted")]),
    (
        "a file can't be read",
        Sources(kernel(), (File(PATH, None, "Permission denied"),), units=UNITS, facts=HOST),
        [("unknown", PATH, "", "Permission denied")],
    ),
    ("a file that boot does not load", host(kernel(), "", audit=f"{W}\n"), [("none", "", "", "")]),
)


@pytest.mark.parametrize(("sources", "rows"), [case[1:] for case in NOT_LOADED], ids=[case[0] for case in NOT_LOADED])
def test_rules_that_are_not_loaded(sources: Sources, rows: list[tuple[object, ...]]) -> None:
    assert told("audit_rules_not_loaded", sources) == rows


NOT_PERSISTENT = (
    ("all come back", host(kernel(W), f"{W}\n"), [("none", "", "")]),
    (
        "one does not",
        host(kernel(W)),
        [("runtime", RULE, "boot does not load it: no file has it, or the load stops before it")],
    ),
    ("no rule", host(kernel()), [("none", "", "")]),
    ("boot is not known", host(kernel(W), f"{W}\n", units=None), [("unknown", RULE, "what boot loads is not known")]),
    ("nobody asked", host(NOBODY), [("unknown", "", "the kernel was not asked, as wanted")]),
)


@pytest.mark.parametrize(
    ("sources", "rows"), [case[1:] for case in NOT_PERSISTENT], ids=[case[0] for case in NOT_PERSISTENT]
)
def test_rules_that_are_not_persistent(sources: Sources, rows: list[tuple[object, ...]]) -> None:
    assert told("audit_rules_not_persistent", sources) == rows


STOPPED = (
    ("it went to the end", host(kernel(W), f"{W}\n"), [("none", "", "", "")]),
    ("it stopped", host(kernel(), f"-w docker\n{W}\n"), [("stopped", PATH, "-w docker", NO_PATH)]),
    ("it stopped at the last line", host(kernel(), "-w docker\n"), [("refused", PATH, "-w docker", NO_PATH)]),
    ("it went on", host(kernel(W), f"-i\n-w docker\n{W}\n"), [("refused", PATH, "-w docker", NO_PATH)]),
    (
        "a file can't be read",
        Sources(kernel(), (File(PATH, None, "Permission denied"),), units=UNITS, facts=HOST),
        [("unknown", PATH, "", "Permission denied"), ("unknown", "", "", f"{PATH}: Permission denied")],
    ),
)


@pytest.mark.parametrize(("sources", "rows"), [case[1:] for case in STOPPED], ids=[case[0] for case in STOPPED])
def test_where_the_load_stops(sources: Sources, rows: list[tuple[object, ...]]) -> None:
    assert told("audit_load_stopped", sources) == rows


LOCKED_OUT = "auditctl does not read /etc/audit/audit.rules: it takes "


def test_a_rules_file_that_auditctl_does_not_read_is_told() -> None:
    audit = File("/etc/audit/audit.rules", MADE.encode(), mode=0o666, uid=0)
    sources = replace(host(kernel(), f"{W}\n"), audit_rules=audit)
    refused = f"{LOCKED_OUT}a rules file that not everybody can write to"
    assert told("audit_load_stopped", sources) == [("unknown", "", "", refused)]


def test_a_rules_file_that_is_not_there_is_told() -> None:
    auditctl = Units((File("/lib/systemd/system/auditd.service", UNIT.encode()),), links=WANTED)
    found = told("audit_load_stopped", Sources(kernel(), units=auditctl, facts=HOST))
    assert found == [("unknown", "", "", f"{LOCKED_OUT}a file that is there")]


UNIT = "[Service]\nType=forking\nExecStart=/sbin/auditd\nExecStartPost=/sbin/auditctl -R /etc/audit/audit.rules\n"
WANTED = {"/etc/systemd/system/multi-user.target.wants/auditd.service": "/lib/systemd/system/auditd.service"}
MADE = f"## This file is automatically generated from /etc/audit/rules.d\n\n\n\n{W}\n\n"


@pytest.mark.parametrize(
    ("sources", "finding"),
    [
        (host(kernel(), f"{W}\n", audit=MADE), "none"),
        (host(kernel(), f"# a comment\n{W}\n", audit=MADE), "none"),
        (host(kernel(), f"{W}\n", audit=f"{W}\n"), "stale"),
        (host(kernel(), f"{W}\n"), "stale"),
        (Sources(kernel(), rules_d_error="Permission denied", units=UNITS, facts=HOST), "unknown"),
        (Sources(kernel(), units=UNITS, facts=Facts()), "unknown"),
    ],
    ids=["current", "a comment more", "edited", "never made", "unreadable", "no rules.d"],
)
def test_whether_audit_rules_is_stale(sources: Sources, finding: str) -> None:
    ((said, *_),) = told("audit_augenrules_stale", sources)
    assert said == finding


OFF = {"disable_audit": "true", "audit_allow_config": "false", "audit_force_reconfigure": "false"}


@pytest.mark.parametrize(
    ("flags", "finding"),
    [
        ({}, "unknown"),
        (OFF, "none"),
        (OFF | {"audit_allow_config": "true", "audit_force_reconfigure": "true"}, "none"),
        (OFF | {"disable_audit": "false"}, "consumes"),
        (OFF | {"disable_audit": "false", "audit_allow_config": "true"}, "configures"),
        (OFF | {"disable_audit": "false", "audit_force_reconfigure": "true"}, "consumes"),
        ({"disable_audit": "false", "audit_allow_config": "true", "audit_force_reconfigure": "true"}, "wipes"),
    ],
)
def test_whether_osquery_owns_auditing(flags: dict[str, str], finding: str) -> None:
    ((said, *_),) = told("audit_osquery_owns_audit", host(kernel()), flags)
    assert said == finding


@pytest.mark.parametrize("name", [query.name for query in drift.QUERIES])
def test_nothing_flaps(name: str) -> None:
    before = host(kernel(W), f"-w docker\n{W}\n", audit=MADE)
    after = host(kernel(W, pid=4711, lost=9), f"# why\n\n-w docker\n# and more\n{W}\n", audit=MADE)
    assert told(name, before, OFF) == told(name, after, OFF)

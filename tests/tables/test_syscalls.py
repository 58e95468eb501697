"""The table of system calls: two rows for each call and arch, whatever is asked and however the host is."""
# ruff: noqa: S608 - queries are made of words of this file

from __future__ import annotations

from pathlib import Path

import pytest

from auditrules.sql.error import SqlError
from tests.core import tables as core
from tests.fixtures.hosts import DOCKER, Look, root, saved

LOGIN = "-F auid>=1000 -F auid!=-1"
CHMOD = f"-a always,exit -F arch=b64 -S chmod,fchmodat {LOGIN} -F key=perm"


def host(folder: Path, *kernel: str, login_defs: str | None = None) -> Look:
    files = {"etc/login.defs": login_defs} if login_defs is not None else {}
    return Look.at(root(folder, files)).with_listing(saved(*kernel))


def rows(look: Look, columns: str, where: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in look.rows(f"SELECT {columns} FROM audit_syscalls WHERE {where}")]


def test_a_call_has_a_row_for_each_arch_and_source(tmp_path: Path) -> None:
    found = rows(host(tmp_path, CHMOD), "syscall, arch, source, recorded_for, keys", "syscall = 'chmod'")
    assert found == [
        ("chmod", "b64", "kernel", "login_users", "perm"),
        ("chmod", "b64", "boot", "nobody", ""),
        ("chmod", "b32", "kernel", "nobody", ""),
        ("chmod", "b32", "boot", "nobody", ""),
    ]


# rules, what is asked of chmod by 64-bit programs, and whose calls are recorded
KERNELS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("no rule", (), "nobody", ""),
    ("everybody", ("-a always,exit -S chmod",), "everybody", ""),
    ("login users", (CHMOD,), "login_users", "auid>=1000 only,auid!=-1 only"),
    ("some", (CHMOD.replace("1000", "1001"),), "some", "auid>=1001 only,auid!=-1 only"),
    ("a directory", ("-w /etc -p a",), "some", "dir=/etc only"),
    (
        "but a directory",
        ("-a never,exit -S all -F dir=/etc", "-a always,exit -S chmod"),
        "everybody",
        "except dir=/etc",
    ),
    ("a never rule", ("-a never,exit -S chmod", CHMOD), "nobody", ""),
    ("never of tasks", ("-a never,task", CHMOD), "nobody", ""),
)


@pytest.mark.parametrize(
    ("rules", "recorded_for", "conditions"), [case[1:] for case in KERNELS], ids=[case[0] for case in KERNELS]
)
def test_whose_calls_are_recorded(tmp_path: Path, rules: tuple[str, ...], recorded_for: str, conditions: str) -> None:
    where = "syscall = 'chmod' AND arch = 'b64' AND source = 'kernel'"
    (found,) = rows(host(tmp_path, *rules), "recorded_for, conditions", where)
    told = ",".join(each for each in str(found[1]).split(",") if "x32" not in each)
    assert (found[0], told) == (recorded_for, conditions)


def test_login_users_are_those_of_login_defs(tmp_path: Path) -> None:
    look = host(tmp_path, CHMOD, login_defs="UID_MIN 500\n")
    assert rows(look, "recorded_for", "syscall = 'chmod' AND arch = 'b64' AND source = 'kernel'") == [("some",)]


@pytest.mark.parametrize(
    ("name", "arch", "recorded_for", "reason", "evidence"),
    [
        ("umount", "b64", "no_such_call", "no_such_call", "x86_64 has no system call umount"),
        ("create_module", "b64", "no_such_call", "no_such_call", "no kernel since Linux 2.6 serves create_module"),
        ("chmood", "b64", "unknown", "unknown_call", "no machine has a system call of this name: chmood"),
        ("", "b64", "unknown", "unknown_call", "no machine has a system call of this name: "),
        ("chmod, fchmod", "b32", "unknown", "unknown_call", "no machine has a system call of this name: chmod, fchmod"),
    ],
)
def test_a_call_that_is_not_there_has_rows_that_say_so(
    tmp_path: Path, name: str, arch: str, recorded_for: str, reason: str, evidence: str
) -> None:
    where = f"syscall = '{name}' AND arch = '{arch}' AND source = 'kernel'"
    assert rows(host(tmp_path), "recorded_for, reason, evidence", where) == [(recorded_for, reason, evidence)]


def test_evidence_names_the_rule(tmp_path: Path) -> None:
    (found,) = rows(
        host(tmp_path, CHMOD), "evidence, rules", "syscall = 'chmod' AND arch = 'b64' AND source = 'kernel'"
    )
    assert str(found[0]).startswith(CHMOD)
    assert found[1] == CHMOD


@pytest.mark.parametrize(
    "where", ["", "WHERE arch = 'b64'", "WHERE syscall LIKE 'ch%'", "WHERE syscall != 'chmod'", "WHERE 1"]
)
def test_a_query_without_a_call_is_an_error(where: str) -> None:
    with pytest.raises(SqlError, match="syscall"):
        Look.at(DOCKER).rows(f"SELECT * FROM audit_syscalls {where}")


TWO = "syscall IN ('chmod', 'execve')"
ANSWERS: tuple[tuple[str, int], ...] = (
    (f"SELECT syscall FROM audit_syscalls WHERE {TWO}", 8),
    (f"SELECT syscall FROM audit_syscalls WHERE {TWO} AND source IN ('kernel', 'boot')", 8),
    (f"SELECT syscall FROM audit_syscalls WHERE {TWO} AND arch = 'b64' AND source = 'boot'", 2),
    (f"SELECT syscall FROM audit_syscalls WHERE {TWO} AND arch IN ('b64', 'b32') AND recorded_for = 'nobody'", 8),
    (f"SELECT DISTINCT syscall FROM audit_syscalls WHERE {TWO} ORDER BY arch", 2),
    ("SELECT s.arch FROM (SELECT 'chmod' AS n UNION SELECT 'mount') JOIN audit_syscalls s ON s.syscall = n", 8),
    (f"SELECT syscall FROM audit_syscalls WHERE {TWO} AND arch = 'b16'", 0),
)


@pytest.mark.parametrize(("sql", "count"), ANSWERS)
def test_queries_have_all_their_rows_here_and_in_osquery_s_tables(tmp_path: Path, sql: str, count: int) -> None:
    look = host(tmp_path)
    database = core.Database()
    database.attach("audit_syscalls", core.local(look.table("audit_syscalls")))
    found = sorted(tuple(row.values()) for row in look.rows(sql))
    assert len(found) == count
    assert found == sorted(database.query(sql))

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Run, Sources
from auditrules.audit.model.host_facts import Facts
from auditrules.plugin.row import ROWID, Row
from auditrules.tables.rules import RuleRows
from auditrules.tables.schemas import AUDIT_RULES
from tests.audit import file_trees

A = "/etc/audit/rules.d/a.rules"
AUDIT_RULES_FILE = "/etc/audit/audit.rules"
NOT_ASKED = Kernel("none", reason="the kernel was not asked, as wanted")
NO_RULES = Kernel("listing", saved=File("saved", b"No rules\n"))
MEANING = ("action", "list", "path", "path_type", "permissions", "arch", "syscalls", "fields", "keys")


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def rows_of(sources: Sources) -> list[Row]:
    return RuleRows()(HostAudit(sources).drift)


def of_files(*files: File, audit: str | None = None, facts: Facts | None = None) -> list[Row]:
    """Give the rows of the files alone: the kernel has no rules, so it has no row."""
    audit_file = None if audit is None else File(AUDIT_RULES_FILE, raw(audit))
    return rows_of(Sources(NO_RULES, files, audit_rules=audit_file, facts=facts or Facts()))


def of_lines(*lines: str, facts: Facts | None = None) -> list[Row]:
    return of_files(File(A, raw("".join(f"{line}\n" for line in lines))), facts=facts)


def of_kernel(*lines: str, rules: tuple[str, ...] = (), facts: Facts | None = None) -> list[Row]:
    files = (File(A, raw("".join(f"{line}\n" for line in rules))),) if rules else ()
    kernel = Kernel("listing", saved=File("saved", raw("".join(f"{line}\n" for line in lines))))
    return [row for row in rows_of(Sources(kernel, files, facts=facts or Facts())) if row["source"] == "kernel"]


def filled(row: Row, *without: str) -> dict[str, str]:
    return {name: value for name, value in row.items() if value and name not in (ROWID, *without)}


def columns(rows: list[Row], *names: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


PLACE = ("source", "source_path", "line", "position", "text")
STAND = ("state", "error")  # how file and kernel agree: test_states

RULES: Mapping[str, tuple[str, dict[str, str]]] = {
    "watch": (
        "-w /usr/bin/dockerd -p wxra -k docker",
        {
            "type": "watch",
            "action": "always",
            "list": "exit",
            "path": "/usr/bin/dockerd",
            "permissions": "rwxa",
            "syscalls": "all",
            "keys": "docker",
            "rule": "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker",
        },
    ),
    "watch as a syscall rule": (
        "-a exit,always -F dir=/etc/docker -F perm=wa",
        {
            "type": "watch",
            "action": "always",
            "list": "exit",
            "path": "/etc/docker",
            "path_type": "dir",
            "permissions": "wa",
            "syscalls": "all",
            "rule": "-a always,exit -S all -F dir=/etc/docker -F perm=wa",
        },
    ),
    "syscall rule": (
        "-a always,exit -F arch=b64 -S openat,59 -F path=/x -F perm=w -F auid>=1000 -F auid!=-1 -C uid!=euid -k a -k b",
        {
            "type": "syscall",
            "action": "always",
            "list": "exit",
            "path": "/x",
            "path_type": "file",
            "permissions": "w",
            "arch": "b64",
            "syscalls": "execve,openat",
            "fields": "auid>=1000,auid!=-1,uid!=euid",
            "keys": "a,b",
            "rule": "-a always,exit -F arch=b64 -S execve,openat -F path=/x -F perm=w -F auid>=1000 -F auid!=-1 "
            "-C uid!=euid -F key=a -F key=b",
        },
    ),
    "never": (
        "-a never,exit -F path=/usr/bin/dockerd -F perm=x",
        {
            "type": "syscall",
            "action": "never",
            "list": "exit",
            "path": "/usr/bin/dockerd",
            "path_type": "file",
            "permissions": "x",
            "syscalls": "all",
            "rule": "-a never,exit -S all -F path=/usr/bin/dockerd -F perm=x",
        },
    ),
    "path without perm": (
        "-a always,exit -F path=/usr/bin/dockerd",
        {
            "type": "syscall",
            "action": "always",
            "list": "exit",
            "path": "/usr/bin/dockerd",
            "path_type": "file",
            "syscalls": "all",
            "rule": "-a always,exit -S all -F path=/usr/bin/dockerd",
        },
    ),
    "task": ("-a never,task", {"type": "syscall", "action": "never", "list": "task", "rule": "-a never,task"}),
    "exclude": (
        "-a always,exclude -F msgtype=CWD",
        {
            "type": "syscall",
            "action": "always",
            "list": "exclude",
            "fields": "msgtype=CWD",
            "rule": "-a always,exclude -F msgtype=CWD",
        },
    ),
    "filesystem": (
        "-a never,filesystem -F fstype=tracefs",
        {
            "type": "syscall",
            "action": "never",
            "list": "filesystem",
            "fields": "fstype=tracefs",
            "rule": "-a never,filesystem -F fstype=tracefs",
        },
    ),
    "user": (
        "-a always,user -F uid=0",
        {
            "type": "syscall",
            "action": "always",
            "list": "user",
            "fields": "uid=0",
            "rule": "-a always,user -F uid=0",
        },
    ),
    "operators": (
        "-a always,exit -F arch!=b64 -S all -F exe!=/bin/x",
        {
            "type": "syscall",
            "action": "always",
            "list": "exit",
            "syscalls": "all",
            "fields": "arch!=b64,exe!=/bin/x",
            "rule": "-a always,exit -F arch!=b64 -S all -F exe!=/bin/x",
        },
    ),
    "prepended": (
        "-A always,exit -F dir=/etc -F perm=wa",
        {
            "type": "watch",
            "action": "always",
            "list": "exit",
            "path": "/etc",
            "path_type": "dir",
            "permissions": "wa",
            "syscalls": "all",
            "rule": "-a always,exit -S all -F dir=/etc -F perm=wa",
        },
    ),
    "unlikely names": (
        "-w /a\\ b\tc,d -p r -k x,y\udcff",
        {
            "type": "watch",
            "action": "always",
            "list": "exit",
            "path": "/a b\\x09c,d",
            "permissions": "r",
            "syscalls": "all",
            "keys": "x\\x2cy\\xff",
            "rule": "-a always,exit -S all -F path=/a\\ b\\x09c,d -F perm=r -F key=x,y\\xff",
        },
    ),
}


@pytest.mark.parametrize(("line", "cells"), RULES.values(), ids=RULES)
def test_a_rule_of_a_file_says_its_meaning(line: str, cells: dict[str, str]) -> None:
    (row,) = of_lines(line)
    assert filled(row, *PLACE, *STAND) == cells


@pytest.mark.parametrize("line", [line for line, _ in RULES.values()], ids=RULES)
def test_both_sources_of_files_read_a_line_alike(line: str) -> None:
    (one,), (other,) = of_lines(line), of_files(audit=f"{line}\n")
    assert filled(one, "source", "source_path") == filled(other, "source", "source_path")


@pytest.mark.parametrize(
    "line",
    [
        "-D",
        "-D -k docker",
        "-b 8192",
        "-e 2",
        "-f 1",
        "-r 100",
        "-i",
        "-c",
        "--backlog_wait_time 60000",
        "--loginuid-immutable",
        "-W /usr/bin/dockerd -p rwxa -k docker",
        "-d always,exit -F path=/usr/bin/dockerd -F perm=x",
        "-q /mnt,/mnt/sub",
    ],
)
def test_a_control_line_has_no_meaning_of_a_rule(line: str) -> None:
    (row,) = of_lines(line)
    assert filled(row, *PLACE, *STAND) == {"type": "control"}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("-w relative -p wa", "expected an absolute path, without quotes or variables, found 'relative'"),
        ("-w /usr/bin/dockerd -p q", "expected letters of rwxa, found 'q'"),
        (
            "-w /usr/bin/dockerd -p x # why",
            "expected a flag before this word: a rules file has no quotes and no comments after a rule, found '#'",
        ),
        ("-w /usr/bin/dockerd -R /x", None),
        ("-a always,exit -F path=/usr/bin/dockerd -F perm=x -F nonsense=1", None),
        ("-a always -F path=/usr/bin/dockerd", None),
        ("\t-w /usr/bin/dockerd -p x", None),
        ("-w /usr/bin/dockerd -p x\r -k", None),
        ("dockerd", None),
    ],
)
def test_a_refused_line_says_why_and_nothing_else(line: str, error: str | None) -> None:
    (row,) = of_lines(line)
    assert set(filled(row, *PLACE)) == {"type", "error", "state"}
    assert row["state"] == "rejected"
    assert row["type"] == "invalid"
    assert error in (None, row["error"])


@given(st.text(st.sampled_from("-wpkaSFDW /usrbindockd=,x\t\\#\"'"), max_size=60))
def test_a_row_that_is_no_rule_has_none_of_its_columns(line: str) -> None:
    for row in of_lines(*line.split("\n")):
        if row["type"] in ("invalid", "control", "unreadable"):
            assert [name for name in (*MEANING, "rule") if row[name]] == []
        else:
            assert row["rule"]


@pytest.mark.parametrize("line", ["", "   ", "# comment", "   # comment", "#-w /usr/bin/dockerd -p x"])
def test_blank_lines_and_comments_give_no_row(line: str) -> None:
    assert of_lines(line) == []


def test_lines_are_counted_with_what_gives_no_row_and_positions_without() -> None:
    rows = of_lines("# one", "-D", "", "-w /a -p r", "nonsense", "-w /b -p r")
    assert columns(rows, "line", "position", "type") == [
        ("2", "1", "control"),
        ("4", "2", "watch"),
        ("5", "3", "invalid"),
        ("6", "4", "watch"),
    ]


def test_files_come_in_the_order_of_augenrules_and_positions_go_on() -> None:
    names = ["10-b", "9-a", "2-c", "10-a"]
    rows = of_files(*(File(f"/etc/audit/rules.d/{name}.rules", b"-D\n-w /x -p r\n") for name in names), audit="-D\n")
    assert columns(rows, "source", "source_path", "line", "position") == [
        ("rules.d", "/etc/audit/rules.d/2-c.rules", "1", "1"),
        ("rules.d", "/etc/audit/rules.d/2-c.rules", "2", "2"),
        ("rules.d", "/etc/audit/rules.d/9-a.rules", "1", "3"),
        ("rules.d", "/etc/audit/rules.d/9-a.rules", "2", "4"),
        ("rules.d", "/etc/audit/rules.d/10-a.rules", "1", "5"),
        ("rules.d", "/etc/audit/rules.d/10-a.rules", "2", "6"),
        ("rules.d", "/etc/audit/rules.d/10-b.rules", "1", "7"),
        ("rules.d", "/etc/audit/rules.d/10-b.rules", "2", "8"),
        ("audit.rules", AUDIT_RULES_FILE, "1", "1"),
    ]


def test_the_kernel_comes_before_the_files() -> None:
    kernel = Kernel("listing", saved=File("saved", b"-w /a -p r\n"))
    rows = rows_of(Sources(kernel, (File(A, b"-D\n"),), audit_rules=File(AUDIT_RULES_FILE, b"-D\n")))
    assert [row["source"] for row in rows] == ["kernel", "rules.d", "audit.rules"]


def test_a_last_line_without_a_newline_is_a_line() -> None:
    assert columns(of_files(File(A, b"-D\n-w /a -p r")), "line", "type") == [("1", "control"), ("2", "watch")]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("-a always,exit -F path=/a -F dir=/b", "the kernel takes one of path, dir and inode in a rule"),
        (
            "-a always,exit -F dir=/missing -F perm=x",
            "the kernel takes a dir that exists: there is no directory /missing",
        ),
        ("-w /missing/x -p x", "the kernel takes a path whose directory exists: there is no directory /missing"),
    ],
)
def test_a_rule_that_the_kernel_would_refuse_says_so_and_keeps_its_meaning(line: str, error: str) -> None:
    (row,) = of_lines(line, facts=file_trees.facts({"/missing": "missing"}))
    assert row["error"] == error
    assert row["action"] == "always"


# What is there and what cannot be read


def test_no_rules_anywhere_is_no_row() -> None:
    assert rows_of(Sources(NO_RULES)) == []


def test_empty_files_are_no_rows() -> None:
    assert of_files(File(A, b""), audit="") == []


UNREADABLE = {
    "kernel": (
        Sources(NOT_ASKED),
        {"source": "kernel", "error": "the kernel was not asked, as wanted"},
    ),
    "kernel refused": (
        Sources(
            Kernel(
                "auditctl",
                listing=Run(("/usr/sbin/auditctl", "-l"), 4, b"", b"You must be root to run this program.\n"),
            )
        ),
        {
            "source": "kernel",
            "error": "/usr/sbin/auditctl -l: exit status 4: You must be root to run this program.",
        },
    ),
    "rules.d": (
        Sources(NO_RULES, rules_d_error="Permission denied"),
        {"source": "rules.d", "source_path": "/etc/audit/rules.d", "error": "Permission denied"},
    ),
    "a file of rules.d": (
        Sources(NO_RULES, (File(A, error="expected a regular file, found a FIFO"),)),
        {"source": "rules.d", "source_path": A, "error": "expected a regular file, found a FIFO"},
    ),
    "audit.rules": (
        Sources(NO_RULES, audit_rules=File(AUDIT_RULES_FILE, error="Permission denied")),
        {"source": "audit.rules", "source_path": AUDIT_RULES_FILE, "error": "Permission denied"},
    ),
}


@pytest.mark.parametrize(("sources", "cells"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_source_that_cannot_be_read_is_one_row_with_its_error(sources: Sources, cells: dict[str, str]) -> None:
    (row,) = rows_of(sources)
    assert filled(row) == {**cells, "type": "unreadable"}


def test_what_cannot_be_read_hides_nothing_else_and_has_no_position() -> None:
    rows = of_files(File("/etc/audit/rules.d/1.rules", error="Permission denied"), File(A, b"-D\n-w /a -p r\n"))
    assert columns(rows, "type", "line", "position") == [
        ("unreadable", "", ""),
        ("control", "1", "1"),
        ("watch", "2", "2"),
    ]


# The kernel's rules, from a listing


def test_a_line_in_watch_form_is_an_always_watch_of_an_undecided_path() -> None:
    (row,) = of_kernel("-w /usr/bin/dockerd -p rwxa -k docker")
    assert filled(row) == {
        "source": "kernel",
        "position": "1",
        **RULES["watch"][1],
        "text": "-w /usr/bin/dockerd -p rwxa -k docker",
        "state": "unknown",
    }


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("-a never,task", {"action": "never", "list": "task", "rule": "-a never,task"}),
        (
            "-a always,exit -F arch=b64 -S execve -F exe=/usr/bin/dockerd -F key=docker",
            {"fields": "exe=/usr/bin/dockerd", "path": "", "keys": "docker", "syscalls": "execve", "arch": "b64"},
        ),
        ("-a never,exit -S all -F path=/a", {"action": "never", "path": "/a", "path_type": "file"}),
        ("-w /a -p r -p x", {"permissions": "r", "fields": "perm=x"}),
        ("-w /a -p ", {"permissions": "", "fields": "perm="}),
        ("-a always,exit -F arch=b64 -S all -F path=/a -F perm=", {"permissions": "", "fields": "perm="}),
        (" -p x-w /a -k k", {"permissions": "x", "path": "/a", "keys": "k"}),
        (" -p x", {"type": "syscall", "permissions": "x", "path": ""}),
        ("-w /a b -p r -k c,d", {"path": "/a b", "keys": "c\\x2cd"}),
    ],
)
def test_a_line_of_a_listing_says_its_meaning(line: str, cells: dict[str, str]) -> None:
    (row,) = of_kernel(line)
    assert {name: row[name] for name in cells} == cells


def test_a_line_of_a_listing_that_is_no_rule_is_a_row_with_its_error() -> None:
    rows = of_kernel("-w /a -p r", "AUDIT_LIST: exit,always watch=/a perm=r", "-w /b -p r")
    assert columns(rows, "position", "type", "path") == [
        ("1", "watch", "/a"),
        ("2", "invalid", ""),
        ("3", "watch", "/b"),
    ]
    assert rows[1]["error"].startswith("expected a rule as auditctl -l prints it")


@pytest.mark.parametrize("line", ["-w /usr/bin/dockerd -p x -k docker", "-w /usr/bin/dockerd -p x -k docker\r"])
def test_a_file_and_the_kernel_say_the_same_of_the_same_rule(line: str) -> None:
    (kernel,) = of_kernel(line)
    (file,) = of_lines(line)
    assert {name: kernel[name] for name in (*MEANING, "rule")} == {name: file[name] for name in (*MEANING, "rule")}


W = "-w /usr/bin/dockerd -p x -k k"
B64 = "-a always,exit -F arch=b64 -S all -F path=/usr/bin/dockerd -F perm=x -F key=k"
NEVER = "-a never,exit -F path=/usr/bin/dockerd -F perm=x -k k"


@pytest.mark.parametrize(
    ("line", "rules", "cells"),
    [
        (W, (), {"action": "always", "path_type": ""}),
        (W, (W,), {"action": "always", "path_type": ""}),
        (W, ("-a always,exit -F path=/usr/bin/dockerd -F perm=x -k k",), {"action": "always", "path_type": "file"}),
        (W, ("-a always,exit -F dir=/usr/bin/dockerd -F perm=x -k k",), {"action": "always", "path_type": "dir"}),
        (W, (NEVER,), {"action": "never", "path_type": "file", "type": "syscall"}),
        (W, ("-a never,exit -F dir=/usr/bin/dockerd -F perm=x -k k",), {"action": "never", "path_type": "dir"}),
        (W, (W, NEVER), {"action": "never"}),
        (W, (NEVER, W), {"action": "never"}),
        (W, (NEVER.replace("-k k", "-k other"),), {"action": "always"}),
        (W, (NEVER.replace("perm=x", "perm=r"),), {"action": "always"}),
        (W, ("#" + NEVER,), {"action": "always"}),
        (W, (NEVER.replace("-a", "-d"),), {"action": "always"}),
        (W, (f"{NEVER} nonsense",), {"action": "always"}),
        (B64, (B64.replace("b64", "aarch64"),), {"arch": "aarch64"}),
        (B64, (B64, B64.replace("b64", "aarch64")), {"arch": "aarch64"}),
        (B64, (f"{B64.replace(' -F key=k', '')} -F field_compare=99 -k k",), {"fields": "field_compare=99"}),
        (
            "-a always,exit -F arch=b64 -S execve -F exe=/usr/bin/dockerd",
            ("-a always,exit -F arch=b64 -S execve -F exe!=/usr/bin/dockerd",),
            {"fields": "exe!=/usr/bin/dockerd"},
        ),
    ],
)
def test_what_a_listing_hides_a_rule_of_a_file_tells(line: str, rules: tuple[str, ...], cells: dict[str, str]) -> None:
    (row,) = of_kernel(line, rules=rules)
    assert {name: row[name] for name in cells} == cells
    assert row["text"] == line


def test_a_watched_path_is_written_as_what_it_is_on_the_host() -> None:
    facts = file_trees.facts({"/etc/passwd": "file"})
    rows = of_kernel("-w /etc -p wa", "-w /etc/passwd -p wa", facts=facts)
    assert columns(rows, "path_type", "rule") == [
        ("", "-a always,exit -S all -F dir=/etc -F perm=wa"),
        ("", "-a always,exit -S all -F path=/etc/passwd -F perm=wa"),
    ]


# rowid


def ids(rows: list[Row]) -> list[str]:
    return [row[ROWID] for row in rows]


def test_a_second_reading_gives_the_same_rowids() -> None:
    lines = ("-w /a -p r", "-w /a -p r", "nonsense", "-D")
    assert ids(of_lines(*lines)) == ids(of_lines(*lines))


def test_equal_lines_of_the_kernel_have_different_rowids() -> None:
    assert len(set(ids(of_kernel("-w /a -p r", "-w /a -p r", "-w /a -p r")))) == 3


def test_a_rowid_does_not_hang_on_other_lines() -> None:
    (alone,) = ids(of_kernel("-w /a -p r"))
    assert alone in ids(of_kernel("-w /b -p r", "-a never,task", "-w /a -p r"))
    (line,) = ids(of_lines("", "-w /a -p r"))
    assert line in ids(of_lines("-w /b -p r", "-w /a -p r", "nonsense"))


def test_the_same_line_in_two_files_has_two_rowids() -> None:
    rows = of_files(File(A, b"-D\n"), File("/etc/audit/rules.d/b.rules", b"-D\n"), audit="-D\n")
    assert len(set(ids(rows))) == 3


@given(
    st.lists(st.sampled_from(["-w /a -p r", "-w /a -p w", "-D", "nonsense", "-a never,task"]), max_size=20),
    st.lists(st.sampled_from(["-w /a -p r", "-a never,task", "nonsense"]), min_size=1, max_size=20),
)
def test_rowids_are_distinct(rules: list[str], listed: list[str]) -> None:
    kernel = Kernel("listing", saved=File("saved", raw("".join(f"{line}\n" for line in listed))))
    content = raw("\n".join(rules))
    rows = rows_of(Sources(kernel, (File(A, content),), audit_rules=File(AUDIT_RULES_FILE, content)))
    assert len(set(ids(rows))) == len(rows)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_give_whole_rows(listed: bytes, content: bytes) -> None:
    kernel = Kernel("listing", saved=File("saved", listed))
    for row in rows_of(Sources(kernel, (File(A, content),))):
        assert set(row) == {*AUDIT_RULES.names, ROWID}
        assert all(value.isprintable() for value in row.values())

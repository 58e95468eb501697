from __future__ import annotations

import pytest

from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Run, Sources
from auditrules.plugin.row import Row
from auditrules.tables.status import audit_status
from tests.fixtures.hosts import saved, status
from tests.fixtures.kernels import GOOD, OUTCOMES


def one(kernel: Kernel, cmdline: bytes | None = None, consumer: str = "", version: str = "") -> Row:
    file = None if cmdline is None else File("/proc/cmdline", cmdline)
    (row,) = audit_status(HostAudit(Sources(kernel, cmdline=file, consumer=consumer, auditctl_version=version)))
    return row


def asked(listing: Run, answer: Run | None = GOOD) -> Row:
    return one(Kernel("auditctl", listing=listing, status=answer))


def read(*lines: str, state: str | None = None) -> Row:
    return one(Kernel("listing", saved=File("saved", saved(*lines, state=state))))


@pytest.mark.parametrize(("listing", "answer", "state", "error"), OUTCOMES.values(), ids=OUTCOMES)
def test_each_outcome_has_its_state_and_its_error(listing: Run, answer: Run | None, state: str, error: str) -> None:
    row = asked(listing, answer)
    assert (row["state"], row["error"]) == (state, error)


@pytest.mark.parametrize(("listing", "answer"), [case[:2] for case in OUTCOMES.values()], ids=OUTCOMES)
def test_rules_that_are_not_known_are_not_counted(listing: Run, answer: Run | None) -> None:
    known = listing.returncode == 0 and listing.stdout != b""
    assert (asked(listing, answer)["kernel_rules"] != "") == known


def test_nobody_asked_is_a_state_of_its_own_with_its_reason() -> None:
    row = one(Kernel("none", reason="the kernel was not asked, as wanted"))
    assert {name: value for name, value in row.items() if value and name != "rowid"} == {
        "error": "the kernel was not asked, as wanted",
        "reader": "none",
        "boot_loader": "unknown",
        "boot_error": "the units of systemd were not looked at",
    }


def test_the_numbers_of_the_status_are_columns() -> None:
    row = read(
        "-w /etc/passwd -p wa",
        state=status(enabled=1, failure=2, pid=7, rate_limit=100, lost=5, backlog=3, loginuid_immutable="1 locked"),
    )
    numbers = {name: value for name, value in row.items() if value.isdigit() and name != "rowid"}
    assert numbers == {
        "enabled": "1",
        "immutable": "0",
        "failure": "2",
        "pid": "7",
        "rate_limit": "100",
        "backlog_limit": "8192",
        "backlog": "3",
        "lost": "5",
        "backlog_wait_time": "60000",
        "loginuid_immutable": "1",
        "kernel_rules": "1",
        "task_never": "0",
    }


@pytest.mark.parametrize(("enabled", "immutable"), [(0, "0"), (1, "0"), (2, "1")])
def test_immutable_is_enabled_2(enabled: int, immutable: str) -> None:
    row = read("-w /etc/passwd -p wa", state=status(enabled=enabled))
    assert (row["enabled"], row["immutable"]) == (str(enabled), immutable)


def test_without_a_status_nothing_is_said_of_it() -> None:
    row = read("-w /etc/passwd -p wa", state="")
    assert (row["state"], row["enabled"], row["immutable"], row["pid"]) == ("ok", "", "", "")


@pytest.mark.parametrize(
    ("lines", "count"),
    [(("No rules",), "0"), (("-w /a -p r", "-w /b -p r"), "2"), (("-a never,task",), "1"), (("-w /a -p r", "?"), "2")],
)
def test_kernel_rules_counts_the_lines(lines: tuple[str, ...], count: str) -> None:
    assert read(*lines)["kernel_rules"] == count


@pytest.mark.parametrize(
    ("lines", "never"),
    [
        (("No rules",), "0"),
        (("-a never,task",), "1"),
        (("-a never,task -F auid=1000",), "1"),
        (("-a always,task",), "0"),
        (("-a never,exit -S all -F path=/usr/bin/dockerd",), "0"),
        (("-a never,user",), "0"),
        (("-a always,task", "-a never,task"), "1"),
        (("-a never,task", "something else"), ""),
    ],
)
def test_task_never_is_a_never_rule_of_the_task_list(lines: tuple[str, ...], never: str) -> None:
    assert read(*lines)["task_never"] == never


@pytest.mark.parametrize(
    ("cmdline", "value"),
    [
        (b"quiet\n", ""),
        (b"audit=1\n", "1"),
        (b"quiet audit=off splash\n", "off"),
        (b"audit=1 audit=0\n", "0"),
        (b"audit=0 audit=1 quiet\n", "1"),
        (b"audit_backlog_limit=8192\n", ""),
        (b"noaudit=1 audit\n", ""),
        (b"audit=\xff\n", "\\xff"),
        (b"", ""),
        (None, ""),
    ],
)
def test_boot_audit_is_the_last_audit_of_the_command_line(cmdline: bytes | None, value: str) -> None:
    assert one(Kernel("none"), cmdline)["boot_audit"] == value


def test_consumer_and_version_are_told_as_found() -> None:
    row = one(Kernel("none"), consumer="aud\x1bitd", version="3.0.9")
    assert (row["consumer"], row["auditctl_version"]) == ("aud\\x1bitd", "3.0.9")


def test_the_rowid_is_the_same_whatever_the_row_says() -> None:
    assert read("-w /a -p r")["rowid"] == read("No rules", state=status(lost=9))["rowid"]

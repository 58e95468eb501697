"""Whole systems by the newest benchmark for them: all that is no rule."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fixtures.hosts import Look
from tests.fixtures.systems import system_root

KINDS = "'setting', 'boot_option', 'service', 'package', 'file_mode', 'mount', 'integrity'"
OWNED = "pass" if os.geteuid() == 0 else "unknown"  # a user's copy of a root says nothing of whose its files are

# What packages leave behind, by kind and subject: what fails. Everything else passes.
FAILS = {
    ("boot_option", "audit"),
    ("boot_option", "audit_backlog_limit"),
    ("file_mode", "*.conf and *.rules below /etc/audit"),
    ("file_mode", "directory of log_file"),
    ("file_mode", "files beside log_file"),
    *(
        ("integrity", f"/sbin/{tool}")
        for tool in ("auditctl", "auditd", "ausearch", "aureport", "autrace", "augenrules")
    ),
    ("mount", "/var/log/audit"),
    *(
        ("setting", option)
        for option in (
            *("max_log_file_action", "space_left_action", "admin_space_left_action"),
            *("disk_full_action", "disk_error_action"),
        )
    ),
}


BENCHMARKS = {
    "debian12": ("CIS Debian Linux 12 Benchmark", "1.1.0"),
    "rhel9": ("CIS Red Hat Enterprise Linux 9 Benchmark", "2.0.0"),
}


def judged(name: str, root: Path) -> list[tuple[str, str, str, str]]:
    """Give kind, subject, what is required, and the status after the next boot."""
    benchmark, version = BENCHMARKS[name]
    rows = Look.at(root).rows(
        f"SELECT kind, subject, required, status FROM audit_requirements WHERE benchmark = '{benchmark}' "  # noqa: S608
        f"AND version = '{version}' AND source = 'boot' AND kind IN ({KINDS})"
    )
    return [(str(r["kind"]), str(r["subject"]), str(r["required"]), str(r["status"])) for r in rows]


@pytest.mark.parametrize("name", ["debian12", "rhel9"])
def test_a_hardened_system_passes(name: str, tmp_path: Path) -> None:
    found = judged(name, system_root(name, tmp_path, hardened=True))
    asks_owner = {each for each in found if each[0] == "file_mode" and each[2].startswith(("owner", "group"))}
    assert {status for *_, status in asks_owner} == {OWNED}
    assert [each for each in found if each not in asks_owner and each[3] != "pass"] == []
    assert len(found) > 30


@pytest.mark.parametrize("name", ["debian12", "rhel9"])
def test_what_packages_leave_behind_fails_where_it_should(name: str, tmp_path: Path) -> None:
    found = judged(name, system_root(name, tmp_path, hardened=False))
    assert {(kind, subject) for kind, subject, _, status in found if status == "fail"} == FAILS
    assert {required for _, _, required, status in found if status == "not_applicable"} == {"nodev", "nosuid", "noexec"}

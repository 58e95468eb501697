"""Which files of audit's own are listed in a root, and whether auditd is seen to run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditrules.benchmarks import audit_files as bounds
from auditrules.benchmarks.audit_files import AuditDaemon, ListedPaths
from auditrules.host import audit_files
from auditrules.host.audit_files import read_audit_daemon, read_audit_files
from auditrules.host.rootfs import Tree, local

LOGS = "/var/log/audit"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("etc/audit/rules.d", "var/log/audit", "usr/sbin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sbin").symlink_to("usr/sbin")
    return tmp_path


def test_logs_are_beside_the_log_file_of_auditd_conf(root: Path, tree: Tree) -> None:
    (root / "etc/audit/auditd.conf").write_text("log_file = /srv/a/x.log\nspace_left = 2\nadmin_space_left = 1\n")
    (root / "srv/a").mkdir(parents=True)
    (root / "srv/a/x.log").touch()
    found = read_audit_files(tree, own=False)
    assert (found.log_file, found.logs) == ("/srv/a/x.log", ListedPaths(("/srv/a/x.log",)))


def test_without_auditd_conf_they_are_where_auditd_puts_them(root: Path, tree: Tree) -> None:
    (root / "var/log/audit/audit.log").touch()
    assert read_audit_files(tree, own=False).logs.paths == (f"{LOGS}/audit.log",)


def test_a_log_file_that_is_no_path_is_said(root: Path, tree: Tree) -> None:
    (root / "etc/audit/auditd.conf").write_text("log_file = audit.log\nspace_left = 2\nadmin_space_left = 1\n")
    found = read_audit_files(tree, own=False)
    assert found.log_file == ""
    assert found.logs.error == "/etc/audit/auditd.conf: expected an absolute path as log_file, found 'audit.log'"


def test_configuration_is_listed_deep_and_links_are_not_followed(root: Path, tree: Tree) -> None:
    (root / "etc/audit/rules.d/a.rules").touch()
    (root / "etc/audit/plugins.d/deep").mkdir(parents=True)
    (root / "etc/audit/plugins.d/deep/b.conf").touch()
    (root / "etc/audit/loop").symlink_to(".")
    found = read_audit_files(tree, own=False).configuration
    assert [path for path in found.paths if path.endswith((".conf", ".rules"))] == [
        "/etc/audit/plugins.d/deep/b.conf",
        "/etc/audit/rules.d/a.rules",
    ]
    assert found.error == ""


def test_folders_that_never_end_are_bounded(root: Path, tree: Tree) -> None:
    (root / "etc/audit" / "/".join(["x"] * 20)).mkdir(parents=True)
    assert "expected at most 8 folders in each other" in read_audit_files(tree, own=False).configuration.error


def test_many_files_are_bounded(root: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_files, "MOST_LISTED", 3)
    for number in range(4):
        (root / f"var/log/audit/{number}").touch()
    assert read_audit_files(tree, own=False).logs.error == f"{LOGS}: expected at most 3 files, found 4"
    assert bounds.MOST_LISTED == 10_000


def test_programs_that_begin_with_au_are_listed_in_both_folders(root: Path, tree: Tree) -> None:
    for name in ("auditctl", "aureport", "zic"):
        (root / "usr/sbin" / name).touch()
    assert read_audit_files(tree, own=False).programs.paths == (
        *("/sbin/auditctl", "/sbin/aureport"),
        *("/usr/sbin/auditctl", "/usr/sbin/aureport"),
    )


def test_only_a_root_of_roots_has_owners_that_count(tree: Tree) -> None:
    assert read_audit_files(tree, own=True).owners
    assert read_audit_files(tree, own=False).owners is (os.geteuid() == 0)


def test_the_file_system_of_the_logs_has_a_size_on_this_machine_only(tree: Tree) -> None:
    assert read_audit_files(tree, own=False).log_volume is None


def process(proc: Path, pid: int, name: str, uids: str = "0 0 0 0", exe: str = "") -> None:
    folder = proc / str(pid)
    (folder / "ns").mkdir(parents=True)
    (folder / "status").write_text(f"Name:\t{name}\nPPid:\t1\nUid:\t{uids.replace(' ', chr(9))}\n")
    (folder / "comm").write_text(f"{name}\n")
    (folder / "stat").write_text(f"{pid} ({name}) S 1 {' '.join(['0'] * 17)} 500 0 0\n")
    if exe:
        (folder / "exe").symlink_to(exe)
        for kind in ("mnt", "user"):
            (folder / "ns" / kind).symlink_to(f"{kind}:[1]")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "stat").write_text("cpu 1 2\nbtime 1700000000\n")
    process(folder, 1, "systemd", exe="/sbin/init")
    return folder


@pytest.fixture
def daemon(tmp_path: Path) -> str:
    (tmp_path / "auditd").touch()
    return str(tmp_path / "auditd")


def test_roots_daemon_runs_since_it_was_started(proc: Path, daemon: str) -> None:
    process(proc, 7, "auditd", exe=daemon)
    started = 1_700_000_000 + 500 / os.sysconf("SC_CLK_TCK")
    assert read_audit_daemon(local, str(proc)) == AuditDaemon(running=True, started=started)


def test_none_runs(proc: Path) -> None:
    process(proc, 7, "kauditd")
    assert read_audit_daemon(local, str(proc)) == AuditDaemon(running=False)


def test_another_users_program_of_that_name_is_none(proc: Path, daemon: str) -> None:
    process(proc, 7, "auditd", "1000 1000 1000 1000", exe=daemon)
    assert read_audit_daemon(local, str(proc)) == AuditDaemon(running=False)


def test_one_in_a_container_is_none(proc: Path, daemon: str) -> None:
    process(proc, 7, "auditd", exe=daemon)
    (proc / "7/ns/mnt").unlink()
    (proc / "7/ns/mnt").symlink_to("mnt:[2]")
    assert read_audit_daemon(local, str(proc)) == AuditDaemon(running=False)


def test_who_may_not_see_programs_knows_only_that_one_runs(proc: Path) -> None:
    process(proc, 7, "auditd")
    (proc / "1/ns/mnt").unlink()
    found = read_audit_daemon(local, str(proc))
    assert (found.running, found.error) == (
        None,
        "process auditd runs, and whether it is the host's own can't be seen",
    )


def test_where_processes_are_hidden_nothing_is_known(proc: Path) -> None:
    (proc / "1/status").unlink()
    assert read_audit_daemon(local, str(proc)).error == "the processes of others can't be seen"


def test_programs_that_auditd_conf_would_run_are_named(root: Path, tree: Tree) -> None:
    lines = "space_left_action = exec /a/b\ndisk_full_action = EXEC /c\nlog_group = adm\n"
    (root / "etc/audit/auditd.conf").write_text(lines)
    assert read_audit_files(tree, own=False).run_by_auditd == ("/a/b", "/c")

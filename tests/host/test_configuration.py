"""Which files of a root say what system it is and which users log in, and what happens where they can't be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditrules.benchmarks.configuration.dpkg_status import Packages
from auditrules.benchmarks.configuration.login_defs import LoginDefs
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.host.configuration import (
    MOST_DROP_INS,
    read_faillock_dir,
    read_login,
    read_mounts,
    read_packages,
    read_system,
)
from auditrules.host.rootfs import Tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("etc/login.defs.d", "usr/lib", "usr/etc"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_a_link_of_os_release_is_followed_inside_the_root(root: Path, tree: Tree) -> None:
    (root / "usr/lib/os-release").write_text("ID=debian\n")
    (root / "etc/os-release").symlink_to("../../../../../usr/lib/os-release")
    assert read_system(tree) == OsRelease("debian", path="/etc/os-release")


def test_a_link_that_leads_nowhere_is_not_passed_over(root: Path, tree: Tree) -> None:
    (root / "usr/lib/os-release").write_text("ID=debian\n")
    (root / "etc/os-release").symlink_to("nothing")
    assert read_system(tree).error == "/etc/os-release: No such file or directory: /etc/nothing"


def test_a_fifo_is_not_opened(root: Path, tree: Tree) -> None:
    os.mkfifo(root / "etc/os-release")
    assert read_system(tree).error == "/etc/os-release: expected a regular file, found a FIFO"


def test_a_long_file_is_not_read(root: Path, tree: Tree) -> None:
    (root / "etc/os-release").write_bytes(b"ID=debian\n" * 10_000)
    assert read_system(tree).error == "/etc/os-release: longer than 65536 bytes, the most that is read"


def test_login_defs_of_usr_counts_where_etc_has_none(root: Path, tree: Tree) -> None:
    (root / "usr/etc/login.defs").write_text("UID_MIN 500\n")
    assert read_login(tree) == LoginDefs(500, "/usr/etc/login.defs", 1)


def test_drop_ins_come_in_the_order_of_their_names(root: Path, tree: Tree) -> None:
    (root / "etc/login.defs").write_text("UID_MIN 500\n")
    for name, uid in {"b.defs": 700, "a.defs": 600, "c.defs~": 800, ".d.defs": 900}.items():
        (root / "etc/login.defs.d" / name).write_text(f"UID_MIN {uid}\n")
    assert read_login(tree).uid_min == 700


def test_too_many_drop_ins_leave_it_unknown(root: Path, tree: Tree) -> None:
    for number in range(MOST_DROP_INS + 1):
        (root / f"etc/login.defs.d/{number}.defs").write_text("")
    assert read_login(tree).error == "/etc/login.defs.d: expected at most 100 files, found 101"


def test_dpkgs_record_and_rpms_folder(root: Path, tree: Tree) -> None:
    (root / "var/lib/dpkg/status.d").mkdir(parents=True)
    (root / "var/lib/rpm").mkdir()
    (root / "var/lib/dpkg/status").write_text("Package: auditd\nStatus: install ok installed\n")
    (root / "var/lib/dpkg/status.d/base").write_text("Package: base-files\n")
    (root / "var/lib/dpkg/status.d/base.md5sums").write_text("Package: none\n")
    assert read_packages(tree) == Packages({"auditd": "installed", "base-files": "installed"}, rpm=True)


def test_a_record_that_is_a_folder_is_an_error(root: Path, tree: Tree) -> None:
    (root / "var/lib/dpkg/status").mkdir(parents=True)
    assert read_packages(tree).error == "/var/lib/dpkg/status: expected a regular file, found a directory"


def test_an_image_has_the_mounts_of_fstab_only(root: Path, tree: Tree) -> None:
    (root / "etc/fstab").write_text("/dev/x /var/log/audit ext4 nodev\n")
    found = read_mounts(tree, None)
    assert (found.now, [each.point for each in found.fstab]) == (None, ["/var/log/audit"])


@pytest.mark.parametrize("name", ["etc/pam.d/login", "usr/lib/pam.d/login", "etc/pam.conf"])
def test_what_pam_gives_to_faillock_is_read_with_its_file(name: str, root: Path, tree: Tree) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("auth required pam_faillock.so dir=/srv/tallies\n", "utf-8")
    assert read_faillock_dir(tree).error == (
        f"/{name} gives pam_faillock dir=/srv/tallies, which goes before faillock.conf"
    )

"""Which files of sudoers are followed, and which are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditrules.benchmarks.configuration.sudoers import MOST_FILES, SudoLog
from auditrules.host.rootfs import Tree
from auditrules.host.sudo_log import read_sudo_log


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc/sudoers.d").mkdir(parents=True, mode=0o755)
    (tmp_path / "etc/sudoers.d").chmod(0o755)
    return tmp_path


def write(root: Path, content: str, name: str = "etc/sudoers", mode: int = 0o440) -> None:
    (root / name).write_text(content)
    (root / name).chmod(mode)


def test_files_of_a_folder_are_read_in_order_but_for_backups(root: Path, tree: Tree) -> None:
    write(root, "Defaults logfile=/a\n@includedir /etc/sudoers.d\n")
    for name, path in {"20": "/c", "10": "/b", "30.bak": "/d", "40~": "/e"}.items():
        write(root, f"Defaults logfile={path}\n", f"etc/sudoers.d/{name}")
    (root / "etc/sudoers.d/50").mkdir()
    assert read_sudo_log(tree, owners=False) == SudoLog(("/c",), ("/etc/sudoers.d/20",))


def test_what_comes_after_an_include_counts_after_it(root: Path, tree: Tree) -> None:
    write(root, "@include sudoers.d/x\nDefaults logfile=/a\n")
    write(root, "Defaults logfile=/b\n", "etc/sudoers.d/x")
    assert read_sudo_log(tree, owners=False).paths == ("/a",)


def test_a_file_that_includes_itself_ends(root: Path, tree: Tree) -> None:
    write(root, "Defaults logfile=/a\n#include /etc/sudoers.d/x\n")
    write(root, "#include /etc/sudoers\n", "etc/sudoers.d/x")
    assert read_sudo_log(tree, owners=False) == SudoLog(("/a",), ("/etc/sudoers",), "/etc/sudoers: it includes itself")


def test_a_folder_of_too_many_files_is_cut_off_and_said(root: Path, tree: Tree) -> None:
    write(root, "@includedir /etc/sudoers.d\n")
    for number in range(MOST_FILES + 5):
        write(root, "", f"etc/sudoers.d/{number:03}")
    assert "not read, as it is one of too many" in read_sudo_log(tree, owners=False).error


def test_two_folders_that_include_each_other_end(root: Path, tree: Tree) -> None:
    write(root, "@includedir /etc/sudoers.d\n")
    for name in "abcdefgh":
        write(root, "@includedir /etc/sudoers.d\n", f"etc/sudoers.d/{name}")
    assert read_sudo_log(tree, owners=False).error


@pytest.mark.parametrize("mode", [0o460, 0o446, 0o666])
def test_what_others_may_write_is_not_followed(root: Path, tree: Tree, mode: int) -> None:
    write(root, "@include sudoers.d/x\n")
    write(root, "Defaults logfile=/b\n", "etc/sudoers.d/x", mode)
    assert read_sudo_log(tree, owners=False) == SudoLog(
        error=f"/etc/sudoers.d/x: expected only root to be able to write it, found the mode {mode:04o}"
    )


def test_a_folder_that_others_may_write_is_not_followed(root: Path, tree: Tree) -> None:
    write(root, "@includedir /etc/sudoers.d\n")
    (root / "etc/sudoers.d").chmod(0o777)
    assert read_sudo_log(tree, owners=False).error.startswith("/etc/sudoers.d: expected only root to be able to")


@pytest.mark.root("give_away")
def test_another_users_file_is_not_followed(root: Path, tree: Tree) -> None:
    write(root, "@include sudoers.d/x\n")
    write(root, "Defaults logfile=/b\n", "etc/sudoers.d/x")
    os.chown(root / "etc/sudoers.d/x", 1000, 0)
    found = read_sudo_log(tree, owners=True)
    assert found.error == "/etc/sudoers.d/x: expected it to be root's, found one of uid 1000"


@pytest.mark.parametrize("line", ["@include /etc/none\n", "@includedir /etc/none.d\n"])
def test_an_include_of_nothing_says_nothing(root: Path, tree: Tree, line: str) -> None:
    write(root, f"{line}Defaults logfile=/a\n")
    assert read_sudo_log(tree, owners=False) == SudoLog(("/a",), ("/etc/sudoers",))


def test_without_sudo_there_is_no_log(tree: Tree) -> None:
    assert read_sudo_log(tree, owners=False) == SudoLog()


def test_a_fifo_is_not_opened(root: Path, tree: Tree) -> None:
    write(root, "@includedir /etc/sudoers.d\n")
    os.mkfifo(root / "etc/sudoers.d/x")
    assert read_sudo_log(tree, owners=False).error == "/etc/sudoers.d/x: expected a regular file, found a FIFO"

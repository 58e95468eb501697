"""Which files of AIDE's configuration are read in a root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditrules.host.aide import read_aide_rules
from auditrules.host.rootfs import Tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc/aide/aide.conf.d").mkdir(parents=True)
    return tmp_path


def write(root: Path, name: str, content: str, mode: int = 0o600) -> None:
    (root / name).write_text(content)
    (root / name).chmod(mode)


def test_red_hats_file_is_found(root: Path, tree: Tree) -> None:
    write(root, "etc/aide.conf", "/usr p\n")
    found = read_aide_rules(tree, owners=False)
    assert (found.path, len(found.rules)) == ("/etc/aide.conf", 1)


def test_debians_folder_is_read_in_order_and_its_programs_are_not_run(root: Path, tree: Tree) -> None:
    write(root, "etc/aide/aide.conf", "@@x_include /etc/aide/aide.conf.d ^[a-z0-9_]+$\n/usr/sbin Full\n")
    write(root, "etc/aide/aide.conf.d/10_full", "Full = p+i\n")
    write(root, "etc/aide/aide.conf.d/20_run", f"#!/bin/sh\ntouch {root}/ran\n", 0o755)
    write(root, "etc/aide/aide.conf.d/30.conf", "/usr none\n")
    found = read_aide_rules(tree, owners=False)
    assert [each.attributes for each in found.rules] == [{"p", "i"}]
    assert found.unclear == ("/etc/aide/aide.conf.d/20_run: AIDE would run it, and what it prints is not known",)
    assert not (root / "ran").exists()


@pytest.mark.parametrize(("copy", "programs"), [("#!/bin/sh\n", 1), ("#!/bin/sh\necho\n", 0)])
def test_a_program_is_the_packages_if_it_is_as_the_package_brings_it(
    root: Path, tree: Tree, copy: str, programs: int
) -> None:
    (root / "usr/share/aide/config/aide/aide.conf.d").mkdir(parents=True)
    write(root, "etc/aide/aide.conf", "@@x_include /etc/aide/aide.conf.d .*\n")
    write(root, "etc/aide/aide.conf.d/a", "#!/bin/sh\n", 0o755)
    write(root, "usr/share/aide/config/aide/aide.conf.d/a", copy)
    found = read_aide_rules(tree, owners=False)
    assert (found.programs, len(found.unclear)) == (programs, 1 - programs)


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_may_write_is_not_followed(root: Path, tree: Tree, mode: int) -> None:
    write(root, "etc/aide/aide.conf", "@@include /etc/aide/x\n")
    write(root, "etc/aide/x", "/usr p\n", mode)
    assert read_aide_rules(tree, owners=False).unclear == (
        f"/etc/aide/x: expected only root to be able to write it, found the mode {mode:04o}",
    )


@pytest.mark.root("give_away")
def test_another_users_file_is_not_followed(root: Path, tree: Tree) -> None:
    write(root, "etc/aide/aide.conf", "@@include /etc/aide/x\n")
    write(root, "etc/aide/x", "/usr p\n")
    os.chown(root / "etc/aide/x", 1000, 0)
    assert read_aide_rules(tree, owners=True).unclear == (
        "/etc/aide/x: expected it to be root's, found one of uid 1000",
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("@@include /etc/none", "/etc/none: expected a file, found nothing"),
        ("@@include /etc/aide", "/etc/aide: expected a regular file, found a directory"),
        ("@@include /etc/fifo", "/etc/fifo: expected a regular file, found a FIFO"),
    ],
)
def test_what_can_not_be_included_is_told(root: Path, tree: Tree, line: str, why: str) -> None:
    os.mkfifo(root / "etc/fifo")
    write(root, "etc/aide/aide.conf", f"{line}\n")
    assert read_aide_rules(tree, owners=False).unclear == (why,)


@pytest.mark.parametrize(("name", "attributes"), [("aide", "p"), ("none", "i")])
def test_a_condition_on_a_path(root: Path, tree: Tree, name: str, attributes: str) -> None:
    write(root, "etc/aide/aide.conf", f"@@if exists /etc/{name}\n/usr p\n@@else\n/usr i\n@@endif\n")
    assert [each.attributes for each in read_aide_rules(tree, owners=False).rules] == [{attributes}]

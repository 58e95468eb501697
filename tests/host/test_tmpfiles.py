"""tmpfiles.d of a root, and an image whose rules speak of what boot makes."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.host import Host
from auditrules.host.rootfs import Tree, local
from auditrules.host.tmpfiles import MOST_BYTES, read_tmpfiles
from tests.host.roots import write


def read(root: Path) -> dict[str, bytes | None]:
    with closing(Tree(str(root), local)) as tree:
        return {file.path: file.content for file in read_tmpfiles(tree)}


def test_of_one_name_the_file_of_the_first_folder_counts(tmp_path: Path) -> None:
    write(tmp_path, "usr/lib/tmpfiles.d/a.conf", "d /run/a\n")
    write(tmp_path, "usr/lib/tmpfiles.d/b.conf", "d /run/b\n")
    write(tmp_path, "etc/tmpfiles.d/a.conf", "")
    write(tmp_path, "etc/tmpfiles.d/a.txt", "d /run/x\n")
    assert read(tmp_path) == {"/etc/tmpfiles.d/a.conf": b"", "/usr/lib/tmpfiles.d/b.conf": b"d /run/b\n"}


def test_what_is_no_regular_file_or_too_long_makes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "usr/lib/tmpfiles.d/long.conf", "#" * (MOST_BYTES + 1))
    os.mkfifo(tmp_path / "usr/lib/tmpfiles.d/fifo.conf")
    assert read(tmp_path) == {}
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/tmpfiles.d").write_text("")
    assert read(tmp_path) == {}


def test_an_image_is_seen_as_it_is_once_it_has_booted(tmp_path: Path) -> None:
    write(tmp_path, "usr/lib/tmpfiles.d/a.conf", "d /run/made\n")
    write(tmp_path, "etc/audit/rules.d/a.rules", "-w /dev/shm/x -p wa\n-w /run/made/x -p wa\n-w /etc/none/x -p wa\n")
    host = Host(str(tmp_path), "none")
    file_system = FileSystem(host.sources().facts)
    kinds = {
        path: file_system.walk(path).type for path in ("/dev/pts", "/dev/pts/x", "/run/made", "/etc/none", "/etc/audit")
    }
    assert kinds == {
        "/dev/pts": "dir",
        "/dev/pts/x": None,
        "/run/made": "dir",
        "/etc/none": "missing",
        "/etc/audit": "dir",
    }
    assert host.look(["/proc/1"])["/proc"].type == "dir"

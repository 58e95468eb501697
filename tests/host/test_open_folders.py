"""Folders opened one in another, listed, and their files read, while somebody changes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auditrules.audit.model.collected import File
from auditrules.host import open_folders
from auditrules.host.open_folders import OpenFolders, UnreadableError

LIMIT = 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "root"
    (inside / "etc").mkdir(parents=True)
    (inside / "etc/rules").write_bytes(b"inside")
    (tmp_path / "rules").write_bytes(b"outside")
    return inside


@pytest.fixture
def folders(root: Path) -> Iterator[OpenFolders]:
    """The root, in which etc is open."""
    with closing(OpenFolders(str(root))) as opened:
        opened.enter((b"etc",))
        yield opened


def read(folders: OpenFolders, limit: int = LIMIT) -> File:
    return folders.read("/etc/rules", (b"etc", b"rules"), limit)


def test_a_folder_swapped_for_a_link_stays_the_one_that_is_open(root: Path, folders: OpenFolders) -> None:
    (root / "etc").rename(root / "old")
    (root / "etc").symlink_to(root.parent)
    assert read(folders) == File("/etc/rules", content=b"inside")


def test_a_folder_swapped_for_a_link_is_not_opened_again(root: Path, folders: OpenFolders) -> None:
    (root / "etc").rename(root / "old")
    (root / "etc").symlink_to(root.parent)
    folders.enter(())
    with pytest.raises(NotADirectoryError):
        read(folders)


def test_a_file_swapped_for_a_link_is_not_followed(root: Path, folders: OpenFolders) -> None:
    (root / "etc/rules").unlink()
    (root / "etc/rules").symlink_to(root.parent / "rules")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        read(folders)


def test_a_file_swapped_for_a_fifo_does_not_block(root: Path, folders: OpenFolders) -> None:
    (root / "etc/rules").unlink()
    os.mkfifo(root / "etc/rules")
    with pytest.raises(UnreadableError, match=r"^expected a regular file, found a FIFO$"):
        read(folders)


def test_a_file_is_read_up_to_the_limit(root: Path, folders: OpenFolders) -> None:
    (root / "etc/rules").write_bytes(b"a" * LIMIT)
    assert read(folders) == File("/etc/rules", content=b"a" * LIMIT)


def test_a_file_beyond_the_limit_is_an_error(root: Path, folders: OpenFolders) -> None:
    (root / "etc/rules").write_bytes(b"a" * (LIMIT + 1))
    with pytest.raises(UnreadableError, match=r"^longer than 1000 bytes, the most that is read$"):
        read(folders)


def test_of_a_longer_file_so_much_is_read_as_is_asked_for(root: Path, folders: OpenFolders) -> None:
    (root / "etc/rules").write_bytes(b"a" * (LIMIT + 1))
    assert folders.read("/etc/rules", (b"etc", b"rules"), LIMIT, cut=True).content == b"a" * LIMIT


def test_a_file_of_size_0_has_what_it_says() -> None:
    assert Path("/proc/self/comm").stat().st_size == 0
    with closing(OpenFolders("/proc")) as folders:
        file = folders.read("comm", (b"%d" % os.getpid(), b"comm"), LIMIT)
    assert file.content == Path("/proc/self/comm").read_bytes()


def test_no_folder_stays_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (a count)
    (root / "a/b/c").mkdir(parents=True)
    with closing(OpenFolders(str(root))) as folders:
        folders.enter((b"a", b"b", b"c"))
        folders.enter((b"a", b"b"))
        folders.enter((b"etc",))
        folders.listing((b"a",))
        read(folders)
        with pytest.raises(FileNotFoundError):
            folders.enter((b"a", b"b", b"none"))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 (a count)


def test_a_folder_of_too_many_names_is_not_listed(
    root: Path, folders: OpenFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_folders, "MOST_LISTED", 2)
    for name in "abc":
        (root / name).touch()
    with pytest.raises(UnreadableError, match="more than 2 names"):
        folders.listing(())

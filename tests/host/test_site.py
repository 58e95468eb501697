"""A site's own files on a host: which are taken, and what is said of the others."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from auditrules.audit.model.collected import File
from auditrules.host import Host, HostError
from auditrules.host.rootfs import Tree, local
from auditrules.host.site import read_named, read_site

FOLDER = "etc/osquery-audit-rules/benchmarks.d"
A = f"/{FOLDER}/a.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a root, which root alone may write."""
    made = tmp_path / FOLDER
    made.mkdir(parents=True)
    for each in (made, *list(made.parents)[:2]):
        each.chmod(0o755)
    return made


def write(folder: Path, name: str = "a.json", content: bytes = b"{}", mode: int = 0o644) -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


def read(tmp_path: Path, *, own: bool = False) -> tuple[File, ...]:
    with closing(Tree(str(tmp_path), local)) as tree:
        return read_site(tree, own=own)


def test_a_host_without_the_folder_has_none(tmp_path: Path) -> None:
    assert Host(str(tmp_path), "none").site() == ()


def test_files_that_end_in_json_are_taken_in_order(tmp_path: Path, folder: Path) -> None:
    for name in ("b.json", "a.json", "c.txt", ".d.json"):
        write(folder, name, name.encode())
    assert [(each.path.rpartition("/")[2], each.content) for each in Host(str(tmp_path), "none").site()] == [
        ("a.json", b"a.json"),
        ("b.json", b"b.json"),
    ]


def linked(folder: Path) -> None:
    write(folder, "x").rename(folder / "y")
    (folder / "a.json").symlink_to("y")


def piped(folder: Path) -> None:
    os.mkfifo(folder / "a.json")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (linked, f"{A}: expected a regular file, found one of type link"),
        (piped, f"{A}: expected a regular file, found one of type fifo"),
        (lambda folder: (folder / "a.json").mkdir(), f"{A}: expected a regular file, found one of type dir"),
        (
            lambda folder: write(folder, mode=0o664),
            f"{A}: expected it to be writable by root alone, found mode 0664",
        ),
        (
            lambda folder: write(folder, mode=0o646),
            f"{A}: expected it to be writable by root alone, found mode 0646",
        ),
    ],
    ids=["link", "fifo", "folder", "group", "others"],
)
def test_what_is_not_taken_says_why_and_the_others_stand(
    tmp_path: Path, folder: Path, make: Callable[[Path], object], error: str
) -> None:
    make(folder)
    write(folder, "b.json")
    assert read(tmp_path) == (File(A, error=error), File(f"/{FOLDER}/b.json", b"{}"))


@pytest.mark.root("own", "give_away")
def test_a_file_of_another_user_is_not_taken(tmp_path: Path, folder: Path) -> None:
    path = write(folder)
    os.chown(path, 1000, 0)
    assert read(tmp_path, own=True) == (File(A, error=f"{A}: expected root as its owner, found uid 1000"),)


@pytest.mark.parametrize("above", [0, 1])
def test_a_folder_that_others_may_write_gives_nothing(tmp_path: Path, folder: Path, above: int) -> None:
    write(folder)
    place = [folder, *folder.parents][above]
    place.chmod(0o777)
    name = f"/{place.relative_to(tmp_path)}"
    assert read(tmp_path) == (
        File(f"/{FOLDER}", error=f"{name}: expected it to be writable by root alone, found mode 0777"),
    )


def test_too_many_files_are_none(tmp_path: Path, folder: Path) -> None:
    for number in range(101):
        write(folder, f"{number}.json")
    assert read(tmp_path) == (File(f"/{FOLDER}", error="expected at most 100 files, found 101"),)


def test_a_long_file_is_not_read(tmp_path: Path, folder: Path) -> None:
    write(folder, content=b" " * ((4 << 20) + 1))
    (found,) = read(tmp_path)
    assert found.content is None
    assert "4194304" in found.error


def test_a_folder_that_was_named_is_read_whoever_may_write_it(folder: Path) -> None:
    write(folder, mode=0o666)
    assert read_named(str(folder)) == (File(f"{folder}/a.json", b"{}"),)


def test_a_folder_that_was_named_and_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"--benchmarks: expected a folder, found '.*/x'"):
        read_named(str(tmp_path / "x"))

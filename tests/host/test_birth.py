"""When a name was made, as far as libc and the file system tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditrules.host import birth as module
from auditrules.host.birth import AT_FDCWD, birth
from auditrules.host.entries import entry_at


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("dir")
    opened = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    yield opened
    os.close(opened)


def test_what_was_made_later_is_not_older(folder: int) -> None:
    dir_, link = birth(b"dir", folder), birth(b"link", folder)
    if dir_ is None or link is None:  # a file system that keeps no such time
        assert dir_ is link is None
    else:
        assert dir_ <= link == pytest.approx(os.lstat(b"link", dir_fd=folder).st_ctime, abs=0.1)


def test_what_is_not_there_was_never_made(folder: int) -> None:
    assert birth(b"none", folder) is None
    assert birth(b"/none/at/all", AT_FDCWD) is None


def test_a_libc_without_the_call_knows_nothing(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_statx", lambda: None)
    assert birth(b"dir", folder) is None


@pytest.mark.parametrize(("name", "since", "asked"), [(b"dir", 0.0, 1), (b"link", 0.0, 1), (b"file", 0.0, 0)])
def test_only_directories_and_links_are_asked_for_their_birth(
    folder: int, monkeypatch: pytest.MonkeyPatch, name: bytes, since: float, asked: int
) -> None:
    calls: list[bytes] = []
    monkeypatch.setattr("auditrules.host.entries.birth", lambda name, _: calls.append(name))
    entry_at(name, folder, since)
    entry_at(name, folder, os.lstat(name, dir_fd=folder).st_ctime)  # nothing has changed since
    entry_at(name, folder)
    assert calls == [name] * asked

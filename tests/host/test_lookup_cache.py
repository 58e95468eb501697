"""A look at a root that follows an earlier one, on real files: it tells what a look of its own would tell."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.host_facts import Entry
from auditrules.host import entries, open_folders, rootfs
from auditrules.host.lookup_cache import LookupCache
from auditrules.host.rootfs import Tree, local
from tests.fixtures.work import calls
from tests.laws import law

NAMES = ("a", "b", "a/c", "a/d", "b/c")
LATER = 60_000_000_000  # nanoseconds
TICK = 0.011  # seconds; the clock of a file system may go by the hundredth

Told = tuple[Mapping[str, Entry], object, object, object]


def told(root: Path, before: LookupCache | None = None) -> tuple[Told, LookupCache]:
    with closing(Tree(str(root), local, before)) as tree:
        files = tree.look([f"/{name}" for name in NAMES])
        return (files, tree.names("/"), tree.end("/a/c"), tree.read("/b", 1000)), tree.cache


def removed(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def forbid(path: Path) -> None:
    if not path.is_symlink():
        path.chmod(0o711)


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "make a folder": lambda path, _: path.mkdir(),
    "write": lambda path, _: path.is_symlink() or path.write_bytes(bytes(str(time.time_ns()), "ascii")),
    "remove": lambda path, _: removed(path),
    "rename": lambda path, other: path.rename(other),
    "link": lambda path, other: path.symlink_to(f"/{other.name}"),
    "forbid": lambda path, _: forbid(path),
    "give away": lambda path, _: os.chown(path, 1, 2, follow_symlinks=False),
}


def is_inside(root: Path, path: Path) -> bool:
    """Whether a change of the path is one within the root, where a link to /a leads out of it."""
    return path.parent.resolve().is_relative_to(root.resolve())


steps = st.lists(
    st.tuples(st.sampled_from(sorted(CHANGES)), st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=3
)


@law(0.6)
@given(st.lists(steps, min_size=1, max_size=4))
def test_whatever_changed_it_tells_what_a_new_look_tells(rounds: list[list[tuple[str, str, str]]]) -> None:
    # By a later clock nothing was changed just now, so that listings are believed, too.
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: int(time.time() * 1e9) + LATER)
        root = Path(folder)
        _, cache = told(root)
        for changes in rounds:
            time.sleep(TICK)
            for change, name, other in changes:
                if is_inside(root, root / name) and is_inside(root, root / other):
                    with suppress(OSError):
                        CHANGES[change](root / name, root / other)
            followed, cache = told(root, cache)
            assert followed == told(root)[0]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a").mkdir()
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9) + LATER)
    return tmp_path


def test_where_nothing_changed_nothing_is_walked_again(root: Path) -> None:
    _, cache = told(root)
    assert calls(lambda: told(root, cache)) < calls(lambda: told(root)) / 2


def test_where_a_folder_changed_and_has_the_names_that_it_had_nothing_is_walked_again(root: Path) -> None:
    _, cache = told(root)
    (root / "new").touch()
    (root / "new").unlink()
    assert calls(lambda: told(root, cache)) < calls(lambda: told(root)) / 2


def test_where_something_changed_all_is_walked_again(root: Path) -> None:
    _, cache = told(root)
    (root / "a").chmod(0o711)  # which no umask gives
    files = told(root, cache)[0][0]
    assert (files["/a"].mode, files) == (0o711, told(root)[0][0])


def test_where_something_changed_a_name_that_is_as_it_was_is_looked_at_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "b").mkdir()
    _, cache = told(root)
    (root / "b").chmod(0o711)
    looked: list[bytes] = []

    def entry_at(name: bytes, *rest: Any) -> Entry:
        looked.append(name)
        return entries.entry_at(name, *rest)

    monkeypatch.setattr(rootfs, "entry_at", entry_at)
    told(root, cache)
    assert looked == [b"b"]


@pytest.mark.parametrize(
    ("made", "told_of"),
    [((None, 2.0), 2.0), ((2.0, 3.0), 3.0), ((2.0, 2.0), 2.0), ((0.5, 0.5), None), ((None, None), None)],
)
def test_a_directory_with_the_inode_of_one_that_is_gone_is_seen_to_be_new(
    root: Path, monkeypatch: pytest.MonkeyPatch, made: tuple[float | None, float | None], told_of: float | None
) -> None:
    before = None
    for born in made:
        monkeypatch.setattr(entries, "birth", lambda *_, born=born: born)
        with closing(Tree(str(root), local, before, since=1.0)) as tree:
            found, before = tree.look(["/a"])["/a"].born, tree.cache
    assert found == told_of
    assert tree.cache.taken_over is (made[0] == made[1])


def test_a_folder_that_was_listed_right_after_a_change_is_listed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    monkeypatch.setattr(open_folders, "_changed", lambda _: (now, now))  # as if the file system's clock stood still
    first, cache = told(tmp_path)
    (tmp_path / "new").touch()
    assert first[1] == ()
    assert told(tmp_path, cache)[0][1] == ("new",)


def test_a_look_at_other_paths_is_not_followed(root: Path) -> None:
    _, cache = told(root)
    with closing(Tree(str(root), local, cache)) as tree:
        tree.look(["/other"])
    with closing(Tree(str(root), local, tree.cache)) as tree:
        assert not tree.cache.seen


def test_where_other_mounts_are_there_nothing_is_followed(root: Path) -> None:
    _, cache = told(root)
    asked: list[str] = []

    def remote(path: str) -> str:
        asked.append(path)
        return "nfs"

    with closing(Tree(str(root), remote, cache)) as tree:
        assert not tree.look(["/a"]).keys() - {"/"}
    assert asked == ["/a"]


def test_what_could_not_be_seen_is_looked_at_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> Entry:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(rootfs, "entry_at", refused)
        with closing(Tree(str(root), local)) as tree:
            assert "/a" not in tree.look(["/a"])
    with closing(Tree(str(root), local, tree.cache)) as again:
        assert again.look(["/a"])["/a"].type == "dir"


def test_what_one_look_adds_does_not_change_what_another_follows(root: Path) -> None:
    _, cache = told(root)
    seen = {folder: dict(names) for folder, names in cache.seen.items()}
    with closing(Tree(str(root), local, cache)) as other:
        other.look(["/other"])
    assert cache.seen == seen
    assert calls(lambda: told(root, cache)) < calls(lambda: told(root)) / 2


def test_what_earlier_looks_saw_is_not_in_what_a_look_tells(root: Path) -> None:
    with closing(Tree(str(root), local)) as tree:
        tree.look(["/a/old"])
    with closing(Tree(str(root), local, tree.cache)) as following:
        assert following.look(["/new"]).keys() == {"/", "/new"}

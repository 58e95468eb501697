"""Walking paths over facts: links, dots, mounts, and what is above a file in its own file system."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.filesystem.path_walk import FileSystem, ResolvedPath
from auditrules.audit.model.host_facts import MOST_LINKS, Entry, Facts, Mount
from auditrules.host.rootfs import Tree, local
from tests.audit.file_trees import DEV, facts, with_entries
from tests.laws import law

FILES = {
    "/a/b/file": "file",
    "/a/link": "-> b/file",
    "/a/up": "-> ../a/b",
    "/a/loop": "-> loop",
    "/a/nowhere": "-> gone/further",
    "/a/gone": "missing",
    "/a/slashed": "-> b/file/",
    "/abs": "-> /a/b",
    "/folder": "-> a/b/",
}
FILE_SYSTEM = FileSystem(facts(FILES))

# path, whether a last link is followed, where that leads, what is left of the way, and whether nothing is there
WALKS = (
    ("a file", "/a/b/file", True, "/a/b/file", (), False),
    ("slashes", "//a//b/file", True, "/a/b/file", (), False),
    ("dots", "/a/./b/../b/file", True, "/a/b/file", (), False),
    ("above the root", "/../../a/b", True, "/a/b", (), False),
    ("a link at the end", "/a/link", True, "/a/b/file", (), False),
    ("a link at the end, not followed", "/a/link", False, "/a/link", (), False),
    ("a link at the end with a slash", "/abs/", False, "/a/b", (), False),
    ("a link in the middle", "/a/up/file", False, "/a/b/file", (), False),
    ("an absolute link", "/abs/file", True, "/a/b/file", (), False),
    ("a loop", "/a/loop", True, "/a/loop", (), True),
    ("what is not there", "/a/gone", True, "/a/gone", (), True),
    ("below what is not there", "/a/gone/x/y", True, "/a/gone", ("x", "y"), True),
    ("a link to nowhere", "/a/nowhere", True, "/a/gone", ("further",), True),
    ("below a file", "/a/b/file/x", True, "/a/b/file", ("x",), True),
    ("below a folder below a file", "/a/b/file/x/", True, "/a/b/file", ("x",), True),
    ("a file with a slash", "/a/b/file/", True, "/a/b/file", ("",), True),
    ("a file with a dot", "/a/b/file/.", True, "/a/b/file", (".",), True),
    ("above a file", "/a/b/file/..", True, "/a/b/file", ("..",), True),
    ("above what is not there", "/a/gone/..", True, "/a/gone", ("..",), True),
    ("above a link, which is above its target", "/abs/../link", True, "/a/b/file", (), False),
    ("what is not there, with a slash", "/a/gone/", True, "/a/gone", (), True),
    ("a link to a file with a slash", "/a/link/", True, "/a/b/file", ("",), True),
    ("a link whose text ends with a slash", "/a/slashed", True, "/a/b/file", ("",), True),
    ("a link whose text ends with a slash, to a folder", "/folder/file", True, "/a/b/file", (), False),
    ("the root", "/", True, "/", (), False),
    ("the root, twice", "//", True, "/", (), False),
)


@pytest.mark.parametrize(
    ("path", "follow", "end", "unresolved", "missing"), [case[1:] for case in WALKS], ids=[case[0] for case in WALKS]
)
def test_a_walk_ends_where_the_kernel_s_does(
    path: str, follow: bool, end: str, unresolved: tuple[str, ...], missing: bool
) -> None:
    place = FILE_SYSTEM.walk(path, follow=follow)
    assert (place.path, place.unresolved, place.missing) == (end, unresolved, missing)


# A small tree on the disk for the law. Links lead to names that may be there, above the tree too.
NAMES = st.sampled_from(["a", "b", "c", "f", "x"])
STEPS = st.one_of(NAMES, NAMES, st.sampled_from([".", "..", ""]))
PATHS = st.lists(STEPS, min_size=1, max_size=6).map("/".join)
THINGS = st.one_of(st.just("dir"), st.just("dir"), st.just("file"), PATHS.map("-> {}".format))
TREES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), THINGS, max_size=8)


def make(root: Path, tree: dict[str, str]) -> None:
    """Make what can be made of a tree, folders first."""
    for path in sorted(tree, key=lambda each: (each.count("/"), each)):
        place = root / path
        if not place.parent.is_dir() or place.is_symlink() or place.exists():
            continue
        if tree[path] == "dir":
            place.mkdir()
        elif tree[path] == "file":
            place.touch()
        else:
            place.symlink_to(tree[path].removeprefix("-> ").replace("/a", f"{root}/a") or ".")


def by_the_kernel(path: str, *, follow: bool) -> str:
    kinds = {0o040000: "dir", 0o100000: "file", 0o120000: "link"}
    try:
        return kinds[os.stat(path, follow_symlinks=follow).st_mode & 0o170000]  # noqa: PTH116 - Path drops dots and slashes
    except OSError:
        return "missing"


@law(1.5, derandomize=True)
@given(TREES, st.lists(PATHS, min_size=1, max_size=8))
def test_a_walk_over_what_the_collector_saw_finds_what_stat_finds(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, str], tails: list[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    make(root, tree)
    paths = [f"{root}/{tail}" for tail in tails]
    with closing(Tree("/", local)) as look:
        file_system = FileSystem(Facts(files=look.look(paths)))
    for follow in (True, False):
        found = {path: file_system.walk(path, follow=follow).type for path in paths}
        assert found == {path: by_the_kernel(path, follow=follow) for path in paths}


def test_as_many_links_are_followed_as_by_the_kernel() -> None:
    links = {f"/{number}": f"-> {number - 1}" for number in range(1, MOST_LINKS + 2)}
    file_system = FileSystem(facts({"/0": "file", **links}))
    assert file_system.walk(f"/{MOST_LINKS}").type == "file"
    assert file_system.walk(f"/{MOST_LINKS + 1}").type == "missing"


def test_a_path_that_is_too_long_for_the_kernel_is_missing() -> None:
    path = "/." * 2048
    assert FileSystem(facts()).walk(path).type == "missing"
    assert FileSystem(facts()).walk(path[2:]).type == "dir"


def test_the_root_is_a_directory_where_nothing_is_known() -> None:
    assert FileSystem(Facts()).walk("/").type == "dir"
    assert FileSystem(Facts()).walk("/etc").type is None


def test_a_step_that_nobody_looked_at_leaves_the_place_unknown() -> None:
    assert FILE_SYSTEM.walk("/a/elsewhere/x") == ResolvedPath("/a/elsewhere/x", None)


def test_a_folder_that_may_not_be_searched_ends_the_walk() -> None:
    closed = FILE_SYSTEM.at("/a/b").entry
    place = FILE_SYSTEM.walk("/a/b/file", searches=lambda folder: closed is None or folder.ino != closed.ino)
    assert (place.path, place.unresolved, place.missing) == ("/a/b", ("file",), True)


ROOT = Mount(1, 1, "/", "/", "ext4", DEV)
VAR = Mount(2, 1, "/var", "/", "xfs", "8:2")
DOCKER = Mount(3, 2, "/var/lib/docker", "/", "xfs", "8:3")
HIDDEN = Mount(4, 1, "/var/lib", "/", "tmpfs", "0:9")  # it was there before /var was mounted over it
BIND = Mount(5, 1, "/mnt/b", "/a", "ext4", DEV)
AGAIN = Mount(6, 5, "/mnt/b", "/", "tmpfs", "0:10")  # on the same point, later

ON = (
    ("the root's", "/etc/x", (ROOT, VAR), ROOT),
    ("one below", "/var/x", (ROOT, VAR, DOCKER), VAR),
    ("one below that", "/var/lib/docker/x", (ROOT, VAR, DOCKER), DOCKER),
    ("its point", "/var/lib/docker", (ROOT, VAR, DOCKER), DOCKER),
    ("a name that begins alike", "/various", (ROOT, VAR), ROOT),
    ("hidden by one above", "/var/lib/x", (HIDDEN, ROOT, VAR), VAR),
    ("the later of two", "/mnt/b/x", (ROOT, BIND, AGAIN), AGAIN),
    ("none known", "/x", (), None),
)


@pytest.mark.parametrize(("path", "mounts", "mount"), [case[1:] for case in ON], ids=[case[0] for case in ON])
def test_a_place_is_on_the_mount_that_a_walk_meets(path: str, mounts: tuple[Mount, ...], mount: Mount | None) -> None:
    assert FileSystem(Facts(mounts=mounts)).mount(path) == mount


def test_a_bind_mount_leads_to_what_it_shows() -> None:
    assert FileSystem(Facts(mounts=(ROOT, BIND))).location("/mnt/b/b/file") == (DEV, "/a/b/file")


def test_what_is_above_a_bind_mount_is_what_is_above_its_source() -> None:
    on = facts({**FILES, "/mnt/b": "dir"}, mounts=(BIND,))
    same = {f"/mnt/b{path[2:]}": entry for path, entry in on.files.items() if path == "/a" or path.startswith("/a/b")}
    file_system = FileSystem(with_entries(on, same))
    assert list(file_system.ancestry(file_system.walk("/mnt/b/b/file"))) == [
        file_system.identity(file_system.at(path)) for path in ("/a/b/file", "/a/b", "/a", "/")
    ]


def test_what_is_above_a_file_ends_at_its_own_file_system() -> None:
    on = facts({"/var/lib/x": "file"}, mounts=(VAR,))
    file_system = FileSystem(on)
    assert list(file_system.ancestry(file_system.walk("/var/lib/x"))) == [
        file_system.identity(file_system.at(path)) for path in ("/var/lib/x", "/var/lib", "/var")
    ]


def test_two_names_of_one_file_are_one_identity() -> None:
    file_system = FileSystem(facts({"/a/one": "file", "/a/two": "= /a/one"}))
    assert file_system.identity(file_system.walk("/a/one")) == file_system.identity(file_system.walk("/a/two"))


def test_without_inode_numbers_a_file_is_its_path() -> None:
    file_system = FileSystem(Facts(files={"/": Entry("dir"), "/x": Entry("file")}))
    assert file_system.identity(file_system.walk("/x")) == ("path", "/x")

"""Walking paths over facts: links, dots, mounts, and what is above a file in its own file system."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.filesystem.path_walk import Place, Places
from auditrules.audit.model.host_facts import Entry, Facts, Mount
from tests.audit.file_trees import DEV, facts

FILES = {
    "/a/b/file": "file",
    "/a/link": "-> b/file",
    "/a/up": "-> ../a/b",
    "/a/loop": "-> loop",
    "/a/nowhere": "-> gone/further",
    "/a/gone": "missing",
    "/abs": "-> /a/b",
}
PLACES = Places(facts(FILES))

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
    ("the root", "/", True, "/", (), False),
)


@pytest.mark.parametrize(
    ("path", "follow", "end", "beyond", "missing"), [case[1:] for case in WALKS], ids=[case[0] for case in WALKS]
)
def test_a_walk_ends_where_the_kernel_s_does(
    path: str, follow: bool, end: str, beyond: tuple[str, ...], missing: bool
) -> None:
    place = PLACES.walk(path, follow=follow)
    assert (place.path, place.beyond, place.missing) == (end, beyond, missing)


def test_a_step_that_nobody_looked_at_leaves_the_place_unknown() -> None:
    assert PLACES.walk("/a/elsewhere/x") == Place("/a/elsewhere/x", None)


def test_a_folder_that_may_not_be_searched_ends_the_walk() -> None:
    closed = PLACES.at("/a/b").entry
    place = PLACES.walk("/a/b/file", searches=lambda folder: closed is None or folder.ino != closed.ino)
    assert (place.path, place.beyond, place.missing) == ("/a/b", ("file",), True)


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
    assert Places(Facts(mounts=mounts)).mount(path) == mount


def test_a_bind_mount_leads_to_what_it_shows() -> None:
    assert Places(Facts(mounts=(ROOT, BIND))).location("/mnt/b/b/file") == (DEV, "/a/b/file")


def test_what_is_above_a_bind_mount_is_what_is_above_its_source() -> None:
    on = facts({**FILES, "/mnt/b/b/file": "file"})
    same = {f"/mnt/b{path[2:]}": entry for path, entry in on.files.items() if path == "/a" or path.startswith("/a/b")}
    places = Places(replace(on, files={**on.files, **same}, mounts=(ROOT, BIND)))
    assert list(places.ancestry(places.walk("/mnt/b/b/file"))) == [
        places.identity(places.at(path)) for path in ("/a/b/file", "/a/b", "/a", "/")
    ]


def test_what_is_above_a_file_ends_at_its_own_file_system() -> None:
    on = facts({"/var/lib/x": "file"}, mounts=(VAR,))
    places = Places(on)
    assert list(places.ancestry(places.walk("/var/lib/x"))) == [
        places.identity(places.at(path)) for path in ("/var/lib/x", "/var/lib", "/var")
    ]


def test_two_names_of_one_file_are_one_identity() -> None:
    places = Places(facts({"/a/one": "file", "/a/two": "= /a/one"}))
    assert places.identity(places.walk("/a/one")) == places.identity(places.walk("/a/two"))


def test_without_inode_numbers_a_file_is_its_path() -> None:
    places = Places(Facts(files={"/": Entry("dir"), "/x": Entry("file")}))
    assert places.identity(places.walk("/x")) == ("path", "/x")

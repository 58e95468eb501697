"""Walking and reading inside a root, on real files."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import MOST_LINKS, Entry, Facts
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import MOST_DEPTH, Tree
from tests.rights import a_user

LIMIT = 1000


def local(_: str) -> str:
    return ""


def read(root: Path | str, path: str, limit: int = LIMIT) -> File | None:
    with closing(Tree(str(root), local)) as tree:
        return tree.read(path, limit)


def look(root: Path | str, *paths: str) -> dict[str, Entry]:
    """What is seen, without what tells one inode from another."""
    with closing(Tree(str(root), local)) as tree:
        return {path: bare(seen) for path, seen in tree.look(paths).items()}


def bare(seen: Entry) -> Entry:
    return Entry(seen.type, seen.target, seen.errno)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "root"
    (inside / "etc/audit").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"outside")
    return inside


@pytest.mark.parametrize(
    "target",
    ["/etc/rules", "rules", "../etc/rules", "../../../../../../../../etc/rules", "//etc/./audit/..//rules"],
)
def test_links_resolve_inside_the_root(root: Path, target: str) -> None:
    (root / "etc/rules").write_bytes(b"-D\n")
    (root / "etc/link").symlink_to(target)
    assert read(root, "/etc/link") == File("/etc/link", content=b"-D\n")


@pytest.mark.parametrize("up", ["../secret", "../../../secret", "/../secret", "{outside}"])
def test_no_link_leads_out_of_the_root(root: Path, up: str) -> None:
    target = up.format(outside=root.parent / "secret")
    (root / "etc/link").symlink_to(target)
    file = read(root, "/etc/link")
    assert file is not None
    assert file.content is None
    assert file.error.startswith("No such file or directory: /")


def test_no_path_leads_out_of_the_root(root: Path) -> None:
    assert read(root, "/../secret") is None


def test_a_missing_file_is_none(root: Path) -> None:
    assert read(root, "/etc/rules") is None
    assert read(root, "/nowhere/rules") is None


def test_a_file_below_a_file_is_an_error(root: Path) -> None:
    (root / "etc/rules").write_bytes(b"")
    assert read(root, "/etc/rules/x") == File("/etc/rules/x", error="Not a directory: /etc/rules")


def test_a_link_to_nothing_says_where_it_leads(root: Path) -> None:
    (root / "etc/link").symlink_to("/etc/audit/gone")
    assert read(root, "/etc/link") == File("/etc/link", error="No such file or directory: /etc/audit/gone")


@pytest.mark.parametrize("targets", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "/etc/a/x"}])
def test_a_loop_of_links_is_an_error(root: Path, targets: dict[str, str]) -> None:
    for name, target in targets.items():
        (root / "etc" / name).symlink_to(target)
    file = read(root, "/etc/a")
    assert file is not None
    assert (file.content, file.error.partition(":")[0]) == (None, "Too many levels of symbolic links")


def chain(root: Path, length: int) -> None:
    (root / "l0").write_bytes(b"end")
    for index in range(length):
        (root / f"l{index + 1}").symlink_to(f"l{index}")


def test_as_many_links_are_followed_as_by_the_kernel(root: Path) -> None:
    chain(root, MOST_LINKS + 1)
    at_most, one_more = f"l{MOST_LINKS}", f"l{MOST_LINKS + 1}"
    assert (root / at_most).read_bytes() == b"end"
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        (root / one_more).read_bytes()
    assert read(root, at_most) == File(at_most, content=b"end")
    file = read(root, one_more)
    assert file is not None
    assert file.content is None


def test_a_long_way_through_links_ends(root: Path) -> None:
    folder = root / ("d/" * 50)
    folder.mkdir(parents=True)
    (root / "etc/l0").symlink_to("/" + "d/" * 50)
    for index in range(20):
        (root / f"etc/l{index + 1}").symlink_to("/" + "d/" * 20 + "../" * 20 + f"etc/l{index}")
    assert read(root, "/etc/l20") == File("/etc/l20", error="more than 400 names on the way")


def test_a_fifo_is_not_opened(root: Path) -> None:
    os.mkfifo(root / "x")
    assert read(root, "/x") == File("/x", error="expected a regular file, found a FIFO")


def test_a_folder_is_not_read(root: Path) -> None:
    assert read(root, "/etc") == File("/etc", error="expected a regular file, found a directory")


def test_a_socket_is_not_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # a socket's path has to be short
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind("x")
        assert read(root, "/x") == File("/x", error="expected a regular file, found a socket")


def test_a_device_is_not_opened() -> None:
    assert read("/", "/dev/null") == File("/dev/null", error="expected a regular file, found a character device")


def test_a_failing_read_is_an_error() -> None:
    assert read("/", "/proc/self/mem") == File("/proc/self/mem", error="Input/output error")


@pytest.fixture
def common() -> Iterator[Path]:
    """Give a folder that all may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_an_unreadable_file_is_an_error(common: Path) -> None:
    (common / "x").write_bytes(b"secret")
    (common / "x").chmod(0)
    with a_user():
        assert read(common, "/x") == File("/x", error="Permission denied")


def test_what_is_in_a_closed_folder_is_unknown(common: Path) -> None:
    (common / "closed").mkdir(0o000)
    with a_user():
        assert look(common, "/closed/x/y") == {"/": Entry("dir"), "/closed": Entry("dir")}


def test_names_are_bytes(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / "etc") + b"/caf\xe9\n")).write_bytes(b"x")
    with closing(Tree(str(root), local)) as tree:
        assert tree.names("/etc") == ("audit", "caf\udce9\n")
        assert tree.read("/etc/caf\udce9\n", LIMIT) == File("/etc/caf\udce9\n", content=b"x")


def test_a_folder_is_listed_through_links(root: Path) -> None:
    (root / "etc/audit/a").touch()
    (root / "etc/link").symlink_to("/etc/audit")
    with closing(Tree(str(root), local)) as tree:
        assert tree.names("/etc/link/") == ("a",)


def test_a_missing_folder_has_no_names(root: Path) -> None:
    with closing(Tree(str(root), local)) as tree:
        assert tree.names("/etc/none") == ()


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (None, "expected a directory, found a regular file"),
        ("gone", "No such file or directory: /etc/gone"),
    ],
)
def test_what_is_no_folder_cannot_be_listed(root: Path, target: str | None, error: str) -> None:
    if target:
        (root / "etc/x").symlink_to(target)
    else:
        (root / "etc/x").touch()
    with closing(Tree(str(root), local)) as tree, pytest.raises(UnreadableError) as caught:
        tree.names("/etc/x")
    assert str(caught.value) == error


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Tree(str(tmp_path / "none"), local)


def test_a_path_with_nul_is_nowhere(root: Path) -> None:
    assert read(root, "/etc/\0") == File("/etc/\0", error="expected a path, found a NUL byte in it")
    assert look(root, "/etc/\0") == {"/": Entry("dir")}


def test_every_name_on_the_way_is_seen_by_its_own_path(root: Path) -> None:
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/tool").touch()
    (root / "bin").symlink_to("usr/bin")
    (root / "run").symlink_to("/bin/../bin")
    assert look(root, "/run//tool/", "/etc/./../none/x") == {
        "/": Entry("dir"),
        "/run": Entry("link", "/bin/../bin"),
        "/bin": Entry("link", "usr/bin"),
        "/usr": Entry("dir"),
        "/usr/bin": Entry("dir"),
        "/usr/bin/tool": Entry("file"),
        "/etc": Entry("dir"),
        "/none": Entry("missing"),
    }


def test_what_a_look_saw_stays_as_it_is(root: Path) -> None:
    with closing(Tree(str(root), local)) as tree:
        seen = tree.look(["/etc"])
        before = dict(seen)
        tree.names("/etc/audit")
        assert (seen, tree.look(["/etc"])) == (before, before)


def by_lstat(path: str) -> Entry:
    """What the kernel says of a path, asked in one call (`Path.lstat` would drop a final `.`)."""
    try:
        found = os.lstat(path)
    except OSError as error:
        return Entry("missing", errno=error.errno or 0)
    kinds = {0o040000: "dir", 0o100000: "file", 0o120000: "link", 0o010000: "fifo", 0o020000: "char"}
    kind = kinds[found.st_mode & 0o170000]
    return Entry(kind, str(Path(path).readlink()) if kind == "link" else "")


def test_what_is_seen_is_what_lstat_says(root: Path) -> None:
    os.mkfifo(root / "fifo")
    (root / "file").touch()
    (root / "up").symlink_to("../root/etc")
    (root / "loop").symlink_to("loop")
    (root / "gone").symlink_to("nowhere/at/all")
    (root / "through").symlink_to("file/x")
    tails = [
        *("fifo", "fifo/x", "file/..", "file/.", "file/x/y", "up/audit", "up/../up/../file", "up/none/x"),
        *("loop", "loop/x/y", "gone", "gone/x", "through", "through/x", "etc//audit///", "/../x"),
        *("n" * 256, "n" * 256 + "/x", "n" * 255 + "/x"),
        *("/".join(["n" * 200] * 30), "/".join(["d" * 10] * 20)),
    ]
    paths = ["/dev/null/x", *(f"{root}/{tail}" for tail in tails)]
    files = look("/", *paths)
    assert len(files) > len(tails)
    assert files == {path: by_lstat(path) for path in files}
    file_system = FileSystem(Facts(files=files))
    assert {path: file_system.walk(path, follow=False).type for path in paths} == {
        path: by_lstat(path).type for path in paths
    }


def test_what_lies_too_deep_is_unknown(root: Path) -> None:
    path = "/x" * (MOST_DEPTH + 5)
    (root / path[1:]).mkdir(parents=True)
    files = look(root, path)
    assert max(path.count("/") for path in files) == MOST_DEPTH


def test_a_remote_mount_is_not_touched(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "net/host").mkdir(parents=True)
    (root / "net/host/file").write_bytes(b"x")
    (root / "etc/link").symlink_to("/net/host/file")
    touched: list[bytes] = []
    lstat = os.lstat

    def watched(path: bytes, *, dir_fd: int) -> os.stat_result:
        touched.append(path)
        return lstat(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "lstat", watched)
    with closing(Tree(str(root), lambda path: "nfs4" if path.startswith("/net/host") else "")) as tree:
        files = tree.look(["/etc/link", "/net/host/file"])
        file = tree.read("/net/host/file", LIMIT)
        by_link = tree.read("/etc/link", LIMIT)
    assert {path: bare(seen) for path, seen in files.items()} == {
        "/": Entry("dir"),
        "/etc": Entry("dir"),
        "/etc/link": Entry("link", "/net/host/file"),
        "/net": Entry("dir"),
    }
    error = "/net/host is on nfs4, which may hang, so it is not touched"
    assert file == File("/net/host/file", error=error)
    assert by_link == File("/etc/link", error=error)
    assert touched == [b"etc", b"link", b"net"]


def test_links_are_followed_to_their_end(root: Path) -> None:
    (root / "bin").mkdir()
    (root / "bin/mawk").write_bytes(b"")
    (root / "awk").symlink_to("/alternatives")
    (root / "alternatives").symlink_to("bin/../bin/mawk")
    with closing(Tree(str(root), local)) as tree:
        end = tree.end("/awk")
    assert end is not None
    assert (end[0], bare(end[1])) == ("/bin/mawk", Entry("file"))


def test_a_broken_link_has_no_end(root: Path) -> None:
    (root / "awk").symlink_to("/nothing")
    with closing(Tree(str(root), local)) as tree:
        assert tree.end("/awk") is None


def test_an_entry_tells_its_inode(root: Path) -> None:
    found = (root / "etc").stat()
    with closing(Tree(str(root), local)) as tree:
        seen = tree.look(["/etc"])
    assert (seen["/etc"].ino, seen["/etc"].mode, seen["/etc"].uid, seen["/etc"].gid) == (
        found.st_ino,
        found.st_mode & 0o7777,
        found.st_uid,
        found.st_gid,
    )
    assert seen["/etc"].dev == f"{os.major(found.st_dev)}:{os.minor(found.st_dev)}"
    assert seen["/"].ino == root.stat().st_ino

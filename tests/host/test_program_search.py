"""Searching a file system for privileged programs, on real files."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditrules.benchmarks.privileged_programs import Privilege, PrivilegedPrograms, SearchState
from auditrules.benchmarks.requirement import Fact
from auditrules.host import Host, program_search
from auditrules.host.limits import SearchLimits
from auditrules.host.program_search import ProgramSearch
from tests.rights import CAPABILITY, a_user

LIMITS = SearchLimits()
SETUID, SETGID, CAPABILITIES = Privilege.SETUID, Privilege.SETGID, Privilege.CAPABILITIES


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Give a folder that is gone afterwards: nothing that is privileged may stay."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def search(root: Path, limits: SearchLimits = LIMITS) -> PrivilegedPrograms:
    return ProgramSearch(str(root), limits, here=False).run()


def make(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    path.chmod(mode)
    return path


def kinds(found: PrivilegedPrograms) -> dict[str, tuple[Privilege, ...]]:
    return {each.path: each.privileges for each in found.programs}


@pytest.mark.parametrize(
    ("mode", "privileges"),
    [
        (0o4755, (SETUID,)),
        (0o4000, (SETUID,)),
        (0o2755, (SETGID,)),
        (0o2644, (SETGID,)),
        (0o6755, (SETUID, SETGID)),
        (0o755, None),
        (0o1755, None),
        (0o644, None),
    ],
)
def test_a_program_is_privileged_by_its_mode(
    tmp_path: Path, mode: int, privileges: tuple[Privilege, ...] | None
) -> None:
    file = make(tmp_path / "usr/bin/x", mode)
    found = search(tmp_path)
    assert kinds(found) == ({"/usr/bin/x": privileges} if privileges else {})
    assert found.state is SearchState.COMPLETE
    assert all((each.uid, each.gid) == (file.stat().st_uid, file.stat().st_gid) for each in found.programs)


@pytest.mark.root("capability")
@pytest.mark.parametrize(("mode", "found"), [(0o755, True), (0o700, True), (0o644, False)])
def test_a_program_is_privileged_by_its_capabilities(tmp_path: Path, mode: int, found: bool) -> None:
    os.setxattr(make(tmp_path / "bin/ping", mode), "security.capability", CAPABILITY)
    assert kinds(search(tmp_path)) == ({"/bin/ping": (CAPABILITIES,)} if found else {})


@pytest.mark.parametrize("number", [errno.ENODATA, errno.EOPNOTSUPP, errno.ENOENT])
def test_files_without_attributes_have_no_capabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    make(tmp_path / "bin/ping")
    monkeypatch.setattr(os, "getxattr", refusing(number))
    assert search(tmp_path).state is SearchState.COMPLETE


def test_capabilities_that_can_not_be_read_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "bin/ping")
    monkeypatch.setattr(os, "getxattr", refusing(errno.EIO))
    found = search(tmp_path)
    assert (found.state, found.unread) == (SearchState.UNREADABLE, ("/bin/ping: Input/output error",))


def test_without_proc_no_search_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No capability would be seen."""
    monkeypatch.setattr(program_search, "OPEN_FOLDERS", "/not-there")
    found = search(tmp_path)
    assert found.state is SearchState.FAILED
    assert found.problem.startswith("No such file or directory: /not-there/")


def refusing(number: int) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        raise OSError(number, os.strerror(number))

    return refuse


def test_what_is_no_regular_file_is_no_program(tmp_path: Path) -> None:
    make(tmp_path / "bin/su", 0o4755)
    (tmp_path / "bin/link").symlink_to("su")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").chmod(0o6755)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "fifo").chmod(0o4755)
    assert kinds(search(tmp_path)) == {"/bin/su": (SETUID,)}


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path / "outside/su", 0o4755)
    (tmp_path / "root/a").mkdir(parents=True)
    (tmp_path / "root/a/link").symlink_to("../../outside")
    (tmp_path / "root/a/loop").symlink_to(".")
    assert search(tmp_path / "root").programs == ()


def test_a_root_may_be_a_link(tmp_path: Path) -> None:
    make(tmp_path / "root/su", 0o4755)
    (tmp_path / "link").symlink_to("root")
    assert kinds(search(tmp_path / "link")) == {"/su": (SETUID,)}


def test_names_are_bytes(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/a\n\xe9"
    Path(os.fsdecode(folder)).mkdir()
    make(Path(os.fsdecode(folder + b"/su\n x\xff")), 0o4755)
    assert list(kinds(search(tmp_path))) == ["/a\n\udce9/su\n x\udcff"]


def test_what_containers_are_made_of_is_left_out(tmp_path: Path) -> None:
    make(tmp_path / "var/lib/docker/overlay2/a/diff/bin/su", 0o4755)
    make(tmp_path / "var/lib/docker/volumes/v/su", 0o4755)
    found = search(tmp_path)
    assert list(kinds(found)) == ["/var/lib/docker/volumes/v/su"]
    assert found.left_out == (("/var/lib/docker/overlay2", "the file systems of containers"),)


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (replace(LIMITS, entries=500), "more than 500 names"),
        (replace(LIMITS, programs=50), "more than 50 privileged programs"),
        (replace(LIMITS, cpu=0), "more than 0 s of CPU"),
        (replace(LIMITS, seconds=0), "longer than 0 s"),
    ],
)
def test_a_search_ends_at_its_limits(tmp_path: Path, limits: SearchLimits, problem: str) -> None:
    for number in range(1000):
        make(tmp_path / f"{number}", 0o4755)
    found = search(tmp_path, limits)
    assert (found.state, found.problem) == (SearchState.LIMIT, problem)
    assert 0 < found.entries < 1000
    assert len(found.programs) <= found.entries


def test_a_folder_that_never_ends_is_left_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endless").mkdir()
    scandir = os.scandir

    class Endless:
        def __init__(self, folder: int) -> None:
            with scandir(folder) as names:
                self.first = next(names, None)

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            if self.first is None:
                return Nothing()
            first, self.first = self.first, None
            return first

        def close(self) -> None:
            pass

    class Nothing:
        name = "x"

        def is_dir(self, *, follow_symlinks: bool) -> bool:
            return follow_symlinks

        is_file = is_dir

    monkeypatch.setattr(os, "scandir", Endless)
    found = search(tmp_path, replace(LIMITS, entries=10_000))
    assert (found.state, found.place) == (SearchState.LIMIT, "/endless")


def test_too_deep_a_folder_is_told(tmp_path: Path) -> None:
    make(tmp_path / "a/b/su", 0o4755)
    make(tmp_path / "a/b/c/d/su", 0o4755)
    found = search(tmp_path, replace(LIMITS, depth=3))
    assert list(kinds(found)) == ["/a/b/su"]
    assert (found.state, found.unread) == (SearchState.UNREADABLE, ("/a/b/c: deeper than 3 folders",))


def test_folders_that_can_not_be_read_are_told_and_the_rest_is_searched() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        make(root / "bin/su", 0o4755)
        for number in range(20):
            make(root / f"closed/{number:02}/su", 0o4755)
            (root / f"closed/{number:02}").chmod(0)
        (root / "named").mkdir()
        make(root / "named/su", 0o4755)
        (root / "named").chmod(0o444)
        try:
            with a_user():
                found = search(root)
        finally:
            for folder in (*root.glob("closed/*"), root / "named"):
                folder.chmod(0o755)
    # The owner who is no root sees modes in a folder that he may not enter neither.
    assert list(kinds(found)) == ["/bin/su"]
    assert (found.state, found.unread_count) == (SearchState.UNREADABLE, 21)
    assert len(found.unread) == 10
    assert all(each.endswith(": Permission denied") for each in found.unread)


@pytest.mark.parametrize("becomes", ["nothing", "file", "link"])
def test_a_folder_that_is_swapped_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    make(tmp_path / "outside/su", 0o4755)
    root = tmp_path / "root"
    make(root / "a/su", 0o4755)
    opened = os.open

    def swapped(path: Any, flags: int, *arguments: Any, **others: Any) -> int:
        if path == "a":
            (root / "a").rename(tmp_path / "gone")
            if becomes == "file":
                make(root / "a")
            elif becomes == "link":
                (root / "a").symlink_to(tmp_path / "outside")
        return opened(path, flags, *arguments, **others)

    monkeypatch.setattr(os, "open", swapped)
    found = search(root)
    assert (found.state, found.programs) == (SearchState.COMPLETE, ())


def test_a_file_that_is_gone_meanwhile_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        make(tmp_path / name, 0o4755)
    getxattr = os.getxattr

    def removing(*arguments: Any, **options: Any) -> bytes:
        for left in tmp_path.iterdir():
            left.unlink()
        return getxattr(*arguments, **options)

    monkeypatch.setattr(os, "getxattr", removing)
    found = search(tmp_path)
    assert (found.state, len(found.programs)) == (SearchState.COMPLETE, 1)


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    make(tmp_path / "a/b/c/su", 0o4755)
    make(tmp_path / "a/d/su", 0o4755)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for limits in (LIMITS, replace(LIMITS, programs=0), replace(LIMITS, depth=2)):
        search(tmp_path, limits)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_another_thread_sees_how_far_it_came(tmp_path: Path) -> None:
    make(tmp_path / "su", 0o4755)
    running = ProgramSearch(str(tmp_path), LIMITS, here=False)
    assert (running.so_far().state, running.so_far().entries) == (SearchState.RUNNING, 0)
    running.run()
    assert (running.so_far().entries, len(running.so_far().programs)) == (1, 1)


IN_OWN_MOUNTS = """
import ctypes, os, subprocess, sys
root = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x00020000):
    sys.exit("no mount namespace of its own")
def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode())
mount("--make-rprivate", "/")
mount("-t", "tmpfs", "none", root)
for name in ("proc", "a", "plain", "nosuid", "bound", "dead"):
    os.mkdir(f"{root}/{name}")
def make(path):
    with open(path, "w"):
        pass
    os.chmod(path, 0o4755)
make(f"{root}/a/su")
make(f"{root}/plain/hidden")
mount("-t", "tmpfs", "none", f"{root}/plain")
make(f"{root}/plain/su")
mount("-t", "tmpfs", "-o", "nosuid", "none", f"{root}/nosuid")
make(f"{root}/nosuid/su")
mount("--bind", f"{root}/a", f"{root}/bound")
from tests.core.stressed import dead
try:
    dead(f"{root}/dead")
except OSError:
    sys.exit("no FUSE file system was mounted")
mount("-t", "proc", "none", f"{root}/proc")
from auditrules.host.limits import SearchLimits
from auditrules.host.program_search import ProgramSearch
os.chroot(root)
found = ProgramSearch("/", SearchLimits(), here=True).run()
print(sorted(each.path for each in found.programs))
print(sorted(path for path, _ in found.left_out))
"""


@pytest.mark.root("own", "mount")
def test_this_machine_is_searched_by_its_mounts(tmp_path: Path) -> None:
    """Of a bind mount once, of nosuid nothing, and a FUSE file system that never answers is not touched."""
    path = os.pathsep.join(entry or "." for entry in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", IN_OWN_MOUNTS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    programs, left_out = done.stdout.splitlines()
    assert programs == "['/a/su', '/plain/su']"
    assert left_out == "['/dead', '/nosuid']"


def test_no_file_is_opened(tmp_path: Path) -> None:
    """A named pipe, a device or a file on a tape would make whoever opens it wait."""
    make(tmp_path / "a/su", 0o4755)
    opened: list[int] = []
    thread = threading.get_ident()

    def seen(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and watching and threading.get_ident() == thread:
            opened.append(arguments[2])

    watching = True
    sys.addaudithook(seen)
    search(tmp_path)
    watching = False
    assert opened
    assert all(flags & os.O_DIRECTORY for flags in opened)


def test_a_host_searches_its_root_when_it_is_asked_for_privileged_programs(tmp_path: Path) -> None:
    make(tmp_path / "usr/bin/su", 0o4755)
    host = Host(str(tmp_path), "none")
    found = host.fact(Fact.PRIVILEGED)
    assert isinstance(found, PrivilegedPrograms)
    assert list(kinds(found)) == ["/usr/bin/su"]
    make(tmp_path / "usr/bin/sudo", 0o4755)
    assert host.fact(Fact.PRIVILEGED) is found

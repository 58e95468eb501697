"""What installing and removing do to load files: the packages' own scripts, in a folder instead of at the root."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tools.release import project

SCRIPTS = project.PROJECT / "tools/release"
EXTENSION = "/usr/lib/osquery/extensions/auditrules.ext"
PLACES = ("/etc/osquery", "/opt/orbit", "/var/lib/osquery-audit-rules")


class System:
    """A root folder, and the scripts as they would run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("etc", "opt", "var/lib"):
            (root / folder).mkdir(parents=True)

    def put(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    def run(self, script: str, *arguments: str) -> str:
        done = self.tried(script, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.replace(str(self.root), "")

    def tried(
        self,
        script: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        text = (SCRIPTS / f"{script}.sh").read_text("utf-8")
        for place in PLACES:
            text = text.replace(place, f"{self.root}{place}")
        return subprocess.run(
            ["/bin/sh", "-s", *arguments],
            input=text,
            capture_output=True,
            check=False,
            text=True,
            env=None if environment is None else {**os.environ, **environment},
            preexec_fn=before,
            start_new_session=True,
        )

    def seen(self) -> dict[str, str | None]:
        """All that is there: the text of files, None for folders."""
        paths = sorted(self.root.rglob("*"))
        return {
            str(path.relative_to(self.root)): path.read_bytes().decode() if path.is_file() else None for path in paths
        }


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path / "root")


OSQUERY, ORBIT = "etc/osquery/extensions.load", "opt/orbit/extensions.load"
OURS = f"{EXTENSION}\n"

# what is there, and what is there after the installation
INSTALLED: tuple[tuple[str, dict[str, str], dict[str, str]], ...] = (
    ("a load file is made where there is none", {}, {OSQUERY: OURS}),
    ("a line is added to one", {OSQUERY: "/opt/a.ext\n"}, {OSQUERY: f"/opt/a.ext\n{OURS}"}),
    ("an empty one is filled", {OSQUERY: ""}, {OSQUERY: OURS}),
    ("a last line without its end is ended", {OSQUERY: "/opt/a.ext"}, {OSQUERY: f"/opt/a.ext\n{OURS}"}),
    ("Fleet's agent has one of its own", {ORBIT: "/opt/a.ext\n"}, {OSQUERY: OURS, ORBIT: f"/opt/a.ext\n{OURS}"}),
    ("Fleet's agent without a load file gets one", {"opt/orbit/x": ""}, {OSQUERY: OURS, ORBIT: OURS}),
    ("a line that is there is not added", {OSQUERY: OURS}, {OSQUERY: OURS}),
    ("nor is one with blanks", {OSQUERY: f"  {EXTENSION}\t\r\n"}, {OSQUERY: f"  {EXTENSION}\t\r\n"}),
    ("nor one for the folder", {OSQUERY: "/usr/lib/osquery/extensions\n"}, {OSQUERY: "/usr/lib/osquery/extensions\n"}),
    ("nor with its slash", {OSQUERY: "/usr/lib/osquery/extensions/\n"}, {OSQUERY: "/usr/lib/osquery/extensions/\n"}),
    ("a comment is no line", {OSQUERY: f"# {OURS}"}, {OSQUERY: f"# {OURS}{OURS}"}),
    ("a longer path is another", {OSQUERY: f"/x{OURS}"}, {OSQUERY: f"/x{OURS}{OURS}"}),
)


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in INSTALLED], ids=[case[0] for case in INSTALLED])
def test_on_installation(system: System, before: dict[str, str], after: dict[str, str]) -> None:
    for name, text in before.items():
        system.put(name, text)
    system.run("postinstall", "configure", "")
    seen = system.seen()
    assert {name: seen.get(name) for name in (OSQUERY, ORBIT)} == {OSQUERY: None, ORBIT: None} | after


@pytest.mark.parametrize("before", [case[1] for case in INSTALLED], ids=[case[0] for case in INSTALLED])
@pytest.mark.parametrize("arguments", [("remove",), ("0",)], ids=["dpkg", "rpm"])
def test_removal_leaves_the_host_as_before_where(
    system: System, before: dict[str, str], arguments: tuple[str, ...]
) -> None:
    for name, text in before.items():
        system.put(name, text)
    was = system.seen()
    system.run("postinstall")
    system.run("preremove", *arguments)
    # The end of a last line stays, and a line that was there goes: with the package its file is gone.
    expected = {name: text if text is None else left(text) for name, text in was.items()}
    assert system.seen() == expected


def left(text: str) -> str:
    lines = [line for line in text.splitlines(keepends=True) if line.strip() != EXTENSION]
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def test_installation_says_what_it_did_and_what_to_do(system: System) -> None:
    system.put(ORBIT, "")
    assert system.run("postinstall") == (
        "named in /etc/osquery/extensions.load: restart osquery to load it\n"
        "named in /opt/orbit/extensions.load: restart osquery to load it\n"
    )


@pytest.mark.parametrize("arguments", [("upgrade", "0.2.0"), ("1",), ("deconfigure",), ("failed-upgrade", "0.1.0")])
def test_an_upgrade_takes_nothing_out(system: System, arguments: tuple[str, ...]) -> None:
    system.run("postinstall")
    was = system.seen()
    assert system.run("preremove", *arguments) == ""
    assert system.seen() == was


def test_an_upgrade_adds_nothing_twice(system: System) -> None:
    system.run("postinstall")
    was = system.seen()
    assert system.run("postinstall", "configure", "0.1.0") == ""
    assert system.seen() == was


def test_an_upgrade_does_not_add_what_an_operator_has_taken_out(system: System) -> None:
    system.run("postinstall")
    system.put(OSQUERY, "# not here\n")
    system.run("postinstall", "configure", "0.1.0")
    assert system.seen()[OSQUERY] == "# not here\n"


def test_an_upgrade_finds_an_agent_that_came_after_the_installation(system: System) -> None:
    system.run("postinstall")
    system.put("opt/orbit/bin", "")
    system.run("postinstall", "2")
    assert system.seen()[ORBIT] == OURS


def test_what_others_have_added_since_stays(system: System) -> None:
    system.run("postinstall")
    with (system.root / OSQUERY).open("a") as stream:
        stream.write("/opt/b.ext\n")
    system.run("preremove", "remove")
    assert system.seen()[OSQUERY] == "/opt/b.ext\n"


# What a load file is, and stays


@pytest.fixture
def link(system: System) -> Path:
    path = system.root / OSQUERY
    path.parent.mkdir()
    path.symlink_to("../elsewhere/load")
    return path


def test_a_load_file_that_is_a_link_stays_one(system: System, link: Path) -> None:
    real = system.put("etc/elsewhere/load", "/opt/a.ext\n")
    system.run("postinstall")
    assert (link.is_symlink(), real.read_text("utf-8")) == (True, f"/opt/a.ext\n{OURS}")
    system.run("preremove", "0")
    assert (link.is_symlink(), real.read_text("utf-8")) == (True, "/opt/a.ext\n")


def test_a_dangling_link_stays_one_and_what_it_leads_to_is_made_and_removed(system: System, link: Path) -> None:
    real = system.root / "etc/elsewhere/load"
    real.parent.mkdir()
    system.run("postinstall")
    assert (link.is_symlink(), real.read_text("utf-8")) == (True, OURS)
    system.run("preremove", "remove")
    assert (link.is_symlink(), real.exists()) == (True, False)


def test_a_link_that_leads_nowhere_is_named_and_stays(system: System, link: Path) -> None:
    done = system.tried("postinstall")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{link} is a link that leads nowhere" in done.stderr
    system.run("preremove", "remove")
    assert system.seen() == {"etc": None, "etc/osquery": None, OSQUERY: None, "opt": None, "var": None, "var/lib": None}


def test_a_link_that_dangles_since_the_installation_stays(system: System) -> None:
    system.run("postinstall")
    path = system.root / OSQUERY
    path.unlink()
    path.symlink_to("../elsewhere/load")
    system.run("preremove", "remove")
    assert path.is_symlink()


def test_a_directory_in_the_place_of_a_load_file_is_named_and_stays(system: System) -> None:
    path = system.root / OSQUERY
    path.mkdir(parents=True)
    done = system.tried("postinstall")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{path} is not a regular file\n" in done.stderr
    assert done.stderr.endswith(
        f"osquery-audit-rules: could not add the line {EXTENSION} to {path}: see why above, and install again\n"
    )
    system.run("preremove", "remove")
    assert (path.is_dir(), list(path.iterdir())) == (True, [])


def test_one_load_file_that_cannot_be_written_does_not_keep_the_other_from_it(system: System) -> None:
    (system.root / OSQUERY).mkdir(parents=True)
    system.put("opt/orbit/x", "")
    assert system.tried("postinstall").returncode == 1
    assert system.seen()[ORBIT] == OURS


def test_owner_mode_and_attributes_of_a_load_file_stay(system: System) -> None:
    path = system.put(OSQUERY, "/opt/a.ext\n")
    if not os.geteuid():
        os.chown(path, 65534, 65534)
    path.chmod(0o640)
    os.setxattr(path, "user.origin", b"puppet")

    def kept() -> tuple[object, ...]:
        found = path.stat()
        return found.st_uid, found.st_gid, oct(found.st_mode), os.getxattr(path, "user.origin")

    before = kept()
    system.run("postinstall")
    assert (path.read_text("utf-8"), kept()) == (f"/opt/a.ext\n{OURS}", before)
    system.run("preremove", "remove")
    assert (path.read_text("utf-8"), kept()) == ("/opt/a.ext\n", before)


def test_a_load_file_that_is_read_only_stays_so(system: System) -> None:
    path = system.put(OSQUERY, "/opt/a.ext\n")
    path.chmod(0o444)
    system.run("postinstall")
    assert (path.read_text("utf-8"), path.stat().st_mode & 0o777) == (f"/opt/a.ext\n{OURS}", 0o444)
    system.run("preremove", "remove")
    assert (path.read_text("utf-8"), path.stat().st_mode & 0o777) == ("/opt/a.ext\n", 0o444)


def test_the_time_of_a_load_file_tells_that_it_was_changed(system: System) -> None:
    path = system.put(OSQUERY, "/opt/a.ext\n")
    os.utime(path, (1, 1))
    system.run("postinstall")
    assert path.stat().st_mtime > 1


def test_a_load_file_that_is_made_can_be_written_by_its_owner_only(system: System) -> None:
    system.run("postinstall")
    path = system.root / OSQUERY
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o644, 0o755)


def test_without_notes_nothing_is_removed(system: System) -> None:
    system.put(OSQUERY, OURS)
    system.run("preremove", "remove")
    assert system.seen()[OSQUERY] == OURS


# A disk that is full, and a kill

LINES = "".join(f"/opt/{number:04}.ext\n" for number in range(300))  # more than the notes take
ROOM = 2000  # bytes that a file may have, as if no more were left


def full(size: int) -> Callable[[], None]:
    """Let no file grow beyond a size: a write fails there, as on a disk that is full."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("room", [0, ROOM], ids=["for nothing", "for the notes"])
def test_an_installation_without_room_leaves_the_load_file_and_says_so(system: System, room: int) -> None:
    system.put(OSQUERY, LINES)
    done = system.tried("postinstall", before=full(room))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("extensions.load: see why above, and install again\n")
    assert {name: text for name, text in system.seen().items() if "osquery/" in name} == {OSQUERY: LINES}


@pytest.mark.parametrize("room", [0, ROOM], ids=["for nothing", "for the notes"])
def test_an_installation_that_had_no_room_adds_the_line_when_it_is_run_again(system: System, room: int) -> None:
    system.put(OSQUERY, LINES)
    system.tried("postinstall", before=full(room))
    assert system.run("postinstall") == "named in /etc/osquery/extensions.load: restart osquery to load it\n"
    assert system.seen()[OSQUERY] == f"{LINES}{OURS}"


@pytest.mark.parametrize("room", [0, ROOM], ids=["for nothing", "for the notes"])
def test_a_removal_without_room_leaves_the_load_file_whole_and_ends_when_it_is_run_again(
    system: System, room: int
) -> None:
    system.put(OSQUERY, LINES)
    was = system.seen()
    system.run("postinstall")
    installed = system.seen()[OSQUERY]
    assert system.tried("preremove", "remove", before=full(room)).returncode == 1
    assert system.seen()[OSQUERY] == installed
    system.run("preremove", "remove")
    assert system.seen() == was


def test_a_removal_that_dpkg_gives_up_leaves_the_extension_named_in_both(system: System) -> None:
    system.put(OSQUERY, "/opt/a.ext\n")
    system.put(ORBIT, LINES)
    system.run("postinstall")
    was = system.seen()
    assert system.tried("preremove", "remove", before=full(ROOM)).returncode == 1
    assert system.seen()[OSQUERY] == "/opt/a.ext\n"
    system.run("postinstall", "abort-remove")
    after = system.seen()
    assert (after[OSQUERY], after[ORBIT]) == (was[OSQUERY], was[ORBIT])


# The commands before each of which a script is killed: a file is written anew after `rm`, and takes its name by `mv`.
CHANGING = ("mkdir", "mv", "rm", "rmdir")
FEWEST = 5  # of them that a run has
KILL = """\
#!/bin/sh
number=$(($(cat {count}) + 1))
echo $number >{count}
[ $number -ne {last} ] || kill -KILL 0
exec {command} "$@"
"""


def killed(system: System, last: int, script: str, *arguments: str) -> bool:
    """Run a script that is killed before so many of its commands; false if it had fewer."""
    folder = system.root.parent / "commands"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    count = folder / "count"
    count.write_text("0")
    for name in CHANGING:
        command = folder / name
        command.write_text(KILL.format(count=count, last=last, command=shutil.which(name)), "utf-8")
        command.chmod(0o755)
    done = system.tried(script, *arguments, environment={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


FOUND = (
    pytest.param({OSQUERY: "/opt/a.ext\n", ORBIT: "/opt/b.ext\n"}, id="lines of others"),
    pytest.param({}, id="no load file", marks=pytest.mark.full),
)


@pytest.mark.parametrize("before", FOUND)
def test_an_installation_that_is_killed_anywhere_leaves_whole_files_and_is_ended_by_a_second(
    tmp_path: Path, before: dict[str, str]
) -> None:
    for last in range(1, 100):
        system = System(tmp_path / str(last) / "root")
        for name, text in before.items():
            system.put(name, text)
        was = system.seen()
        if not killed(system, last, "postinstall"):
            break
        whole = {OSQUERY: {None, *added(before.get(OSQUERY))}, ORBIT: {None, *added(before.get(ORBIT))}}
        assert all(system.seen().get(name) in texts for name, texts in whole.items())
        if last % 2:  # of both there is enough
            system.run("postinstall")
            assert system.seen()[OSQUERY] == before.get(OSQUERY, "") + OURS
        system.run("preremove", "remove")
        assert system.seen() == was
    assert last > FEWEST


def added(text: str | None) -> tuple[str, ...]:
    return (OURS,) if text is None else (text, f"{text}{OURS}")


@pytest.mark.parametrize("before", FOUND)
def test_a_removal_that_is_killed_anywhere_leaves_whole_files_and_is_ended_by_a_second(
    tmp_path: Path, before: dict[str, str]
) -> None:
    for last in range(1, 100):
        system = System(tmp_path / str(last) / "root")
        for name, text in before.items():
            system.put(name, text)
        was = system.seen()
        system.run("postinstall")
        if not killed(system, last, "preremove", "remove"):
            break
        assert system.seen().get(OSQUERY) in {None, "", *added(before.get(OSQUERY))}
        system.run("preremove", "remove")
        assert system.seen() == was
    assert last > FEWEST


def test_what_both_scripts_share_is_the_same_in_both() -> None:
    begin, end = "# What follows is the same in both scripts.", "# What follows is this script's own."
    parts = [
        (SCRIPTS / f"{script}.sh").read_text("utf-8").split(begin)[1].split(end)[0]
        for script in ("postinstall", "preremove")
    ]
    assert parts[0] == parts[1]

"""What installing and removing do to load files: the packages' own scripts, in a folder instead of at the root."""

from __future__ import annotations

import subprocess
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
        text = (SCRIPTS / f"{script}.sh").read_text("utf-8")
        for place in PLACES:
            text = text.replace(place, f"{self.root}{place}")
        done = subprocess.run(["/bin/sh", "-s", *arguments], input=text, capture_output=True, check=False, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.replace(str(self.root), "")

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


def test_a_load_file_that_is_a_link_stays_one_with_its_mode(system: System) -> None:
    real = system.put("etc/elsewhere", "/opt/a.ext\n")
    real.chmod(0o640)
    link = system.root / OSQUERY
    link.parent.mkdir()
    link.symlink_to(real)
    system.run("postinstall")
    assert real.read_text("utf-8") == f"/opt/a.ext\n{OURS}"
    system.run("preremove", "0")
    assert (link.is_symlink(), real.read_text("utf-8"), real.stat().st_mode & 0o777) == (True, "/opt/a.ext\n", 0o640)


def test_a_load_file_that_is_made_can_be_written_by_its_owner_only(system: System) -> None:
    system.run("postinstall")
    path = system.root / OSQUERY
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o644, 0o755)


def test_without_notes_nothing_is_removed(system: System) -> None:
    system.put(OSQUERY, OURS)
    system.run("preremove", "remove")
    assert system.seen()[OSQUERY] == OURS

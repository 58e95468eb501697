"""What is known of a host: paths walked with links followed, and versions."""

from __future__ import annotations

import pytest

from auditrules.audit.model.host_facts import Entry, Facts, Version, parse_version

DIR, FILE = Entry("dir"), Entry("file")
TREE = {
    "/": DIR,
    "/bin": Entry("link", "usr/bin"),
    "/usr": DIR,
    "/usr/bin": DIR,
    "/usr/bin/sh": Entry("link", "dash"),
    "/usr/bin/dash": FILE,
    "/usr/bin/abs": Entry("link", "/usr/bin/dash"),
    "/usr/bin/up": Entry("link", "../bin/dash"),
    "/usr/bin/..": DIR,
    "/usr/../bin": DIR,
    "/usr/bin/../bin": DIR,
    "/usr/bin/../bin/dash": FILE,
    "/usr/bin/dangling": Entry("link", "nothing"),
    "/usr/bin/nothing": Entry("missing"),
    "/usr/bin/slashed": Entry("link", "dash/"),
    "/loop": Entry("link", "loop"),
    "/ping": Entry("link", "pong"),
    "/pong": Entry("link", "ping"),
    "/dev": DIR,
    "/dev/null": Entry("char"),
    "/run": DIR,
    "/run/docker.sock": Entry("socket"),
    "/denied": Entry("missing", errno=13),
    "/0": FILE,
    **{f"/{number}": Entry("link", str(number - 1)) for number in range(1, 42)},
}

KINDS: list[tuple[str, str | None, str | None]] = [
    ("/", "dir", "dir"),
    ("//", "dir", "dir"),
    ("/usr", "dir", "dir"),
    ("/usr/", "dir", "dir"),
    ("//usr///bin", "dir", "dir"),
    ("/bin", "dir", "link"),
    ("/bin/", "dir", "dir"),
    ("/bin/dash", "file", "file"),
    ("/bin/sh", "file", "link"),
    ("/usr/bin/abs", "file", "link"),
    ("/usr/bin/up", "file", "link"),
    ("/usr/bin/dangling", "missing", "link"),
    ("/usr/bin/dangling/", "missing", "missing"),
    ("/usr/bin/dangling/x", "missing", "missing"),
    ("/usr/bin/slashed", "missing", "link"),
    ("/usr/bin/dash/", "missing", "missing"),
    ("/usr/bin/dash/x", "missing", "missing"),
    ("/usr/bin/nothing", "missing", "missing"),
    ("/usr/bin/nothing/x", "missing", "missing"),
    ("/denied/x", "missing", "missing"),
    ("/loop", "missing", "link"),
    ("/loop/x", "missing", "missing"),
    ("/ping", "missing", "link"),
    ("/40", "file", "link"),
    ("/41", "missing", "link"),
    ("/dev/null", "char", "char"),
    ("/run/docker.sock", "socket", "socket"),
    ("/unseen", None, None),
    ("/usr/bin/unseen/x", None, None),
]


@pytest.mark.parametrize(("path", "kind", "itself"), KINDS, ids=[case[0] for case in KINDS])
def test_a_path_is_walked_as_stat_walks_it(path: str, kind: str | None, itself: str | None) -> None:
    facts = Facts(files=TREE)
    assert facts.kind(path) == kind
    assert facts.kind(path, follow=False) == itself


def test_the_root_is_a_directory_where_nothing_is_known() -> None:
    assert Facts().kind("/") == "dir"
    assert Facts().kind("/etc") is None


VERSIONS: list[tuple[str, Version | None]] = [
    ("3.0.9", (3, 0, 9)),
    ("4.2", (4, 2, 0)),
    ("4", (4, 0, 0)),
    ("  3.1.5\n", (3, 1, 5)),
    ("3.1.5-4.el9", (3, 1, 5)),
    ("3.0.9.1", (3, 0, 9)),
    ("2.8.5rc1", (2, 8, 5)),
    ("3.x.1", (3, 0, 0)),
    ("", None),
    ("v3.0", None),
    ("unknown", None),
    ("٣.1", None),
    ("9" * 5000, None),
    ("3.1." + "9" * 5000, (3, 1, 0)),
]


@pytest.mark.parametrize(("text", "version"), VERSIONS, ids=[case[0][:20] for case in VERSIONS])
def test_a_version_is_its_first_three_numbers(text: str, version: Version | None) -> None:
    assert parse_version(text) == version

"""What of an image is not missing, as boot makes it."""

from __future__ import annotations

import pytest

from auditrules.audit.boot.load import load_rules
from auditrules.audit.filesystem.boot_made import as_booted
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.needs import needs
from tests.audit.file_trees import facts, looked_at

TMPFILES = File(
    "/usr/lib/tmpfiles.d/x.conf",
    b"# comment\nd /run/made 0755 root root -\nD! /run/deep/er\nf /run/file\n"
    b"L /run/link - - - - /x\nd /run/%v\nx /run/out\n",
)
TREE = {"/dev": "dir", "/run": "dir", "/etc/x": "file", "/run/here": "file", "/var/run": "-> ../run"}

# The path, and what is there at boot: None where nobody can know.
PATHS: tuple[tuple[str, str | None], ...] = (
    ("/dev/shm", "dir"),  # noqa: S108 - as it is mounted
    ("/dev/null", None),
    ("/dev/disk/by-id", None),
    ("/proc", "dir"),
    ("/proc/sys/kernel", None),
    ("/sys", "dir"),
    ("/sys/kernel/security", "dir"),
    ("/sys/kernel", "dir"),
    ("/run", "dir"),
    ("/run/lock", "dir"),
    ("/run/made", "dir"),
    ("/run/deep", "dir"),
    ("/run/deep/er", "dir"),
    ("/run/file", None),
    ("/run/link", None),
    ("/run/out", "missing"),
    ("/run/nothing", "missing"),
    ("/run/here", "file"),
    ("/var/run/made", "dir"),
    ("/var/run/nothing", "missing"),
    ("/etc/x", "file"),
    ("/etc/none", "missing"),
)


@pytest.mark.parametrize(("path", "kind"), PATHS)
def test_what_boot_makes_is_there(path: str, kind: str | None) -> None:
    seen = looked_at(facts(TREE), [path])
    assert FileSystem(Facts(files=as_booted(seen.files, (TMPFILES,)))).walk(path).type == kind


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        ("-a always,exit -F dir=/dev/shm -F perm=wa", False),
        ("-w /dev/shm/x -p wa", False),
        ("-w /sys/kernel/x/y -p wa", False),
        ("-w /run/made/x -p wa", False),
        ("-a always,exit -F dir=/run/nothing -F perm=wa", True),
        ("-w /var/none/x -p wa", True),
    ],
)
def test_a_first_line_on_what_boot_makes_does_not_end_the_load(rule: str, ends: bool) -> None:
    content = f"{rule}\n-w /etc/x -p wa\n".encode()
    seen = looked_at(facts(TREE), needs([content]).paths)
    found = load_rules(content, Facts(files=as_booted(seen.files, (TMPFILES,))))
    assert (found.stopped_at is not None, len(found.rules)) == (ends, 0 if ends else 2)

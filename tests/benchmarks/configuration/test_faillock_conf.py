"""Where pam_faillock keeps its tallies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.faillock_conf import DEFAULT_DIR, PATHS, FaillockDir, read_faillock

CONF = PATHS[0]


@pytest.mark.parametrize(
    ("content", "folder"),
    [
        (b"dir = /var/log/faillock\n", "/var/log/faillock"),
        (b"dir=/a\n", "/a"),
        (b"  dir /a  \n", "/a"),
        (b"dir = = /a\n", "/a"),
        (b"dir = /a # x\n", "/a"),
        (b"dir = /a\ndir = /b\n", "/b"),
        (b"deny = 3\ndir = /a\naudit\n", "/a"),
        (b"dir = /a b\n", "/a b"),
        (b"# dir = /a\n", DEFAULT_DIR),
        (b"dir\n", DEFAULT_DIR),
        (b"dir =\n", DEFAULT_DIR),
        (b"Dir = /a\nmydir = /b\ndirs = /c\n", DEFAULT_DIR),
        (b"", DEFAULT_DIR),
    ],
)
def test_the_folder(content: bytes, folder: str) -> None:
    found = read_faillock(File(CONF, content))
    assert (found.dir, found.error, bool(found.path)) == (folder, "", folder != DEFAULT_DIR)


def test_without_a_file_the_default_counts() -> None:
    assert read_faillock(None) == FaillockDir(DEFAULT_DIR)


def test_a_file_that_can_not_be_read_leaves_it_unknown() -> None:
    assert read_faillock(File(CONF, error="x")) == FaillockDir(error=f"{CONF}: x")


def test_a_path_that_is_not_absolute_is_an_error() -> None:
    assert read_faillock(File(CONF, b"dir = a\x1b\n")).error == (
        f"{CONF}: expected an absolute path as dir, found 'a\\x1b'"
    )


PAM = "/etc/pam.d/system-auth"


@pytest.mark.parametrize(
    "line",
    [
        "auth required pam_faillock.so preauth silent dir=/var/log/faillock",
        "auth required /usr/lib64/security/pam_faillock.so dir=/var/log/faillock",
        "auth [success=1 default=bad] pam_faillock.so authfail [dir=/var/log/faillock]",
        "auth required pam_faillock.so \\\n preauth dir=/var/log/faillock",
    ],
)
def test_a_folder_that_pam_gives_to_the_module_leaves_it_unknown(line: str) -> None:
    found = read_faillock(File(CONF, b"dir = /a\n"), [File(PAM, f"{line}\n".encode())])
    assert found == FaillockDir(
        error=f"{PAM} gives pam_faillock dir=/var/log/faillock, which goes before faillock.conf"
    )


@pytest.mark.parametrize(
    "line",
    [
        "auth required pam_faillock.so preauth dir=/a",
        "auth required pam_faillock.so preauth",
        "# auth required pam_faillock.so dir=/b",
        "auth required pam_tally2.so dir=/b",
        "auth required pam_faillock.so mydir=/b",
    ],
)
def test_other_lines_of_pam_change_nothing(line: str) -> None:
    assert read_faillock(File(CONF, b"dir = /a\n"), [File(PAM, line.encode())]) == FaillockDir("/a", CONF)


def test_a_file_of_pam_that_can_not_be_read_leaves_it_unknown() -> None:
    assert read_faillock(None, [File(PAM, error="Permission denied")]).error == f"{PAM}: Permission denied"


@given(st.one_of(st.binary(), st.binary().map(lambda value: b"dir = " + value)))
def test_law_any_bytes_are_a_folder_or_an_error(content: bytes) -> None:
    found = read_faillock(File(CONF, content))
    assert bool(found.dir) is not bool(found.error)
    assert found.error.isprintable()

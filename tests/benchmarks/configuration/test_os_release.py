"""os-release: which system a host is, by a file that a shell reads, and what is said where it does not tell."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.os_release import PATHS, OsRelease, read_os_release

ETC, USR = PATHS

UBUNTU = b"""PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.1 LTS (Noble Numbat)"
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
"""


def read(content: bytes) -> OsRelease:
    return read_os_release(File(ETC, content))


def test_a_distributions_own_file() -> None:
    assert read(UBUNTU) == OsRelease("ubuntu", "24.04", "noble", "Ubuntu 24.04.1 LTS", path=ETC)


# What is written, and ID and VERSION_ID that a shell has then.
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"ID=debian\nVERSION_ID=12\n", ("debian", "12")),
        (b'ID="rhel"\nVERSION_ID="9.4"', ("rhel", "9.4")),
        (b"ID='amzn'\nVERSION_ID='2023'", ("amzn", "2023")),
        (b'ID=sle"s"\n', ("sles", "")),
        (b"ID=opensuse\\-leap\n", ("opensuse-leap", "")),
        (b"  ID=debian\n", ("debian", "")),
        (b"ID=debian\r\nVERSION_ID=12\r\n", ("debian", "12")),
        (b"ID=debian # the one\n", ("debian", "")),
        (b"#ID=ubuntu\nID=debian\n", ("debian", "")),
        (b"# ID=ubuntu\nID=debian\n", ("debian", "")),
        (b"ID=ubuntu\nID=debian\n", ("debian", "")),
        (b"VERSION_ID=11\nID=debian\nVERSION_ID=12\n", ("debian", "12")),
        (b'ID="openEuler"\n', ("openeuler", "")),
        (b"id=ubuntu\nID=debian\n", ("debian", "")),
        (b"VARIANT_ID=server\nID=fedora\n", ("fedora", "")),
        (b"NAME=Nameless\n", ("linux", "")),
        (b"", ("linux", "")),
        (b"ID=\n", ("linux", "")),
        (b'PRETTY_NAME="two\nID=ubuntu\nlines"\nID=debian\n', ("debian", "")),
        (b'PRETTY_NAME="costs $5"\nID=debian\n', ("debian", "")),
        (b"ID=ubuntu\\\n\nVERSION_ID=24.04\n", ("ubuntu", "24.04")),
        (b"HOME_URL=https://a.example/;x\nID=debian\n", ("debian", "")),
    ],
)
def test_assignments_are_a_shells(content: bytes, found: tuple[str, str]) -> None:
    release = read(content)
    assert (release.id, release.version_id, release.error) == (*found, "")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'ID="ubuntu\n', f"{ETC}, line 1: expected one value of ID, found '\"ubuntu'"),
        (b"NAME=Bob's\nID=debian\n", f"{ETC}, line 1: expected one value of NAME, found ''s'"),
        (b"ID='my os'\n", f"{ETC}, line 1: expected ID of a-z, 0-9, dot, underscore and dash, found 'my os'"),
        (b"ID=debian; ID=ubuntu\n", f"{ETC}, line 1: expected one value of ID, found '; ID=ubuntu'"),
        (b"NAME=x ID=ubuntu\n", f"{ETC}, line 1: expected one assignment on a line, found 'ID=ubuntu'"),
        (b"export ID=ubuntu\n", f"{ETC}, line 1: expected one assignment on a line, found 'export ID=ubuntu'"),
        (b"ID=$(id)\n", f"{ETC}, line 1: expected one value of ID, found '$(id)'"),
        (b"\nID=a\xff\x1b[1m\n", None),
        (b"ID=" + b"a" * 65 + b"\n", None),
        (b"ID=debian\nVERSION_ID='1 2'\n", None),
        (b"ID=debian\nVERSION_ID=../../etc\n", None),
    ],
)
def test_a_hostile_file_says_nothing(content: bytes, error: str | None) -> None:
    release = read(content)
    assert release.id == ""
    assert release.error.isprintable()
    assert release.error == error if error else release.error.startswith(f"{ETC}, line")


def test_without_the_file_of_etc_that_of_usr_counts() -> None:
    assert read_os_release(None, File(USR, b"ID=debian\n")).path == USR


def test_the_file_of_etc_hides_that_of_usr() -> None:
    assert read_os_release(File(ETC, error="Permission denied"), File(USR, b"ID=debian\n")) == OsRelease(
        path=ETC, error=f"{ETC}: Permission denied"
    )


def test_without_a_file_the_system_is_not_known() -> None:
    release = read_os_release(None)
    assert (release.id, release.error) == (
        "",
        "which system this is is not known, as there is no /etc/os-release or /usr/lib/os-release",
    )


@given(st.one_of(st.binary(), st.text(alphabet="ID=_VERSION\"'\\\n $;#abc \x00\x1b").map(str.encode)))
@example(b"ID='")
def test_law_any_bytes_are_a_system_or_an_error(content: bytes) -> None:
    release = read(content)
    assert bool(release.id) is not bool(release.error)
    assert release.error.isprintable()

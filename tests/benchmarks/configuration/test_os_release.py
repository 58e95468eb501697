"""What os-release says of a host."""

import pytest

from auditrules.benchmarks.configuration.os_release import OsRelease, parse_os_release

UBUNTU = b"""PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
"""


def test_ubuntu() -> None:
    assert parse_os_release(UBUNTU) == OsRelease("ubuntu", "24.04", ("debian",), "noble", "Ubuntu 24.04.1 LTS")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", OsRelease("linux")),
        (b"# ID=debian\n", OsRelease("linux")),
        (b"ID='debian'\nVERSION_ID='12'\n", OsRelease("debian", "12")),
        (b"ID=debian\nID=rhel\n", OsRelease("rhel")),
        (b'ID="rhel\n', OsRelease('"rhel')),
        (b"ID=RHEL\n", OsRelease("rhel")),
        (b"export ID=rhel\n", OsRelease("linux")),
        (b"ID=sles\r\n", OsRelease("sles")),
        (b'ID=ol\nID_LIKE="fedora rhel"\n', OsRelease("ol", id_like=("fedora", "rhel"))),
        (b"\xff\0ID=x\nID=\n", OsRelease("")),
    ],
)
def test_lines(content: bytes, found: OsRelease) -> None:
    assert parse_os_release(content) == found

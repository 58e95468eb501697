"""Mounts with their options: by the kernel's list, and by fstab."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.mount_points import (
    FSTAB,
    RESTRICTIONS,
    MountPoints,
    mount_of,
    parse_mount_points,
    restrictions_of,
)


def info(*mounts: tuple[int, int, str, str]) -> bytes:
    return b"".join(
        f"{number} {parent} 8:{number} / {point} {options} shared:1 - ext4 /dev/sda{number} rw\n".encode()
        for number, parent, point, options in mounts
    )


ROOT = (1, 0, "/", "rw")


def parse(mountinfo: bytes | None = None, fstab: bytes | None = None) -> MountPoints:
    return parse_mount_points(mountinfo, None if fstab is None else File(FSTAB, fstab))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("rw,nodev,nosuid,noexec", "nodev nosuid noexec"),
        ("defaults", ""),
        ("defaults,nodev", "nodev"),
        ("nodev,defaults", ""),
        ("nodev,dev", ""),
        ("dev,nodev", "nodev"),
        ("user", "nodev nosuid noexec"),
        ("user,exec", "nodev nosuid"),
        ("exec,users", "nodev nosuid noexec"),
        ("owner", "nodev nosuid"),
        ("NODEV,no_dev,nodevx,xnodev", ""),
    ],
)
def test_options(options: str, expected: str) -> None:
    assert restrictions_of(options.split(",")) == {*expected.split()}


@pytest.mark.parametrize(
    ("mounts", "point"),
    [
        ([ROOT, (2, 1, "/var", "rw"), (3, 2, "/var/log/audit", "nodev")], "/var/log/audit"),
        ([ROOT, (2, 1, "/var", "rw"), (3, 2, "/var/log", "nodev")], "/var/log"),
        # A later mount on a folder above hides it.
        ([ROOT, (3, 1, "/var/log/audit", "nodev"), (2, 1, "/var", "rw")], "/var"),
        # Of two on one point the upper one counts.
        ([ROOT, (3, 1, "/var/log/audit", "nodev"), (4, 3, "/var/log/audit", "rw")], "/var/log/audit"),
        ([ROOT, (2, 1, "/var/log/audit2", "nodev")], "/"),
        ([ROOT], "/"),
    ],
)
def test_the_mount_that_a_path_is_on(mounts: list[tuple[int, int, str, str]], point: str) -> None:
    found = mount_of("/var/log/audit", parse(info(*mounts)).now or ())
    assert found is not None
    assert found.point == point
    assert found.number == (4 if len(mounts) > 2 and mounts[2][0] == 4 else found.number)


def test_mounts_that_stand_on_each_other_end() -> None:
    assert mount_of("/var", parse(info((1, 2, "/", "rw"), (2, 1, "/", "rw"))).now or ()) is None


def test_a_line_of_fstab() -> None:
    (found,) = parse(fstab=b"# x\n\nUUID=1 /var/log//audit/ xfs  nodev,nosuid  0 2\n").fstab
    assert (found.point, found.fstype, found.restrictions, found.line) == (
        "/var/log/audit",
        "xfs",
        frozenset({"nodev", "nosuid"}),
        3,
    )


@pytest.mark.parametrize(
    "line", [b"#/dev/sda1 /var/log/audit ext4 nodev", b"/dev/sda1 none swap sw", b"/dev/sda1 /var/log/audit", b"x"]
)
def test_what_no_line_of_fstab_is(line: bytes) -> None:
    assert parse(fstab=line).fstab == ()


def test_an_escaped_blank_is_one() -> None:
    (found,) = parse(fstab=rb"a /a\040b ext4 defaults").fstab
    assert found.point == "/a b"


def test_without_an_fstab_nothing_is_mounted_by_it() -> None:
    assert parse() == MountPoints()


def test_an_fstab_that_can_not_be_read_says_why() -> None:
    assert parse_mount_points(None, File(FSTAB, error="x")).fstab_error == f"{FSTAB}: x"


@given(st.binary(), st.binary())
def test_law_any_bytes_are_mounts(mountinfo: bytes, fstab: bytes) -> None:
    found = parse(mountinfo, fstab)
    for each in (*(found.now or ()), *found.fstab):
        assert each.restrictions <= {*RESTRICTIONS}
    mount_of("/var/log/audit", found.now or ())

"""Names of values, against what auditctl read and listed."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from auditrules.audit.constants import arches, names, syscalls
from tests.audit.constants.listings import CORPUS, VERSIONS, rows
from tests.truth.compare import version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditrules.audit.model.host_facts import Version


def values(field: str, version: Version) -> list[tuple[str, str]]:
    """Value given and value listed, of each accepted rule that has the field once or more, in order."""
    pattern = re.compile(rf"-F {field}[!<>=&]+(\S+)")
    return [
        pair
        for row in rows(version)
        if row["accepted"] and len(row["listing"]) == 1
        for pair in zip(pattern.findall(row["input"]), pattern.findall(row["listing"][0]), strict=True)
    ]


@VERSIONS
def test_record_types_are_listed_by_name_where_they_have_one(version: Version) -> None:
    cases = values("msgtype", version)
    assert ("1399", "1399") in cases
    assert ("1300", "SYSCALL") in cases
    for given, listed in cases:
        number = int(given) if given.isdigit() else names.message_type(given, version)
        assert number is not None, given
        assert (names.message_type_name(number, version) or str(number)) == listed


@VERSIONS
def test_negative_exits_are_listed_by_name(version: Version) -> None:
    cases = values("exit", version)
    assert ("-EWOULDBLOCK", "-EAGAIN") in cases
    for given, listed in cases:
        found = re.fullmatch(r"(-?)(\w+)", given)
        assert found is not None
        number = int(found[2]) if found[2].isdigit() else names.errno_number(found[2])
        assert number is not None, given
        named = f"-{names.errno_name(number) or number}" if found[1] else str(number)
        assert named == listed


@VERSIONS
def test_file_types_are_listed_by_number(version: Version) -> None:
    for given, listed in values("filetype", version):
        assert str(names.file_type(given)) == listed


@pytest.mark.parametrize("version", [(3, 0, 9), (4, 2, 1)])
def test_every_file_type_is_among_the_cases(version: Version) -> None:
    assert {given for given, _ in values("filetype", version)} >= {"file", "dir", "link", "block", "character", "fifo"}


@VERSIONS
def test_file_systems_are_listed_by_name(version: Version) -> None:
    cases = values("fstype", version)
    assert ("0x74726163", "tracefs") in cases
    for given, listed in cases:
        number = int(given, 16) if given.startswith("0x") else names.fstype_number(given)
        assert number is not None, given
        assert names.fstype_name(number) == listed


@VERSIONS
def test_arches_are_read_and_listed(version: Version) -> None:
    cases = values("arch", version)
    assert ("aarch64", "b64") in cases
    for given, listed in cases:
        number = arches.number(given, "x86_64", version)
        assert number is not None, given
        assert arches.listed(number) == listed


@VERSIONS
def test_arches_that_auditctl_rejects_are_none(version: Version) -> None:
    rejected = [
        found[1]
        for row in rows(version)
        if "arch elf mapping not found" in row["error"] and (found := re.search(r"arch=(\S+)", row["input"]))
    ]
    assert rejected
    assert [arches.number(text, "x86_64", version) for text in rejected] == [None] * len(rejected)


@pytest.mark.parametrize(
    ("text", "machine", "number"),
    [
        ("b64", "x86_64", 0xC000003E),
        ("b32", "x86_64", 0x40000003),
        ("B32", "i686", 0x40000003),
        ("b64", "i686", None),
        ("b32", "aarch64", 0x40000028),
        ("b32", "ppc64le", None),
        ("b32", "ppc64", 0x14),
        ("b32", "s390x", 0x16),
        ("b64", "mips64", None),
        ("i586", "x86_64", 0x40000003),
        ("riscv64", "x86_64", 0xC00000F3),
        ("armv8l", "x86_64", 0xC00000B7),
        ("0xC000003E", "aarch64", 0xC000003E),
        ("c000003e", "aarch64", 0xC000003E),
        ("3221225534", "aarch64", 0xC000003E),
        ("40000003", "x86_64", None),
        ("b16", "x86_64", None),
        ("", "x86_64", None),
    ],
)
def test_arch_depends_on_the_host_for_b64_and_b32_alone(text: str, machine: str, number: int | None) -> None:
    assert arches.number(text, machine) == number


def test_riscv64_was_no_arch_before_4_0_3() -> None:
    assert arches.number("riscv64", "x86_64", (4, 0, 2)) is None


@pytest.mark.parametrize("machine", syscalls.ARCHES)
def test_a_machines_name_is_its_arch(machine: str) -> None:
    assert arches.number(machine, "x86_64") == syscalls.ARCHES[machine]


@pytest.mark.parametrize(
    ("read", "name", "number"),
    [
        (names.message_type, "syscall", 1300),
        (names.message_type, "UNKNOWN[1329]", 1329),
        (names.message_type, "unknown[1329]", None),
        (names.message_type, "UNKNOWN[1329", None),
        (names.message_type, "UNKNOWN[]", None),
        (names.message_type, "NOSUCH", None),
        (names.errno_number, "eacces", 13),
        (names.errno_number, "EDEADLOCK", 35),
        (names.errno_number, "ENOTSUP", None),
        (names.file_type, "SOCKET", 0o140000),
        (names.file_type, "symlink", None),
        (names.fstype_number, "TraceFS", 0x74726163),
        (names.fstype_number, "ext4", None),
    ],
)
def test_names_are_read_in_any_case(read: Callable[[str], int | None], name: str, number: int | None) -> None:
    assert read(name) == number


@pytest.mark.parametrize(
    ("version", "name", "known"),
    [
        ((2, 8, 5), "FANOTIFY", True),
        ((2, 8, 5), "BPF", False),
        ((3, 0, 9), "OPENAT2", True),
        ((3, 0, 9), "DM_CTRL", False),
        ((3, 1, 5), "DM_EVENT", True),
        ((4, 0, 5), "LANDLOCK_ACCESS", False),
        ((4, 2, 1), "LANDLOCK_ACCESS", False),
        (None, "LANDLOCK_DOMAIN", True),
    ],
)
def test_a_version_knows_the_record_types_of_its_time(version: Version | None, name: str, *, known: bool) -> None:
    number = names.message_type(name)
    assert number is not None
    assert names.message_type(name, version) == (number if known else None)
    assert names.message_type_name(number, version) == (name if known else None)


def test_the_record_types_of_each_version_are_those_of_its_tag() -> None:
    rows = [json.loads(line) for line in (CORPUS / "auditctl-tables.jsonl").read_text("utf-8").splitlines()]
    wrong = {}
    for row in rows:
        if row["table"] != "msg_type":
            continue
        version = version_of(row["auditctl"])
        pairs = [(number, name) for number in range(3000) if (name := names.message_type_name(number, version))]
        digest = hashlib.sha256("".join(f"{number} {name}\n" for number, name in pairs).encode()).hexdigest()
        if digest != row["sha256"]:
            wrong[row["auditctl"]] = (len(pairs), row["names"])
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "version", "number"),
    [
        ("cgroup2", (4, 1, 4), None),
        ("cgroup2", (4, 2, 0), 0x63677270),
        ("cgroup2", None, 0x63677270),
        ("debugfs", (2, 8, 0), 0x64626720),
    ],
)
def test_a_version_knows_the_file_systems_of_its_time(name: str, version: Version | None, number: int | None) -> None:
    assert names.fstype_number(name, version) == number
    assert number is None or names.fstype_name(number, version) == name


@pytest.mark.parametrize(
    ("name", "version", "number"),
    [
        ("waitid", (4, 0, 3), 50),
        ("bind", (4, 0, 3), None),
        ("bind", (4, 0, 4), 56),
        ("uring_cmd128", (4, 1, 2), None),
        ("uring_cmd128", None, 64),
    ],
)
def test_a_version_knows_the_io_uring_operations_of_its_time(
    name: str, version: Version | None, number: int | None
) -> None:
    assert names.uring_number(name, version) == number
    assert number is None or names.uring_name(number, version) == name


def test_an_error_without_a_name_is_none() -> None:
    assert names.errno_name(4096) is None


def test_a_file_system_without_a_name_is_none() -> None:
    assert names.fstype_name(0xEF53) is None

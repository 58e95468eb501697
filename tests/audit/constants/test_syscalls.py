"""The tables of system calls, against what auditctl listed and against the kernel's own."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditrules.audit.constants import data_syscalls, syscalls
from auditrules.audit.constants.syscall_classes import classes, kernel_class, perm_expansion, perm_unknown
from tests.audit.constants.listings import CORPUS, VERSIONS, rows
from tests.truth.compare import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditrules.audit.model.host_facts import Version

ROOT = Path(__file__).parents[3]

# On the guest, an x86_64. What these mean decides which table a -S list is read and printed with.
GUEST_ARCHES = {
    "b64": "x86_64",
    "b32": "i386",
    "x86_64": "x86_64",
    "i386": "i386",
    "aarch64": "aarch64",
    "ppc64": "ppc64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "0xc000003e": "x86_64",
    "c000003e": "x86_64",
    "0x40000003": "i386",
}


def machine_of(line: str) -> str:
    arches = re.findall(r"-F arch!?=(\S+)", line)
    return GUEST_ARCHES[arches[-1].lower()] if arches else "x86_64"


def called(line: str) -> list[str]:
    return [word for words in re.findall(r" -S (\S+)", line) for word in words.split(",") if word]


def listed(version: Version) -> Iterator[tuple[str, list[str]]]:
    """The machine and the names of each listed rule with a -S list, by the arch of the input."""
    for row in rows(version):
        for line in row["listing"]:
            if line.startswith("-a ") and called(line) not in ([], ["all"]):
                yield machine_of(row["input"]), called(line)


@VERSIONS
def test_each_listed_name_is_the_name_of_its_number(version: Version) -> None:
    cases = list(listed(version))
    assert cases
    for machine, names in cases:
        numbers = [syscalls.number(name, machine, version) for name in names]
        assert None not in numbers, (machine, names)
        assert [syscalls.name(number, machine, version) for number in numbers if number is not None] == names


@VERSIONS
def test_listed_names_stand_in_the_order_of_their_numbers(version: Version) -> None:
    for machine, names in listed(version):
        numbers = [number for name in names if (number := syscalls.number(name, machine, version)) is not None]
        assert numbers == sorted(numbers), (machine, names)


@VERSIONS
def test_names_that_auditctl_rejects_as_unknown_have_no_number(version: Version) -> None:
    rejected = [
        (machine_of(row["input"]), found[1])
        for row in rows(version)
        if (found := re.search(r"Syscall name unknown: ([a-z]\S*)", row["error"]))
    ]
    assert rejected
    for machine, name in rejected:
        assert syscalls.number(name, machine, version) is None, (machine, name)


@VERSIONS
def test_perm_after_arch_lists_the_calls_that_auditctl_adds(version: Version) -> None:
    cases = 0
    for row in rows(version):
        found = re.fullmatch(r"-a \S+ (.*?)-F arch=(b64|b32) (.*?)-F perm=([rwxa]+)( .*)?", row["input"])
        if not found or not row["accepted"] or not row["listing"]:
            continue
        machine = GUEST_ARCHES[found[2]]
        given = {number for name in called(row["input"]) if (number := syscalls.number(name, machine, version))}
        numbers = perm_expansion(found[4], machine, version) | given
        names = [syscalls.name(number, machine, version) for number in sorted(numbers)] or ["all"]
        if "all" in called(row["input"]):
            names = ["all"]
        assert called(row["listing"][0]) == names, row["input"]
        cases += 1
    assert cases


# Hand-checked: arch/*/syscall tables and asm-generic/unistd.h of Linux.
KERNEL_FACTS = [
    ("x86_64", "execve", 59),
    ("x86_64", "execveat", 322),
    ("x86_64", "umount2", 166),
    ("x86_64", "newfstatat", 262),
    ("i386", "execve", 11),
    ("i386", "umount", 22),
    ("i386", "umount2", 52),
    ("i386", "_llseek", 140),
    ("i386", "_newselect", 142),
    ("i386", "ugetrlimit", 191),
    ("i386", "fadvise64_64", 272),
    ("i386", "execveat", 358),
    ("aarch64", "execve", 221),
    ("aarch64", "openat", 56),
    ("aarch64", "execveat", 281),
    ("arm", "execve", 11),
    ("arm", "openat", 322),
    ("arm", "execveat", 387),
    ("ppc64le", "execve", 11),
    ("ppc64le", "openat", 286),
    ("ppc64le", "execveat", 362),
    ("s390x", "execve", 11),
    ("s390x", "openat", 288),
    ("s390x", "execveat", 354),
    ("riscv64", "execve", 221),
    ("riscv64", "riscv_flush_icache", 259),
]


@pytest.mark.parametrize(("machine", "name", "number"), KERNEL_FACTS)
def test_numbers_are_the_kernels(machine: str, name: str, number: int) -> None:
    assert syscalls.number(name, machine) == number


@pytest.mark.parametrize(
    ("machine", "number", "name", "kernels"),
    [
        ("x86_64", 17, "pread", "pread64"),
        ("i386", 283, "sys_kexec_load", "kexec_load"),
        ("i386", 423, "sched_rr_get_interval64", "sched_rr_get_interval_time64"),
        ("aarch64", 61, "getdents", "getdents64"),
        ("aarch64", 80, "newfstat", "fstat"),
        ("arm", 142, "newselect", "_newselect"),
        ("ppc64", 319, "perf_counter_open", "perf_event_open"),
        ("s390x", 181, "pwrite", "pwrite64"),
    ],
)
def test_auditctls_name_wins_over_the_kernels(machine: str, number: int, name: str, kernels: str) -> None:
    assert syscalls.name(number, machine) == name
    assert syscalls.number(kernels, machine) is None


def test_riscv64_keeps_the_kernels_name_of_pread64() -> None:
    assert syscalls.name(67, "riscv64") == "pread64"


def test_case_of_letters_does_not_matter() -> None:
    assert syscalls.number("ExecVE", "x86_64") == 59


def test_second_names_are_read_and_not_printed() -> None:
    assert syscalls.number("madvise1", "i386") == 219
    assert syscalls.name(219, "i386") == "madvise"


def test_what_uname_calls_a_machine_is_understood() -> None:
    assert syscalls.number("execve", "i686") == 11
    assert syscalls.number("madvise1", "i686") == 219
    assert syscalls.canonical("armv7l") == "arm"


def test_a_machine_without_a_table_has_no_names() -> None:
    assert syscalls.number("execve", "mips64") is None
    assert syscalls.name(59, "mips64") is None
    assert classes("x", "mips64") == frozenset()


@pytest.mark.parametrize(
    ("version", "name", "known"),
    [
        ((2, 8, 5), "statx", True),
        ((2, 8, 4), "rseq", False),
        ((2, 8, 5), "rseq", True),
        ((3, 0, 0), "clone3", True),
        ((3, 0, 0), "openat2", False),
        ((3, 0, 1), "openat2", True),
        ((3, 0, 9), "cachestat", False),
        ((3, 1, 1), "cachestat", False),
        ((3, 1, 5), "cachestat", True),
        ((4, 0, 5), "setxattrat", True),
        ((4, 0, 5), "file_setattr", False),
        ((4, 1, 0), "file_setattr", False),
        ((4, 1, 1), "file_setattr", True),
        ((4, 2, 1), "file_setattr", True),
        ((4, 2, 1), "uretprobe", False),
        (None, "file_setattr", True),
    ],
)
def test_a_version_knows_the_calls_of_its_time(version: Version | None, name: str, *, known: bool) -> None:
    assert (syscalls.number(name, "x86_64", version) is not None) == known


def test_a_number_newer_than_auditctl_has_no_name() -> None:
    assert syscalls.name(451, "x86_64", (3, 0, 9)) is None
    assert syscalls.name(451, "x86_64", (4, 0, 5)) == "cachestat"


def test_powerpc_calls_that_3_0_9_forgot_are_named_later() -> None:
    assert syscalls.name(259, "ppc64le", (3, 0, 9)) is None
    assert syscalls.name(259, "ppc64le", (4, 0, 3)) == "mbind"


def test_riscv64_is_new_in_4_0_3() -> None:
    assert syscalls.number("execve", "riscv64", (4, 0, 2)) is None
    assert syscalls.number("execve", "riscv64", (4, 0, 3)) == 221


@pytest.mark.parametrize("machine", syscalls.ARCHES)
def test_every_name_leads_back_to_its_number(machine: str) -> None:
    named = {number: name for number in range(2048) if (name := syscalls.name(number, machine))}
    assert len(named) > 300
    assert {number: syscalls.number(name, machine) for number, name in named.items()} == {n: n for n in named}


def names_of(numbers: frozenset[int], machine: str) -> set[str | None]:
    return {syscalls.name(number, machine) for number in numbers}


def test_class_0_is_the_directory_writes() -> None:
    assert names_of(kernel_class(0, "x86_64"), "x86_64") == {
        "rename", "mkdir", "rmdir", "creat", "link", "unlink", "symlink", "mknod", "mkdirat", "mknodat", "unlinkat",
        "renameat", "linkat", "symlinkat", "renameat2",
    }  # fmt: skip


def test_odd_classes_are_those_of_32_bit_calls() -> None:
    assert names_of(kernel_class(3, "x86_64"), "i386") >= {"chmod", "chown32", "linkat"}
    assert kernel_class(3, "riscv64") == frozenset()
    assert kernel_class(1, "i386") == frozenset()


def test_ppc64_has_no_truncate64_though_auditctls_table_names_one() -> None:
    assert syscalls.number("truncate64", "ppc64") == 193
    assert 193 not in kernel_class(6, "ppc64")
    assert 193 in kernel_class(7, "ppc64")


def test_aarch64_writes_to_directories_by_the_at_calls_alone() -> None:
    assert names_of(kernel_class(0, "aarch64"), "aarch64") == {
        "mkdirat", "mknodat", "unlinkat", "renameat", "linkat", "symlinkat", "renameat2",
    }  # fmt: skip


@pytest.mark.parametrize("number", range(10, 16))
def test_classes_from_10_on_are_empty(number: int) -> None:
    assert kernel_class(number, "x86_64") == frozenset()


@pytest.mark.parametrize("number", [-1, 16, 2047])
def test_there_are_sixteen_classes(number: int) -> None:
    with pytest.raises(ValueError, match=rf"^a class is a number from 0 to 15, not {number}$"):
        kernel_class(number, "x86_64")


@pytest.mark.parametrize(
    ("letter", "machine", "within", "without"),
    [
        ("x", "x86_64", {"execve", "execveat"}, {"open", "mmap"}),
        ("x", "ppc64le", {"execve"}, {"execveat"}),
        ("r", "x86_64", {"open", "openat", "openat2", "readlink", "getxattr"}, {"stat", "read", "execve"}),
        ("w", "x86_64", {"open", "creat", "truncate", "rename", "bind", "fallocate"}, {"write", "chmod", "utimensat"}),
        ("w", "i386", {"socketcall", "truncate64"}, {"chown32"}),
        ("a", "x86_64", {"chmod", "fchownat", "setxattr", "link", "linkat"}, {"rename", "utimensat", "fchmodat2"}),
        ("a", "i386", {"chown32"}, {"open"}),
    ],
)
def test_a_permission_is_the_calls_that_use_it(letter: str, machine: str, within: set[str], without: set[str]) -> None:
    names = names_of(classes(letter, machine), machine)
    assert names >= within
    assert not names & without


@pytest.mark.parametrize("version", [(2, 8, 5), (3, 0, 9), (3, 1, 2)])
def test_old_auditctl_adds_no_calls_for_perm(version: Version) -> None:
    assert perm_expansion("rwxa", "x86_64", version) == frozenset()


def test_calls_that_the_machine_lacks_are_not_added() -> None:
    assert names_of(perm_expansion("x", "aarch64", (4, 2, 1)), "aarch64") == {"execve", "execveat"}
    assert "rename" not in names_of(perm_expansion("w", "aarch64", (4, 2, 1)), "aarch64")


def test_a_call_that_the_machine_lacks_was_an_error_up_to_4_0_3() -> None:
    assert "rename" in perm_unknown("wa", "aarch64", (4, 0, 3))
    assert perm_unknown("wa", "aarch64", (4, 0, 4)) == ()
    assert perm_unknown("wa", "aarch64", (3, 0, 9)) == ()


@pytest.mark.parametrize("machine", ["x86_64", "i386"])
def test_x86_lacks_none_of_the_calls_for_perm(machine: str) -> None:
    assert perm_unknown("rwxa", machine, (3, 1, 5)) == ()


# What lib/permtab.h says at some tags, beside what it said at v3.1.3.
MORE_CALLS: tuple[tuple[Version, str, set[str]], ...] = (
    ((3, 1, 5), "rwxa", set()),
    ((4, 0, 3), "rwxa", set()),
    ((4, 0, 4), "r", {"listxattrat", "getxattrat"}),
    ((4, 0, 4), "a", {"setxattrat", "removexattrat"}),
    ((4, 1, 1), "w", set()),
    ((4, 1, 2), "w", {"quotactl_fd"}),
    ((4, 1, 2), "r", {"listxattrat", "getxattrat", "file_getattr"}),
    ((4, 1, 4), "a", {"setxattrat", "removexattrat", "fchmodat2", "file_setattr"}),
    ((4, 1, 4), "x", set()),
    ((4, 2, 0), "x", {"execveat"}),
    (
        (4, 2, 1),
        "r",
        {"listxattrat", "getxattrat", "file_getattr", "quotactl_fd", "stat", "lstat", "fstat", "newfstatat", "statx"},
    ),
)


@pytest.mark.parametrize(("version", "letters", "more"), MORE_CALLS)
def test_each_version_adds_the_calls_of_its_own_table_for_perm(version: Version, letters: str, more: set[str]) -> None:
    first, found = (perm_expansion(letters, "x86_64", each) for each in ((3, 1, 3), version))
    assert names_of(found - first, "x86_64") == more
    assert first <= found


def of_version(machine: str, version: Version) -> list[tuple[int, str]]:
    """Each name that a version reads, with its number."""
    printed = {name for n in range(2048) for each in (None, version) if (name := syscalls.name(n, machine, each))}
    numbers = ((syscalls.number(name, machine, version), name) for name in (*printed, "madvise1"))
    return sorted((number, name) for number, name in numbers if number is not None)


def test_the_table_of_each_version_is_that_of_its_tag() -> None:
    rows = [json.loads(line) for line in (CORPUS / "auditctl-tables.jsonl").read_text("utf-8").splitlines()]
    wrong = {}
    for row in rows:
        version = version_of(row["auditctl"])
        if row["table"] == "msg_type":
            continue
        pairs = of_version("ppc64" if row["table"] == "ppc" else row["table"], version)
        digest = hashlib.sha256("".join(f"{number} {name}\n" for number, name in pairs).encode()).hexdigest()
        if digest != row["sha256"]:
            wrong[row["auditctl"], row["table"]] = (len(pairs), pairs[-1][0], row["names"], row["last"])
    assert wrong == {}


def test_generated_tables_are_current() -> None:
    made = runpy.run_path(str(ROOT / "tools/make_syscalls.py"))["text"]()
    assert Path(data_syscalls.__file__).read_text(encoding="utf-8") == made

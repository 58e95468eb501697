"""What a refused word may stand for."""

from __future__ import annotations

import pytest

from auditrules.audit.model.host_facts import Facts
from tests.authoring.linted import found, linted, only


def told(line: str, machine: str = "x86_64", version: tuple[int, int, int] = (3, 0, 9)) -> str:
    message = only(linted(f"-c\n{line}\n", version=version, machine=machine), "refused").message
    return message.rpartition("': ")[2] if "': " in message else ""


@pytest.mark.parametrize(
    ("machine", "arch", "call", "meant"),
    [
        ("x86_64", "b64", "umount", "umount2"),
        ("x86_64", "b64", "execv", "execve"),
        ("x86_64", "b64", "chown32", "chown"),
        ("x86_64", "b64", "_llseek", "lseek"),
        ("x86_64", "b64", "MMAP2", "mmap"),
        ("x86_64", "b32", "opnat", "openat"),
        ("aarch64", "b64", "open", "openat"),
        ("aarch64", "b64", "unlink", "unlinkat"),
        ("aarch64", "b64", "chmod", "fchmodat"),
        ("aarch64", "b64", "lchown32", "fchownat"),
        ("riscv64", "b64", "rename", "renameat2"),
    ],
)
def test_the_call_that_the_machine_has_is_named(machine: str, arch: str, call: str, meant: str) -> None:
    assert told(f"-a always,exit -F arch={arch} -S {call} -k m", machine, (4, 2, 1)) == f"did you mean {meant}?"


def test_the_word_of_a_list_is_the_one_that_is_refused() -> None:
    assert told("-a always,exit -F arch=b64 -S open,umount,umount2 -k m") == "did you mean umount2?"


def test_a_call_that_is_newer_than_the_auditctl_has_its_number() -> None:
    assert told("-a always,exit -F arch=b64 -S openat2 -k m", version=(2, 8, 5)) == (
        "this auditctl has no name for it, and takes its number, 437"
    )


def test_the_number_that_is_named_is_taken() -> None:
    assert not found(linted("-a always,exit -F arch=b64 -S 437 -k m\n", version=(2, 8, 5)), "refused")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("-a always,exit -F arch=b64 -S open -F auiid>=1000 -k m", "auid"),
        ("-a always,exitt -F arch=b64 -S open -k m", "exit"),
        ("-a alwys,exit -F arch=b64 -S open -k m", "always"),
    ],
)
def test_a_field_a_list_and_an_action_that_are_spelt_alike_are_named(line: str, meant: str) -> None:
    assert told(line) == f"did you mean {meant}?"


@pytest.mark.parametrize(
    "line",
    [
        "-a always,exit -F arch=b64 -S zzz -k m",
        "-a always,exit -F arch=b64 -S open -F uid=nobody1 -k m",
        "-a always,io_uring -S opnat -k m",
        "-w etc/passwd -k m",
    ],
)
def test_what_is_like_no_name_gets_no_guess(line: str) -> None:
    facts = Facts(users={}, groups={}, version=(4, 0, 5))
    assert "did you mean" not in only(linted(f"-c\n{line}\n", facts, version=(4, 0, 5)), "refused").message

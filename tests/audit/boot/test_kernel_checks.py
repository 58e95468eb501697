"""What the kernel stores, and what it refuses, of a rule that auditctl sends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.boot.kernel_checks import FAMILIES, KernelChecks
from auditrules.audit.constants.syscall_classes import without_classes
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Action, Comparison, Field, FilterList, Operator, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, MASK_BITS, SyscallMask
from tests.audit.strategies import HOST


def refused(text: str, facts: Facts = HOST) -> str | None:
    line = parse_line(text, facts)
    assert line is not None
    assert line.rule is not None
    return KernelChecks(facts).refusal(line.rule)


A = "-a always,exit"
TAKEN = [
    A,
    "-a never,task",
    f"{A} -S ,",
    f"{A} -F path=/etc/new -F perm=x",
    f"{A} -F path=/etc/docker",
    f"{A} -F dir=/etc/docker/",
    f"{A} -F dir=/etc/docker/daemon.json",
    f"{A} -F dir=/etc/nowhere",
    f"{A} -F dir=/etc/loop",
    f"{A} -F dir=/",
    f"{A} -F dir=/unseen",
    f"{A} -F path=/unseen/x",
    f"{A} -F path=/etc/../etc/x",
    f"{A} -F path=/usr/bin/new",
    f"{A} -F exe=/usr/bin/new -F path=/etc/x",
    f"{A} -F exe!=/bin/sh",
    f"{A} -F inode!=5",
    f"{A} -F a0&1 -F a1&=1 -F a2>5 -F devminor&1 -F pers&=8",
    f"{A} -F uid>0 -F auid!=unset -F auid=-1",
    f"{A} -F saddr_fam=45",
    f"{A} -F sessionid>-1",
    f"{A} -F success>5",
    f"{A} -F perm=wa -F perm=r -p x",
    f"{A} -F field_compare=5",
    f"{A} -F subj_user!=u -F subj_sen>s0 -F obj_lev_low<=s1",
    f"{A} -F subj_role=unconfined",
    f"{A} -F obj_role=r",
    "-a never,exclude -F msgtype>=1300 -F msgtype<=1399",
    "-a always,user -F msgtype=USER",
    "-a never,filesystem -F fstype!=tracefs -k x",
    "-w /etc/docker/..",
    "-w /etc/new -k k",
]


@pytest.mark.parametrize("text", TAKEN)
def test_the_kernel_takes(text: str) -> None:
    assert refused(text) is None


REFUSED: list[tuple[str, str]] = [
    (f"{A} -F path=x", "an absolute path"),
    (f"{A} -F dir=x", "an absolute path"),
    (f"{A} -F exe=x", "an absolute path"),
    (f"{A} -F path=/etc/docker/", "path without a slash at its end"),
    (f"{A} -F path=/", "path without a slash at its end"),
    (f"{A} -F exe=/usr/bin/", "exe without a slash at its end"),
    (f"{A} -F path=/etc/.", "path without a dot or two as its last name"),
    (f"{A} -F path=/etc/docker/..", "path without a dot or two as its last name"),
    (f"{A} -F exe=/usr/bin/..", "exe without a dot or two as its last name"),
    (f"{A} -F path=/etc/" + "x" * 256, "names of at most 255 bytes in a path"),
    (f"{A} -F path=/etc/" + "é" * 128, "names of at most 255 bytes in a path"),
    (f"{A} -F path=/gone/x", "a path whose directory exists: there is no directory /gone"),
    ("-w /gone/x", "a path whose directory exists: there is no directory /gone"),
    (f"{A} -F exe=/gone/x", "a path whose directory exists: there is no directory /gone"),
    (f"{A} -F path=/etc/nowhere/x", "a path whose directory exists: there is no directory /etc/nowhere"),
    (f"{A} -F path=/etc/docker/daemon.json/x", "a path below a directory"),
    (f"{A} -F dir=/gone", "a dir that exists: there is no directory /gone"),
    (f"{A} -F dir=/etc/nowhere/", "a dir that exists: there is no directory /etc/nowhere/"),
    (f"{A} -F dir=/etc/docker/daemon.json/", "a dir that exists: there is no directory /etc/docker/daemon.json/"),
    (f"{A} -F path!=/etc/x", "path with = only"),
    (f"{A} -F dir!=/etc", "dir with = only"),
    (f"{A} -F path>/etc/x", "path with = or != only"),
    (f"{A} -F path&/etc/x", "path with = or != only"),
    (f"{A} -F filetype>file", "filetype with = or != only"),
    (f"{A} -F auid>unset", "auid with = or != only"),
    (f"{A} -F uid&5", "no bit operators with uid"),
    (f"{A} -F devmajor&=5", "no bit operators with devmajor"),
    (f"{A} -F subj_user>u", "subj_user with = or != only"),
    (f"{A} -F uid=unset", "a valid id for uid"),
    (f"{A} -F gid=4294967295", "a valid id for gid"),
    (f"{A} -F obj_uid!=-1", "a valid id for obj_uid"),
    (f"{A} -F saddr_fam=46", f"a family below {FAMILIES}"),
    (f"{A} -F path=/etc/a -F path=/etc/b", "one of path, dir and inode in a rule"),
    (f"{A} -F path=/etc/a -F dir=/etc", "one of path, dir and inode in a rule"),
    (f"{A} -F path=/etc/a -F inode!=5", "one of path, dir and inode in a rule"),
    (f"{A} -F inode!=5 -F inode!=6", "one of path, dir and inode in a rule"),
    (f"{A} -F exe=/bin/a -F exe=/bin/b", "one exe in a rule"),
    (f"{A} -S open -F KEY=a -F KEY=b", "one key in a rule"),
    (f"{A} -S open -F KEY=a -k b", "one key in a rule"),
    (f"{A} -F subj_role=r", "a label that AppArmor has loaded"),
    ("-w /etc/x -A user,never", "path only on the exit list"),
    ("-w /etc/x -A exclude,never", "path only on the exit list"),
    ("-w /etc/x -A filesystem,never", "no path on the filesystem list"),
    ("-a never,filesystem -F uid=0", "no uid on the filesystem list"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[case[0][:60] for case in REFUSED])
def test_the_kernel_refuses(text: str, reason: str) -> None:
    assert refused(text) == reason


@pytest.mark.parametrize("facts", [Facts(), replace(HOST, lsm=()), replace(HOST, lsm=("selinux",))])
def test_a_role_is_refused_by_apparmor_only(facts: Facts) -> None:
    assert refused(f"{A} -F subj_role=r", facts) is None


def test_nothing_is_missing_on_an_unknown_host() -> None:
    assert refused(f"{A} -F dir=/gone", Facts()) is None


MADE_ELSEWHERE: list[tuple[Rule, str]] = [
    (
        Rule(FilterList.EXIT, Action.NEVER, SyscallMask(), (Field("msgtype", Operator.EQUAL, 1307),)),
        "msgtype only on the exclude and user lists",
    ),
    (
        Rule(FilterList.EXIT, Action.NEVER, SyscallMask(), (Field("fstype", Operator.EQUAL, 1),)),
        "fstype only on the filesystem list",
    ),
    (
        Rule(FilterList.IO_URING, Action.NEVER, SyscallMask(), (Field("perm", Operator.EQUAL, 1),)),
        "no perm on the io_uring list",
    ),
    (
        Rule(FilterList.EXIT, Action.NEVER, SyscallMask(), (Field("inode", Operator.GREATER, 1),)),
        "inode with = or != only",
    ),
    (
        Rule(FilterList.EXIT, Action.NEVER, SyscallMask(), (Comparison("uid", Operator.GREATER, "euid"),)),
        "-C with = or != only",
    ),
    (
        Rule(FilterList.FILESYSTEM, Action.NEVER, SyscallMask(), (Comparison("uid", Operator.EQUAL, "euid"),)),
        "no -C on the filesystem list",
    ),
]


@pytest.mark.parametrize(("rule", "reason"), MADE_ELSEWHERE, ids=[case[1] for case in MADE_ELSEWHERE])
def test_the_kernel_refuses_what_auditctl_never_sends(rule: Rule, reason: str) -> None:
    assert KernelChecks(HOST).refusal(rule) == reason


def stored(mask: int, machine: str = "x86_64") -> int:
    return without_classes(mask, machine)


@pytest.mark.parametrize(
    ("bit", "machine", "members"),
    [
        (2039, "x86_64", {62, 200, 234}),  # kill, tkill, tgkill
        (2038, "x86_64", {37, 238, 270}),  # the same of i386
        (2039, "aarch64", {129, 130, 131}),
        (2038, "armv7l", set()),  # a 32-bit kernel has no calls of a smaller one
        (2037, "x86_64", set()),  # no such class
        (2032, "x86_64", set()),
        (2047, "toaster", set()),
    ],
)
def test_a_class_bit_is_replaced_by_its_members(bit: int, machine: str, members: set[int]) -> None:
    assert stored(1 << bit | 1, machine) == 1 | sum(1 << member for member in members)


def test_a_whole_mask_keeps_no_class_bit() -> None:
    assert stored((1 << MASK_BITS) - 1) == ALL_SYSCALLS

"""Rules into text: what auditctl -l prints, lies and all, and the normal form that tells them."""

from __future__ import annotations

import pytest

from auditrules.audit.auditctl.listing import listed, listing, shows_operators, syscall_names
from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.model.host_facts import Version
from auditrules.audit.model.rule import PATH_OR_DIR, Action, Field, FilterList, Operator, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, LISTED_AS_ALL, SyscallMask
from tests.audit.strategies import HOST

THIRD: Version = (3, 0, 9)


def rule_of(text: str, machine: str = "x86_64", version: Version = THIRD) -> Rule:
    line = parse_line(text, type(HOST)(version, machine, HOST.files, HOST.users, HOST.groups))
    assert line is not None
    assert line.rule is not None
    return line.rule


def exit_rule(*fields: Field, syscalls: int = ALL_SYSCALLS, action: Action = Action.ALWAYS) -> Rule:
    return Rule(FilterList.EXIT, action, SyscallMask(syscalls), fields)


# A line of a rules file, and what auditctl 3.0.9 then lists.
LISTED: list[tuple[str, str]] = [
    ("-w /etc/docker -p wa -k docker", "-w /etc/docker -p wa -k docker"),
    ("-w /etc/docker -p AWR", "-w /etc/docker -p rwa"),
    ("-w /etc/docker -k a -k b", "-w /etc/docker -p rwxa -k a -k b"),
    ("-w /etc/docker -F uid=0", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa -F uid=0"),
    ("-a always,exit -F arch=b64 -S execve,open -k k", "-a always,exit -F arch=b64 -S open,execve -F key=k"),
    ("-a always,exit -F auid!=unset", "-a always,exit -S all -F auid!=-1"),
    ("-a always,exit -F uid=4294967294", "-a always,exit -S all -F uid=-2"),
    ("-a always,exit -F exit=-13 -F exit=13", "-a always,exit -S all -F exit=-EACCES -F exit=13"),
    ("-a always,exit -F filetype=file", "-a always,exit -S all -F filetype=32768"),
    ("-a always,exit -F a0=255", "-a always,exit -S all -F a0=0xFF"),
    ("-a always,exit -F inode=4294967295", "-a always,exit -S all -F inode=4294967295"),
    ("-a always,exit -F pid=4294967295", "-a always,exit -S all -F pid=-1"),
    ("-a never,exclude -F msgtype=1307", "-a never,exclude -F msgtype=CWD"),
    ("-a never,exclude -F msgtype=1", "-a never,exclude -F msgtype=1"),
    ("-a never,filesystem -F fstype=tracefs -k x", "-a never,filesystem -F fstype=tracefs -F key=x"),
    ("-a never,filesystem -F fstype=5", "-a never,filesystem -F fstype=5"),
    ("-a never,task", "-a never,task"),
    ("-a always,user -F uid=0", "-a always,user -F uid=0"),
    ("-a always,exit -C euid!=uid", "-a always,exit -S all -C uid!=euid"),
    ("-a always,exit -F field_compare=99", "-a always,exit -S all"),
    ("-a always,exit -S 2031", "-a always,exit -S 2031"),
    ("-a always,exit -S ,", "-a always,exit"),
    # the arch comes first, wherever it stands
    ("-a always,exit -F uid=0 -F arch=b32 -S open", "-a always,exit -F arch=b32 -S open -F uid=0"),
    ("-a always,exit -F arch=b64 -F arch!=b32 -S open", "-a always,exit -F arch=b64 -F arch!=b32 -S open"),
    # the watch form hides action, list and kind of path
    ("-a never,exit -F path=/etc/x -F perm=x", "-w /etc/x -p x"),
    ("-a never,exit -F dir=/etc/docker -F perm=x", "-w /etc/docker -p x"),
    ("-a always,exit -F path=/etc/docker -F perm=x", "-w /etc/docker -p x"),
    ("-a always,exit -F dir=/etc/docker/ -F perm=x", "-w /etc/docker/ -p x"),
    ("-a always,exit -F perm=x -F path=/etc/x -F key=k", " -p x-w /etc/x -k k"),
    ("-a always,exit -F perm=x", " -p x"),
    ("-w /etc/docker -F perm=x", "-w /etc/docker -p rwxa -p x"),
    ("-a always,exit -F path=/etc/x -F KEY=k -F perm=x", "-w /etc/x -k k -p x"),
    # but not where there are system calls, or no perm
    ("-a always,exit -S open -F path=/etc/x -F perm=x", "-a always,exit -S open -F path=/etc/x -F perm=x"),
    ("-a always,exit -F path=/etc/x", "-a always,exit -S all -F path=/etc/x"),
    # operators of paths are not told
    ("-a always,exit -F exe!=/bin/sh", "-a always,exit -S all -F exe=/bin/sh"),
    ("-a always,exit -F path!=/bin/sh", "-a always,exit -S all -F path=/bin/sh"),
    # other machines' arches are told by their bits only
    ("-a always,exit -F arch=aarch64 -S openat", "-a always,exit -F arch=b64 -S openat"),
    ("-a always,exit -F arch=s390 -S open", "-a always,exit -F arch=b32 -S open"),
    # nothing is quoted
    (r"-w /etc/sp\ ace -p wa -k a\ b", "-w /etc/sp ace -p wa -k a b"),
    ("-w /etc/docker -k x\r", "-w /etc/docker -p rwxa -k x\r"),
    # empty keys are not told
    ("-w /etc/docker -k a -F key= -k b", "-w /etc/docker -p rwxa -k a -k b"),
]


@pytest.mark.parametrize(("text", "line"), LISTED, ids=[case[0] for case in LISTED])
def test_a_rule_is_listed_as_auditctl_lists_it(text: str, line: str) -> None:
    assert listed(rule_of(text), THIRD, "x86_64") == line


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ((2, 8, 5), False),
        ((3, 0, 9), False),
        ((3, 1, 4), False),
        ((3, 1, 5), True),
        ((3, 2, 0), True),
        ((4, 0, 0), False),
        ((4, 0, 1), False),
        ((4, 0, 2), True),
        ((4, 2, 1), True),
    ],
)
def test_the_operator_of_a_path_is_told_by_some_versions(version: Version, *, told: bool) -> None:
    sign = "!=" if told else "="
    rule = exit_rule(Field("exe", Operator.NOT_EQUAL, "/bin/sh"))
    assert listed(rule, version, "x86_64") == f"-a always,exit -S all -F exe{sign}/bin/sh"
    assert shows_operators(version) is told


@pytest.mark.parametrize(("version", "name"), [((3, 0, 9), "451"), ((3, 1, 2), "cachestat"), ((4, 2, 1), "cachestat")])
def test_a_call_is_named_where_the_version_has_its_name(version: Version, name: str) -> None:
    assert listed(exit_rule(syscalls=1 << 451), version, "x86_64") == f"-a always,exit -S {name}"
    assert render(exit_rule(syscalls=1 << 451), "x86_64") == "-a always,exit -S cachestat"


OPEN = "-a always,exit -S open"


def test_a_rule_without_an_arch_is_named_by_the_arch_above_it() -> None:
    texts = [OPEN, "-a always,exit -F arch=b32 -S open", OPEN, "-w /etc/docker", "-a never,task", OPEN]
    assert list(listing(map(rule_of, texts), THIRD, "x86_64")) == [
        "-a always,exit -S open",
        "-a always,exit -F arch=b32 -S open",
        "-a always,exit -S fork",
        "-w /etc/docker -p rwxa",
        "-a never,task",
        "-a always,exit -S fork",
    ]


def test_all_but_the_last_word_of_a_mask_is_listed_as_all() -> None:
    rule = exit_rule(syscalls=LISTED_AS_ALL)
    assert listed(rule, THIRD, "x86_64") == "-a always,exit -S all"
    assert syscall_names(rule, "x86_64") == ("all",)


def test_a_field_without_a_name_is_listed_without_a_flag() -> None:
    assert listed(exit_rule(Field("f24", Operator.EQUAL, 1)), THIRD, "x86_64") == "-a always,exit -S all f24=1"


def test_io_uring_operations_have_names_of_their_own() -> None:
    rule = Rule(FilterList.IO_URING, Action.NEVER, SyscallMask(1 << 18 | 1 << 46 | 1 << 60))
    assert render(rule, "x86_64") == "-a never,io_uring -S openat,uring_cmd,60"
    assert listed(rule, (4, 2, 1), "x86_64") == "-a never,io_uring -S openat,uring_cmd,60"


def test_an_undecided_path_is_written_as_path_and_listed_as_a_watch() -> None:
    rule = exit_rule(Field(PATH_OR_DIR, Operator.EQUAL, "/srv/x"), Field("perm", Operator.EQUAL, 1))
    assert render(rule, "x86_64") == "-a always,exit -S all -F path=/srv/x -F perm=x"
    assert listed(rule, THIRD, "x86_64") == "-w /srv/x -p x"

"""Lines of a rules file into rules and controls, and rules back into their normal text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import (
    PATH_OR_DIR,
    Action,
    Comparison,
    Condition,
    ControlFlag,
    Field,
    FilterList,
    Operator,
    ParsedLine,
    Rule,
    Verb,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, SyscallMask
from tests.audit.strategies import HOST

B64, B32, AARCH64 = 0xC000003E, 0x40000003, 0xC00000B7
RWXA = 15
UNSET = 0xFFFFFFFF
ALWAYS, NEVER = Action.ALWAYS, Action.NEVER
EQUAL, NOT_EQUAL = Operator.EQUAL, Operator.NOT_EQUAL


def at(version: Version) -> Facts:
    return replace(HOST, version=version)


def mask(*numbers: int) -> int:
    return sum(1 << number for number in numbers)


def equal(name: str, value: int | str) -> Field:
    return Field(name, EQUAL, value)


def exit_rule(syscalls: int, *fields: Condition, action: Action = ALWAYS) -> Rule:
    return Rule(FilterList.EXIT, action, SyscallMask(syscalls), fields)


def line_of(text: str, facts: Facts = HOST) -> ParsedLine:
    line = parse_line(text, facts)
    assert line is not None
    return line


def rule_of(text: str, facts: Facts = HOST) -> Rule:
    rule = line_of(text, facts).rule
    assert rule is not None
    return rule


def normal_of(text: str, version: Version = (3, 0, 9)) -> str:
    facts = at(version)
    return render(rule_of(text, facts), facts.machine)


CANONICAL: list[tuple[str, Rule]] = [
    ("-a always,exit -S all", exit_rule(ALL_SYSCALLS)),
    ("-a never,exit -S all", exit_rule(ALL_SYSCALLS, action=NEVER)),
    ("-a never,task", Rule(FilterList.TASK, NEVER, SyscallMask())),
    ("-a always,task -F uid=0", Rule(FilterList.TASK, ALWAYS, SyscallMask(), (equal("uid", 0),))),
    ("-a always,user -F uid=1000", Rule(FilterList.USER, ALWAYS, ALL_SYSCALLS, (equal("uid", 1000),))),
    ("-a never,exclude -F msgtype=CWD", Rule(FilterList.EXCLUDE, NEVER, ALL_SYSCALLS, (equal("msgtype", 1307),))),
    (
        "-a never,filesystem -F fstype=tracefs",
        Rule(FilterList.FILESYSTEM, NEVER, ALL_SYSCALLS, (equal("fstype", 0x74726163),)),
    ),
    (
        "-a always,exit -F arch=b64 -S execve -F key=k",
        exit_rule(mask(59), equal("arch", B64), equal("key", "k")),
    ),
    (
        "-a always,exit -F arch=b32 -S execve -F key=a -F key=b",
        exit_rule(mask(11), equal("arch", B32), equal("key", "a\x01b")),
    ),
    ("-a always,exit -F arch!=b32 -S open", exit_rule(mask(5), Field("arch", NOT_EQUAL, B32))),
    (
        "-a always,exit -F arch=b64 -F arch=b32 -S open",
        exit_rule(mask(5), equal("arch", B64), equal("arch", B32)),
    ),
    (
        "-a always,exit -F arch=b64 -F uid=0 -F arch=b64 -S open -F gid=0",
        exit_rule(mask(2), equal("arch", B64), equal("uid", 0), equal("arch", B64), equal("gid", 0)),
    ),
    (
        "-a always,exit -S open -F pid=4294967295 -F gid=4294967294 -F ppid>2147483648",
        exit_rule(mask(2), equal("pid", UNSET), equal("gid", UNSET - 1), Field("ppid", Operator.GREATER, 1 << 31)),
    ),
    ("-a always,exit -S read,execve,999,2031", exit_rule(mask(0, 59, 999, 2031))),
    ("-a always,exit -F arch=aarch64 -S openat", exit_rule(mask(56), equal("arch", AARCH64))),
    (
        "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=x -F key=docker",
        exit_rule(ALL_SYSCALLS, equal("path", "/usr/bin/dockerd"), equal("perm", 1), equal("key", "docker")),
    ),
    (
        "-a never,exit -S all -F dir=/etc/docker -F perm=rwxa",
        exit_rule(ALL_SYSCALLS, equal("dir", "/etc/docker"), equal("perm", RWXA), action=NEVER),
    ),
    (
        "-a always,exit -S all -F perm=wa -F perm=r -F dir=/etc/docker/",
        exit_rule(ALL_SYSCALLS, equal("perm", 10), equal("perm", 4), equal("dir", "/etc/docker/")),
    ),
    (
        r"-a always,exit -S all -F path=/etc/a\ b\\c -F key=x\ y",
        exit_rule(ALL_SYSCALLS, equal("path", "/etc/a b\\c"), equal("key", "x y")),
    ),
    (
        "-a always,exit -S all -F exe!=/usr/bin/dockerd -F key=k",
        exit_rule(ALL_SYSCALLS, Field("exe", NOT_EQUAL, "/usr/bin/dockerd"), equal("key", "k")),
    ),
    (
        "-a always,exit -S open -F auid>=1000 -F auid!=-1 -F uid=-2 -F sgid<5",
        exit_rule(
            mask(2),
            Field("auid", Operator.GREATER_OR_EQUAL, 1000),
            Field("auid", NOT_EQUAL, UNSET),
            equal("uid", UNSET - 1),
            Field("sgid", Operator.LESS, 5),
        ),
    ),
    (
        "-a always,exit -S open -F exit=-EACCES -F exit>5 -F success!=1 -F exit=-1000",
        exit_rule(
            mask(2),
            equal("exit", UNSET - 12),
            Field("exit", Operator.GREATER, 5),
            Field("success", NOT_EQUAL, 1),
            equal("exit", UNSET - 999),
        ),
    ),
    (
        "-a always,exit -S open -F a0=0x1F -F a1&0xFFFFFFFF -F a2&=0x2 -F a3<=0x0",
        exit_rule(
            mask(2),
            equal("a0", 31),
            Field("a1", Operator.BIT_MASK, UNSET),
            Field("a2", Operator.BIT_TEST, 2),
            Field("a3", Operator.LESS_OR_EQUAL, 0),
        ),
    ),
    (
        "-a always,exit -S open -F inode=4294967295 -F devmajor=8 -F devminor&=1 -F filetype=file",
        exit_rule(
            mask(2),
            equal("inode", UNSET),
            equal("devmajor", 8),
            Field("devminor", Operator.BIT_TEST, 1),
            equal("filetype", 0o100000),
        ),
    ),
    (
        "-a always,exit -S open -F subj_user=u -F subj_role!=r -F obj_lev_high=s0",
        exit_rule(mask(2), equal("subj_user", "u"), Field("subj_role", NOT_EQUAL, "r"), equal("obj_lev_high", "s0")),
    ),
    (
        "-a always,exit -S open -C uid!=euid -F sessionid=-1 -F saddr_fam=10 -C auid=obj_uid",
        exit_rule(
            mask(2),
            Comparison("uid", NOT_EQUAL, "euid"),
            equal("sessionid", UNSET),
            equal("saddr_fam", 10),
            Comparison("auid", EQUAL, "obj_uid"),
        ),
    ),
]


@pytest.mark.parametrize(("text", "rule"), CANONICAL, ids=[case[0] for case in CANONICAL])
def test_canonical_lines_read_and_write_back(text: str, rule: Rule) -> None:
    assert line_of(text) == ParsedLine((), rule, Verb.APPEND)
    assert render(rule, HOST.machine) == text


# One rule in two spellings: the second is the normal form of the first.
SPELLINGS: list[tuple[str, str]] = [
    # the list and its action
    ("-a exit,always", "-a always,exit -S all"),
    ("-A always,exit", "-a always,exit -S all"),
    ("-d exit,never", "-a never,exit -S all"),
    ("-a task,never", "-a never,task"),
    # system calls
    ("-a always,exit -S open -S close,read", "-a always,exit -S read,open,close"),
    ("-a always,exit -S OPEN,Execve", "-a always,exit -S open,execve"),
    ("-a always,exit -S open,open,", "-a always,exit -S open"),
    ("-a always,exit -S ,,open", "-a always,exit -S open"),
    ("-a always,exit -S 59x", "-a always,exit -S execve"),
    ("-a always,exit -S 1-5", "-a always,exit -S write"),
    ("-a always,exit -S 073", "-a always,exit -S execve"),
    ("-a always,exit -S 0x3b", "-a always,exit -S execve"),
    ("-a always,exit -S 1999", "-a always,exit -S 1999"),
    ("-a always,exit -S 4294967297", "-a always,exit -S write"),
    ("-a always,exit -S open -S all", "-a always,exit -S all"),
    ("-S open -a always,exit", "-a always,exit -S open"),
    ("-a always,exit -F arch=b32 -S 999 -S close", "-a always,exit -F arch=b32 -S close,999"),
    # the kernel's classes
    (
        "-a always,exit -S 2047",
        (
            "-a always,exit -S rename,mkdir,rmdir,creat,link,unlink,symlink,mknod,mkdirat,mknodat,unlinkat,renameat,"
            "linkat,symlinkat,renameat2"
        ),
    ),
    ("-a always,exit -S 2039", "-a always,exit -S kill,tkill,tgkill"),
    ("-a always,exit -S 2038", "-a always,exit -S alarm,set_mempolicy,pselect6"),
    # arches, on x86_64
    ("-a always,exit -F arch=B64 -S open", "-a always,exit -F arch=b64 -S open"),
    ("-a always,exit -F arch=x86_64 -S open", "-a always,exit -F arch=b64 -S open"),
    ("-a always,exit -F arch=I686 -S open", "-a always,exit -F arch=b32 -S open"),
    ("-a always,exit -F arch=0xc000003e -S open", "-a always,exit -F arch=b64 -S open"),
    ("-a always,exit -F arch=c000003e -S open", "-a always,exit -F arch=b64 -S open"),
    ("-a always,exit -F arch=3221225534 -S open", "-a always,exit -F arch=b64 -S open"),
    ("-a always,exit -F arch=armv7l -S open", "-a always,exit -F arch=arm -S open"),
    # numbers
    ("-a always,exit -F pid=010", "-a always,exit -S all -F pid=8"),
    ("-a always,exit -F pid=0x1Fz", "-a always,exit -S all -F pid=31"),
    ("-a always,exit -F pid=08", "-a always,exit -S all -F pid=0"),
    ("-a always,exit -F pid=99999999999999999999", "-a always,exit -S all -F pid=4294967295"),
    ("-a always,exit -F auid=1e3", "-a always,exit -S all -F auid=1"),
    ("-a always,exit -F auid=4294967296", "-a always,exit -S all -F auid=0"),
    ("-a always,exit -F inode=99999999999", "-a always,exit -S all -F inode=1215752191"),
    ("-a always,exit -F a0=-1", "-a always,exit -S all -F a0=0xFFFFFFFF"),
    ("-a always,exit -F a0=18446744073709551615", "-a always,exit -S all -F a0=0xFFFFFFFF"),
    # names that stand for numbers
    ("-a always,exit -F auid!=unset", "-a always,exit -S all -F auid!=-1"),
    ("-a always,exit -F auid!=4294967295", "-a always,exit -S all -F auid!=-1"),
    ("-a always,exit -F loginuid=alice -F gid=docker", "-a always,exit -S all -F auid=1000 -F gid=998"),
    ("-a always,exit -F AUID=0 -F Path=/etc/x", "-a always,exit -S all -F auid=0 -F path=/etc/x"),
    ("-a always,exit -F exit=EACCES", "-a always,exit -S all -F exit=13"),
    ("-a always,exit -F exit=-eacces", "-a always,exit -S all -F exit=-EACCES"),
    ("-a always,exit -F exit=-13", "-a always,exit -S all -F exit=-EACCES"),
    ("-a always,exit -F exit=-EWOULDBLOCK", "-a always,exit -S all -F exit=-EAGAIN"),
    ("-a always,exit -F filetype=FILE", "-a always,exit -S all -F filetype=file"),
    ("-a never,exclude -F msgtype=cwd", "-a never,exclude -F msgtype=CWD"),
    ("-a never,exclude -F msgtype=1307", "-a never,exclude -F msgtype=CWD"),
    ("-a never,exclude -F msgtype=UNKNOWN[1399]", "-a never,exclude -F msgtype=1399"),
    ("-a never,filesystem -F fstype=0x64626720", "-a never,filesystem -F fstype=debugfs"),
    ("-a never,filesystem -F fstype=7", "-a never,filesystem -F fstype=7"),
    ("-a always,exit -F sessionid=unset", "-a always,exit -S all -F sessionid=-1"),
    ("-a always,exit -F sessionid=foo", "-a always,exit -S all -F sessionid=0"),
    ("-a always,exit -F saddr_fam=inet", "-a always,exit -S all -F saddr_fam=0"),
    # comparisons
    ("-a always,exit -C euid!=uid", "-a always,exit -S all -C uid!=euid"),
    ("-a always,exit -C obj_uid=loginuid", "-a always,exit -S all -C auid=obj_uid"),
    ("-a always,exit -C fsgid!=GID", "-a always,exit -S all -C gid!=fsgid"),
    ("-a always,exit -F field_compare=11", "-a always,exit -S all -C uid=euid"),
    # keys
    ("-a always,exit -S open -k b -k a", "-a always,exit -S open -F key=b -F key=a"),
    ("-a always,exit -S open -k b -F key=a", "-a always,exit -S open -F key=b -F key=a"),
    ("-a always,exit -S open -F key=a -F uid=0", "-a always,exit -S open -F uid=0 -F key=a"),
    ("-a always,exit -S open -k a\x01b", "-a always,exit -S open -F key=a -F key=b"),
    ("-a always,exit -S open -F KEY=a -F uid=0", "-a always,exit -S open -F key=a -F uid=0"),
    ("-w /etc/docker -F key=", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa"),
    # watches
    ("-w /etc/docker", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa"),
    ("-w/etc/docker -pwa -kk", "-a always,exit -S all -F dir=/etc/docker -F perm=wa -F key=k"),
    ("-w /etc/docker/// -p wa", "-a always,exit -S all -F dir=/etc/docker -F perm=wa"),
    ("-w /etc/docker/daemon.json -p AW", "-a always,exit -S all -F path=/etc/docker/daemon.json -F perm=wa"),
    ("-w /bin/dockerd -p x", "-a always,exit -S all -F path=/bin/dockerd -F perm=x"),
    ("-w /bin -p x", "-a always,exit -S all -F dir=/bin -F perm=x"),
    ("-w /etc/nowhere -p x", "-a always,exit -S all -F path=/etc/nowhere -F perm=x"),
    ("-w / -p x", "-a always,exit -S all -F dir=/ -F perm=x"),
    ("-w // -p x", "-a always,exit -S all -F dir=// -F perm=x"),
    ("-w /// -p x", "-a always,exit -S all -F dir=/ -F perm=x"),
    ("-w /etc/docker -p xx -p r", "-a always,exit -S all -F dir=/etc/docker -F perm=r"),
    ("-w /etc/docker -k k -p x", "-a always,exit -S all -F dir=/etc/docker -F perm=x -F key=k"),
    ("-w /etc/docker -F uid=0", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa -F uid=0"),
    ("-w /etc/docker -S open", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa"),
    ("-S open -w /etc/docker", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa"),
    ("-w /etc/docker -C uid!=euid", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa -C uid!=euid"),
    ("-w /etc/docker -F perm=x", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa -F perm=x"),
    ("-w /etc/docker -F perm=x -p r", "-a always,exit -S all -F dir=/etc/docker -F perm=r -F perm=r"),
    ("-a always,exit -F dir=/etc -p wa", "-a always,exit -S all -F dir=/etc -F perm=wa"),
    # a second list and action
    ("-w /etc/docker -A exit,never", "-a never,exit -S all -F dir=/etc/docker -F perm=rwxa"),
    ("-w /etc/docker -d never,exit", "-a never,exit -S all -F dir=/etc/docker -F perm=rwxa"),
    ("-w /etc/docker -d always,exit", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa"),
    ("-a always,exit -W /etc/docker", "-a always,exit -S all -F dir=/etc/docker -F perm=rwxa"),
]


@pytest.mark.parametrize(("text", "wanted"), SPELLINGS, ids=[case[0] for case in SPELLINGS])
def test_a_rule_has_one_normal_form_whatever_its_spelling(text: str, wanted: str) -> None:
    assert normal_of(text) == wanted


VERBS: list[tuple[str, Verb]] = [
    ("-a always,exit", Verb.APPEND),
    ("-A always,exit", Verb.PREPEND),
    ("-d always,exit", Verb.DELETE),
    ("-w /etc/docker", Verb.APPEND),
    ("-W /etc/docker", Verb.DELETE),
    ("-w /etc/docker -A exit,never", Verb.PREPEND),
    ("-w /etc/docker -d always,exit", Verb.APPEND),
    ("-a always,exit -W /etc/docker", Verb.APPEND),
    ("-d always,exit -W /etc/docker", Verb.DELETE),
]


@pytest.mark.parametrize(("text", "verb"), VERBS, ids=[case[0] for case in VERBS])
def test_a_line_adds_or_deletes_its_rule(text: str, verb: Verb) -> None:
    assert line_of(text).verb is verb


def test_a_watch_with_an_action_behind_it_is_a_never_rule_that_lists_as_a_watch() -> None:
    rule = rule_of("-w /usr/bin/dockerd -A exit,never")
    assert rule.action is Action.NEVER
    assert listed(rule, (3, 0, 9), "x86_64") == "-w /usr/bin/dockerd -p rwxa"


@pytest.mark.parametrize("path", ["/srv/x", "/etc/unseen/x"])
def test_a_watch_of_an_unknown_path_stays_undecided(path: str) -> None:
    assert rule_of(f"-w {path}").fields[0] == equal(PATH_OR_DIR, path)


def test_an_undecided_watch_is_written_with_path() -> None:
    assert normal_of("-w /srv/x -p x") == "-a always,exit -S all -F path=/srv/x -F perm=x"


CONTROLS: list[tuple[str, tuple[ControlFlag, ...]]] = [
    ("-D", (ControlFlag("-D"),)),
    ("-D -k docker", (ControlFlag("-D", "docker"),)),
    ("-e 2", (ControlFlag("-e", "2"),)),
    ("-f 0", (ControlFlag("-f", "0"),)),
    ("-b 8192k", (ControlFlag("-b", "8192k"),)),
    ("-b 8192\r", (ControlFlag("-b", "8192\r"),)),
    ("-b 8192 -f 1", (ControlFlag("-b", "8192"), ControlFlag("-f", "1"))),
    ("-r 0x10", (ControlFlag("-r", "0x10"),)),
    ("-i", (ControlFlag("-i"),)),
    ("-c", (ControlFlag("-c"),)),
    ("-l", (ControlFlag("-l"),)),
    ("-l -i", (ControlFlag("-l"),)),
    ("-l -k x", (ControlFlag("-l"),)),
    ("-s", (ControlFlag("-s"),)),
    ("-s -i", (ControlFlag("-s"),)),
    ("-v", (ControlFlag("-v"),)),
    ("-t", (ControlFlag("-t"),)),
    ("-t and more", (ControlFlag("-t"),)),
    ("-q /mnt,/srv", (ControlFlag("-q", "/mnt,/srv"),)),
    ("-m hello", (ControlFlag("-m", "hello"),)),
    ("--loginuid", (ControlFlag("--loginuid-immutable"),)),
    ("--backlog 100", (ControlFlag("--backlog_wait_time", "100"),)),
    ("--reset-lost", (ControlFlag("--reset-lost"),)),
    ("--reset_", (ControlFlag("--reset_backlog_wait_time_actual"),)),
    ("--signal hup", (ControlFlag("--signal", "hup"),)),
    ("x -i", (ControlFlag("-i"),)),
    ("--", ()),
    ("-a exit,possible -S open", ()),
]


@pytest.mark.parametrize(("text", "controls"), CONTROLS, ids=[case[0] for case in CONTROLS])
def test_controls_are_told_as_written(text: str, controls: tuple[ControlFlag, ...]) -> None:
    assert line_of(text) == ParsedLine(controls)


@pytest.mark.parametrize("text", ["", "   ", "# x", "  # x"])
def test_a_blank_line_or_a_comment_says_nothing(text: str) -> None:
    assert parse_line(text, HOST) is None


@pytest.mark.parametrize("text", ["-b 8192 -w /etc/docker", "-w /etc/docker -b 8192"])
def test_a_line_may_hold_controls_and_a_rule(text: str) -> None:
    line = line_of(text)
    assert line.controls == (ControlFlag("-b", "8192"),)
    assert line.rule == rule_of("-w /etc/docker")


@pytest.mark.parametrize("text", ["-w /etc/docker -k q -i", "-w /etc/docker -c", "-a always,exit -S open -v"])
def test_i_c_and_v_at_the_end_of_a_line_lose_its_rule(text: str) -> None:
    assert line_of(text).rule is None


B64_PERM = "-a always,exit -F arch=b64 -F path=/etc/x -F perm="
EXPANSIONS: list[tuple[Version, str, str]] = [
    ((3, 1, 2), f"{B64_PERM}x", "-a always,exit -F arch=b64 -S all -F path=/etc/x -F perm=x"),
    ((3, 1, 3), f"{B64_PERM}x", "-a always,exit -F arch=b64 -S execve -F path=/etc/x -F perm=x"),
    ((4, 0, 0), f"{B64_PERM}x", "-a always,exit -F arch=b64 -S execve -F path=/etc/x -F perm=x"),
    ((4, 2, 0), f"{B64_PERM}x", "-a always,exit -F arch=b64 -S execve,execveat -F path=/etc/x -F perm=x"),
    (
        (3, 1, 5),
        "-a always,exit -F path=/etc/x -F perm=x",
        "-a always,exit -S all -F path=/etc/x -F perm=x",
    ),
    (
        (4, 2, 1),
        "-a always,exit -F path=/etc/x -F perm=x -F arch=b64",
        "-a always,exit -F path=/etc/x -F perm=x -F arch=b64 -S all",
    ),
    ((4, 2, 1), "-w /etc/docker -p x", "-a always,exit -S all -F dir=/etc/docker -F perm=x"),
    (
        (3, 1, 5),
        "-a always,exit -F arch=b32 -S read -F perm=x",
        "-a always,exit -F arch=b32 -S read,execve -F perm=x",
    ),
    (
        (3, 0, 9),
        "-a always,exit -F arch=b32 -S read -F perm=x",
        "-a always,exit -F arch=b32 -S read -F perm=x",
    ),
]


@pytest.mark.parametrize(("version", "text", "wanted"), EXPANSIONS)
def test_later_versions_add_the_calls_of_a_perm_behind_an_arch(version: Version, text: str, wanted: str) -> None:
    assert normal_of(text, version) == wanted


@pytest.mark.parametrize(("version", "calls"), [((3, 0, 9), 1), ((3, 1, 5), 38), ((4, 0, 5), 40), ((4, 2, 1), 43)])
def test_an_expansion_widens_the_calls_that_were_written(version: Version, calls: int) -> None:
    rule = rule_of("-a always,exit -F arch=b64 -S openat -F perm=wa", at(version))
    assert rule.syscalls >> 257 & 1
    assert rule.syscalls.bit_count() == calls


@pytest.mark.parametrize(
    ("version", "verb"),
    [
        ((3, 1, 5), Verb.PREPEND),
        ((4, 0, 3), Verb.PREPEND),
        ((4, 0, 4), Verb.DELETE),
        ((4, 1, 0), Verb.DELETE),
        ((4, 1, 1), Verb.PREPEND),
    ],
)
def test_prepending_deletes_from_4_0_4_to_4_1_0(version: Version, verb: Verb) -> None:
    assert line_of("-A always,exit -S execve", at(version)).verb is verb


FOURTH_ONLY = [
    "-a always,EXIT",
    "-a Exit,never",
    "-a always,io_uring",
    "-a always,io_uring -S openat,46",
    "-a always,IO_URING -S all",
    "-h",
]


@pytest.mark.parametrize("text", FOURTH_ONLY)
def test_the_fourth_major_version_takes_more(text: str) -> None:
    assert parse_line(text, at((4, 2, 1))) is not None


def test_the_io_uring_list_has_operations_of_its_own() -> None:
    assert normal_of("-a always,io_uring -S OPENAT,46,100", (4, 2, 1)) == "-a always,io_uring -S openat,uring_cmd,100"


@pytest.mark.parametrize("version", [(3, 1, 3), (3, 1, 5), (4, 2, 1)])
def test_the_exclude_list_takes_most_fields_since_3_1_3(version: Version) -> None:
    assert normal_of("-a never,exclude -F euid=0", version) == "-a never,exclude -F euid=0"


def test_b32_on_aarch64_is_arm() -> None:
    facts = replace(HOST, machine="aarch64")
    rule = rule_of("-a always,exit -F arch=b32 -S open", facts)
    assert rule == exit_rule(mask(5), equal("arch", 0x40000028))
    assert render(rule, "aarch64") == "-a always,exit -F arch=b32 -S open"


def test_sixty_three_fields_are_a_rule() -> None:
    text = "-a always,exit" + " -F a0=1" * 63
    assert len(rule_of(text).fields) == 63

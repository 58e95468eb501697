"""Lines of auditctl -l back into rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.auditctl.parse_listing import (
    NEVER_PRINTED,
    OLD_FORM,
    ListedLine,
    is_watch_form,
    parse_listed_line,
    parse_listing,
)
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.rule import PATH_OR_DIR, Action, Comparison, Condition, Field, FilterList, Operator, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, SyscallMask
from tests.audit.strategies import HOST

B64, B32 = 0xC000003E, 0x40000003
ALWAYS, NEVER = Action.ALWAYS, Action.NEVER


def equal(name: str, value: int | str) -> Field:
    return Field(name, Operator.EQUAL, value)


def exit_rule(*fields: Condition, syscalls: int = ALL_SYSCALLS, action: Action = ALWAYS) -> Rule:
    return Rule(FilterList.EXIT, action, SyscallMask(syscalls), fields)


def watch(path: str, *permissions: int, keys: str = "") -> Rule:
    perms = [equal("perm", bits) for bits in permissions]
    return exit_rule(equal(PATH_OR_DIR, path), *perms, *([equal("key", keys)] if keys else []))


WATCHES: list[tuple[str, Rule]] = [
    ("-w /etc/docker -p wa -k docker", watch("/etc/docker", 10, keys="docker")),
    ("-w /etc/docker -p rwxa", watch("/etc/docker", 15)),
    ("-w /etc/docker -p ", watch("/etc/docker", 0)),
    ("-w /etc/docker/ -p x -k a -k b", watch("/etc/docker/", 1, keys="a\x01b")),
    ("-w /x -p rwxa -p x", watch("/x", 15, 1)),
    (" -p x-w /x -k k", exit_rule(equal("perm", 1), equal(PATH_OR_DIR, "/x"), equal("key", "k"))),
    (
        " -p x -p wa-w /x -p r",
        exit_rule(equal("perm", 1), equal("perm", 10), equal(PATH_OR_DIR, "/x"), equal("perm", 4)),
    ),
    (" -p x", exit_rule(equal("perm", 1))),
    (" -p wa -k k", exit_rule(equal("perm", 10), equal("key", "k"))),
    # raw bytes
    ("-w /sp ace -p wa -k a b", watch("/sp ace", 10, keys="a b")),
    ("-w /a  b  -p wa", watch("/a  b ", 10)),
    ("-w /x -p wa -k k\r", watch("/x", 10, keys="k\r")),
    ("-w /a\nb -p wa -k c\nd", watch("/a\nb", 10, keys="c\nd")),
    ("-w /caf\udce9 -p x", watch("/caf\udce9", 1)),
    # in more than one way: one that lists the same
    ("-w /x -p q -p x", watch("/x -p q", 1)),
    ("-w /x -k y -p x", watch("/x -k y", 1)),
    ("-w /x -p wax -p r", watch("/x", 11, 4)),
]


@pytest.mark.parametrize(("line", "rule"), WATCHES, ids=[repr(case[0]) for case in WATCHES])
def test_a_watch_form_is_an_always_rule_of_an_undecided_path(line: str, rule: Rule) -> None:
    assert is_watch_form(line)
    assert parse_listed_line(line, HOST) == rule


RULES: list[tuple[str, Rule]] = [
    ("-a always,exit -S all", exit_rule()),
    ("-a never,task", Rule(FilterList.TASK, NEVER, SyscallMask())),
    ("-a always,user -F uid=0", Rule(FilterList.USER, ALWAYS, ALL_SYSCALLS, (equal("uid", 0),))),
    ("-a never,exclude -F msgtype=CWD", Rule(FilterList.EXCLUDE, NEVER, ALL_SYSCALLS, (equal("msgtype", 1307),))),
    ("-a never,exclude -F msgtype=1", Rule(FilterList.EXCLUDE, NEVER, ALL_SYSCALLS, (equal("msgtype", 1),))),
    (
        "-a never,filesystem -F fstype=tracefs",
        Rule(FilterList.FILESYSTEM, NEVER, ALL_SYSCALLS, (equal("fstype", 0x74726163),)),
    ),
    ("-a never,io_uring -S openat,100", Rule(FilterList.IO_URING, NEVER, SyscallMask(1 << 18 | 1 << 100))),
    ("-a always,exit -S read,59,999", exit_rule(syscalls=1 | 1 << 59 | 1 << 999)),
    (
        "-a always,exit -F arch=b64 -S execve -F key=k",
        exit_rule(equal("arch", B64), equal("key", "k"), syscalls=1 << 59),
    ),
    ("-a always,exit -F arch=b32 -S execve", exit_rule(equal("arch", B32), syscalls=1 << 11)),
    ("-a always,exit -F arch=x86_64 -S execve", exit_rule(equal("arch", B64), syscalls=1 << 59)),
    ("-a always,exit -S all -F auid!=-1", exit_rule(Field("auid", Operator.NOT_EQUAL, 2**32 - 1))),
    ("-a always,exit -S all -F auid!=unset", exit_rule(Field("auid", Operator.NOT_EQUAL, 2**32 - 1))),
    ("-a always,exit -S all -F sessionid=unset", exit_rule(equal("sessionid", 2**32 - 1))),
    ("-a always,exit -S all -F uid=-2", exit_rule(equal("uid", 2**32 - 2))),
    ("-a always,exit -S all -F gid=-2 -F pid=-1", exit_rule(equal("gid", 2**32 - 2), equal("pid", 2**32 - 1))),
    ("-a always,exit -S all -F pid=010", exit_rule(equal("pid", 10))),
    ("-a always,exit -S all -F exit=-EACCES -F exit=13", exit_rule(equal("exit", 2**32 - 13), equal("exit", 13))),
    ("-a always,exit -S all -F filetype=32768", exit_rule(equal("filetype", 0o100000))),
    ("-a always,exit -S all -F a0&=0x1F", exit_rule(Field("a0", Operator.BIT_TEST, 31))),
    ("-a always,exit -S all -C uid!=euid", exit_rule(Comparison("uid", Operator.NOT_EQUAL, "euid"))),
    ("-a always,exit -S all f24=1", exit_rule(equal("f24", 1))),
    ("-a always,exit -S all f24!=-1 -F uid=0", exit_rule(Field("f24", Operator.NOT_EQUAL, 2**32 - 1), equal("uid", 0))),
    ("-a always,exit -S all -F key=a -F key=b", exit_rule(equal("key", "a\x01b"))),
    ("-a always,exit -S all -F path=/sp ace -F key=a b", exit_rule(equal("path", "/sp ace"), equal("key", "a b"))),
    ("-a always,exit -S all -F dir=/a -F b -F uid=1", exit_rule(equal("dir", "/a -F b"), equal("uid", 1))),
    ("-a always,exit -S all -F exe!=/bin/sh", exit_rule(Field("exe", Operator.NOT_EQUAL, "/bin/sh"))),
    ("-a always,exit -F arch=b64", replace(exit_rule(equal("arch", 0xC000003E)), syscalls=SyscallMask())),
    ("-a never,task", Rule(FilterList.TASK, Action.NEVER, SyscallMask())),
    ("-a always,exit -S all -F subj_user=a b -F uid=0", exit_rule(equal("subj_user", "a b"), equal("uid", 0))),
]


@pytest.mark.parametrize(("line", "rule"), RULES, ids=[case[0] for case in RULES])
def test_a_listed_rule_is_read_back(line: str, rule: Rule) -> None:
    assert not is_watch_form(line)
    assert parse_listed_line(line, HOST) == rule


# What the listing cannot tell, read as documented: the rule that was loaded, and what comes back.
LIES: list[tuple[str, str, str]] = [
    ("a never rule is a watch", "-w /x -p x", "-a always,exit -S all -F path=/x -F perm=x"),
    ("a rule of the exclude list is one of exit", " -p wa", "-a always,exit -S all -F perm=wa"),
    ("exe!= is exe=", "-a always,exit -S all -F exe=/x", "-a always,exit -S all -F exe=/x"),
    (
        "an arch of another machine is this one's",
        "-a always,exit -F arch=b64 -S openat",
        "-a always,exit -F arch=b64 -S openat",
    ),
]


@pytest.mark.parametrize(("line", "wanted"), [case[1:] for case in LIES], ids=[case[0] for case in LIES])
def test_what_a_listing_hides_stays_hidden(line: str, wanted: str) -> None:
    assert render(parse_listed_line(line, HOST), HOST.machine) == wanted


def test_b64_is_the_machines_own() -> None:
    rule = parse_listed_line("-a always,exit -F arch=b64 -S openat", replace(HOST, machine="aarch64"))
    assert rule == exit_rule(equal("arch", 0xC00000B7), syscalls=1 << 56)


def test_calls_without_an_arch_have_the_names_of_the_arch_above() -> None:
    assert parse_listed_line("-a always,exit -S fork", HOST).syscalls == 1 << 57
    assert parse_listed_line("-a always,exit -S fork", HOST, B32).syscalls == 1 << 2
    assert parse_listed_line("-a always,exit -F arch=b64 -S fork", HOST, B32).syscalls == 1 << 57


EXPECT_RULE = "a rule as auditctl -l prints it: -a ACTION,LIST … or -w PATH …"
EXPECT_WATCH = "-w PATH -p PERMISSIONS -k KEY, as auditctl -l prints a watch"
DAMAGED: list[tuple[str, str]] = [
    ("", f"expected {EXPECT_RULE}"),
    ("No rules", f"expected {EXPECT_RULE}, found 'No rules'"),
    ("-a always", f"expected {EXPECT_RULE}, found '-a always'"),
    ("-a always,exi", f"expected {EXPECT_RULE}, found '-a always,exi'"),
    ("-a possible,exit -S all", f"expected {EXPECT_RULE}, found '-a possible,exit -S all'"),
    ("-a exit,always -S all", f"expected {EXPECT_RULE}, found '-a exit,always -S all'"),
    ("-A always,exit -S all", f"expected {EXPECT_RULE}, found '-A always,exit -S all'"),
    ("-D", f"expected {EXPECT_RULE}, found '-D'"),
    ("-w /x", f"expected {EXPECT_WATCH}, found '-w /x'"),
    ("-w /x -k k", f"expected {EXPECT_WATCH}, found '-w /x -k k'"),
    (" -p q", f"expected {EXPECT_WATCH}, found ' -p q'"),
    (" -p rrrwxa", f"expected {EXPECT_WATCH}, found ' -p rrrwxa'"),
    ("-w /x -p rwxar", f"expected {EXPECT_WATCH}, found '-w /x -p rwxar'"),
    ("-w /x -p rwxar -k k", f"expected {EXPECT_WATCH}, found '-w /x -p rwxar -k k'"),
    ("-a always,exit ", "expected -F, -C or -S, found ' '"),
    ("-a always,exit -S", "expected -F, -C or -S, found ' -S'"),
    ("-a always,exit x -S all", "expected -F, -C or -S, found ' x '"),
    ("-a always,exit -S ", "expected system calls of x86_64 in the order of their numbers"),
    ("-a always,exit -S opena", "expected system calls of x86_64 in the order of their numbers, found 'opena'"),
    (
        "-a always,exit -S open,opena,close",
        "expected system calls of x86_64 in the order of their numbers, found 'opena'",
    ),
    ("-a always,exit -S open,", "expected system calls of x86_64 in the order of their numbers, found 'open,'"),
    (
        "-a always,exit -S close,open",
        "expected system calls of x86_64 in the order of their numbers, found 'close,open'",
    ),
    (
        "-a always,exit -S open,open",
        "expected system calls of x86_64 in the order of their numbers, found 'open,open'",
    ),
    ("-a always,exit -S 2048", "expected system calls of x86_64 in the order of their numbers, found '2048'"),
    (
        "-a always,exit -S 99999999999999",
        "expected system calls of x86_64 in the order of their numbers, found '99999999999999'",
    ),
    (
        "-a never,io_uring -S 99999999999999",
        "expected system calls of x86_64 in the order of their numbers, found '99999999999999'",
    ),
    ("-a never,io_uring -S 5x", "expected system calls of x86_64 in the order of their numbers, found '5x'"),
    ("-a always,exit -S all -F ui=0", "expected a field that auditctl knows, found 'ui=0'"),
    (
        "-a always,exit -S all -F uid=",
        "expected a user's number, unset, or the name of a user of this host, found 'uid='",
    ),
    (
        "-a always,exit -S all -F uid=bob",
        "expected a user's number, unset, or the name of a user of this host, found 'uid=bob'",
    ),
    ("-a always,exit -S all -F uid=0-F gid=0", "expected a user's number or name, or unset, found 'uid=0-F gid=0'"),
    ("-a always,exit -S all -F pid=5x", "expected a number, found 'pid=5x'"),
    ("-a always,exit -S all -F pid=99999999999", "expected a number, found 'pid=99999999999'"),
    ("-a always,exit -S all -F a0=0x", "expected a number, negative ones included, found 'a0=0x'"),
    ("-a always,exit -S all -F sessionid=foo", "expected a session's number, or unset, found 'sessionid=foo'"),
    ("-a always,exit -S all -F saddr_fam=inet", "expected a socket address family's number, found 'saddr_fam=inet'"),
    ("-a always,exit -S all -F arch=b6", "expected an architecture: b64, b32, or a machine's name, found 'arch=b6'"),
    ("-a always,exit -S all -F perm=wq", "expected letters of rwxa, found 'perm=wq'"),
    ("-a always,exit -S all -F perm=rrrwxa", "expected letters of rwxa, at most four, found 'perm=rrrwxa'"),
    (
        "-a always,exit -S getpid -F key=y -S all",
        "expected -S once, behind the arch fields and before all others, found 'all'",
    ),
    (
        "-a always,exit -F uid=0 -S open",
        "expected -S once, behind the arch fields and before all others, found 'open'",
    ),
    (
        "-w /x -p wa -k a -p x -k b",
        "expected a key without -p in it, which could be the path's end, found ' -k a -p x -k b'",
    ),
    ("-a always,exit -S all -C uid!=ui", "expected two fields that the kernel compares, found 'uid!=ui'"),
    ("-a always,exit -S all -C uid!=euid x", "expected two fields that the kernel compares, found 'uid!=euid x'"),
    (
        "-a always,exit -S all f24=99999999999",
        "expected a field without a name, such as f24=1, found 'f24=99999999999'",
    ),
]


@pytest.mark.parametrize(("line", "said"), DAMAGED, ids=[repr(case[0]) for case in DAMAGED])
def test_a_damaged_line_is_an_error(line: str, said: str) -> None:
    with pytest.raises(RuleSyntaxError) as caught:
        parse_listed_line(line, HOST)
    assert caught.value.summary == said


@pytest.mark.parametrize("digits", [5_000, 20_000])
@pytest.mark.parametrize("line", ["-S {}", "-F pid={}", "-F a0=0x{}", " f24={}", "f{}=1", "-F auid=-{}"])
def test_numbers_of_any_length_are_errors(line: str, digits: int) -> None:
    with pytest.raises(RuleSyntaxError):
        parse_listed_line("-a always,exit " + line.format("9" * digits), HOST)


@pytest.mark.parametrize(
    "line", ["-w /" + "x" * 8192 + " -p x", "-w /" + " -p r" * 100_000 + "!"], ids=["path", "permissions"]
)
def test_a_watch_longer_than_any_is_an_error_at_once(line: str) -> None:
    with pytest.raises(RuleSyntaxError) as caught:
        parse_listed_line(line, HOST)
    assert caught.value.expected == EXPECT_WATCH


def test_the_longest_watch_is_read() -> None:
    rule = watch("/" + "x" * 4095, *[15] * 62, keys="\x01".join("k" * 128))
    line = listed(rule, (3, 0, 9), "x86_64")
    assert parse_listed_line(line, HOST) == rule


# Lines that name everything, though auditctl would print such a rule as a watch.
WATCHES_IN_FULL: tuple[tuple[str, Rule], ...] = (
    (
        "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker",
        exit_rule(equal("path", "/usr/bin/dockerd"), equal("perm", 15), equal("key", "docker")),
    ),
    ("-a always,exit -S all -F dir=/x -F perm=wa", exit_rule(equal("dir", "/x"), equal("perm", 10))),
    ("-a never,exit -S all -F path=/x -F perm=x", exit_rule(equal("path", "/x"), equal("perm", 1), action=NEVER)),
    ("-a always,exclude -F perm=wa", Rule(FilterList.EXCLUDE, ALWAYS, ALL_SYSCALLS, (equal("perm", 10),))),
)


@pytest.mark.parametrize(("line", "rule"), WATCHES_IN_FULL, ids=[line for line, _ in WATCHES_IN_FULL])
def test_a_watch_that_is_written_in_full_means_what_it_says(line: str, rule: Rule) -> None:
    assert parse_listing(f"{line}\n", HOST) == (ListedLine(line, rule, remark=NEVER_PRINTED),)


@pytest.mark.parametrize("line", ["-w /x -p x", " -p x", "-a always,exit -S all -F path=/x", "-a never,task"])
def test_nothing_is_remarked_of_a_line_that_auditctl_prints(line: str) -> None:
    assert [each.remark for each in parse_listing(f"{line}\n", HOST)] == [""]


# auditctl before 2.3.5: a line, and the same rule as later ones would write it in full.
OLD: tuple[tuple[str, str], ...] = (
    (
        "LIST_RULES: exit,always watch=/usr/bin/dockerd perm=rwxa key=docker",
        "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker",
    ),
    ("LIST_RULES: exit,always dir=/etc/x (0x6) perm=wa", "-a always,exit -S all -F dir=/etc/x -F perm=wa"),
    ("LIST_RULES: exit,never watch=/a b perm=x", "-a never,exit -S all -F path=/a b -F perm=x"),
    (
        "LIST_RULES: exit,always arch=3221225534 (0xc000003e) key=exec syscall=execve",
        "-a always,exit -F arch=b64 -S execve -F key=exec",
    ),
    (
        "LIST_RULES: exit,always arch=i386 auid>=1000 (0x3e8) auid!=-1 (0xffffffff) key=a key=b syscall=open,close",
        "-a always,exit -F arch=b32 -S open,close -F auid>=1000 -F auid!=-1 -F key=a -F key=b",
    ),
    ("LIST_RULES: exit,always uid=obj_uid syscall=all", "-a always,exit -S all -C uid=obj_uid"),
    ("LIST_RULES: exit,always exit=-13 (0xfffffff3) syscall=open", "-a always,exit -S open -F exit=-EACCES"),
    ("LIST_RULES: exit,always f24=1 (0x1) syscall=all", "-a always,exit -S all f24=1"),
    ("LIST_RULES: exclude,always msgtype=CWD (0x51b)", "-a always,exclude -F msgtype=CWD"),
    ("LIST_RULES: task,never", "-a never,task"),
    ("LIST_RULES: exit,always syscall=all", "-a always,exit -S all"),
)


@pytest.mark.parametrize(("line", "wanted"), OLD, ids=[line for line, _ in OLD])
def test_a_line_of_an_old_listing_is_read(line: str, wanted: str) -> None:
    assert parse_listing(f"{line}\n", HOST) == (ListedLine(line, parse_listed_line(wanted, HOST), remark=OLD_FORM),)


EXPECT_OLD = "LIST_RULES: LIST,ACTION FIELD=VALUE …, as auditctl before 2.3.5 prints a rule"
BAD_OLD: tuple[tuple[str, str], ...] = (
    ("AUDIT_LIST: exit,always", f"expected {EXPECT_RULE}, found 'AUDIT_LIST: exit,always'"),
    ("LIST_RULES: ", f"expected {EXPECT_OLD}, found 'LIST_RULES: '"),
    ("LIST_RULES: entry,always", f"expected {EXPECT_OLD}, found 'LIST_RULES: entry,always'"),
    ("LIST_RULES: exit,always watch", f"expected {EXPECT_OLD}, found 'LIST_RULES: exit,always watch'"),
    ("LIST_RULES: exit,always pid=x (0x1)", "expected a number, found 'pid=x'"),
    (
        "LIST_RULES: exit,always syscall=open,nosuch",
        "expected system calls of x86_64 in the order of their numbers, found 'nosuch'",
    ),
)


@pytest.mark.parametrize(("line", "summary"), BAD_OLD)
def test_an_error_in_an_old_listing_is_told_of_its_own_line(line: str, summary: str) -> None:
    with pytest.raises(RuleSyntaxError) as caught:
        parse_listed_line(line, HOST)
    assert (caught.value.summary, caught.value.line) == (summary, line)

"""What is said of a line that is no rule: the whole text, with the place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import ControlFlag
from tests.audit.strategies import HOST


def error_of(line: str, facts: Facts = HOST) -> RuleSyntaxError:
    with pytest.raises(RuleSyntaxError) as caught:
        parse_line(line, facts)
    return caught.value


NO_LIST = (
    "expected a list and an action with a comma between: one of user, task, exit, exclude, filesystem, "
    "and always or never\n"
)
NOT_EXCLUDABLE = (
    "expected a field of the exclude list: auid, exe, gid, msgtype, pid, subj_clr, subj_role, subj_sen, subj_type, "
    "subj_user, uid\n"
)
NO_LONG_NAME = (
    "expected one of --loginuid-immutable, --backlog_wait_time, --reset-lost, --reset_backlog_wait_time_actual, "
    "--signal\n"
)

ERRORS: list[tuple[str, str]] = [
    (
        "-w relative -p wa",
        "expected an absolute path, without quotes or variables\n    -w relative -p wa\n       ^^^^^^^^",
    ),
    (
        "-w /etc/docker -p wq",
        "expected letters of rwxa\n    -w /etc/docker -p wq\n                      ^^",
    ),
    (
        "-w /etc/docker -p rwxar",
        "expected letters of rwxa, at most four\n    -w /etc/docker -p rwxar\n                      ^^^^^",
    ),
    (
        "-p wa -w /etc/docker",
        "expected -w or -a before the permissions\n    -p wa -w /etc/docker\n    ^^",
    ),
    (
        "-k x -w /etc/docker",
        (
            "expected a watch, a path, perm, exe or fstype field or a system call before the key\n"
            "    -k x -w /etc/docker\n"
            "    ^^"
        ),
    ),
    (
        "-w /etc/docker -p wa # comment",
        (
            "expected a flag before this word: a rules file has no quotes and no comments after a rule\n"
            "    -w /etc/docker -p wa # comment\n"
            "                         ^"
        ),
    ),
    (
        "-w /etc/docker -k a b",
        (
            "expected a flag before this word: a rules file has no quotes and no comments after a rule\n"
            "    -w /etc/docker -k a b\n"
            "                        ^"
        ),
    ),
    (
        "-w /etc/docker -z",
        "expected a flag that auditctl has\n    -w /etc/docker -z\n                   ^^",
    ),
    (
        "-w /etc/docker -k",
        "expected an operand after -k\n    -w /etc/docker -k\n                   ^^",
    ),
    (
        "-w /etc/docker -a always,exit",
        (
            "expected no list and action after a watch\n"
            "    -w /etc/docker -a always,exit\n"
            "                      ^^^^^^^^^^^"
        ),
    ),
    (
        "-w /etc/a -w /etc/b",
        (
            "expected -w alone: a watch takes no -a, -A, -d or second -w before it\n"
            "    -w /etc/a -w /etc/b\n"
            "              ^^"
        ),
    ),
    (
        "-w /etc/a -W /etc/b",
        "expected a watch without fields before it\n    -w /etc/a -W /etc/b\n                 ^^^^^^",
    ),
    (
        "-w /etc/docker -F arch=b64",
        (
            "expected arch before -S, and not after a watch\n"
            "    -w /etc/docker -F arch=b64\n"
            "                      ^^^^^^^^"
        ),
    ),
    (
        "-w /etc/docker -k a!=b",
        (
            "expected a key without !=, >=, <= and &=, which auditctl takes for operators\n"
            "    -w /etc/docker -k a!=b\n"
            "                      ^^^^"
        ),
    ),
    (
        "-a always",
        (NO_LIST + "    -a always\n       ^^^^^^"),
    ),
    (
        "-a always,exit,x",
        (NO_LIST + "    -a always,exit,x\n                   ^"),
    ),
    (
        "-a always, exit -S open",
        (NO_LIST + "    -a always, exit -S open\n       ^^^^^^^"),
    ),
    (
        "-a allways,exit",
        (NO_LIST + "    -a allways,exit\n       ^^^^^^^"),
    ),
    (
        "-a always,entry",
        (NO_LIST + "    -a always,entry\n              ^^^^^"),
    ),
    (
        "-a possible,exit -S open",
        (NO_LIST + "    -a possible,exit -S open\n       ^^^^^^^^"),
    ),
    (
        "-a always,exit -a never,task",
        "expected one of -a, -A and -d in a line\n    -a always,exit -a never,task\n                      ^^^^^^^^^^",
    ),
    (
        "-a always,EXIT",
        (NO_LIST + "    -a always,EXIT\n              ^^^^"),
    ),
    (
        "-a always,io_uring -S openat",
        (NO_LIST + "    -a always,io_uring -S openat\n              ^^^^^^^^"),
    ),
    (
        "-a always,exit -S nosuch",
        (
            "expected a system call of x86_64 that auditctl knows, a number below 2048, or all\n"
            "    -a always,exit -S nosuch\n"
            "                      ^^^^^^"
        ),
    ),
    (
        "-a always,exit -S 2048",
        (
            "expected a system call of x86_64 that auditctl knows, a number below 2048, or all\n"
            "    -a always,exit -S 2048\n"
            "                      ^^^^"
        ),
    ),
    (
        "-a always,exit -S open,nosuch",
        (
            "expected a system call of x86_64 that auditctl knows, a number below 2048, or all\n"
            "    -a always,exit -S open,nosuch\n"
            "                           ^^^^^^"
        ),
    ),
    (
        "-a always,exit -S -1",
        (
            "expected a system call of x86_64 that auditctl knows, a number below 2048, or all\n"
            "    -a always,exit -S -1\n"
            "                      ^^"
        ),
    ),
    (
        "-a always,task -S open",
        (
            "expected no -S: rules of the task list take no system calls\n"
            "    -a always,task -S open\n"
            "                   ^^"
        ),
    ),
    (
        "-a never,exclude -S open",
        (
            "expected no -S: rules of the exclude list take no system calls\n"
            "    -a never,exclude -S open\n"
            "                     ^^"
        ),
    ),
    (
        "-S open -a always,task",
        (
            "expected no system calls before a rule of the task list\n"
            "    -S open -a always,task\n"
            "               ^^^^^^^^^^^"
        ),
    ),
    (
        "-S open",
        "expected a list and an action before the system calls: -a always,exit\n    -S open\n           ^",
    ),
    (
        "-a always,exit -S open -F arch=b64",
        (
            "expected arch before -S, and not after a watch\n"
            "    -a always,exit -S open -F arch=b64\n"
            "                              ^^^^^^^^"
        ),
    ),
    (
        "-a always,exit -F arch=b65",
        (
            "expected an architecture: b64, b32, or a machine's name\n"
            "    -a always,exit -F arch=b65\n"
            "                           ^^^"
        ),
    ),
    (
        "-a always,exit -F arch>b64",
        "expected arch with = or !=\n    -a always,exit -F arch>b64\n                      ^^^^^^^^",
    ),
    (
        "-a always,exit -F uid",
        "expected an operator: one of != >= <= &= = > < &\n    -a always,exit -F uid\n                      ^^^",
    ),
    (
        "-a always,exit -F =0",
        "expected a field's name before the operator\n    -a always,exit -F =0\n                      ^^",
    ),
    (
        "-a always,exit -F uid=",
        "expected a value after the operator\n    -a always,exit -F uid=\n                      ^^^^",
    ),
    (
        "-a always,exit -F nosuch=1",
        "expected a field that auditctl knows\n    -a always,exit -F nosuch=1\n                      ^^^^^^",
    ),
    (
        "-a always,exit -F path=/tmp/a!=b",
        "expected a field that auditctl knows\n    -a always,exit -F path=/tmp/a!=b\n                      ^^^^^^^^^^^",
    ),
    (
        "-a always,exit -F uid=bob",
        (
            "expected a user's number, unset, or the name of a user of this host\n"
            "    -a always,exit -F uid=bob\n"
            "                          ^^^"
        ),
    ),
    (
        "-a always,exit -F gid=-1",
        (
            "expected a group's number, or the name of a group of this host\n"
            "    -a always,exit -F gid=-1\n"
            "                          ^^"
        ),
    ),
    (
        "-a always,exit -F a0=x",
        "expected a number, negative ones included\n    -a always,exit -F a0=x\n                         ^",
    ),
    (
        "-a always,exit -F exit=ENOSUCH",
        (
            "expected a number or an error's name such as -EACCES\n"
            "    -a always,exit -F exit=ENOSUCH\n"
            "                           ^^^^^^^"
        ),
    ),
    (
        "-a always,exit -F filetype=symlink",
        (
            "expected a file type: file, dir, socket, link, character, block or fifo\n"
            "    -a always,exit -F filetype=symlink\n"
            "                               ^^^^^^^"
        ),
    ),
    (
        "-a always,exit -F perm=z",
        "expected letters of rwxa\n    -a always,exit -F perm=z\n                           ^",
    ),
    (
        "-a always,exit -F perm!=wa",
        "expected perm with =\n    -a always,exit -F perm!=wa\n                      ^^^^^^^^",
    ),
    (
        "-a always,exit -F exe>/bin/sh",
        "expected exe with = or !=\n    -a always,exit -F exe>/bin/sh\n                      ^^^^^^^^^^^",
    ),
    (
        "-a always,exit -F inode>5",
        "expected inode with = or !=\n    -a always,exit -F inode>5\n                      ^^^^^^^",
    ),
    (
        "-a always,exit -F msgtype=CWD",
        (
            "expected msgtype only on the list user or exclude\n"
            "    -a always,exit -F msgtype=CWD\n"
            "                      ^^^^^^^^^^^"
        ),
    ),
    (
        "-a never,task -F path=/etc/x",
        "expected path only on the list exit\n    -a never,task -F path=/etc/x\n                     ^^^^^^^^^^^",
    ),
    (
        "-a never,exclude -F euid=0",
        (NOT_EXCLUDABLE + "    -a never,exclude -F euid=0\n                        ^^^^^^"),
    ),
    (
        "-a never,exclude -F msgtype=NOSUCH",
        (
            "expected a record type's number or name\n"
            "    -a never,exclude -F msgtype=NOSUCH\n"
            "                                ^^^^^^"
        ),
    ),
    (
        "-a never,filesystem -F fstype=ext4",
        (
            "expected a file system's magic number, or tracefs or debugfs\n"
            "    -a never,filesystem -F fstype=ext4\n"
            "                                  ^^^^"
        ),
    ),
    (
        "-a never,filesystem -F fstype>tracefs",
        (
            "expected fstype with = or !=\n"
            "    -a never,filesystem -F fstype>tracefs\n"
            "                           ^^^^^^^^^^^^^^"
        ),
    ),
    (
        "-a always,exit -F arch=b64 -k x",
        (
            "expected a watch, a path, perm, exe or fstype field or a system call before the key\n"
            "    -a always,exit -F arch=b64 -k x\n"
            "                               ^^"
        ),
    ),
    (
        "-a always,exit -F auid>=1000 -F key=x",
        (
            "expected a path, perm, exe or fstype field or a system call before the key\n"
            "    -a always,exit -F auid>=1000 -F key=x\n"
            "                                         ^"
        ),
    ),
    (
        "-a never,user -F uid=0 -F key=x",
        (
            "expected a path, perm, exe or fstype field or a system call before the key\n"
            "    -a never,user -F uid=0 -F key=x\n"
            "                                   ^"
        ),
    ),
    (
        "-F uid=0",
        "expected -a, -A, -d or -w before a field\n    -F uid=0\n    ^^",
    ),
    (
        "-C uid!=euid -a always,exit",
        "expected -C only after -a with the exit list\n    -C uid!=euid -a always,exit\n    ^^",
    ),
    (
        "-a always,exit -C uid!=gid",
        (
            "expected two different fields that the kernel compares\n"
            "    -a always,exit -C uid!=gid\n"
            "                      ^^^^^^^^"
        ),
    ),
    (
        "-a always,exit -C uid=uid",
        (
            "expected two different fields that the kernel compares\n"
            "    -a always,exit -C uid=uid\n"
            "                      ^^^^^^^"
        ),
    ),
    (
        "-a always,exit -C uid",
        "expected an operator: one of != =\n    -a always,exit -C uid\n                      ^^^",
    ),
    (
        "-a always,exit -C uid>euid",
        "expected an operator: one of != =\n    -a always,exit -C uid>euid\n                      ^^^^^^^^",
    ),
    (
        "-a always,exit -C pid!=ppid",
        (
            "expected two fields of users or two of groups\n"
            "    -a always,exit -C pid!=ppid\n"
            "                      ^^^^^^^^^"
        ),
    ),
    (
        "-d always,exit -d always,exit",
        "expected one of -a, -A and -d in a line\n    -d always,exit -d always,exit\n                      ^^^^^^^^^^^",
    ),
    (
        "-e 3",
        "expected 0, 1 or 2\n    -e 3\n       ^",
    ),
    (
        "-e",
        "expected an operand after -e\n    -e\n    ^^",
    ),
    (
        "-b many",
        "expected a number\n    -b many\n       ^^^^",
    ),
    (
        "-b 18446744073709551616",
        "expected a number\n    -b 18446744073709551616\n       ^^^^^^^^^^^^^^^^^^^^",
    ),
    (
        "--backlog_wait_time=",
        "expected a number\n    --backlog_wait_time=\n                        ^",
    ),
    (
        "--reset",
        (NO_LONG_NAME + "    --reset\n    ^^^^^^^"),
    ),
    (
        "--foo",
        (NO_LONG_NAME + "    --foo\n    ^^^^^"),
    ),
    (
        "-D docker",
        "expected -D alone, or -D -k TEXT\n    -D docker\n    ^^",
    ),
    (
        "-D\r",
        "expected nothing behind the flag in this word\n    -D·\n    ^^^",
    ),
    (
        "-s x",
        "expected -s alone, or -s -i\n    -s x\n    ^^",
    ),
    (
        "-h",
        "expected no -h in a rules file\n    -h\n    ^^",
    ),
    (
        "-R /etc/audit/audit.rules",
        "expected no -R in a rules file\n    -R /etc/audit/audit.rules\n    ^^",
    ),
    (
        "-q /mnt",
        "expected two paths with a comma between, not '/mnt' alone\n    -q /mnt\n       ^^^^",
    ),
    (
        "-m two words",
        "expected -m alone with one word\n    -m two words\n    ^^",
    ),
    (
        "-m caf\udce9",
        "expected a text without control characters\n    -m caf·\n       ^^^^",
    ),
    (
        "--signal KILL",
        ("expected a signal: cont, hup, term, usr1, usr2\n    --signal KILL\n             ^^^^"),
    ),
    (
        "-i -w /etc/docker",
        (
            "expected a flag before this word: a rules file has no quotes and no comments after a rule\n"
            "    -i -w /etc/docker\n"
            "       ^^"
        ),
    ),
    (
        "docker",
        (
            "expected a flag before this word: a rules file has no quotes and no comments after a rule\n"
            "    docker\n"
            "    ^^^^^^"
        ),
    ),
    (
        "\t-w /etc/docker",
        (
            "expected a flag before this word: a rules file has no quotes and no comments after a rule\n"
            "    ·-w /etc/docker\n"
            "    ^^^"
        ),
    ),
    (
        "\t# a comment",
        (
            "expected a flag before this word: a rules file has no quotes and no comments after a rule\n"
            "    ·# a comment\n"
            "    ^^"
        ),
    ),
    (
        "\r",
        "expected a flag before this word: a rules file has no quotes and no comments after a rule\n    ·\n    ^",
    ),
    (
        "\ufeff# c",
        "expected a flag before this word: a rules file has no quotes and no comments after a rule\n    ·# c\n    ^^",
    ),
    (
        "-w /etc/a\\ b -p q",
        "expected letters of rwxa\n    -w /etc/a\\ b -p q\n                    ^",
    ),
    (
        "  -k  x",
        "expected a watch, a path, perm, exe or fstype field or a system call before the key\n      -k  x\n      ^^",
    ),
]


@pytest.mark.parametrize(("line", "said"), ERRORS, ids=[repr(case[0]) for case in ERRORS])
def test_errors_say_what_was_expected_and_point_at_it(line: str, said: str) -> None:
    assert str(error_of(line)) == said


TOO_MUCH = [
    ("-a always,exit" + " -F a0=1" * 64, "expected at most 63 fields, found 'a0=1'"),
    ("-a always,exit -S open" + " -F a0=1" * 63 + " -k x", "expected at most 63 fields, the key included"),
    ("-w /etc" + " -F a0=1" * 62, "expected at most 63 fields, found 'a0=1'"),
    ("-a always,exit" + " -F a0=1" * 63 + " -p x", "expected at most 63 fields, found 'x'"),
    ("-w /" + "x" * 256, f"expected a last name of at most 255 bytes, found '/{'x' * 256}'"),
    ("-w /" + "é" * 128, f"expected a last name of at most 255 bytes, found '/{'é' * 128}'"),
    ("-w /" + "x/" * 2048, f"expected a path of less than 4096 bytes, found '/{'x/' * 149}x…'"),
    ("-w /etc -k " + "k" * 257, f"expected keys of at most 256 bytes together, found '{'k' * 257}'"),
    (
        "-w /etc -k " + "k" * 128 + " -F key=" + "l" * 128,
        f"expected keys of at most 256 bytes together, found 'key={'l' * 128}'",
    ),
    ("-a always,exit -F obj_user=" + "x" * 4097, f"expected at most 4096 bytes, found '{'x' * 300}…'"),
]


EN_DASH = "(\u2013 is U+2013, as documents have it: write the hyphen, -)"
TYPESET = [
    ("\u2013w /etc -p wa", f"found '-p' {EN_DASH}"),
    ("-w /etc \u2013p wa", f"found '\u2013p' {EN_DASH}"),
    ("-a always,exit -F auid!=\u22121 -S open", "(\u2212 is U+2212, as documents have it: write the hyphen, -)"),
    ("-w \u201c/etc\u201d -p wa", "(\u201c is U+201C, as documents have it: write no quotes)"),
    ("-w /etc -k my key\u201d", "(\u201d is U+201D, as documents have it: write no quotes)"),
]


@pytest.mark.parametrize(("line", "told"), TYPESET)
def test_a_dash_or_quote_of_a_document_is_named_with_what_to_write(line: str, told: str) -> None:
    assert error_of(line).summary.endswith(told)


@pytest.mark.parametrize(("line", "summary"), TOO_MUCH, ids=[case[1][:50] for case in TOO_MUCH])
def test_what_is_too_much_is_told_with_its_limit(line: str, summary: str) -> None:
    assert error_of(line).summary == summary


@pytest.mark.parametrize(
    "line",
    [
        "-w /" + "x" * 255,
        "-w /" + "x/" * 2047,
        "-w /etc -k " + "k" * 256,
        "-w /etc -k " + "k" * 127 + " -k " + "l" * 128,
        "-a always,exit -F obj_user=" + "x" * 4096,
        "-a always,exit -S open" + " -F a0=1" * 62 + " -k x",
    ],
    ids=lambda line: line[:30],
)
def test_what_is_just_not_too_much_is_a_rule(line: str) -> None:
    parsed = parse_line(line, HOST)
    assert parsed is not None
    assert parsed.rule is not None


OTHER_VERSIONS: list[tuple[str, Version, str]] = [
    ("-a always,exit -F saddr_fam=2", (2, 8, 5), "expected a field that auditctl knows, found 'saddr_fam'"),
    ("-a always,exit -F exe!=/bin/sh", (2, 8, 5), "expected exe with =, found 'exe!=/bin/sh'"),
    (
        "-a never,exclude -F exe=/bin/sh",
        (2, 8, 5),
        (
            "expected a field of the exclude list: auid, gid, msgtype, pid, subj_clr, subj_role, subj_sen, subj_type, "
            "subj_user, uid, found 'exe=/bin/sh'"
        ),
    ),
    (
        "--signal HUP",
        (2, 8, 5),
        "expected one of --loginuid-immutable, --backlog_wait_time, --reset-lost, found '--signal'",
    ),
    (
        "-S open -w /etc/docker",
        (4, 2, 1),
        "expected -w before -S: a watch takes no system calls, found '-w'",
    ),
    ("-w /etc/docker -k a\x01b", (4, 2, 1), r"expected a key without the byte 0x01, found 'a\x01b'"),
    (
        "-a always,entry",
        (4, 2, 1),
        (
            "expected a list and an action with a comma between: one of user, task, exit, exclude, filesystem, "
            "io_uring, and always or never, found 'entry'"
        ),
    ),
    (
        "-a always,io_uring -S nosuch",
        (4, 2, 1),
        "expected an io_uring operation that auditctl knows, a number below 2048, or all, found 'nosuch'",
    ),
    (
        "-a always,io_uring -S 99999999999999",
        (4, 2, 1),
        "expected an io_uring operation that auditctl knows, a number below 2048, or all, found '99999999999999'",
    ),
    (
        "-a always,exit -F arch=riscv64 -S openat",
        (3, 0, 9),
        "expected an architecture: b64, b32, or a machine's name, found 'riscv64'",
    ),
    (
        "-a always,exit -F arch=aarch64 -F perm=w",
        (3, 1, 5),
        "expected no perm after this arch: auditctl adds rename, which aarch64 does not have, found 'perm=w'",
    ),
]


@pytest.mark.parametrize(("line", "version", "summary"), OTHER_VERSIONS)
def test_each_version_refuses_its_own(line: str, version: Version, summary: str) -> None:
    assert error_of(line, replace(HOST, version=version)).summary == summary


def test_a_machine_of_32_bits_has_no_b64() -> None:
    said = error_of("-a always,exit -F arch=b64", replace(HOST, machine="armv7l")).summary
    assert said == "expected an architecture: b64, b32, or a machine's name, found 'b64'"


def test_text_above_127_is_no_control_character_where_char_has_no_sign() -> None:
    assert parse_line("-m café", replace(HOST, machine="aarch64")) is not None


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_user_is_unknown_where_nobody_knows_the_host(name: str) -> None:
    said = error_of(f"-a always,exit -F uid={name}", Facts()).summary
    assert said == f"expected a user's number, unset, or the name of a user of this host, found '{name}'"


def test_what_a_line_did_before_its_error_is_kept() -> None:
    error = error_of("-b 8192 -f 1 -e 5")
    assert error.done == (ControlFlag("-b", "8192"), ControlFlag("-f", "1"))


def test_all_rules_are_gone_before_the_letter_behind_d_is_refused() -> None:
    assert error_of("-D\r").done == (ControlFlag("-D"),)


def test_an_error_at_the_end_of_a_line_has_nothing_in_its_place() -> None:
    error = error_of("-a always,exit -F auid=0 -F key=x")
    assert error.summary == "expected a path, perm, exe or fstype field or a system call before the key"
    assert error.span == (33, 33)


def test_an_escaped_word_is_pointed_at_whole() -> None:
    assert str(error_of(r"-a always,exit -F uid=a\ b")) == (
        "expected a user's number, unset, or the name of a user of this host\n"
        "    -a always,exit -F uid=a\\ b\n"
        "                      ^^^^^^^^"
    )

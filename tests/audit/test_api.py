"""The public names of `auditrules.audit`, as a user imports them."""

from __future__ import annotations

import doctest
import pickle
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest

import auditrules.audit
from auditrules.audit import (
    Action,
    Facts,
    Field,
    FilterList,
    Operator,
    RecordedFor,
    Rule,
    RuleSyntaxError,
    SyscallMask,
    UnknownSyscallError,
    listed,
    load_rules,
    ordinary_files,
    parse_listing,
    parse_rule,
    parse_rules_file,
    path_coverage,
    render,
    syscall_coverage,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
SECTIONS = DOCUMENT.read_text("utf-8").split("\n## ")[1:]


@pytest.mark.parametrize("name", auditrules.audit.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    assert re.search(rf"\b{name}\b", DOCUMENT.read_text("utf-8"))


def globals_of(sections: list[str]) -> dict[str, object]:
    """The names that the examples of some sections leave behind."""
    names: dict[str, object] = {}
    for section in sections:
        for example in doctest.DocTestParser().get_examples(section):
            if example.exc_msg is None:
                exec(compile(example.source, str(DOCUMENT), "single"), names)  # noqa: S102 - our own document
    return names


@pytest.mark.parametrize("place", range(len(SECTIONS)), ids=[text.partition("\n")[0] for text in SECTIONS])
def test_an_example_of_the_document_does_what_it_shows(place: int, capsys: pytest.CaptureFixture[str]) -> None:
    names = globals_of(SECTIONS[:place])
    capsys.readouterr()
    test = doctest.DocTestParser().get_doctest(SECTIONS[place], names, "docs/api.md", str(DOCUMENT), 0)
    said: list[str] = []
    failed, _ = doctest.DocTestRunner().run(test, out=said.append)
    assert failed == 0, "".join(said)


def test_every_public_name_is_in_the_document_or_a_part_of_one_that_is() -> None:
    parts = {"Action", "Comparison", "FilterList", "Operator", "PathCoverage", "RecordedFor", "SyscallCoverage"}
    text = DOCUMENT.read_text("utf-8")
    assert {name for name in auditrules.audit.__all__ if name not in text} <= parts


@pytest.mark.parametrize("name", auditrules.audit.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(auditrules.audit, name).__name__ == name


def test_another_name_is_none() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'parse'"):
        _ = auditrules.audit.parse


def test_the_public_names_are_listed() -> None:
    assert dir(auditrules.audit) == sorted(auditrules.audit.__all__)


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = "import sys, auditrules.audit; print(*(name for name in sys.modules if name.startswith('auditrules.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["auditrules.audit"]


def test_a_line_is_enough() -> None:
    rule = parse_rule("-w /etc/passwd -p wa")
    assert render(rule) == "-a always,exit -S all -F path=/etc/passwd -F perm=wa"
    assert listed(rule) == "-w /etc/passwd -p wa"


@pytest.mark.parametrize("line", ["-a always,exit -F arch=b64 -S execve,59,openat -k a -k b", "-w /etc -p wa"])
def test_a_rule_compares_hashes_and_pickles_as_a_value(line: str) -> None:
    rule = parse_rule(line)
    again = pickle.loads(pickle.dumps(rule))  # noqa: S301 - our own
    assert again == rule == parse_rule(line) == deepcopy(rule)
    assert hash(again) == hash(rule)
    assert repr(again) == repr(rule)


# line, the repr of its rule
REPRS = (
    ("-w /etc/passwd -p wa", "Rule('always,exit -S all -F path|dir=/etc/passwd -F perm=wa')"),
    ("-a never,task", "Rule('never,task')"),
    ("-a always,exit -C uid!=euid", "Rule('always,exit -S all -C uid!=euid')"),
    (
        "-a always,exit -F arch=b32 -S open,close -k a\tb",
        r"Rule('always,exit -S open,close -F arch=0x40000003 -F key=a\tb')",
    ),
    (
        "-a always,exit -S 1,2,3,4,5,6,7,8,9,10",
        "Rule('always,exit -S write,open,close,stat,fstat,lstat,poll,lseek,… 2 more')",
    ),
)


@pytest.mark.parametrize(("line", "shown"), REPRS)
def test_a_rule_is_shown_in_a_line(line: str, shown: str) -> None:
    assert repr(parse_rule(line)) == shown


MASKS = (
    (SyscallMask(1 << 59), "SyscallMask('59')", "59"),
    (parse_rule("-a always,exit -S execve").syscalls, "SyscallMask('execve')", "execve"),
    (parse_rule("-a always,exit -F arch=b32 -S execve").syscalls, "SyscallMask('execve')", "execve"),
    (parse_rule("-a always,exit -S all").syscalls, "SyscallMask('all')", "all"),
    (SyscallMask(), "SyscallMask('')", ""),
    (
        parse_rule("-a always,io_uring -S openat", Facts(version=(4, 0, 5))).syscalls,
        "SyscallMask('openat')",
        "openat",
    ),
    (parse_listing("-a always,exit -F arch=b32 -S fork")[0].rule.syscalls, "SyscallMask('fork')", "fork"),  # type: ignore[union-attr]
)


@pytest.mark.parametrize(("mask", "shown", "text"), MASKS, ids=[shown for _, shown, _ in MASKS])
def test_a_mask_prints_the_names_of_its_calls(mask: SyscallMask, shown: str, text: str) -> None:
    assert (repr(mask), str(mask)) == (shown, text)


def test_a_mask_is_the_number_it_was_made_of() -> None:
    mask = SyscallMask(1 << 59 | 1)
    assert mask == 1 << 59 | 1
    assert hash(mask) == hash(1 << 59 | 1)
    assert mask.numbers == (0, 59)


NOT_A_RULE = (
    ("", "a rule, not a comment or a blank line"),
    ("# -w /etc", "a rule, not a comment or a blank line"),
    ("-D", "a rule and nothing else; this line has -D"),
    ("-b 8192 -w /etc/passwd", "a rule and nothing else; this line has -b"),
    ("-a exit,possible", "a rule; auditctl accepts this line and adds none"),
    ("--", "a rule; auditctl accepts this line and adds none"),
    ("-d always,exit -S open", "a rule to add: -w PATH or -a LIST,ACTION; this line deletes one"),
    ("-W /etc/passwd", "a rule to add: -w PATH or -a LIST,ACTION; this line deletes one"),
)


@pytest.mark.parametrize(("line", "expected"), NOT_A_RULE)
def test_a_line_that_adds_no_rule_alone_is_an_error(line: str, expected: str) -> None:
    with pytest.raises(RuleSyntaxError) as caught:
        parse_rule(line)
    assert caught.value.expected == expected


def test_errors_are_values() -> None:
    errors = []
    for _ in range(2):
        with pytest.raises(RuleSyntaxError) as caught:
            parse_rule("-w etc")
        errors.append(caught.value)
    assert errors[0] == errors[1] != RuleSyntaxError("an absolute path", "-w etc", (3, 6))
    assert {*errors} == {errors[0]}
    assert parse_rules_file("-w etc\n") == parse_rules_file(b"-w etc\n")


def test_a_rules_file_keeps_every_line_that_says_something() -> None:
    found = parse_rules_file(b"# x\n\n-D\n-w /caf\xe9\n-w x\n-w /y")
    assert [(line.number, line.text, line.error is None) for line in found] == [
        (3, "-D", True),
        (4, "-w /caf\udce9", True),
        (5, "-w x", False),
        (6, "-w /y", True),
    ]


@pytest.mark.parametrize("text", ["", "No rules\n", b"No rules\n", b""])
def test_a_listing_of_no_rules_has_no_lines(text: str | bytes) -> None:
    assert parse_listing(text) == ()


def test_a_listing_is_read_with_and_without_its_last_newline() -> None:
    assert parse_listing("-w /x -p wa\n") == parse_listing(b"-w /x -p wa")


def test_a_line_of_a_listing_that_is_no_rule_is_kept_with_why() -> None:
    (line,) = parse_listing("-w\n")
    assert (line.text, line.rule) == ("-w", None)
    assert line.error


HOST = Facts(files=ordinary_files("/etc/passwd", "/etc/audit/"), users={"root": 0})


def test_what_is_no_entry_is_unknown() -> None:
    watch = parse_rule("-w /etc/shadow -p wa", HOST)
    assert path_coverage("/etc/shadow", [watch], HOST).unknown == "rwxa"


@pytest.mark.parametrize(
    ("lines", "enabled", "recorded", "reason"),
    [
        (["-w /etc/passwd -p wa"], 1, "wa", "permissions_missing"),
        (["-w /etc/passwd -p wa"], 2, "wa", "permissions_missing"),
        (["-w /etc/passwd -p wa"], 0, "", "disabled"),
        (["-w /etc/passwd"], 1, "rwxa", "covered"),
        (["-w /etc/audit"], 1, "", "no_rule"),
        ([], 1, "", "no_rule"),
    ],
)
def test_a_path_is_recorded_as_its_rules_say(lines: list[str], enabled: int, recorded: str, reason: str) -> None:
    answer = path_coverage("/etc/passwd", [parse_rule(line, HOST) for line in lines], HOST, enabled=enabled)
    assert (answer.recorded, answer.reason.value) == (recorded, reason)


def test_rules_of_a_file_are_those_that_a_load_leaves() -> None:
    content = b"-w /etc/passwd -p wa\n-D\n-w /etc/passwd -p x\n"
    assert path_coverage("/etc/passwd", load_rules(content, HOST).rules, HOST).recorded == "x"


B64 = "-a always,exit -F arch=b64 -S execve"
USERS = f"{B64} -F auid>=1000 -F auid!=unset"
# what is asked of each: whose calls of execve are recorded
SYSCALLS: tuple[tuple[str, list[str], RecordedFor], ...] = (
    ("a rule without conditions", [B64], RecordedFor.EVERYBODY),
    ("a rule without an arch", ["-a always,exit -S execve"], RecordedFor.EVERYBODY),
    ("a rule for a permission", ["-a always,exit -F perm=x"], RecordedFor.EVERYBODY),
    ("login users", [USERS], RecordedFor.LOGIN_USERS),
    ("login users, in two rules", [f"{USERS} -F success=1", f"{USERS} -F success=0"], RecordedFor.LOGIN_USERS),
    ("login users from a later one", [f"{B64} -F auid>=1001 -F auid!=unset"], RecordedFor.SOME),
    ("login users but one", ["-a never,exit -F auid=1500", USERS], RecordedFor.SOME),
    ("login users who succeed", [f"{USERS} -F success=1"], RecordedFor.SOME),
    ("a user's", [f"{B64} -F uid=33"], RecordedFor.SOME),
    ("a directory's", [f"{B64} -F dir=/etc"], RecordedFor.SOME),
    ("a watch", ["-w /etc/passwd -p x"], RecordedFor.SOME),
    ("a directory's, behind a never rule", ["-a never,exit", f"{B64} -F dir=/etc"], RecordedFor.NOBODY),
    ("a directory's, before a never rule", [f"{B64} -F dir=/etc", "-a never,exit"], RecordedFor.SOME),
    ("a never rule on a directory before it", ["-a never,exit -F dir=/etc", B64], RecordedFor.EVERYBODY),
    ("a directory's, of 32-bit programs", ["-a always,exit -F arch=b32 -S execve -F dir=/etc"], RecordedFor.NOBODY),
    ("32-bit programs only", ["-a always,exit -F arch=b32 -S execve"], RecordedFor.NOBODY),
    ("another call", ["-a always,exit -S open"], RecordedFor.NOBODY),
    ("a never rule before it", ["-a never,exit -S execve", B64], RecordedFor.NOBODY),
    ("a never rule of the task list", ["-a never,task", B64, "-w /etc/passwd"], RecordedFor.NOBODY),
    ("no rule", [], RecordedFor.NOBODY),
    ("a program's, which is not looked at", [f"{B64} -F exe=/bin/sh"], RecordedFor.UNKNOWN),
)


@pytest.mark.parametrize(("lines", "wanted"), [case[1:] for case in SYSCALLS], ids=[case[0] for case in SYSCALLS])
def test_a_system_call_is_recorded_for_those_that_the_rules_say(lines: list[str], wanted: RecordedFor) -> None:
    assert syscall_coverage("execve", [parse_rule(line) for line in lines]).recorded_for is wanted


def test_a_call_that_opens_is_recorded_where_each_way_to_open_is() -> None:
    read, both = (parse_rule(f"-a always,exit -F perm={letters}") for letters in ("r", "rw"))
    assert syscall_coverage("openat", [read]).recorded_for is RecordedFor.SOME
    assert syscall_coverage("openat", [both]).recorded_for is RecordedFor.EVERYBODY


def test_the_rules_and_keys_of_a_system_call_come_in_their_order() -> None:
    rules = [
        parse_rule(line)
        for line in ("-w /etc/passwd -k files", "-a never,exit -S execve -F uid=0", f"{B64} -k b -k a", "-w /x -k late")
    ]
    answer = syscall_coverage("execve", rules)
    assert answer.rules == tuple(rules[:3])
    assert answer.keys == ("files", "b", "a")
    assert answer.conditions == ("except uid=0", "path=/etc/passwd only")


def test_auditing_that_is_off_records_no_call() -> None:
    assert syscall_coverage("execve", [parse_rule(B64)], enabled=0).recorded_for is RecordedFor.NOBODY


@pytest.mark.parametrize(
    ("name", "arch", "machine", "expected"),
    [
        ("opennat", "b64", "x86_64", "expected a system call of x86_64, found 'opennat'"),
        ("open", "b64", "aarch64", "expected a system call of aarch64, found 'open'"),
        ("openat", "b16", "x86_64", "expected an arch of x86_64, b64 or b32, found 'b16'"),
        ("openat", "b32", "riscv64", "expected an arch of riscv64, b64 or b32, found 'b32'"),
    ],
)
def test_a_call_that_the_machine_does_not_have_is_an_error(name: str, arch: str, machine: str, expected: str) -> None:
    with pytest.raises(UnknownSyscallError) as caught:
        syscall_coverage(name, [], Facts(machine=machine), arch=arch)
    assert str(caught.value) == expected


def test_a_rule_can_be_made_by_hand() -> None:
    made = Rule(FilterList.EXIT, Action.ALWAYS, SyscallMask(1 << 59), (Field("uid", Operator.EQUAL, 0),))
    assert made == parse_rule("-a always,exit -S execve -F uid=0")

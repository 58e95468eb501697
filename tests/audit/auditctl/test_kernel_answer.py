"""What auditctl prints, now or saved, and which of the states it means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditrules.audit.auditctl.kernel_answer import AnswerState, KernelAnswer
from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.auditctl.parse_listing import NEVER_PRINTED, OLD_FORM, ListedLine
from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.kernel.interpret import interpret_answer
from auditrules.audit.model.collected import File, Kernel, Run, RunFailure
from auditrules.audit.model.host_facts import Facts
from tests.audit.auditctl.test_status import PLAIN
from tests.audit.strategies import HOST

FILES = Path(__file__).parents[2] / "corpus" / "files.jsonl"

NO_RULE = "a line of the listing is no rule: expected a rule as auditctl -l prints it: -a ACTION,LIST … or -w PATH …"
LIST, STATUS = ("/sbin/auditctl", "-l"), ("/sbin/auditctl", "-s")
DENIED = b"Error sending rule list data request (Operation not permitted)\n"
STATUS_DENIED = b"Error sending status request (Operation not permitted)\n"
NOT_ROOT = b"You must be root to run this program.\n"
RULE = b"-w /usr/bin/dockerd -p rwxa -k docker\n"
OK_STATUS = Run(STATUS, 0, PLAIN.encode())
OFF = Run(STATUS, 0, PLAIN.replace("enabled 1", "enabled 0").encode())


def asked(listing: Run, status: Run | None = OK_STATUS) -> KernelAnswer:
    return interpret_answer(Kernel("auditctl", listing=listing, status=status), HOST)


def listed(output: bytes, status: Run | None = OK_STATUS) -> KernelAnswer:
    return asked(Run(LIST, 0, output), status)


# What was run and said, the state, and its text. The words are those of auditctl 2.8 to 4.2.
STATES: list[tuple[str, Run, Run | None, AnswerState, str]] = [
    ("rules", Run(LIST, 0, RULE), OK_STATUS, AnswerState.OK, ""),
    ("no rules", Run(LIST, 0, b"No rules\n"), OK_STATUS, AnswerState.NO_RULES, ""),
    ("rules, switched off", Run(LIST, 0, RULE), OFF, AnswerState.DISABLED, ""),
    ("no rules, switched off", Run(LIST, 0, b"No rules\n"), OFF, AnswerState.DISABLED, ""),
    (
        "not root",
        Run(LIST, 4, b"", NOT_ROOT),
        Run(STATUS, 4, b"", NOT_ROOT),
        AnswerState.NO_PERMISSION,
        "/sbin/auditctl -l: exit status 4: You must be root to run this program.",
    ),
    (
        "root without the capability",
        Run(LIST, 255, b"", DENIED),
        Run(STATUS, 4, b"", NOT_ROOT),
        AnswerState.NO_PERMISSION,
        "/sbin/auditctl -l: exit status 255: Error sending rule list data request (Operation not permitted)",
    ),
    (
        "another pid namespace",
        Run(LIST, 255, b"", DENIED),
        Run(STATUS, 255, b"", STATUS_DENIED),
        AnswerState.FOREIGN_NAMESPACE,
        "/sbin/auditctl -l: exit status 255: Error sending rule list data request (Operation not permitted)",
    ),
    (
        "refused, and the status not asked",
        Run(LIST, 255, b"", DENIED),
        None,
        AnswerState.NO_PERMISSION,
        "/sbin/auditctl -l: exit status 255: Error sending rule list data request (Operation not permitted)",
    ),
    (
        "another user namespace, 3.x",
        Run(LIST, 255, b"", b"The audit system is disabled\n"),
        Run(STATUS, 0),
        AnswerState.FOREIGN_NAMESPACE,
        "/sbin/auditctl -l: exit status 255: The audit system is disabled",
    ),
    (
        "another user namespace, 4.2",
        Run(LIST, 0, b"", b"The audit system is disabled\n"),
        Run(STATUS, 0),
        AnswerState.FOREIGN_NAMESPACE,
        "/sbin/auditctl -l: no listing: The audit system is disabled",
    ),
    (
        "audit=0",
        Run(LIST, 1, b"", b"Error - audit support not in kernel\nCannot open netlink audit socket\n"),
        Run(STATUS, 1, b"", b"Error - audit support not in kernel\n"),
        AnswerState.NO_KERNEL_AUDIT,
        "/sbin/auditctl -l: exit status 1: Error - audit support not in kernel; Cannot open netlink audit socket",
    ),
    (
        "no auditctl",
        Run(LIST, None, failure=RunFailure.MISSING, detail="no auditctl in /sbin, /usr/sbin"),
        None,
        AnswerState.AUDITCTL_MISSING,
        "/sbin/auditctl -l: no auditctl in /sbin, /usr/sbin",
    ),
    (
        "an auditctl that does not start",
        Run(LIST, None, failure=RunFailure.NOT_STARTED, detail="Exec format error"),
        None,
        AnswerState.AUDITCTL_MISSING,
        "/sbin/auditctl -l: Exec format error",
    ),
    (
        "an auditctl that hangs",
        Run(LIST, None, b"-w /x", failure=RunFailure.TIMED_OUT, detail="no end after 5 s"),
        None,
        AnswerState.TIMED_OUT,
        "/sbin/auditctl -l: no end after 5 s",
    ),
    (
        "a listing without end",
        Run(LIST, None, RULE * 9, failure=RunFailure.TOO_LONG),
        None,
        AnswerState.BROKEN_REPLY,
        "/sbin/auditctl -l: too_long",
    ),
    (
        "an unknown failure",
        Run(LIST, 139, RULE, b"Segmentation fault\n"),
        OK_STATUS,
        AnswerState.BROKEN_REPLY,
        "/sbin/auditctl -l: exit status 139: Segmentation fault",
    ),
    (
        "a failure without a word",
        Run(LIST, -11),
        OK_STATUS,
        AnswerState.BROKEN_REPLY,
        "/sbin/auditctl -l: exit status -11",
    ),
    (
        "nothing at all",
        Run(LIST, 0),
        OK_STATUS,
        AnswerState.BROKEN_REPLY,
        "expected rules or the words No rules, found nothing",
    ),
    (
        "a line cut off",
        Run(LIST, 0, RULE + b"-w /etc/dock"),
        OK_STATUS,
        AnswerState.BROKEN_REPLY,
        "a line of the listing is no rule: the listing ends in the middle of this line: it has no newline",
    ),
    (
        "a line that is no rule",
        Run(LIST, 0, RULE + b"-w /x\nhello\n"),
        OK_STATUS,
        AnswerState.BROKEN_REPLY,
        (
            "a line of the listing is no rule: expected -w PATH -p PERMISSIONS -k KEY, as auditctl -l prints a watch, "
            "found '-w /x', and 1 more"
        ),
    ),
    (
        "No rules among rules",
        Run(LIST, 0, RULE + b"No rules\n"),
        OK_STATUS,
        AnswerState.BROKEN_REPLY,
        (f"{NO_RULE}, found 'No rules'"),
    ),
    ("a status not asked", Run(LIST, 0, RULE), None, AnswerState.BROKEN_REPLY, "auditctl -s was not run"),
    (
        "a status without a word",
        Run(LIST, 0, RULE),
        Run(STATUS, 0),
        AnswerState.FOREIGN_NAMESPACE,
        "/sbin/auditctl -s: no answer, as in another user namespace",
    ),
    (
        "a status refused",
        Run(LIST, 0, RULE),
        Run(STATUS, 255, b"", STATUS_DENIED),
        AnswerState.BROKEN_REPLY,
        "/sbin/auditctl -s: exit status 255: Error sending status request (Operation not permitted)",
    ),
    (
        "a status that hangs",
        Run(LIST, 0, RULE),
        Run(STATUS, None, failure=RunFailure.TIMED_OUT, detail="no end after 5 s"),
        AnswerState.TIMED_OUT,
        "/sbin/auditctl -s: no end after 5 s",
    ),
    (
        "a status that is none",
        Run(LIST, 0, RULE),
        Run(STATUS, 0, b"enabled maybe\n"),
        AnswerState.BROKEN_REPLY,
        "/sbin/auditctl -s: expected a name and a number as auditctl -s prints them, found 'enabled' 'maybe'",
    ),
]


@pytest.mark.parametrize(
    ("listing", "status", "state", "error"),
    [case[1:] for case in STATES],
    ids=[case[0] for case in STATES],
)
def test_what_auditctl_says_has_one_state(listing: Run, status: Run | None, state: AnswerState, error: str) -> None:
    reading = asked(listing, status)
    assert (reading.state, reading.error, reading.reader) == (state, error, "auditctl")


def test_every_state_is_told_by_a_case() -> None:
    assert {case[3] for case in STATES} | {AnswerState.NOT_ASKED} == set(AnswerState)


def test_a_kernel_that_nobody_asked_has_no_state() -> None:
    reading = interpret_answer(Kernel("none", reason="another root"), HOST)
    assert reading == KernelAnswer(AnswerState.NOT_ASKED, "none", "another root")
    assert reading.lines is None


@pytest.mark.parametrize("listing", [Run(LIST, 4, b"", NOT_ROOT), Run(LIST, None, failure=RunFailure.TIMED_OUT)])
def test_rules_that_could_not_be_read_are_not_known(listing: Run) -> None:
    assert asked(listing).lines is None


@pytest.mark.parametrize("status", [None, Run(STATUS, 255, b"", STATUS_DENIED), Run(STATUS, 0, b"junk\n")])
def test_a_failed_status_leaves_the_rules_known(status: Run | None) -> None:
    reading = listed(RULE, status)
    assert reading.lines is not None
    assert [line.text for line in reading.lines] == ["-w /usr/bin/dockerd -p rwxa -k docker"]
    assert reading.status == AuditStatus()


def test_no_rules_is_no_line() -> None:
    assert listed(b"No rules\n").lines == ()


def test_a_broken_line_keeps_its_text_and_says_why() -> None:
    reading = listed(b"hello\n" + RULE)
    assert reading.lines is not None
    assert reading.lines[0] == ListedLine(
        "hello",
        None,
        "expected a rule as auditctl -l prints it: -a ACTION,LIST … or -w PATH …, found 'hello'",
    )
    assert reading.lines[1].rule is not None


def test_bytes_that_are_not_utf_8_are_kept() -> None:
    reading = listed(b"-w /caf\xe9 -p x\n")
    assert reading.state is AnswerState.OK
    assert reading.lines is not None
    assert reading.lines[0].text == "-w /caf\udce9 -p x"


def test_only_a_newline_ends_a_line() -> None:
    reading = listed("-w /x -p x -k a\rb\x0bc\x85d\u2028e\n".encode())
    assert reading.lines is not None
    assert [line.text for line in reading.lines] == ["-w /x -p x -k a\rb\x0bc\x85d\u2028e"]


def test_a_rule_without_an_arch_is_read_by_the_arch_above_it() -> None:
    # As auditctl 3.0.9 lists: -S open; -F arch=b32 -S open; -S open; -F arch=b64 -S open; -S open.
    reading = listed(
        b"-a always,exit -S open\n-a always,exit -F arch=b32 -S open\n-a always,exit -S fork\nnoise\n"
        b"-w /x -p x\n-a always,exit -S fork\n-a always,exit -F arch=b64 -S open\n-a always,exit -S open\n",
    )
    assert reading.lines is not None
    calls = [line.rule.syscalls for line in reading.lines if line.rule and "-S" in line.text]
    assert calls == [1 << 2, 1 << 5, 1 << 2, 1 << 2, 1 << 2, 1 << 2]


def saved(content: bytes) -> KernelAnswer:
    return interpret_answer(Kernel("listing", saved=File("/saved", content)), HOST)


SAVED: list[tuple[str, bytes, AnswerState, str, int | None, int | None]] = [
    ("rules alone", RULE, AnswerState.OK, "", 1, None),
    ("no rules alone", b"No rules\n", AnswerState.NO_RULES, "", 0, None),
    ("rules and a status", RULE + PLAIN.encode(), AnswerState.OK, "", 1, 1),
    ("no rules and a status", b"No rules\n" + PLAIN.encode(), AnswerState.NO_RULES, "", 0, 1),
    ("a status that says off", RULE + PLAIN.replace("enabled 1", "enabled 0").encode(), AnswerState.DISABLED, "", 1, 0),
    ("a status in words", RULE + b"enabled enabled+immutable\n", AnswerState.OK, "", 1, 2),
    ("a status in one line", RULE + b"AUDIT_STATUS: enabled=1 flag=1\n", AnswerState.OK, "", 1, 1),
    (
        "a status alone",
        PLAIN.encode(),
        AnswerState.BROKEN_REPLY,
        "expected rules or the words No rules, found nothing",
        None,
        1,
    ),
    ("nothing", b"", AnswerState.BROKEN_REPLY, "expected rules or the words No rules, found nothing", None, None),
    (
        "a cut status",
        RULE + b"enabled 1\nfail",
        AnswerState.BROKEN_REPLY,
        "the saved status: expected a name and a number as auditctl -s prints them, found 'fail' ''",
        None,
        None,
    ),
    (
        "a cut listing",
        RULE + RULE[:-5],
        AnswerState.BROKEN_REPLY,
        "a line of the listing is no rule: the listing ends in the middle of this line: it has no newline",
        2,
        None,
    ),
    (
        "the status first",
        PLAIN.encode() + RULE,
        AnswerState.BROKEN_REPLY,
        (
            "the saved status: expected a name and a number as auditctl -s prints them, found '-w' "
            "'/usr/bin/dockerd -p rwxa -k docker'"
        ),
        None,
        None,
    ),
    (
        "another file",
        b"root:x:0:0::/root:/bin/sh\n",
        AnswerState.BROKEN_REPLY,
        (f"{NO_RULE}, found 'root:x:0:0::/root:/bin/sh'"),
        1,
        None,
    ),
    (
        "a listing before 2.3.5",
        b"LIST_RULES: exit,always watch=/p perm=wa key=k\n",
        AnswerState.OK,
        "",
        1,
        None,
    ),
]


@pytest.mark.parametrize(
    ("content", "state", "error", "count", "enabled"),
    [case[1:] for case in SAVED],
    ids=[case[0] for case in SAVED],
)
def test_a_saved_listing_is_read(
    content: bytes, state: AnswerState, error: str, count: int | None, enabled: int | None
) -> None:
    reading = saved(content)
    assert (reading.state, reading.error, reading.reader) == (state, error, "listing")
    assert (None if reading.lines is None else len(reading.lines)) == count
    assert reading.status.enabled == enabled


Case = dict[str, Any]


def commands(option: str) -> list[Case]:
    """What the real program printed when it was asked for the rules, or for the status, without further options."""
    rows = [json.loads(line) for line in FILES.read_text("utf-8").splitlines()]
    ending = f"auditctl {option}; echo rc=$?"
    return [row for row in rows if row["kind"] == "command" and row["cmd"].endswith(ending)]


def run_of(row: Case, command: tuple[str, ...]) -> Run:
    output, _, code = row["stdout"].removesuffix("\n").rpartition("rc=")
    return Run(command, int(code), output.encode(), row["stderr"].encode())


REAL_STATES = {
    "as uid 1000: -s": AnswerState.NO_PERMISSION,
    "root without CAP_AUDIT_CONTROL: -s": AnswerState.NO_PERMISSION,
    "user namespace root: -s": AnswerState.FOREIGN_NAMESPACE,
    "pid namespace: -s": AnswerState.FOREIGN_NAMESPACE,
    "-s": AnswerState.DISABLED,
    "pid namespace: -l": AnswerState.NO_PERMISSION,
    "net namespace: -l": AnswerState.OK,
    "mount+ipc+uts namespace: -l": AnswerState.NO_RULES,
}


def test_every_real_answer_is_expected_here() -> None:
    assert {row["name"] for row in commands("-l") + commands("-s")} == set(REAL_STATES)


@pytest.mark.parametrize("row", commands("-l"), ids=lambda row: str(row["name"]))
def test_a_real_listing_has_its_state(row: Case) -> None:
    # Only the status tells the two reasons of a refusal apart: here it says that this is root in its own namespace.
    status = Run(STATUS, 4, b"", NOT_ROOT) if row["stderr"] else OK_STATUS
    reading = asked(run_of(row, LIST), status)
    assert reading.state is REAL_STATES[row["name"]]
    if reading.lines is not None:
        shown = [line for line in row["listing"] if line != "No rules"]
        assert [line.text for line in reading.lines] == shown
        assert all(render(line.rule, "x86_64") for line in reading.lines if line.rule)


@pytest.mark.parametrize("row", commands("-s"), ids=lambda row: str(row["name"]))
def test_a_real_status_has_its_state(row: Case) -> None:
    status = run_of(row, STATUS)
    listing = Run(LIST, 0, RULE) if status.returncode == 0 else Run(LIST, 255, b"", DENIED)
    reading = asked(listing, status)
    assert reading.state is REAL_STATES[row["name"]]


def test_the_real_status_is_read_whole() -> None:
    (row,) = (row for row in commands("-s") if row["name"] == "-s")
    assert asked(Run(LIST, 0, RULE), run_of(row, STATUS)).status == AuditStatus(0, 1, 0, 0, 64, 0, 0, 60000, 0)


def test_a_reading_needs_no_facts() -> None:
    assert (
        interpret_answer(Kernel("auditctl", listing=Run(LIST, 0, RULE), status=OK_STATUS), Facts()).state
        is AnswerState.OK
    )


WATCH = "-w /usr/bin/dockerd -p rwxa -k docker"
RULES_FILES = (
    f"# Docker\n{WATCH}\n",
    f"-D\n-b 8192\n\n{WATCH}\n",
    f"{WATCH}\n-e 2\n",
    "-a always,exit -F arch=b64 -S execve -k exec\n",
    "-w /usr/bin/dockerd\n",
)


@pytest.mark.parametrize("content", RULES_FILES)
def test_a_rules_file_that_is_given_as_a_listing_is_called_one(content: str) -> None:
    reading = saved(content.encode())
    assert reading.state is AnswerState.BROKEN_REPLY
    assert reading.error.startswith("expected what auditctl -l prints, found a rules file (it has the line '")
    assert reading.error.endswith("'): to judge what rules files would load, give them with --rules")


@pytest.mark.parametrize("content", ["\n", f"{WATCH}\n\n", f"{WATCH}\n-w relative\n", "#!/bin/sh\necho\n", "-D"])
def test_what_is_neither_a_listing_nor_a_rules_file_is_not_called_one(content: str) -> None:
    reading = saved(content.encode())
    assert reading.state is AnswerState.BROKEN_REPLY
    assert "rules file" not in reading.error


def test_what_is_odd_about_a_listing_is_remarked_once() -> None:
    line = "-a always,exit -S all -F path=/x -F perm=x"
    reading = saved(f"{line}\n-w /y -p x\n{line} -F key=k\nLIST_RULES: task,never\n".encode())
    assert reading.state is AnswerState.OK
    assert reading.remarks == (NEVER_PRINTED, OLD_FORM)

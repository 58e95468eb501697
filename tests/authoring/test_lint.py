"""Every kind of finding has a page in docs/rules.md, with rules that have it and rules that don't."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from auditrules.audit.boot.augenrules import IS_A_DIRECTORY
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import DEFAULT_FACTS, DEFAULT_MACHINE
from auditrules.authoring.finding import FindingKind, LintReport, LintSeverity, LintTarget
from auditrules.authoring.finding_table import FINDINGS
from auditrules.authoring.lint import lint
from auditrules.authoring.reading import IGNORED_FOLDER, RulesInput
from auditrules.authoring.targets import version_called
from tests.audit.file_trees import facts
from tests.audit.strategies import FILES
from tests.authoring.linted import folder, found, linted, marked, only

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### ([a-z0-9-]+)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))
BLOCK = re.compile(r"^```rules (bad|good)(?: (\S+))?\n(.*?)^```", re.DOTALL | re.MULTILINE)
HOST = replace(facts({**FILES, "/opt/dockerd": "-> /usr/bin/dockerd", "/gone": "missing"}), users=None, groups=None)


def content(text: str) -> bytes:
    """A text of the page as bytes: what can't be shown there has a name."""
    text = text.replace("<CR>", "\r").replace("<NUL>", "\0").replace("<6200 x>", "x" * 6200)
    if "<UTF-16>" in text:
        return text.replace("<UTF-16>", "").encode("utf-16")
    text = text.replace("<NO NEWLINE>\n", "").replace("<BOM>", "\ufeff")
    return text.encode()


def report(section: str, which: str) -> LintReport:
    blocks = [(name.replace("%20", " "), text) for word, name, text in BLOCK.findall(section) if word == which]
    assert blocks
    told = " ".join(section.split())
    version = re.search(r"Read by auditctl ([\d.]+):", told)
    target = LintTarget(version_called(version[1] if version else "3.0.9"), DEFAULT_MACHINE)
    known = HOST if "Only with `--root`" in told else DEFAULT_FACTS
    if not blocks[0][0]:
        return lint(RulesInput("x", (File("x", content(blocks[0][1])),)), known, [target])
    files = tuple(
        File(name, None, IS_A_DIRECTORY) if text == "(a directory)\n" else File(name, content(text))
        for name, text in blocks
        if text != "(a folder)\n"
    )
    ignored = tuple((name, IGNORED_FOLDER) for name, text in blocks if text == "(a folder)\n")
    return lint(RulesInput("rules.d", files, folder=True, ignored=ignored), known, [target])


@pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: kind.id)
def test_the_page_says_what_happens_and_what_to_do(kind: FindingKind) -> None:
    told = " ".join(SECTIONS[kind.id].split())
    assert told.startswith(f"{kind.severity.value.capitalize()}: {kind.title}. {kind.effect} {kind.advice}")


@pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: kind.id)
def test_the_bad_example_has_the_finding(kind: FindingKind) -> None:
    assert kind.id in {each.kind.id for each in report(SECTIONS[kind.id], "bad").findings}


@pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: kind.id)
def test_the_good_example_has_it_not(kind: FindingKind) -> None:
    assert kind.id not in {each.kind.id for each in report(SECTIONS[kind.id], "good").findings}


def test_ids_are_distinct_and_plain() -> None:
    ids = [kind.id for kind in FINDINGS]
    assert len({*ids}) == len(ids)
    assert [each for each in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", each)] == []


# Where a finding is, and what it says

MARKED: tuple[tuple[str, str, str, str], ...] = (
    ("-a always,exit -F arch=b64 -S umount,umount2 -k m", "refused", "umount", "found 'umount': did you mean umount2?"),
    ("-w /etc -p q", "refused", "q", "letters of rwxa"),
    ("-a always,exit -F path=/etc/ -F perm=w", "refused", "path=/etc/", "path without a slash at its end"),
    ("-w /x -p wa -k a -k", "refused", "-k", "an operand after -k"),
    ("-a always,exit -F arch=b64 -S open -F auid=alice -k k", "name-lookup", "alice", "alice must be a user"),
    ("-a always,exit -F arch=b64 -S open -F gid=wheel -k k", "name-lookup", "wheel", "wheel must be a group"),
    ("-a always,exit -S open -F uid=rooted -F auid!=unset -k k", "name-lookup", "rooted", "rooted must be a user"),
    ("-a always,exit -S open -F auid!=unset -F gid=wheel -k k", "name-lookup", "wheel", "wheel must be a group"),
    ("-b 8192k", "number-misread", "8192k", "8192k is read as 8192"),
    ("-a always,exit -F arch=b64 -S 59x -k k", "number-misread", "59x", "59x is read as 59"),
    ("-a always,exit -F arch=b64 -S open -F uid=1e3 -k k", "number-misread", "1e3", "1e3 is read as 1"),
    ("-a always,exit -S open -F uid=4294967296 -k k", "number-misread", "4294967296", "is read as 0"),
    ("-a always,exit -S open -F uid=01000 -k k", "number-misread", "01000", "01000 is read as 512"),
    ("-a always,exit -S connect -F saddr_fam=inet -k k", "number-misread", "inet", "inet is read as 0"),
    ("-a always,exit -S open -F auid>=5 -F auid<3 -k k", "never-matches", "auid>=5", "no auid"),
    ("-a always,exit -F arch=b64 -F arch=b32 -S open -k k", "never-matches", "arch=b64", "no arch"),
    (
        "-a always,exit -F arch=b64 -S execve -F perm=w -k k",
        "never-matches",
        "",
        "none of its system calls is a use of w",
    ),
    ("-a always,exit -F path=/x -F perm=r -F perm=x -k k", "never-matches", "", "a use of r and x"),
    ("-a never,task -F exe=/bin/sh", "never-matches", "", "exe is not known yet when a task is made"),
    ("-a always,exit -S , -k k", "never-matches", "", "it names no system call"),
    ("-a always,exit -F dir=/x -F exe=/a -F exe!=/a -k k", "refused", "exe=/a", "one exe in a rule"),
    ("-w /x -p wa -k k -c", "rule-lost", "-w /x", "-c ends its reading"),
    ("-a exit,possible -S open", "rule-lost", "-a exit,possible", "its action is gone"),
)


@pytest.mark.parametrize(("line", "id_", "mark", "message"), MARKED)
def test_a_finding_marks_its_word(line: str, id_: str, mark: str, message: str) -> None:
    finding = only(linted(f"{line}\n"), id_)
    assert message in finding.message
    assert (marked(finding) if finding.span else "") == mark


# an exclude rule, then the records that it drops of events that stay
DROPPED: tuple[tuple[str, list[str]], ...] = (
    ("-F msgtype=PATH", ["PATH"]),
    ("-F msgtype=CWD", ["CWD"]),
    ("-F msgtype=EXECVE -F auid=0", ["EXECVE"]),
    ("-F msgtype>=1301", ["CWD", "EXECVE", "PATH"]),
    ("-F msgtype!=SYSCALL", ["CWD", "EXECVE", "PATH"]),
    ("-F msgtype=PROCTITLE", []),
    ("-F msgtype=SYSCALL", []),
    ("-F msgtype>=1300", []),
    ("-F msgtype!=PATH", []),
    ("-F auid=unset", []),
    ("-F msgtype=PATH -F msgtype=CWD", []),
)


@pytest.mark.parametrize(("fields", "records"), DROPPED)
def test_a_record_that_is_dropped_of_events_that_stay_is_named(fields: str, records: list[str]) -> None:
    findings = linted(f"-a always,exclude {fields}\n").findings
    told = [each.message for each in findings if each.kind.id == "excluded-record"]
    assert [message.split(": ")[0] for message in told] == [f"it drops the record {name}" for name in records]


CLEAN = (
    "-a always,exit -F arch=b64 -S open -F exit=-EACCES -k k",
    "-a always,exit -F arch=b64 -S open -F auid!=-1 -k k",
    "-a always,exit -F arch=b64 -S open -F auid!=4294967295 -k k",
    "-a always,exit -F arch=b64 -S ioctl -F a1=0x5412 -k k",
    "-a always,exit -F arch=b64 -S open -F success=1 -F exit>=0 -k k",
    "-a never,exit -F arch=b64 -S open -F auid>=1000",
    "-b 0x2000",
    "-a always,exit -F path=/x -F perm=r -F perm=w -k k",
    "-a always,exit -F arch=b64 -S openat -F a2&0100 -k k",
    "-a always,exclude -F msgtype=EOE",
    "-a always,exclude -F msgtype=PROCTITLE",
    "-a never,task -F auid=1000",
    "-a always,exit -F arch=b64 -S open -F auid=0 -F sessionid=unset -k k",
)


@pytest.mark.parametrize("line", CLEAN)
def test_a_sound_rule_has_no_finding_but_that_of_its_twin(line: str) -> None:
    wanted = [] if "arch=b64" not in line or "never" in line else [(1, "no-b32-twin")]
    assert found(linted(f"{line}\n")) == wanted


def test_a_call_that_only_newer_kernels_count_may_match() -> None:
    line = "-a always,exit -F arch=b64 -F perm=a -S fchmodat2 -k k\n"
    assert found(linted(line, version=(4, 2, 1)), "never-matches", "refused") == []


def test_the_lines_below_the_stop_are_counted_and_still_looked_at() -> None:
    lint_of = linted("-w /a -p wa -k a\n-w b -p wa\n-w /c -p wa\n# x\n\n-w /d -p wa -k d\n-e 2\n")
    stop = only(lint_of, "load-stops")
    assert stop.message == "3 lines below it are never read, 2 of them rules, and the rules are not locked"
    assert (3, "no-key") in found(lint_of)
    (outcome,) = lint_of.outcomes
    assert (outcome.rules, outcome.loaded, outcome.stopped_at and outcome.stopped_at.line) == (4, 1, 2)


@pytest.mark.parametrize(
    ("below", "told"),
    [
        ("", "the load ends with an error: no line stands below it yet, and none that is added would be read"),
        ("\n# x\n", "the load ends with an error: no line stands below it yet, and none that is added would be read"),
        ("-w /c -p wa\n", "1 rule below it is never loaded"),
        ("-w /c -p wa\n-w /d -p wa\n", "2 rules below it are never loaded"),
        ("-b 64\n", "1 line below it is never read, which is no rule"),
        ("-b 64\n-r 0\n", "2 lines below it are never read, none of them a rule"),
        ("-b 64\n-w /c -p wa\n", "2 lines below it are never read, 1 of them a rule"),
        ("-e 2\n", "1 line below it is never read, which is no rule, and the rules are not locked"),
    ],
)
def test_what_the_stop_keeps_from_the_kernel_is_said_in_words(below: str, told: str) -> None:
    assert only(linted(f"-w b -p wa\n{below}"), "load-stops").message == told


def test_targets_that_agree_share_a_finding() -> None:
    text = b"-a always,exit -F arch=b64 -S openat -F dir=/etc -F perm=wa\n"
    given = RulesInput("x", (File("x", text),))
    both = [LintTarget((3, 0, 9), "x86_64"), LintTarget((3, 1, 5), "x86_64")]
    by_id = {each.kind.id: each.targets for each in lint(given, DEFAULT_FACTS, both).findings}
    assert by_id["no-key"] == tuple(both)
    assert by_id["widened-calls"] == (both[1],)


# Folders

A, B = "-w /a -p wa -k a\n", "-w /b -p wa -k b\n"


def test_the_files_of_a_folder_are_read_in_order_and_duplicates_name_the_other_file() -> None:
    finding = only(folder({"9-a.rules": A, "10-b.rules": B + A}), "duplicate")
    assert (str(finding.place), [str(place) for place, _ in finding.related]) == (
        "rules.d/10-b.rules:2",
        ["rules.d/9-a.rules:1"],
    )


def test_a_comment_without_a_newline_takes_in_the_next_file() -> None:
    finding = only(folder({"1.rules": f"{A}# end", "2.rules": B}), "glued-lines")
    assert finding.message.startswith("the comment takes in the first line of rules.d/2.rules")
    assert finding.place.line == 2


def test_a_carriage_return_is_told_where_augenrules_leaves_it() -> None:
    files = {"1.rules": "-w /a -p wa -k a\r\n-b 8192\r\n"}
    assert found(folder(files), "crlf") == [(1, "crlf")]
    assert found(folder(files, version=(3, 1, 1)), "crlf") == []


def test_controls_are_followed_over_all_files() -> None:
    lint_of = folder({"1.rules": f"-b 8192\n-e 2\n{A}", "2.rules": f"-b 64\n-e 1\n{B}"})
    assert found(lint_of, "smaller-backlog", "lock-replaced") == [(2, "lock-replaced"), (1, "smaller-backlog")]
    assert lint_of.outcomes[0].values["-e"] == "1"


# Without rules


@pytest.mark.parametrize("text", ["", "\n", "# Docker\n", "  # Docker\n\n"])
def test_a_file_without_a_line_for_auditctl_has_no_rules(text: str) -> None:
    assert found(linted(text)) == [(0, "no-rules")]


@pytest.mark.parametrize("text", ["-e 2\n", "-D\n-b 8192\n", "nonsense\n", A])
def test_a_line_of_control_or_one_that_is_refused_is_more_than_nothing(text: str) -> None:
    assert found(linted(text), "no-rules") == []


def test_a_folder_has_no_rules_where_none_of_its_files_has() -> None:
    assert only(folder({"1.rules": "# a\n", "2.rules": ""}), "no-rules").place.path == "rules.d"
    assert found(folder({"1.rules": "# a\n", "2.rules": A}), "no-rules") == []


# Suppressions

UNKEYED = "-w /a -p wa\n"
COMMENTS: tuple[tuple[str, Mapping[str, str | None]], ...] = (
    (f"# auditrules: ignore no-key: why\n{UNKEYED}", {"no-key": "why"}),
    (f"# auditrules: ignore no-key: why\n# more\n\n{UNKEYED}", {"no-key": "why"}),
    (f"# auditrules: ignore-file no-key: why\n{A}{UNKEYED}", {"redundant": None, "no-key": "why"}),
    (f"# auditrules: ignore no-key\n{UNKEYED}", {"no-key": None, "bad-suppression": None}),
    (f"# auditrules: ignore no-key:\n{UNKEYED}", {"no-key": None, "bad-suppression": None}),
    (f"# auditrules: ignore nothing: why\n{UNKEYED}", {"no-key": None, "bad-suppression": None}),
    (f"# auditrules: ignore no-key, wildcard: why\n{UNKEYED}", {"no-key": "why", "unused-suppression": None}),
    (f"{UNKEYED}# auditrules: ignore no-key: why\n", {"no-key": None, "unused-suppression": None}),
    (
        f"# auditrules: ignore no-key: why\n{A}{UNKEYED}",
        {"redundant": None, "no-key": None, "unused-suppression": None},
    ),
)


@pytest.mark.parametrize(("text", "wanted"), COMMENTS)
def test_a_comment_suppresses_what_it_names_below_it_with_a_reason(text: str, wanted: Mapping[str, str | None]) -> None:
    assert {each.kind.id: each.suppressed for each in linted(text).findings} == wanted


def test_what_is_suppressed_is_not_counted() -> None:
    assert linted(f"# auditrules: ignore no-key: why\n{UNKEYED}").of_severity(LintSeverity.WARNING) == ()

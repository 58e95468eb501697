"""The verdict on CIS Docker 1.2.3: what a listing, a status and the files of a host come to.

A pass is a promise, so most cases here are of rules that look like one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.model.collected import Kernel, Run
from auditrules.audit.model.host_facts import DEFAULT_VERSION, Facts
from auditrules.audit.rule_sets import LISTING_CAVEAT
from auditrules.benchmarks.remediation import ADVICE, UNREAD
from auditrules.check import COLUMNS
from auditrules.packs import CHECKS
from tests.fixtures.hosts import DOCKER, Look, listing, root, saved, status
from tests.fixtures.judged import remedy
from tests.fixtures.kernels import OUTCOMES

DAEMON = next(each for each in CHECKS if (each.control.version, each.control.id) == ("1.2.0", "1.2.3"))
TARGET = "/usr/bin/dockerd"
ENABLE = ADVICE["disabled"].text
REMEDIATION = remedy(DAEMON.control, TARGET)

PASS, FAIL, UNKNOWN, NA = "pass", "fail", "unknown", "not_applicable"
COVERED = (PASS, "covered")
NO_RULE = (FAIL, "no_rule")
SHORT = (FAIL, "permissions_missing")
PARTLY = (FAIL, "conditional")
SUPPRESSED = (FAIL, "suppressed")
REPLACED = (UNKNOWN, "replaced")  # replacing the file turns the order of the rules on its path around
UNREADABLE = (UNKNOWN, "unreadable")

WATCH = "-w /usr/bin/dockerd -p rwxa -k docker"
RULE = "-a always,exit -F path=/usr/bin/dockerd -F perm=rwxa -k docker"
B64 = "-a always,exit -F arch=b64 -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker"
CWD_DROPPED = (
    "-a always,exclude -F msgtype=CWD drops the record CWD: an event does not tell the folder that a relative name "
    "starts from"
)
ON_A_LISTING = f"; {LISTING_CAVEAT.format(reader='a saved listing')}"

OWNER = os.geteuid()  # of the files that these tests make, whoever runs them
# What escapes a rule of these letters on a kernel whose release the listing does not tell.
OLDER = ", except processes started before auditing was enabled"
OPENING = "perhaps except openat2, except open_by_handle_at, perhaps except x32 calls, except io_uring"
ATTRIBUTES = (
    "perhaps except fchmodat2, perhaps except setxattrat, perhaps except removexattrat, perhaps except file_setattr"
)
ESCAPES = f"{OPENING}, {ATTRIBUTES}, except ioctl, except changes of times{OLDER}"
OUTSIDE = f"; {ESCAPES}"
AFTER_BOOT = "; after the next boot: fail (not_loaded_at_boot)"  # for there are no rules files

Verdict = Mapping[str, object]


def judge(look: Look, sql: str = DAEMON.query) -> Verdict:
    """Run the control; it gives one row, with the columns in their order, whatever the host."""
    (row,) = look.rows(sql)
    assert tuple(row) == (*COLUMNS, "grep_verdict")
    return row


def judged(look: Look) -> tuple[object, object]:
    verdict = judge(look)
    assert (verdict["remediation"] == "") == (verdict["status"] in (PASS, NA))
    return verdict["status"], verdict["reason"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Give a host with the daemon's executable in its place, and no rules files."""
    return Look.at(root(tmp_path_factory.mktemp("plain")))


# The sixteen rule sets that other checks get wrong, as auditctl 3.0.9 lists them


MATRIX = {
    "A1 the benchmark's own": ([WATCH], COVERED),
    "A2 the form that auditctl(8) advises": ([B64], COVERED),
    "A3 the same rule as A1": ([WATCH], COVERED),
    "A4 a watched directory": (["-w /usr/bin -p rwxa -k bins"], COVERED),
    "A5 what the daemon executes": (
        ["-a always,exit -F arch=b64 -S execve -F exe=/usr/bin/dockerd -F key=docker"],
        PARTLY,
    ),
    "B1 a longer name": (["-w /usr/bin/dockerd-rootless.sh -p rwxa -k docker"], NO_RULE),
    "B2 a longer path": (["-w /opt/usr/bin/dockerd -p rwxa -k docker"], NO_RULE),
    "B3 the path in a key": (["-w /etc/passwd -p wa -k see_/usr/bin/dockerd"], NO_RULE),
    "B5 never": (["-a never,exit -S all -F path=/usr/bin/dockerd"], SUPPRESSED),
    "B6 never,task": (["-a never,task", WATCH], (FAIL, "task_never")),
    "B7 hidden by an earlier never": (["-a never,exit -F arch=b64 -S all", WATCH], SUPPRESSED),
    "B8 read only": (["-w /usr/bin/dockerd -p r -k docker"], SHORT),
    "B9 one login": (
        ["-a always,exit -S all -F path=/usr/bin/dockerd -F auid=1000 -F perm=rwxa -F key=docker"],
        PARTLY,
    ),
    "B10 everything but the daemon": (
        ["-a always,exit -F arch=b64 -S execve -F exe=/usr/bin/dockerd -F key=k"],
        PARTLY,
    ),
    "B11 failed accesses": (
        ["-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F success=0 -F key=docker"],
        PARTLY,
    ),
}


@pytest.mark.parametrize(("lines", "expected"), MATRIX.values(), ids=MATRIX)
def test_what_other_checks_get_wrong(plain: Look, lines: list[str], expected: tuple[str, str]) -> None:
    assert judged(plain.with_listing(saved(*lines))) == expected


B4 = "-a never,exit -F path=/usr/bin/dockerd -F perm=rwxa -k docker"


def test_b4_a_never_rule_that_is_listed_as_a_watch_fails_where_a_file_tells(plain: Look) -> None:
    assert judged(plain.with_rules(B4).with_listing(saved(WATCH))) == SUPPRESSED


def test_b4_a_never_rule_that_is_listed_as_a_watch_passes_with_its_caveat_where_nothing_tells(plain: Look) -> None:
    """The listing is that of A1, byte for byte: only the kernel's own bytes can tell the two apart."""
    verdict = judge(plain.with_listing(saved(WATCH)))
    assert verdict["status"] == PASS
    assert ON_A_LISTING in str(verdict["evidence"])


# Rules, each beside what is right about it


RULES = {
    # complete
    "no perm field": (["-a always,exit -S all -F path=/usr/bin/dockerd -F key=docker"], COVERED),
    "without r": (["-w /usr/bin/dockerd -p wxa -k docker"], COVERED),
    "no key": (["-w /usr/bin/dockerd -p rwxa"], COVERED),
    "several keys": (["-w /usr/bin/dockerd -p rwxa -k a -k b"], COVERED),
    "perm before path": ([" -p rwxa-w /usr/bin/dockerd -k docker"], COVERED),
    "two that add up": (["-w /usr/bin/dockerd -p wa -k a", "-w /usr/bin/dockerd -p x -k b"], COVERED),
    "three that add up": ([f"-w /usr/bin/dockerd -p {letter}" for letter in "wxa"], COVERED),
    "a watch and an arch that add up": (
        [
            "-w /usr/bin/dockerd -p wa",
            "-a always,exit -F arch=b64 -S all -F path=/usr/bin/dockerd -F perm=x",
        ],
        COVERED,
    ),
    "among others": (["-w /etc/passwd -p wa", WATCH, "-a always,exit -F arch=b64 -S execve"], COVERED),
    "twice": ([WATCH, "-w /usr/bin/dockerd -p rwxa -k other"], COVERED),
    "an io_uring rule beside it": ([WATCH, "-a always,io_uring -S openat"], COVERED),
    "a user rule beside it": ([WATCH, "-a always,user -F uid=0"], COVERED),
    # too short
    "the usual -p wa": (["-w /usr/bin/dockerd -p wa -k docker"], SHORT),
    "no w": (["-w /usr/bin/dockerd -p rxa"], SHORT),
    "no a": (["-w /usr/bin/dockerd -p rwx"], SHORT),
    "two that do not add up": (["-w /usr/bin/dockerd -p rw", "-w /usr/bin/dockerd -p x"], SHORT),
    "another file adds nothing": (["-w /usr/bin/dockerd -p wa", "-w /usr/bin/docker -p x"], SHORT),
    "a rule on the other calls adds nothing": (
        ["-w /usr/bin/dockerd -p wa", "-a always,exit -F arch=b64 -S openat -F key=k"],
        SHORT,
    ),
    "execution may come from a rule without a path": (
        ["-w /usr/bin/dockerd -p wa", "-a always,exit -F arch=b64 -S execve -F key=k"],
        COVERED,
    ),
    "execution may come from the directory": (["-w /usr/bin/dockerd -p wa", "-w /usr/bin -p x"], COVERED),
    # not this file
    "a prefix": (["-w /usr/bin/docker -p rwxa"], NO_RULE),
    "a file below it": (["-w /usr/bin/dockerd/x -p rwxa"], NO_RULE),
    "other letters": (["-w /usr/bin/Dockerd -p rwxa"], NO_RULE),
    "a space behind": (["-w /usr/bin/dockerd  -p rwxa"], NO_RULE),
    "a tab behind": (["-w /usr/bin/dockerd\t -p rwxa"], NO_RULE),
    "a byte behind": (["-w /usr/bin/dockerd\udcff -p rwxa"], NO_RULE),
    "a newline behind, escaped": (["-w /usr/bin/dockerd\\x0a -p rwxa"], NO_RULE),
    "a pattern": (["-w /usr/bin/docker* -p rwxa"], NO_RULE),
    "a relative path": (["-w usr/bin/dockerd -p rwxa"], UNREADABLE),
    "the path in a key of a syscall rule": (
        ["-a always,exit -F arch=b64 -S getpid -F key=-F path=/usr/bin/dockerd"],
        NO_RULE,
    ),
    "the path in a subject's type": (["-a always,exit -S getpid -F subj_type=/usr/bin/dockerd"], NO_RULE),
    # narrowed
    **{
        f"only {field}": (
            [f"-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F {field} -F key=k"],
            expected,
        )
        for field, expected in (
            ("auid>=1000", PARTLY),
            ("auid!=-1", PARTLY),
            ("uid=0", PARTLY),
            ("euid!=0", PARTLY),
            ("success=1", PARTLY),
            ("exit=-EACCES", PARTLY),
            ("exe=/usr/bin/dockerd", PARTLY),
            ("pid=1", PARTLY),
            ("ppid!=1", PARTLY),
            ("inode=5", SHORT),
            ("devmajor=8", SHORT),
            ("filetype=file", COVERED),
            ("filetype=dir", PARTLY),  # the directory is a name of a rename
            ("subj_type=unconfined_t", PARTLY),
            ("pers=0", PARTLY),
            ("a0=1", PARTLY),
            ("sessionid=1", PARTLY),
        )
    },
    **{
        f"only obj_uid{operator}the owner": (
            [f"-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F obj_uid{operator}{OWNER} -F key=k"],
            expected,
        )
        for operator, expected in (("=", COVERED), ("!=", SHORT))  # the other is never so
    },
    "two permissions that must both hold": (["-w /usr/bin/dockerd -p rwxa -p x"], SHORT),
    # what auditctl would have listed in another way
    "a watch that is listed as none": (["-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa"], COVERED),
    "all system calls inside a key": (
        ["-a always,exit -F arch=b64 -S getpid -F key=y -S all -F path=/usr/bin/dockerd"],
        UNREADABLE,
    ),
    "no system call": (["-a always,exit -F arch=b64 -F path=/usr/bin/dockerd -F perm=rwxa"], SHORT),
    "a path that may go on behind a key": (["-w /usr/bin/dockerd -p rwxa -k x -p r -k y"], UNREADABLE),
    "only where two ids differ": (
        ["-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -C uid!=euid"],
        PARTLY,
    ),
    "a field without a name": (["-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa f24=1"], UNREADABLE),
    "two perm fields": (["-w /usr/bin/dockerd -p rwxa -p r"], SHORT),
    "a perm field without a letter": (["-w /usr/bin/dockerd -p  -k docker"], SHORT),
    "two paths": (["-a always,exit -S all -F path=/usr/bin/dockerd -F path=/usr/bin/dockerd"], COVERED),
    "a path and a dir": (["-a always,exit -S all -F path=/usr/bin/dockerd -F dir=/etc"], NO_RULE),
    "dir": (["-a always,exit -S all -F dir=/usr/bin/dockerd"], COVERED),
    "32-bit calls": (["-a always,exit -F arch=b32 -S all -F path=/usr/bin/dockerd -F perm=rwxa"], SHORT),
    "all but one arch": (["-a always,exit -F arch!=b64 -S all -F path=/usr/bin/dockerd"], SHORT),
    "two arches": (["-a always,exit -F arch=b64 -F arch=b32 -S all -F path=/usr/bin/dockerd"], SHORT),
    "no path but all": (["-a always,exit -S all"], COVERED),
    "no path but every permission": ([" -p rwxa"], COVERED),
    # a mask short of all
    "execve": (["-a always,exit -F arch=b64 -S execve -F path=/usr/bin/dockerd -F perm=x -F key=k"], SHORT),
    "some calls for every letter": (
        ["-a always,exit -F arch=b64 -S execve,openat,fchmodat -F path=/usr/bin/dockerd -F perm=rwxa"],
        PARTLY,
    ),
    "a mask short of all adds to a watch": (
        ["-w /usr/bin/dockerd -p wa", "-a always,exit -F arch=b64 -S execve -F path=/usr/bin/dockerd -F perm=x"],
        COVERED,
    ),
    "a call without a name": (["-a always,exit -F arch=b64 -S 999 -F path=/usr/bin/dockerd"], SHORT),
    "every call but one": (
        [f"-a always,exit -F arch=b64 -S {','.join(str(n) for n in range(2016) if n != 59)} -F path=/usr/bin/dockerd"],
        SHORT,
    ),
    # beside a good watch
    **{
        f"beside {line}": ([WATCH, line], expected)
        for line, expected in (
            ("-a never,exit -S all -F path=/usr/bin/dockerd", REPLACED),
            ("-a never,exit -F arch=b64 -S execve", COVERED),
            ("-a never,exit -S all -F path=/lib64/ld-linux-x86-64.so.2", COVERED),
            ("-a never,exit -F arch=b32 -S all", COVERED),
            ("-a never,task", (FAIL, "task_never")),
            ("-a never,task -F auid=1000", PARTLY),
            ("-a always,task", COVERED),
            ("-a never,user", COVERED),
            ("-a never,io_uring -S openat", COVERED),
            ("-a always,exclude -F msgtype=SYSCALL", (FAIL, "excluded")),
            ("-a never,exclude -F msgtype=CWD", COVERED),
            ("-a always,exclude", COVERED),
            ("-a always,exclude -F exe=/usr/bin/dockerd", PARTLY),
            ("-a never,filesystem -F fstype=tracefs", COVERED),
            ("-a always,filesystem -F fstype=40864", COVERED),
        )
    },
    # without one
    "always,task alone": (["-a always,task"], COVERED),
    "never,task alone": (["-a never,task"], (FAIL, "task_never")),
    "exclude alone": (["-a always,exclude -F msgtype=CWD"], NO_RULE),
    "rules of other files": (["-w /etc/passwd -p wa", "-a always,exit -F arch=b64 -S adjtimex"], NO_RULE),
    "no rules": ([], NO_RULE),
}


@pytest.mark.parametrize(("lines", "expected"), RULES.values(), ids=RULES)
def test_rules(plain: Look, lines: list[str], expected: tuple[str, str]) -> None:
    assert judged(plain.with_listing(saved(*lines))) == expected


@pytest.mark.parametrize(
    "never",
    [
        "-a never,exit -S all -F path=/usr/bin/dockerd",
        "-a never,exit -F arch=b64 -S execve",
        "-a never,exit -S all -F dir=/usr",
    ],
)
def test_a_never_rule_before_a_good_watch_does_not_pass(plain: Look, never: str) -> None:
    assert judged(plain.with_listing(saved(never, WATCH)))[0] != PASS


@pytest.mark.parametrize(
    "lines", [case for case, _ in RULES.values() if len(case) > 1 and "never" not in str(case)], ids=str
)
def test_the_order_of_rules_of_which_none_is_never_is_nothing(plain: Look, lines: list[str]) -> None:
    forth, back = (judged(plain.with_listing(saved(*each))) for each in (lines, lines[::-1]))
    assert forth == back


# Status


STATES = {
    "on": (saved(WATCH), COVERED),
    "locked": (saved(WATCH, state=status(enabled=2)), COVERED),
    "off": (saved(WATCH, state=status(enabled=0)), (FAIL, "disabled")),
    "off and no rules": (saved(state=status(enabled=0)), (FAIL, "disabled")),
    "no status": (saved(WATCH, state=""), COVERED),
    "no status, no rules": (saved(state=""), NO_RULE),
    "records are lost": (saved(WATCH, state=status(lost=99, backlog=5)), COVERED),
    "nobody listens": (saved(WATCH, state=status(pid=0)), COVERED),
    "the old status": (saved(WATCH, state="AUDIT_STATUS: enabled=1 flag=1 pid=7 rate_limit=0\n"), COVERED),
    "the old status, off": (saved(WATCH, state="AUDIT_STATUS: enabled=0 flag=1 pid=7\n"), (FAIL, "disabled")),
    "a broken status": (saved(WATCH, state="enabled 1\nlost many\n"), UNREADABLE),
    "nothing": (b"", UNREADABLE),
    "a status alone": (status().encode(), UNREADABLE),
    "a line that is none": (saved(WATCH, "Error receiving audit netlink packet"), UNREADABLE),
    "a line that is none, off": (saved(WATCH, "?", state=status(enabled=0)), (FAIL, "disabled")),
    "the format of old": (saved("LIST_RULES: exit,always watch=/usr/bin/dockerd perm=rwxa key=docker"), COVERED),
    "a rules file": (b"# rules\n" + WATCH.encode() + b"\n", UNREADABLE),
    "stopped in mid-line": (f"{WATCH}\n-a never,ta".encode(), UNREADABLE),
    "stopped in mid-word": (f"-w /etc/passwd -p wa\n{WATCH}".encode(), UNREADABLE),
    "not text": (bytes(range(256)), UNREADABLE),
    "no rules and a rule": (saved("No rules", WATCH), UNREADABLE),
    "what auditctl says to others than root": (b"You must be root to run this program.\n", UNREADABLE),
}


@pytest.mark.parametrize(("content", "expected"), STATES.values(), ids=STATES)
def test_status(plain: Look, content: bytes, expected: tuple[str, str]) -> None:
    assert judged(plain.with_listing(content)) == expected


def test_a_kernel_that_nobody_asked_is_unknown(plain: Look) -> None:
    assert judged(plain) == UNREADABLE


def asked(look: Look, listing: Run, answer: Run | None) -> Look:
    return replace(look, sources=replace(look.sources, kernel=Kernel("auditctl", listing=listing, status=answer)))


OF_STATE = {"ok": COVERED, "no_rules": NO_RULE, "disabled": (FAIL, "disabled")}


@pytest.mark.parametrize(("listing", "answer", "state", "error"), OUTCOMES.values(), ids=OUTCOMES)
def test_each_outcome_of_asking_the_kernel(
    plain: Look, listing: Run, answer: Run | None, state: str, error: str
) -> None:
    look = asked(plain, listing, answer)
    assert judged(look) == OF_STATE.get(state, UNREADABLE)
    assert error in str(judge(look)["evidence"])


# The host's files


def made_with(folder: Path, *paths: str) -> Look:
    return Look.at(root(folder, dict.fromkeys(paths, "x"), docker=False)).with_listing(saved(WATCH))


def test_no_daemon_is_not_applicable_whatever_the_rules(tmp_path: Path) -> None:
    look = Look.at(root(tmp_path, docker=False))
    contents = (saved(), saved(WATCH), saved("-a never,task"), saved(state=status(enabled=0)), b"broken")
    found = {judged(look.with_listing(content)) for content in contents}
    assert found == {(NA, "not_installed")}


ELSEWHERE = ("usr/local/bin/dockerd", "usr/sbin/dockerd", "snap/docker/current/bin/dockerd", "opt/bin/dockerd")


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_daemon_in_another_place_is_judged_there(tmp_path: Path, path: str) -> None:
    look = made_with(tmp_path, path)
    verdict = judge(look)
    assert (verdict["status"], verdict["reason"], verdict["target"]) == (FAIL, "no_rule", f"/{path}")
    assert judged(look.with_listing(saved(f"-w /{path} -p wxa"))) == COVERED


def test_of_two_daemons_both_are_judged(tmp_path: Path) -> None:
    look = made_with(tmp_path, "usr/bin/dockerd", "usr/local/bin/dockerd")
    verdict = judge(look)
    assert (verdict["status"], verdict["target"]) == (FAIL, "/usr/local/bin/dockerd")
    assert judged(look.with_listing(saved(WATCH, "-w /usr/local/bin/dockerd -p wxa"))) == COVERED


def linked(folder: Path, target: str, *files: str) -> Look:
    """Give a host whose daemon is a link."""
    root(folder, dict.fromkeys(files, "x"), docker=False)
    (folder / "usr/bin").mkdir(parents=True, exist_ok=True)
    (folder / "usr/bin/dockerd").symlink_to(target)
    return Look.at(folder)


def test_a_watch_on_a_link_records_nothing_of_the_daemon(tmp_path: Path) -> None:
    verdict = judge(linked(tmp_path, "/srv/dockerd", "srv/dockerd").with_listing(saved(WATCH)))
    assert (verdict["status"], verdict["target"]) == (FAIL, TARGET)
    assert " -w /srv/dockerd -k docker " in str(verdict["remediation"])


def test_a_watch_where_the_link_leads_records_the_daemon(tmp_path: Path) -> None:
    look = linked(tmp_path, "/srv/dockerd", "srv/dockerd")
    assert judged(look.with_listing(saved("-w /srv/dockerd -p wxa"))) == COVERED


def test_a_daemon_that_is_a_broken_link_never_passes(tmp_path: Path) -> None:
    assert judged(linked(tmp_path, "/gone").with_listing(saved(WATCH)))[0] in (FAIL, UNKNOWN)


def test_a_directory_in_the_daemons_place_is_unknown(tmp_path: Path) -> None:
    assert judged(made_with(tmp_path, "usr/bin/dockerd/file")) == UNREADABLE


@pytest.mark.parametrize("status_", [status(enabled=0), status()])
def test_a_daemon_in_another_place_fails_where_nothing_at_all_is_recorded(tmp_path: Path, status_: str) -> None:
    look = Look.at(root(tmp_path, {"opt/bin/dockerd": "x"}, docker=False))
    assert judged(look.with_listing(saved(state=status_)))[0] == FAIL


def run_above(folder: Path, files: Mapping[str, str]) -> Look:
    """Give a host whose /var/run leads up and to /run."""
    root(folder, {"run/lock/x": "x", "var/x": "x", **files})
    (folder / "var/run").symlink_to("../run")
    return Look.at(folder)


def test_what_is_not_below_a_link_that_leads_up_is_not_applicable(tmp_path: Path) -> None:
    socket = next(each for each in CHECKS if (each.control.version, each.control.id) == ("1.8.0", "1.1.9"))
    (row,) = run_above(tmp_path, {}).with_listing(saved("-w /usr/bin/dockerd -p wxa")).rows(socket.query)
    assert (row["control"], row["status"]) == ("1.1.9", NA)


def test_a_rule_on_what_is_not_below_a_link_that_leads_up_ends_the_load(tmp_path: Path) -> None:
    rules = "-a always,exit -F dir=/var/run/nothing -F perm=wa\n-w /usr/bin/dockerd -p rwxa -k docker\n"
    files = {"etc/audit/rules.d/a.rules": rules, "usr/sbin/augenrules": "#!/bin/sh\n", "usr/bin/mawk": "awk"}
    assert judge(run_above(tmp_path, files).with_listing(saved(WATCH)))["next_boot"] == FAIL


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Give a host whose /bin is /usr/bin, with a hard link to the daemon."""
    folder = root(tmp_path_factory.mktemp("merged"), {"opt/other": "x"})
    (folder / "bin").symlink_to("usr/bin")
    (folder / "d").symlink_to("/usr/bin/dockerd")
    os.link(folder / "usr/bin/dockerd", folder / "opt/hard")
    return Look.at(folder)


@pytest.mark.parametrize(
    "path",
    ["/bin/dockerd", "/bin/", "/usr/bin/", "/usr/bin//dockerd", "/usr/bin/../bin/dockerd", "/usr", "/", "/opt/hard"],
)
def test_another_name_of_the_daemon_or_of_a_directory_above_it_passes(merged: Look, path: str) -> None:
    assert judged(merged.with_listing(saved(f"-w {path} -p rwxa -k docker"))) == COVERED


@pytest.mark.parametrize("path", ["/bin", "/d"])
def test_a_watch_on_a_link_to_the_daemon_or_its_directory_fails(merged: Look, path: str) -> None:
    assert judged(merged.with_listing(saved(f"-w {path} -p rwxa -k docker")))[0] == FAIL


@pytest.mark.parametrize("path", ["/opt", "/opt/other", "/bin/docker", "/usr/lib", "/gone", "/opt/hard/x"])
def test_a_name_of_something_else_is_a_fail(merged: Look, path: str) -> None:
    assert judged(merged.with_listing(saved(f"-w {path} -p rwxa -k docker"))) == NO_RULE


# Rules files beside a listing


TOLD = {
    "never": ([B4], [WATCH], SUPPRESSED),
    "never, as dir": (["-a never,exit -F dir=/usr/bin/dockerd -F perm=rwxa -k docker"], [WATCH], SUPPRESSED),
    "never before always": ([B4, RULE], [WATCH, WATCH], SUPPRESSED),
    "always before never": ([RULE, B4], [WATCH, WATCH], SUPPRESSED),  # either line may be the never rule
    "never on the directory": (
        ["-a never,exit -F dir=/usr/bin -F perm=x", RULE],
        ["-w /usr/bin -p x", WATCH],
        SUPPRESSED,
    ),
    "never on every execution": (["-a never,exit -F perm=x", RULE], [" -p x", WATCH], SUPPRESSED),
    "dir": (["-a always,exit -F dir=/usr/bin/dockerd -F perm=rwxa -k docker"], [WATCH], COVERED),
    "a foreign arch": ([B64.replace("b64", "aarch64")], [B64], SHORT),
    "a comparison that is not listed": (
        ["-a always,exit -F path=/usr/bin/dockerd -F perm=rwxa -F field_compare=99 -k docker"],
        ["-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker"],
        UNREADABLE,
    ),
    "the same rule": ([RULE], [WATCH], COVERED),
    "the same watch": ([WATCH], [WATCH], COVERED),
    "a never that is not loaded": (["-a never,exit -F path=/usr/bin/dockerd -F perm=x"], [WATCH], COVERED),
    "a never in a comment": ([f"# {B4}"], [WATCH], COVERED),
    "a never that is deleted": ([B4.replace("-a", "-d")], [WATCH], COVERED),
    "a watch that is not loaded": ([WATCH], [], NO_RULE),
    "a watch that is not loaded, beside others": ([WATCH], ["-w /etc/passwd -p wa"], NO_RULE),
}


@pytest.mark.parametrize(("rules", "lines", "expected"), TOLD.values(), ids=TOLD)
def test_rules_files(plain: Look, rules: list[str], lines: list[str], expected: tuple[str, str]) -> None:
    assert judged(plain.with_rules(*rules).with_listing(saved(*lines))) == expected


# The other columns


def test_what_a_row_says_of_a_pass() -> None:
    assert judge(Look.at(DOCKER, listing("covered"))) == {
        "benchmark": "CIS Docker Benchmark",
        "version": "1.2.0",
        "control": "1.2.3",
        "title": "Auditing for the Docker daemon executable is configured",
        "level": "1",
        "target": TARGET,
        "status": PASS,
        "reason": "covered",
        "evidence": "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker "
        "in /etc/audit/rules.d/50-docker.rules, /etc/audit/audit.rules"
        + ON_A_LISTING
        + OUTSIDE
        + "; after the next boot: unknown (unreadable)",
        "remediation": "",
        "next_boot": UNKNOWN,
        "grep_verdict": PASS,
    }


BROKEN = "expected -w PATH -p PERMISSIONS -k KEY, as auditctl -l prints a watch, found '-w relative -x'"

WXA = "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=wxa"
SAYS: dict[str, tuple[bytes, str, str]] = {
    "a rule of no file": (saved("-w /usr/bin/dockerd -p wxa"), WXA + ON_A_LISTING + OUTSIDE + AFTER_BOOT, ""),
    "two rules": (
        saved("-w /usr/bin/dockerd -p wa", "-w /usr/bin/dockerd -p x"),
        "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=wa; "
        "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=x" + ON_A_LISTING + OUTSIDE + AFTER_BOOT,
        "",
    ),
    "no status": (
        saved("-w /usr/bin/dockerd -p wxa", state=""),
        WXA + "; enabled: assumed" + ON_A_LISTING + OUTSIDE + AFTER_BOOT,
        "",
    ),
    "letters missing": (
        saved("-w /usr/bin/dockerd -p r"),
        "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=r" + ON_A_LISTING + "; not recorded: wxa"
        f"; {OPENING}{OLDER}",
        REMEDIATION,
    ),
    "no rule": (
        saved("-w /etc/passwd -p wa"),
        "no rule records it" + ON_A_LISTING + "; not recorded: wxa",
        REMEDIATION,
    ),
    "off": (
        saved(WATCH, state=status(enabled=0)),
        "auditing is off (enabled 0), so no rule counts" + ON_A_LISTING + "; not recorded: wxa",
        ENABLE,
    ),
    "another list": (
        saved("-a never,task", WATCH, "-a always,exclude -F msgtype=CWD"),
        "-a never,task" + ON_A_LISTING + f"; {CWD_DROPPED}; not recorded: wxa",
        f"{ADVICE['task_never'].text} {REMEDIATION}",
    ),
    "some logins": (
        saved("-a always,exit -S all -F path=/usr/bin/dockerd -F perm=wxa -F auid>=1000"),
        WXA + " -F auid>=1000" + ON_A_LISTING + f"; not always recorded: wxa; auid>=1000 only, {ESCAPES}",
        REMEDIATION,
    ),
    "unreadable": (
        b"-w relative -x\n",
        "the rules of the kernel are not known: a line of the listing is no rule: " + BROKEN + AFTER_BOOT,
        UNREAD["listing"],
    ),
}


@pytest.mark.parametrize(("content", "evidence", "remediation"), SAYS.values(), ids=SAYS)
def test_evidence_and_remediation(plain: Look, content: bytes, evidence: str, remediation: str) -> None:
    verdict = judge(plain.with_listing(content))
    assert (verdict["evidence"], verdict["remediation"]) == (evidence, remediation)


def test_evidence_of_a_running_kernel_says_what_auditctl_hides(plain: Look) -> None:
    listing, answer, *_ = OUTCOMES["ok"]
    assert f"; {LISTING_CAVEAT.format(reader='auditctl -l')}" in str(judge(asked(plain, listing, answer))["evidence"])


def test_evidence_names_a_file_once(plain: Look) -> None:
    verdict = judge(plain.with_rules(WATCH, WATCH).with_listing(saved(WATCH)))
    assert str(verdict["evidence"]).count("/etc/audit/rules.d/a.rules") == 1


def test_evidence_names_files_with_lines_in_the_snapshot_only() -> None:
    look = Look.at(DOCKER, listing("covered"))
    differential, snapshot = judge(look), judge(look, DAEMON.snapshot_query)
    assert snapshot == {
        **differential,
        "evidence": str(differential["evidence"]).replace(
            "50-docker.rules, /etc/audit/audit.rules", "50-docker.rules:3, /etc/audit/audit.rules:7"
        ),
    }
    assert snapshot != differential


def test_the_remediation_is_a_rule_that_passes(plain: Look) -> None:
    line = REMEDIATION.removeprefix("Put the line ").partition(" into ")[0]
    said = parse_line(line, Facts())
    assert said is not None
    assert said.rule is not None
    assert judged(plain.with_rules(line).with_listing(saved(listed(said.rule, DEFAULT_VERSION, "x86_64")))) == COVERED


def test_control_bytes_of_a_rule_do_not_reach_the_evidence(plain: Look) -> None:
    verdict = judge(plain.with_listing(saved(f"{WATCH}\x1b[31m\r")))
    assert verdict["status"] == PASS
    assert str(verdict["evidence"]).isprintable()


# Rule sets at random


PATHS = st.sampled_from(["/usr/bin/dockerd", "/usr/bin/dockerd", "/usr/bin", "/etc/docker", "/usr/bin/dockerd-x"])
LETTERS = st.sets(st.sampled_from("rwxa"), min_size=1).map(lambda letters: "".join(sorted(letters)))
KEYS = st.sampled_from(["", " -k docker", " -k a -k b"])
NARROW = st.sampled_from(
    ["-F auid>=1000", "-F auid!=unset", "-F uid=0", "-F success=1", "-F exe=/bin/sh", "-C uid!=euid", "-F pid=1",
     "-F exit=-EACCES", "-F arch=b32", "-F arch=aarch64", "-F perm=r"],
)  # fmt: skip
CALLS = st.sampled_from(["-S execve", "-S open,openat", "-S chmod,fchmodat", "-S execve,openat,fchmodat", "-S 2032"])


@st.composite
def watches(draw: st.DrawFn) -> str:
    return f"-w {draw(PATHS)} -p {draw(LETTERS)}{draw(KEYS)}"


@st.composite
def narrow(draw: st.DrawFn) -> str:
    """Draw a rule with a field that keeps something out."""
    field = draw(NARROW)
    first, then = (field, "") if "arch" in field else ("", field)
    return " ".join(f"-a always,exit {first} -F path={draw(PATHS)} -F perm={draw(LETTERS)} {then}{draw(KEYS)}".split())


@st.composite
def masked(draw: st.DrawFn) -> str:
    """Draw a rule on some system calls."""
    return f"-a always,exit -F arch=b64 {draw(CALLS)} -F path={draw(PATHS)} -F perm={draw(LETTERS)}{draw(KEYS)}"


WHOLE_NEVERS = """
-a never,exit -F path=/usr/bin/dockerd
-a never,exit -F arch=b64 -S execve
-a never,exit -S all
-A never,exit -F dir=/usr -F perm=x
-a never,exit -F path=/lib64/ld-linux-x86-64.so.2
"""
NEVER = st.one_of(
    st.builds("-a never,exit -F path={} -F perm={}{}".format, PATHS, LETTERS, KEYS),
    st.builds("-a never,exit -F dir={} -F perm={}{}".format, PATHS, LETTERS, KEYS),
    st.builds("-a never,exit -F perm={}".format, LETTERS),
    st.sampled_from(WHOLE_NEVERS.strip().split("\n")),
)
OTHERS = """
-a never,task
-a never,task -F auid=1000
-a always,exclude -F msgtype=SYSCALL
-a exclude,never -F auid=0
-a never,filesystem -F fstype=tracefs
-a always,filesystem -F fstype=debugfs
"""
OTHER_LISTS = st.sampled_from(OTHERS.strip().split("\n"))
DIRTY = st.one_of(narrow(), masked())
ANY = st.one_of(watches(), watches(), DIRTY, NEVER, OTHER_LISTS)

SILENCE = st.sampled_from(("-a never,task", "-a always,exclude -F msgtype=SYSCALL"))

FACTS = Facts()


def loaded(lines: list[str]) -> Iterator[str]:
    """Give what auditctl lists of these lines."""
    for line in lines:
        said = parse_line(line, FACTS)
        assert said is not None
        assert said.rule is not None, line
        yield listed(said.rule, FACTS.version, FACTS.machine)


def told(look: Look, lines: list[str]) -> tuple[object, object]:
    """Judge a host on which the lines stand in a rules file and are loaded."""
    return judged(look.with_rules(*lines).with_listing(saved(*loaded(lines))))


@given(lines=st.lists(st.one_of(DIRTY, NEVER, OTHER_LISTS), min_size=1, max_size=6))
def test_rules_of_which_each_leaves_something_out_never_pass(plain: Look, lines: list[str]) -> None:
    assert told(plain, lines)[0] != PASS


@given(
    lines=st.lists(ANY, max_size=5),
    never=st.sampled_from(("-a never,task", "-a always,exclude -F msgtype=SYSCALL")),
    place=st.integers(0, 5),
)
def test_where_no_event_is_written_nothing_passes(plain: Look, lines: list[str], never: str, place: int) -> None:
    lines.insert(place, never)
    assert told(plain, lines)[0] == FAIL


@given(lines=st.lists(ANY, max_size=5), never=NEVER, place=st.integers(0, 5))
def test_a_further_never_rule_turns_nothing_into_a_pass(plain: Look, lines: list[str], never: str, place: int) -> None:
    before = told(plain, lines)[0]
    assume(before != PASS)
    lines.insert(place, never)
    assert told(plain, lines)[0] != PASS


@given(lines=st.lists(watches(), max_size=6))
def test_a_pass_of_watches_is_every_letter_of_the_file_or_its_directory(plain: Look, lines: list[str]) -> None:
    words = [line.split() for line in lines]
    letters = {letter for each in words if each[1] in (TARGET, "/usr/bin") for letter in each[3]}
    assert (told(plain, lines)[0] == PASS) == ({"w", "x", "a"} <= letters)


@given(lines=st.lists(ANY, max_size=5), off=st.booleans())
def test_auditing_that_is_off_fails_whatever_the_rules(plain: Look, lines: list[str], *, off: bool) -> None:
    content = saved(*loaded(lines), state=status(enabled=0 if off else 1))
    assert (judged(plain.with_listing(content)) == (FAIL, "disabled")) == off


@given(content=st.binary(max_size=200))
def test_no_text_at_random_passes(plain: Look, content: bytes) -> None:
    assert judged(plain.with_listing(content))[0] != PASS

"""`auditrules coverage`: what it says to a person and to a program, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from auditrules.audit.rule_sets import LISTING_CAVEAT
from tests.cli.ran import ran
from tests.fixtures.hosts import root, saved

DOCKERD = "/usr/bin/dockerd"
WATCH = f"-w {DOCKERD} -p rwxa -k docker"


run = partial(ran, "coverage")


def on(folder: Path, *rules: str) -> tuple[str, ...]:
    """The options for a host with rules in a saved listing."""
    (folder / "listing").write_bytes(saved(*rules))
    return "--root", str(root(folder / "root")), "--kernel", str(folder / "listing")


def tried(folder: Path, text: str) -> tuple[str, ...]:
    """The options for rules to be tried on a host without any."""
    (folder / "new.rules").write_text(text)
    return "--root", str(root(folder / "root")), "--rules", str(folder / "new.rules")


def test_a_person_is_told_each_use_now_and_after_boot(tmp_path: Path) -> None:
    code, out, err = run(DOCKERD, *on(tmp_path, "-w /usr/bin/dockerd -p wx -k docker"), "--permission", "rx")
    rule = f"-a always,exit -S all -F path={DOCKERD} -F perm=wx -F key=docker"
    assert (code, err) == (1, "")
    assert out == (
        "/usr/bin/dockerd, now\n"
        f"  ({LISTING_CAVEAT.format(reader='a saved listing')})\n"
        "  reading           NOT recorded  (permissions_missing)\n"
        f"      by {rule}, which is on the path, for other accesses\n"
        "  execution         recorded\n"
        f"      by {rule}\n"
        "      perhaps except x32 calls; except processes started before auditing was enabled\n"
        "\n"
        "/usr/bin/dockerd, after the next boot\n"
        "  reading           NOT recorded  (no_rule)\n"
        "  execution         NOT recorded  (no_rule)\n"
    )


def test_rules_are_tried_before_they_are_loaded_and_their_lines_named(tmp_path: Path) -> None:
    code, out, err = run(DOCKERD, *tried(tmp_path, f"# new\n{WATCH}\n"))
    assert (code, err) == (0, "")
    assert out.startswith("/usr/bin/dockerd, with these files loaded\n  reading           recorded\n")
    assert f"by -a always,exit -S all -F path={DOCKERD} -F perm=rwxa -F key=docker  ({tmp_path}/new.rules:2)\n" in out


def test_lines_that_would_not_be_loaded_are_told(tmp_path: Path) -> None:
    code, out, _ = run(DOCKERD, *tried(tmp_path, f"-w /etc -p q\n{WATCH}\n"), "--permission", "x")
    assert code == 1
    assert out.startswith(f"not loaded: {tmp_path}/new.rules:1: ")
    assert f"not loaded: the load stops at {tmp_path}/new.rules:1: no line below it is loaded\n" in out


def test_explain_walks_the_rules_and_says_why_each_does_not_decide(tmp_path: Path) -> None:
    text = (
        "-a never,exit -F arch=b64 -S all -F auid=1000\n"
        f"-w {DOCKERD} -p wa\n"
        "-a always,exit -F arch=b64 -S openat -k o\n"
        "-w /etc -p x\n"
        f"{WATCH}\n"
        f"-a always,exit -F path={DOCKERD} -F perm=x\n"
        "-a never,exclude -F msgtype=CWD\n"
    )
    _, out, _ = run(DOCKERD, *tried(tmp_path, text), "--permission", "x", "--explain")
    assert out.partition("execve by anybody:\n")[2] == (
        "        -a never,exit -F arch=b64 -S all -F auid=1000: decides if auid=1000\n"
        "        -a always,exit -S all -F path=/usr/bin/dockerd -F perm=wa: does not match: perm=wa does not hold\n"
        "        -a always,exit -F arch=b64 -S openat -F key=o: does not match: execve is none of its system calls\n"
        "        -a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker: decides\n"
        "        -a always,exit -S all -F path=/usr/bin/dockerd -F perm=x: matches, but another rule comes first\n"
        "        -a always,exclude -F msgtype=CWD: does not match: leaves the record of the call in\n"
        "        and 1 on other paths\n"
    ).replace("always,exclude", "never,exclude")


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ((), "conditional"),
        (("--auid", "1000"), "recorded"),
        (("--auid", "unset"), "unrecorded"),
        (("--auid", "0"), "unrecorded"),
    ],
)
def test_one_login_can_be_asked_for(tmp_path: Path, options: tuple[str, ...], verdict: str) -> None:
    rule = f"-a always,exit -F path={DOCKERD} -F perm=x -F auid>=1000 -F auid!=unset\n"
    _, out, _ = run(DOCKERD, *tried(tmp_path, rule), "--permission", "x", "--format", "json", *options)
    assert [each["verdict"] for each in json.loads(out)] == [verdict]


@pytest.mark.parametrize(("arch", "verdict"), [("b64", "recorded"), ("b32", "unrecorded")])
def test_32_bit_programs_can_be_asked_for(tmp_path: Path, arch: str, verdict: str) -> None:
    rule = f"-a always,exit -F arch=b64 -F path={DOCKERD} -F perm=x\n"
    _, out, _ = run(DOCKERD, *tried(tmp_path, rule), "--permission", "x", "--format", "json", "--arch", arch)
    assert [each["verdict"] for each in json.loads(out)] == [verdict]


def test_a_program_is_told_all_of_it(tmp_path: Path) -> None:
    code, out, _ = run(
        DOCKERD, *tried(tmp_path, f"-w {DOCKERD} -p x -k docker\n"), "--permission", "x", "--format", "json"
    )
    rule = f"-a always,exit -S all -F path={DOCKERD} -F perm=x -F key=docker"
    assert (code, json.loads(out)) == (
        0,
        [
            {
                "path": DOCKERD,
                "source": "files",
                "permission": "x",
                "verdict": "recorded",
                "reason": "covered",
                "resolved_path": DOCKERD,
                "rules": [f"{rule}  ({tmp_path}/new.rules:1)"],
                "conditions": ["perhaps except x32 calls", "except processes started before auditing was enabled"],
                "explanation": [],
                "error": "",
                "remarks": [],
            }
        ],
    )


def test_what_is_not_known_ends_with_3(tmp_path: Path) -> None:
    code, out, _ = run(DOCKERD, "--root", str(root(tmp_path)), "--permission", "x")
    assert "execution         unknown  (unreadable)" in out
    assert code == 1  # after boot, nothing is loaded
    code, _, _ = run("/usr/bin/dockerd", *on(tmp_path, WATCH, "-a always,exit -S nonsense"), "--permission", "x")
    assert code == 1


PROBLEMS = (
    ("a relative path", ("usr/bin",), "auditrules: usr/bin: expected an absolute path\n"),
    ("a path too long", ("/" + "x" * 5000,), "expected a path of fewer than 4096 bytes\n"),
    ("a control character in a path", ("a\x1b[1m",), "auditrules: a\\x1b[1m: expected an absolute path\n"),
    ("a letter that is none", ("/etc", "--permission", "q"), "expected letters of rwxa, found 'q'\n"),
    ("no user", ("/etc", "--uid", "-1"), "expected a number from 0 to 4294967294, found '-1'\n"),
    ("no login", ("/etc", "--auid", "alice"), "expected a number from 0 to 4294967294, found 'alice'\n"),
    (
        "no such file",
        ("/etc", "--rules", "/nowhere/x.rules"),
        "auditrules: cannot read /nowhere/x.rules: No such file or directory\n",
    ),
)


@pytest.mark.parametrize(("arguments", "said"), [case[1:] for case in PROBLEMS], ids=[case[0] for case in PROBLEMS])
def test_a_wrong_question_is_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run(*arguments, "--root", str(root(tmp_path)))
    assert (code, out) == (2, "")
    assert err.endswith(said)


CHMOD = "-a always,exit -F arch=b64 -S chmod,fchmod -F auid>=1000 -F auid!=unset -k perm"
NORMAL = CHMOD.replace("unset -k ", "-1 -F key=")


def test_system_calls_are_asked_for_by_name(tmp_path: Path) -> None:
    code, out, err = run("--syscall", "chmod,chown", *tried(tmp_path, f"{CHMOD}\n"))
    assert (code, err) == (1, "")
    assert out == (
        "system calls (b64), with these files loaded\n"
        "  chmod             not always recorded  (conditional)\n"
        f"      by {NORMAL}  ({tmp_path}/new.rules:1)\n"
        "      auid>=1000 only; auid!=-1 only\n"
        "  chown             NOT recorded  (no_rule)\n"
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--auid", "1000"], 0),
        (["--auid", "unset"], 1),
        (["--auid", "1000", "--arch", "b32"], 1),
        (["--auid", "1000", "--uid", "0"], 0),
    ],
)
def test_system_calls_of_some_are_asked_for(tmp_path: Path, options: list[str], code: int) -> None:
    assert run("--syscall", "chmod", "--syscall", "fchmod", *options, *tried(tmp_path, f"{CHMOD}\n"))[0] == code


def test_each_rule_says_why_it_does_not_decide_on_a_call(tmp_path: Path) -> None:
    rules = f"-w /etc/docker -p wa\n-a always,exit -S chown\n{CHMOD}\n"
    _, out, _ = run("--syscall", "chmod", "--auid", "1000", "--explain", *tried(tmp_path, rules))
    assert out.endswith(
        "      chmod on a file that no rule names:\n"
        "        -a always,exit -S chown: does not match: chmod is none of its system calls\n"
        f"        {NORMAL}: decides\n"
        "        and 1 on paths\n"
    )


def test_a_program_reads_calls_as_json(tmp_path: Path) -> None:
    _, out, _ = run("--syscall", "chmod", "--format", "json", *tried(tmp_path, f"{CHMOD}\n"))
    (found,) = json.loads(out)
    assert (found["syscall"], found["arch"], found["verdict"]) == ("chmod", "b64", "conditional")
    assert found["conditions"] == ["auid>=1000 only", "auid!=-1 only"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--syscall", "chmood"], "--syscall: expected names of system calls, found 'chmood'"),
        (["--syscall", "chmod,"], "--syscall: expected names of system calls, found ''"),
        (["--syscall", "umount"], "--syscall umount: x86_64 has no system call umount"),
        (["--syscall", "create_module"], "--syscall create_module: no kernel since Linux 2.6 serves create_module"),
        (["--syscall", "chmod", "/etc"], "expected paths or --syscall, and not both"),
        ([], "expected paths or --syscall, and not both"),
        (["/etc", "--rules", "b", "--kernel", "netlink"], "--kernel netlink tells of rules that are loaded now"),
    ],
)
def test_what_cannot_be_asked_is_told(tmp_path: Path, arguments: list[str], message: str) -> None:
    code, _, err = run(*arguments, *tried(tmp_path, f"{CHMOD}\n"))
    assert code == 2
    assert message in err


@pytest.mark.parametrize("where", [on, tried])
def test_a_rule_that_drops_a_record_of_what_is_recorded_is_told(
    tmp_path: Path, where: Callable[..., tuple[str, ...]]
) -> None:
    rule = "-a always,exclude -F msgtype=PATH -F auid=0"
    options = where(tmp_path, WATCH, rule) if where is on else where(tmp_path, f"{WATCH}\n{rule}\n")
    out = run(DOCKERD, *options).out
    assert f"  ({rule} drops the record PATH: an event does not tell the file)\n" in out
    assert "  execution         recorded\n" in out

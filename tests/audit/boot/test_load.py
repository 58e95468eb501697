"""A rules file into a kernel: order, refusals, -i and -c, deletions, the lock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.load import LoadedFile, file_refusal, load_rules
from auditrules.audit.model.host_facts import Version
from tests.audit.file_trees import facts
from tests.audit.strategies import HOST

W = "-w /etc/docker -p wa -k d1"
X = "-w /usr/bin/dockerd -p x -k d2"
BAD = "-w relative -p wa"
LOST = "-w /gone/x -p wa"
DOCKER = "-a always,exit -S all -F dir=/etc/docker -F perm=wa -F key=d1"
DOCKERD = "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=x -F key=d2"
NOT_ABSOLUTE = "expected an absolute path, without quotes or variables, found 'relative'"
NO_DIRECTORY = "the kernel takes a path whose directory exists: there is no directory /gone"
TWICE = "the rule is loaded already"
LOCKED = "the rules are locked (-e 2)"


def loaded(*lines: str, version: Version = (3, 0, 9)) -> LoadedFile:
    return load_rules(
        "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"), replace(HOST, version=version)
    )


def rules(found: LoadedFile) -> list[str]:
    return [render(rule, HOST.machine) for rule in found.rules]


FILES: list[tuple[str, list[str], list[str], tuple[tuple[int, str], ...], int | None]] = [
    ("nothing", [], [], (), None),
    ("comments", ["# x", "", "   "], [], (), None),
    ("rules in order", [W, X], [DOCKER, DOCKERD], (), None),
    ("an error ends the load", [W, BAD, X], [DOCKER], ((2, NOT_ABSOLUTE),), 2),
    ("a refusal of the kernel ends the load", [W, LOST, X], [DOCKER], ((2, NO_DIRECTORY),), 2),
    ("-i", ["-i", W, BAD, LOST, X], [DOCKER, DOCKERD], ((3, NOT_ABSOLUTE), (4, NO_DIRECTORY)), None),
    ("-c", ["-c", W, BAD, X], [DOCKER, DOCKERD], ((3, NOT_ABSOLUTE),), None),
    ("-i too late", [W, BAD, "-i", X], [DOCKER], ((2, NOT_ABSOLUTE),), 2),
    ("-i in the middle", [W, "-i", BAD, X], [DOCKER, DOCKERD], ((3, NOT_ABSOLUTE),), None),
    (
        "-i on a line with an error holds for that line",
        ["-i -b 10", BAD, W],
        [DOCKER],
        (
            (
                1,
                "expected a flag before this word: a rules file has no quotes and no comments after a rule, found '-b'",
            ),
            (2, NOT_ABSOLUTE),
        ),
        None,
    ),
    ("-i at the end of a rule loses it", [f"{W} -i", X], [DOCKERD], (), None),
    ("the same line twice", [W, W, X], [DOCKER], ((2, TWICE),), 2),
    ("twice with -i", ["-i", W, W, X], [DOCKER, DOCKERD], ((3, TWICE),), None),
    (
        "a watch and its long form",
        [W, "-a always,exit -F dir=/etc/docker -F perm=wa -F key=d1"],
        [DOCKER],
        ((2, TWICE),),
        2,
    ),
    (
        "slashes at the end",
        ["-w /etc/docker", "-w /etc/docker/"],
        [DOCKER.replace("wa -F key=d1", "rwxa")],
        ((2, TWICE),),
        2,
    ),
    (
        "an undecided watch twice",
        ["-w /srv/x -p x", "-a always,exit -F dir=/srv/x -F perm=x"],
        ["-a always,exit -S all -F path=/srv/x -F perm=x"],
        ((2, TWICE),),
        2,
    ),
    (
        "slashes in the middle are another path",
        [W, W.replace("/docker", "//docker")],
        [DOCKER, DOCKER.replace("/docker", "//docker")],
        (),
        None,
    ),
    ("another key", [W, W.replace("d1", "x")], [DOCKER, DOCKER.replace("d1", "x")], (), None),
    (
        "always and never",
        ["-a always,exit -S open", "-a never,exit -S open"],
        ["-a always,exit -S open", "-a never,exit -S open"],
        (),
        None,
    ),
    (
        "-a and -A, and -A again",
        ["-a always,exit -S open", "-A always,exit -S open", "-A always,exit -S open"],
        ["-a always,exit -S open"] * 3,
        (),
        None,
    ),
    (
        "-A and then -a",
        ["-A always,exit -S open", "-a always,exit -S open"],
        ["-a always,exit -S open"],
        ((2, TWICE),),
        2,
    ),
    (
        "-A comes before",
        ["-a always,exit -S open", "-A never,exit -S close", "-A never,exit -S read"],
        ["-a never,exit -S read", "-a never,exit -S close", "-a always,exit -S open"],
        (),
        None,
    ),
    (
        "lists in the order of auditctl -l",
        [
            "-a never,filesystem -F fstype=tracefs",
            "-a never,exclude -F msgtype=CWD",
            "-a always,exit",
            "-a never,task",
            "-a always,user",
        ],
        [
            "-a always,user",
            "-a never,task",
            "-a always,exit -S all",
            "-a never,exclude -F msgtype=CWD",
            "-a never,filesystem -F fstype=tracefs",
        ],
        (),
        None,
    ),
    ("-D", [W, "-D", X], [DOCKERD], (), None),
    ("-D -k with a part of a key", [W, X, "-D -k 1"], [DOCKERD], (), None),
    ("-D -k spares rules without a key", ["-a never,task", W, "-D -k d"], ["-a never,task"], (), None),
    ("-D -k over the separator", ["-w /etc -k a -k b", W, "-D -k b"], [DOCKER], (), None),
    (
        "-D with a letter behind it deletes and fails",
        [W, "-D\r", X],
        [],
        ((2, "expected nothing behind the flag in this word, found '-D\\r'"),),
        2,
    ),
    ("-d", [W, "-d always,exit -F dir=/etc/docker -F perm=wa -F key=d1"], [], (), None),
    ("-W", [W, "-W /etc/docker -p wa -k d1", X], [DOCKERD], (), None),
    ("-W without the same fields", [W, "-W /etc/docker", X], [DOCKER], ((2, "no such rule to delete"),), 2),
    ("-d without such a rule", ["-d always,exit -S open", W], [], ((1, "no such rule to delete"),), 1),
    ("-d of what -A added", ["-A always,exit -S open", "-d always,exit -S open"], [], (), None),
    ("-e 2 locks", ["-e 2", W], [], ((2, LOCKED),), 2),
    ("-e 2 last", [W, "-e 2"], [DOCKER], (), None),
    ("-e 2 and a second -e", [W, "-e 2", "-e 1"], [DOCKER], ((3, LOCKED),), 3),
    ("-e 2 and -D", [W, "-e 2", "-D", X], [DOCKER], ((3, LOCKED),), 3),
    ("-e 2 and -i", ["-i", "-e 2", W, "-b 10"], [], ((3, LOCKED), (4, LOCKED)), None),
    ("-e 2 and what it allows", ["-e 2", "--loginuid-immutable", "--reset-lost", "-m hi", "-l", "-s"], [], (), None),
    ("-e 0 and -e 1", ["-e 0", W, "-e 1"], [DOCKER], (), None),
    ("-e 2 in a line with an error", ["-e 2 -f 5", W], [], ((1, "expected 0, 1 or 2, found '5'"),), 1),
    ("controls and a rule in a line", ["-b 8192 -f 1 -w /etc/docker -p wa -k d1"], [DOCKER], (), None),
    (
        "a wait too long",
        ["--backlog_wait_time 600001", W],
        [],
        ((1, "the kernel takes a backlog_wait_time of at most 600000"),),
        1,
    ),
    ("a wait modulo 2^32", ["--backlog_wait_time 4294967296", W], [DOCKER], (), None),
    ("CRLF", [f"{W}\r", X], [f"{DOCKER}\r", DOCKERD], (), None),
    ("a deprecated action is dropped", ["-a exit,possible -S open", W], [DOCKER], (), None),
    ("a second load of the same rule after its deletion", [W, "-D", W], [DOCKER], (), None),
]


@pytest.mark.parametrize(
    ("lines", "wanted", "refused", "stopped"),
    [case[1:] for case in FILES],
    ids=[case[0] for case in FILES],
)
def test_a_file_is_loaded_line_by_line(
    lines: list[str],
    wanted: list[str],
    refused: tuple[tuple[int, str], ...],
    stopped: int | None,
) -> None:
    found = loaded(*lines)
    assert rules(found) == wanted
    assert found.refused == refused
    assert found.stopped_at == stopped


def test_the_rest_of_a_long_comment_is_loaded() -> None:
    assert rules(loaded("#" * 6143 + W)) == [DOCKER]


def test_files_without_a_newline_between_them_lose_a_rule() -> None:
    assert rules(loaded(f"# last comment{W}", X)) == [DOCKERD]


def test_prepending_deletes_in_4_0_5() -> None:
    found = loaded("-a always,exit -S open", "-A always,exit -S open", "-A always,exit -S open", version=(4, 0, 5))
    assert (found.rules, found.refused, found.stopped_at) == ((), ((3, "no such rule to delete"),), 3)


@pytest.mark.parametrize(
    ("mode", "uid", "version", "reason"),
    [
        (0o640, 0, (3, 0, 9), None),
        (0o664, 0, (3, 0, 9), None),
        (0o646, 0, (3, 0, 9), "a rules file that not everybody can write to"),
        (0o100666, 0, (3, 1, 1), "a rules file that not everybody can write to"),
        (0o640, 1000, (3, 0, 9), "a rules file that root owns"),
        (0o646, 1000, (3, 1, 1), "a rules file that root owns"),
        (0o646, 1000, (3, 1, 2), None),
        (0o666, 1000, (4, 1, 3), None),
        (0o666, 1000, (4, 1, 4), "a rules file that not everybody can write to"),
        (0o640, 1000, (4, 2, 1), None),
    ],
)
def test_owner_and_mode_of_a_file_are_checked_by_some_versions(
    mode: int, uid: int, version: Version, reason: str | None
) -> None:
    assert file_refusal(mode, uid, version) == reason


def fates(*lines: str) -> list[str]:
    return [line.result.name for line in load_rules("".join(f"{line}\n" for line in lines).encode(), HOST).lines]


FATES = (
    (("-w /etc/docker -p wa", "-D"), ["DELETED", "DONE"]),
    (("-w /etc/docker -p wa -k one", "-w /etc/docker -p r -k two", "-D -k on"), ["DELETED", "KEPT", "DONE"]),
    (("-w /etc/docker -p wa", "-W /etc/docker -p wa"), ["DELETED", "DONE"]),
    (("-b 64", "-b 8192"), ["OVERRIDDEN", "KEPT"]),
    (("-b 64 -f 1", "-f 2"), ["OVERRIDDEN", "KEPT"]),
    (("-w relative", "-w /etc/docker"), ["REJECTED", "UNREACHED"]),
    (("-w /etc/docker", "-w /etc/docker"), ["KEPT", "REJECTED"]),
    (("-i", "-w relative", "-w /etc/docker"), ["DONE", "REJECTED", "KEPT"]),
    (("-e 2", "-w /etc/docker"), ["KEPT", "REJECTED"]),
    (("-w relative", "nothing", "# no line"), ["REJECTED", "UNREACHED"]),
    (("-b 64 -w /etc/docker -k k", "-b 8192"), ["KEPT", "KEPT"]),
)


@pytest.mark.parametrize(("lines", "wanted"), FATES)
def test_each_line_has_its_fate(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert fates(*lines) == wanted


def test_the_values_that_hold_are_told() -> None:
    assert dict(load_rules(b"-b 64\n-b 8192\n-f 2\n", HOST).values) == {"-b": "8192", "-f": "2"}


def test_paths_below_a_link_that_leads_up_are_what_they_are_there() -> None:
    on = facts({"/var/run": "-> ../run", "/run/containerd": "dir", "/run/nothing": "missing"})
    content = b"-w /var/run/containerd -p wa\n-a always,exit -F dir=/var/run/nothing -F perm=wa\n-w /run -p wa\n"
    found = load_rules(content, on)
    assert rules(found) == ["-a always,exit -S all -F dir=/var/run/containerd -F perm=wa"]
    assert found.refused == ((2, "the kernel takes a dir that exists: there is no directory /var/run/nothing"),)
    assert found.stopped_at == 2

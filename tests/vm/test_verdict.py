"""The main job on a real kernel: rules loaded by the real auditctl, read back, judged by the pack's SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

WATCH = "auditctl -w /usr/bin/dockerd -k docker"
DOCKER = "printf '#!/bin/sh\\n' >/usr/bin/dockerd; chmod 755 /usr/bin/dockerd; mkdir -p /etc/audit/rules.d /etc/docker"
REMEDY = "-w /usr/bin/dockerd -k docker"
AS_ALICE = "import os, sys; os.setgroups([]); os.setgid(1000); os.setuid(1000); os.execvp(sys.argv[1], sys.argv[1:])"
FILES = {"/opt/as_alice": AS_ALICE.encode()}

NEVER_PASS = {
    "a never rule that is listed as a watch": ("auditctl -a never,exit -F path=/usr/bin/dockerd -F perm=x",),
    "a never rule before the watch": ("auditctl -a never,exit -F arch=b64 -S all", WATCH),
    "never on the task list": ("auditctl -a never,task", WATCH),
    "the system call record excluded": ("auditctl -a always,exclude -F msgtype=SYSCALL", WATCH),
    "one login": ("auditctl -a always,exit -F path=/usr/bin/dockerd -F perm=rwxa -F auid=1000 -k docker",),
    "failures only": ("auditctl -a always,exit -F path=/usr/bin/dockerd -F perm=rwxa -F success=0 -k docker",),
    "all but the daemon": ("auditctl -a always,exit -F arch=b64 -S execve -F exe!=/usr/bin/dockerd -k k",),
    "reading only": ("auditctl -w /usr/bin/dockerd -p r -k docker",),
    "another file": ("auditctl -w /usr/bin/dockerd-rootless.sh -p rwxa -k docker",),
    "the path in a key": ("auditctl -w /etc/passwd -p wa -k see_/usr/bin/dockerd",),
}
STATES = {
    "ok": (WATCH, ""),
    "no_rules": ("true", ""),
    "disabled": ("auditctl -e 0 >/dev/null", ""),
    "foreign_namespace": (WATCH, "unshare -U -r"),
    "no_permission": (WATCH, "python3 /opt/as_alice"),
}
VERDICTS = {
    **NEVER_PASS,
    "watched": (WATCH,),
    "off": ("auditctl -e 0 >/dev/null", WATCH),
    "nothing": (),
    "never, listed as the watch": ("auditctl -a never,exit -F path=/usr/bin/dockerd -F perm=rwxa -k docker",),
    "never before the watch it is listed as": (
        "auditctl -a never,exit -F path=/usr/bin/dockerd -F perm=rwxa -k docker",
        WATCH,
    ),
    # Last: augenrules leaves its files behind.
    "remedied": (f"echo '{REMEDY}' >/etc/audit/rules.d/docker.rules", "augenrules --load >/dev/null 2>&1"),
}
FRESH = "auditctl -D >/dev/null; auditctl -e 1 >/dev/null"


@dataclass(frozen=True)
class Said:
    """What a command of ours printed as JSON, and its exit code."""

    rows: list[dict[str, Any]]
    exit_code: int


def asked(guest: Guest, cases: Mapping[str, tuple[str, ...]], kernel_args: str = "") -> dict[str, Said]:
    """Run each case's commands, the last of which prints JSON, on a kernel without rules; one boot for all."""
    script = [DOCKER]
    for number, commands in enumerate(cases.values()):
        *before, last = commands
        script += [FRESH, *(f"{command} || echo REFUSED" for command in before), f"{last} >/out/{number}"]
        script += [f"echo $? >/out/{number}.code"]
    done = guest.run("\n".join(script), FILES, kernel_args=kernel_args, timeout=1200)
    assert b"REFUSED" not in done.stdout, done.text
    found = enumerate(cases)
    return {
        name: Said(json.loads(done.files_out[f"{number}"]), int(done.files_out[f"{number}.code"]))
        for number, name in found
    }


@pytest.fixture(scope="module")
def verdicts(guest: Guest) -> dict[str, Said]:
    """Every case of `VERDICTS`, judged."""
    return asked(
        guest, {name: (*lines, "auditrules check --control 1.2.3 --format json") for name, lines in VERDICTS.items()}
    )


@pytest.fixture(scope="module")
def states(guest: Guest) -> dict[str, Said]:
    """The status in every case of `STATES`."""
    query = 'auditrules query --format json "SELECT * FROM audit_status"'
    return asked(guest, {name: (before, f"{inside} {query}") for name, (before, inside) in STATES.items()})


def judged(said: Said) -> tuple[str, str, int]:
    (row,) = said.rows
    return row["status"], row["reason"], said.exit_code


def test_a_loaded_watch_passes_and_the_verdict_quotes_it(verdicts: dict[str, Said]) -> None:
    assert judged(verdicts["watched"]) == ("pass", "covered", 0)
    rule = "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker"
    assert verdicts["watched"].rows[0]["evidence"].startswith(rule)


def test_auditing_switched_off_fails_whatever_is_loaded(verdicts: dict[str, Said]) -> None:
    assert judged(verdicts["off"]) == ("fail", "disabled", 1)


def test_no_rule_fails_with_the_remediation(verdicts: dict[str, Said]) -> None:
    assert judged(verdicts["nothing"]) == ("fail", "no_rule", 1)
    assert REMEDY in verdicts["nothing"].rows[0]["remediation"]


def test_the_remediation_loaded_by_augenrules_passes_and_the_verdict_names_its_file(verdicts: dict[str, Said]) -> None:
    assert judged(verdicts["remedied"]) == ("pass", "covered", 0)
    assert "/etc/audit/rules.d/docker.rules" in verdicts["remedied"].rows[0]["evidence"]


@pytest.mark.parametrize("case", NEVER_PASS)
def test_never_passes(verdicts: dict[str, Said], case: str) -> None:
    status, _, exit_code = judged(verdicts[case])
    assert (status, exit_code) == ("fail", 1)


@pytest.mark.parametrize("state", STATES)
def test_the_state_is_told(states: dict[str, Said], state: str) -> None:
    (row,) = states[state].rows
    assert row["state"] == state


@pytest.mark.parametrize("state", STATES)
def test_netlink_is_the_reader_where_it_answers(states: dict[str, Said], state: str) -> None:
    (row,) = states[state].rows
    assert row["reader"] == "netlink"


def test_a_kernel_booted_without_audit_is_told(guest: Guest) -> None:
    query = 'auditrules query --format json "SELECT * FROM audit_status"'
    done = guest.run(f"{query} >/out/said", kernel_args="audit=0")
    (row,) = json.loads(done.files_out["said"])
    assert (row["state"], row["boot_audit"]) == ("no_kernel_audit", "0")


def test_a_listed_key_keeps_its_carriage_return(guest: Guest) -> None:
    lines = b"-w /etc/docker -p wa -k d1\r\n-w /usr/bin/dockerd -p x -k d2\r\n"
    done = guest.run(f"{DOCKER}\nauditctl -R /opt/rules; auditctl -l >/out/listing", {"/opt/rules": lines})
    assert done.files_out["listing"] == lines


def test_file_and_kernel_show_one_normal_form(guest: Guest) -> None:
    rules = "-w /usr/bin/dockerd -p wa -k docker\n-a always,exit -F arch=b64 -S execve,open -F auid>=1000 -k x\n"
    done = guest.run(
        f"{DOCKER}\nauditctl -R /etc/audit/audit.rules\n"  # noqa: S608 - a shell script, and nobody gives any of it
        "auditrules query --format json 'SELECT source, rule FROM audit_rules ORDER BY source, position' >/out/rows",
        {"/etc/audit/audit.rules": rules.encode()},
    )
    found = json.loads(done.files_out["rows"])
    kernel = [row["rule"] for row in found if row["source"] == "kernel"]
    files = [row["rule"] for row in found if row["source"] == "audit.rules"]
    assert kernel == files
    assert len(kernel) == 2


def test_a_never_rule_listed_as_a_watch_of_all_permissions_fails(verdicts: dict[str, Said]) -> None:
    assert judged(verdicts["never, listed as the watch"]) == ("fail", "suppressed", 1)


def test_a_never_rule_before_the_watch_it_is_listed_as_hangs_on_how_often_the_file_was_replaced(
    verdicts: dict[str, Said],
) -> None:
    status, reason, _ = judged(verdicts["never before the watch it is listed as"])
    assert status in ("fail", "unknown")
    assert reason == "replaced"


def test_what_the_grep_says_is_told_beside_the_verdict(verdicts: dict[str, Said]) -> None:
    said = {name: (said.rows[0]["status"], said.rows[0]["grep_verdict"]) for name, said in verdicts.items()}
    assert said["watched"] == ("pass", "pass")
    assert said["nothing"] == ("fail", "fail")
    assert said["another file"] == said["the path in a key"] == said["never on the task list"] == ("fail", "pass")

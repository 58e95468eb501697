"""Rule sets that look alike and are not, on a real kernel: what it records, and the verdict on it, with its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.vm.ask import Case, Row, ask
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

DAEMON = "/usr/bin/dockerd"
WATCH = f"-w {DAEMON} -p rwxa -k docker"
EXCLUSIONS = ("-a exit,never -F dir=/var/lib/docker/volumes", "-a exit,never -F dir=/var/lib/docker/overlay2")
PASS, FAIL = "pass", "fail"


@dataclass(frozen=True)
class Judged:
    """Rules, and the verdict they must get."""

    rules: tuple[str, ...]
    status: str
    reason: str


# For CIS Docker 1.2.0, 1.2.3: of the daemon's program, executions, writes and attribute changes by anybody.
DAEMON_RULES = {
    "A1: the benchmark's own line": Judged((WATCH,), PASS, "covered"),
    "A2: path and perm, 64 bits": Judged(
        (f"-a always,exit -F arch=b64 -F path={DAEMON} -F perm=rwxa -F key=docker",), PASS, "covered"
    ),
    "A3: path and perm": Judged((f"-a always,exit -F path={DAEMON} -F perm=rwxa -F key=docker",), PASS, "covered"),
    "A4: the directory": Judged(("-w /usr/bin -p rwxa -k bins",), PASS, "covered"),
    # Executions that succeed are recorded; those that fail, writes and attribute changes are not.
    "A5: what the daemon executes": Judged(
        (f"-a always,exit -F arch=b64 -S execve -F exe={DAEMON} -F key=docker",), FAIL, "conditional"
    ),
    "B1: another file": Judged(("-w /usr/bin/dockerd-rootless.sh -p rwxa -k docker",), FAIL, "no_rule"),
    "B2: another folder": Judged(("-w /opt/usr/bin/dockerd -p rwxa -k docker",), FAIL, "no_rule"),
    "B3: the path in a key": Judged(("-w /etc/passwd -p wa -k see_/usr/bin/dockerd",), FAIL, "no_rule"),
    "B4: never, listed as the watch": Judged(
        (f"-a never,exit -F path={DAEMON} -F perm=rwxa -F key=docker",), FAIL, "suppressed"
    ),
    "B5: never": Judged((f"-a never,exit -F path={DAEMON}",), FAIL, "suppressed"),
    "B6: never on the task list": Judged(("-a never,task", WATCH), FAIL, "task_never"),
    "B7: never before the watch": Judged(("-a never,exit -F arch=b64 -S all", WATCH), FAIL, "suppressed"),
    "B8: reading only": Judged((f"-w {DAEMON} -p r -k docker",), FAIL, "permissions_missing"),
    "B9: one login": Judged(
        (f"-a always,exit -F path={DAEMON} -F auid=1000 -F perm=rwxa -F key=docker",), FAIL, "conditional"
    ),
    # Executions of the daemon that fail are recorded: the program is still the one that tried.
    "B10: all but the daemon": Judged(
        (f"-a always,exit -F arch=b64 -S execve -F exe!={DAEMON} -F key=k",), FAIL, "conditional"
    ),
    "B11: failures only": Judged(
        (f"-a always,exit -F path={DAEMON} -F perm=rwxa -F success=0 -F key=docker",), FAIL, "conditional"
    ),
}

# For CIS Docker 1.8.0: 1.1.4, of /run/containerd, and 1.1.5, of /var/lib/docker less what the benchmark leaves out.
CONTAINERD = {
    "path= on a directory, the benchmark's own line": Judged(
        ("-a exit,always -F path=/run/containerd -F perm=war -k docker",), FAIL, "not_recursive"
    ),
    "dir=": Judged(("-a exit,always -F dir=/run/containerd -F perm=war -k docker",), PASS, "covered"),
    "a watch": Judged(("-w /run/containerd -k docker",), PASS, "covered"),
    "nothing": Judged((), FAIL, "no_rule"),
}
DATA = {
    "the benchmark's never rules before the watch": Judged(
        (*EXCLUSIONS, "-w /var/lib/docker -k docker"), PASS, "covered"
    ),
    "the benchmark's never rules behind the watch": Judged(
        ("-w /var/lib/docker -k docker", *EXCLUSIONS), PASS, "covered"
    ),
    "the benchmark's never rules alone": Judged(EXCLUSIONS, FAIL, "no_rule"),
    "path= on a directory, the benchmark's own line": Judged(
        (*EXCLUSIONS, "-a exit,always -F path=/var/lib/docker -F perm=war -k docker"), FAIL, "not_recursive"
    ),
}

TREE = """\
mkdir -p /opt/usr/bin /etc/docker /run/containerd /var/lib/docker/volumes /var/lib/docker/overlay2
for program in /usr/bin/dockerd /usr/bin/dockerd-rootless.sh /opt/usr/bin/dockerd; do
  printf '#!/bin/sh\\n' >$program; chmod 755 $program
done
auditctl -e 1 >/dev/null
"""


def verdicts(guest: Guest, cases: Mapping[str, Judged], command: str) -> dict[str, tuple[dict[str, Any], int]]:
    """The row and the exit code that a command gives with each case's rules loaded; one boot for all."""
    script = [TREE]
    for number in range(len(cases)):
        script += ["auditctl -D >/dev/null", f"auditctl -R /opt/rules/{number} >/dev/null || echo REFUSED {number}"]
        script += [f"{command} >/out/{number}; echo $? >/out/{number}.code"]
    files = {
        f"/opt/rules/{number}": "".join(f"{line}\n" for line in case.rules).encode()
        for number, case in enumerate(cases.values())
    }
    done = guest.run("\n".join(script), dict(files), timeout=900)
    assert "REFUSED" not in done.text, done.text
    found = {}
    for number, name in enumerate(cases):
        (row,) = json.loads(done.files_out[f"{number}"])
        found[name] = row, int(done.files_out[f"{number}.code"])
    return found


def check(version: str, control: str) -> str:
    return f"auditrules check --benchmark cis-docker:{version} --control {control} --format json"


@pytest.fixture(scope="module")
def daemon(guest: Guest) -> dict[str, tuple[dict[str, Any], int]]:
    return verdicts(guest, DAEMON_RULES, check("1.2.0", "1.2.3"))


@pytest.fixture(scope="module")
def containerd(guest: Guest) -> dict[str, tuple[dict[str, Any], int]]:
    return verdicts(guest, CONTAINERD, check("1.8.0", "1.1.4"))


@pytest.fixture(scope="module")
def data(guest: Guest) -> dict[str, tuple[dict[str, Any], int]]:
    return verdicts(guest, DATA, check("1.8.0", "1.1.5"))


def told(found: tuple[dict[str, Any], int]) -> tuple[str, str, int]:
    row, exit_code = found
    return row["status"], row["reason"], exit_code


def wanted(case: Judged) -> tuple[str, str, int]:
    return case.status, case.reason, 0 if case.status == PASS else 1


@pytest.mark.parametrize("name", DAEMON_RULES)
def test_the_daemon_is_judged_by_what_is_recorded(daemon: dict[str, tuple[dict[str, Any], int]], name: str) -> None:
    assert told(daemon[name]) == wanted(DAEMON_RULES[name])


@pytest.mark.parametrize("name", CONTAINERD)
def test_a_folder_wants_a_rule_that_reaches_below(containerd: dict[str, tuple[dict[str, Any], int]], name: str) -> None:
    assert told(containerd[name]) == wanted(CONTAINERD[name])


@pytest.mark.parametrize("name", DATA)
def test_never_rules_below_the_data_fail_nobody(data: dict[str, tuple[dict[str, Any], int]], name: str) -> None:
    assert told(data[name]) == wanted(DATA[name])


# The kernel's own word for the table: what the control wants recorded, made by several users, failing and not.
ROOT, ALICE = {"auid": "unset", "uid": 0}, {"auid": 1001, "uid": 1000}
WANTED = {
    "executed": {"kind": "exec", "as": ROOT},
    "executed by a user": {"kind": "exec", "as": ALICE},
    "opened for writing": {"kind": "write", "as": ROOT},
    "opened for writing in vain": {"kind": "write", "as": ALICE},
    "truncated": {"kind": "write", "op": "truncate", "as": ROOT},
    "removed": {"kind": "write", "op": "unlink", "as": ROOT},
    "renamed": {"kind": "write", "op": "rename", "path2": "/usr/bin/dockerd.new", "as": ROOT},
    "given another mode": {"kind": "attr", "op": "chmod", "as": ROOT},
    "given another owner, in vain": {"kind": "attr", "op": "chown", "as": ALICE},
}


@pytest.fixture(scope="module")
def recorded(guest: Guest) -> dict[tuple[str, str], Row]:
    """What the kernel does with each access under each rule set."""
    cases: dict[tuple[str, str], Case] = {
        (name, what): {"rules": list(judged.rules), "enabled": 1, "access": {"path": DAEMON, **access}}
        for name, judged in DAEMON_RULES.items()
        for what, access in WANTED.items()
    }
    return dict(zip(cases, ask(guest, list(cases.values()), "matrix"), strict=True))


@pytest.mark.parametrize("name", DAEMON_RULES)
def test_the_kernel_records_all_that_is_wanted_where_the_verdict_is_pass_and_nowhere_else(
    recorded: dict[tuple[str, str], Row], name: str
) -> None:
    missed = [what for what in WANTED if not recorded[name, what]["recorded"]]
    assert (not missed) == (DAEMON_RULES[name].status == PASS), missed

"""The harness of the random cases: it makes the access it was asked for, and sees the record of that one only."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.vm.access.calls import CALLS
from tests.vm.access.fixture import TREE, Kind
from tests.vm.ask import Case, Row, ask
from tests.vm.guest import Guest
from tests.vm.shrink import asked

pytestmark = pytest.mark.vm

DAEMON = "/usr/bin/dockerd"
WATCH = f"-w {DAEMON} -p rwxa -k K"
ROOT = {"auid": "unset", "uid": 0}
ALICE = {"auid": 1000, "uid": 1000}

# What is asked, and whether it is recorded and by which key: the kernel's documented behaviour, one point a case.
KNOWN: dict[str, tuple[list[str], dict[str, Any], tuple[bool, str | None]]] = {
    "no rule": ([], {"kind": "exec"}, (False, None)),
    "a watch": ([WATCH], {"kind": "exec"}, (True, "K")),
    "another file": ([WATCH], {"kind": "exec", "path": "/usr/bin/containerd"}, (False, None)),
    "the same file by a merged folder": ([WATCH], {"kind": "exec", "path": "/bin/dockerd"}, (True, "K")),
    "another permission": ([f"-w {DAEMON} -p wa -k K"], {"kind": "exec"}, (False, None)),
    "the first rule wins": ([f"-a never,exit -F path={DAEMON}", WATCH], {"kind": "exec"}, (False, None)),
    "prepended": ([WATCH, f"-A never,exit -F path={DAEMON}"], {"kind": "exec"}, (False, None)),
    "one login, that one": (
        [f"-a always,exit -F path={DAEMON} -F auid=1000 -k L"],
        {"kind": "exec", "as": ALICE},
        (True, "L"),
    ),
    "one login, another": ([f"-a always,exit -F path={DAEMON} -F auid=1000 -k L"], {"kind": "exec"}, (False, None)),
    "one user, that one": (
        [f"-a always,exit -F path={DAEMON} -F uid=1000 -k U"],
        {"kind": "exec", "as": ALICE},
        (True, "U"),
    ),
    "64 bits only": ([f"-a always,exit -F arch=b64 -F path={DAEMON} -k B"], {"kind": "exec"}, (True, "B")),
    "64 bits only, by 32": (
        [f"-a always,exit -F arch=b64 -F path={DAEMON} -k B"],
        {"kind": "exec", "op": "exec32"},
        (False, None),
    ),
    "32 bits only, by 32": (
        [f"-a always,exit -F arch=b32 -S execve -F path={DAEMON} -k B"],
        {"kind": "exec", "op": "exec32"},
        (True, "B"),
    ),
    "failures only, one that fails": (
        [f"-a always,exit -F path={DAEMON} -F success=0 -k F"],
        {"kind": "write", "as": ALICE},
        (True, "F"),
    ),
    "the program after the exec": (
        ["-a always,exit -S execve -F exe=/usr/bin/dockerd -k E"],
        {"kind": "exec"},
        (True, "E"),
    ),
    "the program that opens": (["-a always,exit -S openat -F exe=/accd -k E"], {"kind": "write"}, (True, "E")),
    "no process": (["-a never,task", WATCH], {"kind": "exec"}, (False, None)),
    "the record itself excluded": (
        ["-a always,exclude -F msgtype=SYSCALL", WATCH],
        {"kind": "exec"},
        (False, None),
    ),
    "a file of the watched folder": (
        ["-w /etc/docker -p wa -k D"],
        {"kind": "write", "op": "rename", "path": "/etc/docker/daemon.json", "path2": "/srv/t/new"},
        (True, "D"),
    ),
    "as it was before": (
        ["-w /etc/docker -p wa -k D"],
        {"kind": "write", "path": "/etc/docker/daemon.json"},
        (True, "D"),
    ),
}


def case(rules: list[str], access: dict[str, Any], **more: Any) -> Case:
    return {"rules": rules, "enabled": 1, "access": {"path": DAEMON, "as": ROOT, **access}, **more}


CORPUS = Path(__file__).parents[1] / "corpus/coverage.jsonl"
OTHERWISE_MADE = ("pre", "post", "ctl", "history", "kernel_cmdline", "continues_previous_case", "drain", "unstable")
AGAIN = 120  # rows of the corpus


ANSWER = ("recorded", "by_key", "records")


@functools.cache
def again() -> list[Row]:
    """Rows of the corpus, evenly out of those whose files are as ours and whose access needs nothing before it."""
    rows = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    fit = [row for row in rows if not any(row.get(name) for name in OTHERWISE_MADE) and alike(row)]
    return [fit[index * len(fit) // AGAIN] for index in range(AGAIN)]


def alike(row: Row) -> bool:
    if any("@M" in line for line in row["rules"]):  # a device's numbers, which `ask` does not put in
        return False
    types = {path: made.kind for path, made in TREE.items()}
    below = {"/usr/bin", "/usr/lib", "/usr/sbin", "/etc", "/opt", "/srv", "/tmp", "/mnt", "/var"}  # noqa: S108 - the guest's
    for path, entry in row["facts"]["load"].items():
        known = path in types and entry["type"] == ("dir" if types[path] is Kind.DIRECTORY else "file")
        absent = path not in types and entry["type"] == "missing"
        inside = any(path.startswith(f"{folder}/") for folder in below)
        if inside and not (known or absent):
            return False
    return row["access"].get("op", row["access"]["kind"]) in CALLS and "tomoyo" in row["facts"]["lsm"]


# A rule for each program that makes an access here: with them every call is recorded, whatever it does.
BY_PROGRAM = ["-a always,exit -S all -F exe=/accd -k C", f"-a always,exit -S all -F exe={DAEMON} -k C"]
OLDER = "a process older than the rule that silences new ones"


@pytest.fixture(scope="module")
def known(guest: Guest) -> dict[str, Row]:
    """All that this file asks, in one boot."""
    cases = {name: case(rules, access) for name, (rules, access, _) in KNOWN.items()}
    cases |= {op: case(BY_PROGRAM, {"kind": "any", "op": op, "path2": "/srv/t/new"}) for op in CALLS}
    cases |= {f"corpus {number}": asked(row) for number, row in enumerate(again())}
    cases[OLDER] = case(["-a never,task", WATCH], {"kind": "exec"}, early=True)
    return dict(zip(cases, ask(guest, list(cases.values()), "known"), strict=True))


@pytest.mark.parametrize("name", KNOWN)
def test_the_record_is_seen(known: dict[str, Row], name: str) -> None:
    row = known[name]
    assert (row["recorded"], row["by_key"], row["load_rc"]) == (*KNOWN[name][2], 0)


@pytest.mark.parametrize("number", range(AGAIN))
def test_the_corpus_answer_comes_again(known: dict[str, Row], number: int) -> None:
    found, wanted = known[f"corpus {number}"], again()[number]
    assert {name: found[name] for name in ANSWER} == {name: wanted[name] for name in ANSWER}


def test_an_excluded_or_absent_record_has_no_types(known: dict[str, Row]) -> None:
    assert [known[name]["records"] for name in ("no rule", "the record itself excluded")] == [[], []]


def test_the_facts_are_of_the_file_when_it_is_accessed(known: dict[str, Row]) -> None:
    facts, names = known["a watch"]["facts"], known["a watch"]["names"]
    entry = facts["access"][DAEMON]
    assert (entry["type"], entry["dev"], entry["ino"]) == ("file", names[0]["dev"], names[0]["inode"])
    assert len(facts["rules_in_force"]) == 1


def test_what_an_access_changed_is_mended(known: dict[str, Row]) -> None:
    moved, after = known["a file of the watched folder"], known["as it was before"]
    assert moved["syscall_rc"] == after["errno"] == 0
    assert after["facts"]["access"]["/etc/docker/daemon.json"]["type"] == "file"


@pytest.mark.parametrize("op", CALLS)
def test_every_call_is_made_and_its_record_told_from_all_others(known: dict[str, Row], op: str) -> None:
    row = known[op]
    assert "setup_failed" not in row
    assert (row["recorded"], row["by_key"]) == (True, "C")


def test_a_process_older_than_the_rule_that_silences_new_ones_is_recorded(known: dict[str, Row]) -> None:
    assert (known[OLDER]["recorded"], known[OLDER]["facts"]["early"]) == (True, True)

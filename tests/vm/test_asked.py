"""What benchmarks ask of system calls and of paths, in every spelling, on a real kernel: our answer, and its record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from auditrules.audit.coverage.asked_rule import asked_conditions, asked_rule
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.coverage.path_coverage import evaluate_path
from tests.audit.coverage.asked_cases import FAMILIES, PATH_SPELLINGS, PATHS, SPELLINGS, cases, path_cases
from tests.vm.ask import Case, Row, ask
from tests.vm.asked import host_of, status_of
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

ROOT = {"auid": 1000, "uid": 0}
ALICE = {"auid": 1000, "uid": 1000}
BY_ROOT = {"auid": 0, "uid": 0}
SERVICE = {"auid": "unset", "uid": 0}


@dataclass(frozen=True)
class Probe:
    """One access that is asked for: by a login user, unless the family is about others."""

    op: str
    path: str = "/srv/t/mine"
    subject: Mapping[str, Any] = field(default_factory=lambda: ROOT)


# Of each family the last of its calls, in each arch; it succeeds where the family does not ask for failures.
PROBES: Mapping[str, tuple[Probe, ...]] = {
    "user emulation": (Probe("exec", "/usr/bin/docker-proxy", ALICE), Probe("exec32", "/usr/bin/docker-proxy", ALICE)),
    "sudo commands": (Probe("exec", "/usr/bin/setuid-root", ALICE), Probe("exec32", "/usr/bin/setuid-root", ALICE)),
    "setuid programs": (Probe("exec", "/usr/bin/setuid-root", ALICE), Probe("exec32", "/usr/bin/setuid-root", ALICE)),
    "setgid programs": (Probe("exec", "/usr/bin/setgid-root", ALICE), Probe("exec32", "/usr/bin/setgid-root", ALICE)),
    "time": (Probe("settimeofday", subject=SERVICE), Probe("stime32", subject=SERVICE)),
    "wall clock": (Probe("clocksettime", subject=SERVICE), Probe("clocksettime32", subject=SERVICE)),
    "host name": (Probe("setdomainname", subject=SERVICE), Probe("setdomainname32", subject=SERVICE)),
    "access denied": (Probe("read", "/srv/t/secret", ALICE), Probe("openatread32", "/srv/t/secret", ALICE)),
    "access not permitted": (Probe("byhandle", subject=ALICE), Probe("byhandle32", subject=ALICE)),
    "mode": (Probe("fchmodat"), Probe("fchmodat32")),
    "owner": (Probe("fchownat"), Probe("fchownat32")),
    "attributes": (Probe("fremovexattr"), Probe("fremovexattr32")),
    "attributes by root": (Probe("fremovexattr", subject=BY_ROOT), Probe("fremovexattr32", subject=BY_ROOT)),
    "mounts": (Probe("umount2"), Probe("umount232")),
    "deletion": (Probe("rmdir", "/srv/t/empty"), Probe("rmdir32", "/srv/t/empty")),
    "modules": (Probe("deletemodule"),),
    "success only": (Probe("fchmodat"), Probe("fchmodat32")),
    "to create": (Probe("create", "/usr/bin/dockerd.new", ALICE), Probe("create32", "/usr/bin/dockerd.new", ALICE)),
}
# Who shows that a rule leaves somebody out, or which file that it leaves some out.
SHOWN_BY: Mapping[str, Mapping[str, Any]] = {
    "a never rule on one of the users before": {"uid": 12},
    "in halves that leave one out": {"uid": 5},
}
PROGRAM, OTHER_PROGRAM = "/accd", "/usr/bin/dockerd"
# What no access of these shows: a program that is run has its loader's owner as well; its program is the one it runs.
NOT_SHOWN = {"by files' owners", "a program excluded"}
RUNS = {"user emulation", "sudo commands", "setuid programs", "setgid programs"}

PATH_PROBES: Mapping[str, tuple[str, ...]] = {"wa": ("write", "chmod32"), "x": ("exec", "exec32")}
OF_64_BITS: Mapping[str, tuple[str, ...]] = {"wa": ("write", "chmod"), "x": ("exec",)}


@dataclass(frozen=True)
class Shown:
    """A rule set, what is asked, and the accesses that show whether it is recorded."""

    lines: list[str]
    passes: bool
    accesses: list[dict[str, Any]]


def _families() -> dict[tuple[str, str], Shown]:
    found = {}
    for family, spelling, lines, passes in cases():
        if family in RUNS and spelling in NOT_SHOWN:
            continue
        said = [line.replace(f"exclude -F exe={OTHER_PROGRAM}", f"exclude -F exe={PROGRAM}") for line in lines]
        probes = PROBES[family]
        if spelling == "by files' owners":
            said = [line.replace("obj_uid=0", "obj_uid=77") for line in said]
        accesses = [
            {"path": each.path, "kind": "any", "op": each.op, "as": {**each.subject, **SHOWN_BY.get(spelling, {})}}
            for each in probes
        ]
        found[family, spelling] = Shown(said, passes, accesses)
    return found


def _paths() -> dict[tuple[str, str], Shown]:
    found = {}
    for name, spelling, lines, passes in path_cases():
        asked = PATHS[name]
        ops = (PATH_PROBES if "b32" in asked.arches else OF_64_BITS)[asked.letters]
        path = "/etc/docker/daemon.json" if asked.place == "dir" else asked.path
        subject = {**ROOT, **SHOWN_BY.get(spelling, {})}
        found[name, spelling] = Shown(
            lines, passes, [{"path": path, "kind": "any", "op": op, "as": subject} for op in ops]
        )
    return found


CASES, PATH_CASES = _families(), _paths()
Answered = dict[tuple[str, str], list[Row]]


def answered(guest: Guest, shown: Mapping[tuple[str, str], Shown], group: str) -> Answered:
    """The kernel's answers to each case's accesses, in as few boots as can be."""
    made: list[tuple[tuple[str, str], Case]] = [
        (key, {"rules": each.lines, "enabled": 1, "access": access})
        for key, each in shown.items()
        for access in each.accesses
    ]
    found: Answered = {}
    for (key, _), row in zip(made, ask(guest, [case for _, case in made], group), strict=True):
        found.setdefault(key, []).append(row)
    return found


@pytest.fixture(scope="module")
def on_calls(guest: Guest) -> Answered:
    return answered(guest, CASES, "asked")


@pytest.fixture(scope="module")
def on_paths(guest: Guest) -> Answered:
    return answered(guest, PATH_CASES, "asked-paths")


@pytest.mark.parametrize("key", CASES, ids="-".join)
def test_calls_that_are_asked_for_leave_records_where_we_say_so(on_calls: Answered, key: tuple[str, str]) -> None:
    rows, shown, family = on_calls[key], CASES[key], FAMILIES[key[0]]
    assert {row["load_rc"] for row in rows} == {0}
    statuses = {
        status
        for arch, calls in family.arches.items()
        for status in status_of(rows[0], asked_rule(calls, [arch], family.fields, family.compare))
    }
    assert (statuses == {CoverageStatus.RECORDED}) is shown.passes
    assert all(row["recorded"] for row in rows) is shown.passes


@pytest.mark.parametrize("key", PATH_CASES, ids="-".join)
def test_accesses_that_are_asked_for_leave_records_where_we_say_so(on_paths: Answered, key: tuple[str, str]) -> None:
    rows, shown, asked = on_paths[key], PATH_CASES[key], PATHS[key[0]]
    assert {row["load_rc"] for row in rows} == {0}
    conditions = asked_conditions(asked.fields)
    found = [
        evaluate_path(asked.path, host_of(rows[0], conditions, compat=arch == "b32")).with_status(
            CoverageStatus.RECORDED
        )
        for arch in asked.arches
    ]
    assert all(set(asked.letters) <= set(each) for each in found) is shown.passes
    assert all(row["recorded"] for row in rows) is shown.passes


MODE, DAEMON = FAMILIES["mode"], PATHS["a file"]
SITE = {
    "benchmark": "Site",
    "version": "1",
    "short_name": "site",
    "systems": [],
    "controls": [
        {
            "control": "1",
            "family": "perm_mod",
            "title": "Changes of mode",
            "requires": [
                {"kind": "syscall", "syscalls": list(MODE.b64), "arches": ["b64", "b32"], "fields": list(MODE.fields)}
            ],
        },
        {
            "control": "2",
            "family": "docker",
            "title": "Changes of a file",
            "requires": [{"kind": "path", "path": "/usr/bin/dockerd", "permissions": "wa", "arches": ["b64", "b32"]}],
        },
    ],
}
CHECK = "auditrules check --benchmark site --format json"


@pytest.fixture(scope="module")
def checked(guest: Guest) -> dict[str, list[str]]:
    """What `auditrules check` says of both controls with each spelling's rules loaded; one boot for all."""
    script = ["auditctl -e 1 >/dev/null; mkdir -p /out; printf '#!/bin/sh\\n' >/usr/bin/dockerd"]
    script += ["chmod -R go-w /etc/osquery-audit-rules"]
    files = {"/etc/osquery-audit-rules/benchmarks.d/site.json": json.dumps(SITE).encode()}
    for number, name in enumerate(SPELLINGS):
        lines = [*SPELLINGS[name][0](MODE), *on_dockerd(name)]
        files[f"/opt/rules/{number}"] = "".join(f"{line}\n" for line in lines).encode()
        script += ["auditctl -D >/dev/null", f"auditctl -R /opt/rules/{number} >/dev/null || echo REFUSED {number}"]
        script += [f"{CHECK} >/out/{number}"]
    done = guest.run("\n".join(script), dict(files), timeout=900)
    assert "REFUSED" not in done.text, done.text
    return {
        name: [row["status"] for row in json.loads(done.files_out[f"{number}"])]
        for number, name in enumerate(SPELLINGS)
    }


def on_dockerd(spelling: str) -> list[str]:
    """The rules of a path in the spelling of the same place in the table."""
    place = list(SPELLINGS).index(spelling)
    asked = replace(DAEMON, path="/usr/bin/dockerd", other="/usr/bin/true")
    return list(PATH_SPELLINGS.values())[place][0](asked)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_check_says_the_same_of_the_kernel_s_rules(checked: dict[str, list[str]], spelling: str) -> None:
    passes = list(PATH_SPELLINGS.values())[list(SPELLINGS).index(spelling)][1]
    assert isinstance(passes, bool)
    expected = [SPELLINGS[spelling][1], passes]
    assert checked[spelling] == ["pass" if each else "fail" for each in expected]

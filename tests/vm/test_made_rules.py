"""On the real kernel: what `auditrules rules` makes for a benchmark loads whole, and every control on rules passes.

One guest loads the rules of one benchmark after the other; only the last are locked. The controls are judged by what
the kernel then lists, and by the files that the guest has. The made files are all that is in rules.d then; a value that
stands in a file of the system, too, is looked at before.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from auditrules.audit.auditctl.status import LOCKED
from auditrules.audit.model.collected import File, Kernel, Run, Sources
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.rule_sets import KERNEL
from auditrules.authoring.reading import RulesReading
from auditrules.authoring.rules_files import LOCK, MadeRules
from auditrules.authoring.tried_rules import TriedRules
from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.control import Benchmark
from auditrules.benchmarks.requirement import Fact, Judged
from auditrules.cli.proved_rules import OF_RULES
from auditrules.host import Collector, KeptHost
from auditrules.tables.judging import HostJudge
from tests.fixtures.made_rules import made_for, system_of
from tests.fixtures.remedied import PROGRAMS, identities
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

AUDITCTL = (3, 0, 9)  # the guest's own
# All of them take two minutes of a processor.
TRIED = BENCHMARKS if os.environ.get("VM_BENCHMARKS") == "all" else BENCHMARKS[::4]
IN_GUEST = r"""#!/usr/bin/python3
import json, os, shutil, stat, subprocess
from dataclasses import asdict
from auditrules.host import Host

RULES_D = "/etc/audit/rules.d"
SOCKET = 0o600 | stat.S_IFSOCK

def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [done.returncode, done.stdout]

def make(path, kind):
    # The same path is a file for one benchmark and a directory for another one, and programs of the guest are links.
    if os.path.islink(path) if kind == "file" else kind == "dir" and os.path.lexists(path) and not os.path.isdir(path):
        os.unlink(path)
    elif kind != "dir" and os.path.isdir(path):
        shutil.rmtree(path)
    os.makedirs(path if kind == "dir" else os.path.dirname(path), exist_ok=True)
    if kind == "socket" and not os.path.lexists(path):
        os.mknod(path, SOCKET)
    elif kind != "dir" and not os.path.lexists(path):
        open(path, "w").close()

# The file that Debian ships comes behind those that are made: what becomes of a value that is in both.
with open(f"{RULES_D}/10-base.rules", "w") as stream:
    stream.write("-f 2\n")
said = {"beside": {"load": run("augenrules", "--load"), "status": run("auditctl", "-s")}}
shutil.rmtree(RULES_D)
os.makedirs(RULES_D)
for name, case in json.load(open("/opt/cases.json")).items():
    for path, kind in sorted(case["paths"].items()):
        make(path, kind)
    for path in case["programs"]:
        os.chmod(path, 0o4755)
    for each, text in case["files"].items():
        with open(f"{RULES_D}/{each}", "w") as stream:
            stream.write(text)
    with open("/tmp/rules", "w") as stream:
        # No daemon takes the records, and a kernel that is told to stop where it loses one (-f 2) is to lose none.
        stream.write("-D\n-f 1\n-b 0\n-e 1\n" + case["merged"])
    load = run("auditctl", "-R", "/tmp/rules")
    said[name] = {
        "load": run("augenrules", "--load") if case["files"] else load,
        "listing": run("auditctl", "-l"),
        "status": run("auditctl", "-s"),
        "seen": {path: asdict(entry) for path, entry in Host().look(case["looked"]).items()},
    }
json.dump(said, open("/out/said.json", "w"))
"""


@cache
def made(benchmark: Benchmark) -> MadeRules:
    return made_for(benchmark, AUDITCTL)[0]


def cases() -> Mapping[str, Mapping[str, Any]]:
    """What the guest is to do for each benchmark: the one that comes last has augenrules load its files, and is locked.

    Of the others auditctl loads what augenrules would make of the files, without the lock: that saves a minute.
    """
    found = {}
    for name, benchmark in zip(identities(TRIED), TRIED, strict=True):
        system, facts = system_of(benchmark, AUDITCTL)
        wanted = [*dict.fromkeys((*PROGRAMS, *system.named))]
        files = made(benchmark).files
        unlocked = replace(made(benchmark), files={each: text for each, text in files.items() if each != LOCK})
        found[name] = {
            "files": {},
            "merged": RulesReading(unlocked.given, facts).content.decode(),
            "paths": {path: entry.type for path, entry in system.look(wanted).items()},
            "looked": wanted,
            "programs": PROGRAMS,
            "locks": LOCK in files,
            "all_files": dict(files),
        }
    ordered = sorted(found, key=lambda name: bool(found[name]["locks"]))
    found[ordered[-1]] |= {"files": found[ordered[-1]]["all_files"], "merged": ""}
    return {name: found[name] for name in ordered}


@pytest.fixture(scope="module")
def said(guest: Guest) -> Mapping[str, Mapping[str, Any]]:
    done = guest.run(IN_GUEST, {"/opt/cases.json": json.dumps(cases()).encode()}, timeout=900)
    assert done.returncode == 0, done.text
    told: Mapping[str, Mapping[str, Any]] = json.loads(done.files_out["said.json"])
    return told


class GuestAsItWas(Collector):
    """The guest after it loaded the rules of a benchmark: what its kernel lists, and its files."""

    def __init__(self, benchmark: Benchmark, told: Mapping[str, Any]) -> None:
        self._system, self._facts = system_of(benchmark, AUDITCTL)
        self._seen = {path: Entry(**entry) for path, entry in told["seen"].items()}
        self._told = told
        self._tried = TriedRules([made(benchmark).given], self._facts).text

    def sources(self) -> Sources:
        listing, status = (
            Run(("auditctl",), code, text.encode()) for code, text in (self._told["listing"], self._told["status"])
        )
        facts = replace(self._facts, files=self._seen, assumed=False)
        return Sources(Kernel("auditctl", listing=listing, status=status), facts=facts, tried=self._tried)

    def site(self) -> tuple[File, ...]:
        return ()

    def fact(self, fact: Fact) -> object:
        return self._system.fact(fact)

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:  # noqa: ARG002 - all were looked at
        return self._seen


def judged(benchmark: Benchmark, told: Mapping[str, Any]) -> Iterable[tuple[str, Judged]]:
    host = KeptHost(GuestAsItWas(benchmark, told), lambda: 0.0, math.inf)
    for key, found in HostJudge(host).judge(benchmark.controls).items():
        yield from ((key[2], each) for each in found[KERNEL] if each.kind in OF_RULES)


@pytest.mark.parametrize("benchmark", TRIED, ids=identities(TRIED))
def test_every_line_is_loaded(said: Mapping[str, Mapping[str, Any]], benchmark: Benchmark) -> None:
    told = said[identities([benchmark])[0]]
    lines = [each.line for each in made(benchmark).lines if each.line.startswith(("-a", "-w"))]
    code, text = told["load"]
    assert (code, "rror" in text) == (0, False), text
    assert len(told["listing"][1].splitlines()) == len(lines)


@pytest.mark.parametrize("benchmark", TRIED, ids=identities(TRIED))
def test_every_control_on_rules_passes_by_what_the_kernel_lists(
    said: Mapping[str, Mapping[str, Any]], benchmark: Benchmark
) -> None:
    told = said[identities([benchmark])[0]]
    locked = f"enabled {LOCKED}" in told["status"][1]
    left = [
        (control, each.subject, each.reason, each.evidence)
        for control, each in judged(benchmark, told)
        if each.acts and (locked or each.subject != "-e")
    ]
    assert left == []


def test_the_value_that_the_system_ships_is_the_one_that_counts(said: Mapping[str, Mapping[str, Any]]) -> None:
    assert "\nfailure 1\n" in said["beside"]["status"][1]


def test_the_last_rules_are_locked(said: Mapping[str, Mapping[str, Any]]) -> None:
    assert f"enabled {LOCKED}" in list(said.values())[-1]["status"][1]

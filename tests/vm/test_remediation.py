"""The rules that a benchmark's remediation gives, loaded by augenrules: every control on rules passes on a real kernel.

Each line is taken out in turn, some of them here and all of them in tests/benchmarks/test_remedies.py: exactly those
controls fail whose remediation has the line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.control import Benchmark
from tests.fixtures.remedied import PROGRAMS, RULE_KINDS, Judging
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

SYSTEMS = {
    "cis-ubuntu-22.04": "ID=ubuntu\nVERSION_ID=22.04\n",
    "cis-ubuntu-24.04": "ID=ubuntu\nVERSION_ID=24.04\n",
    "cis-debian-12": "ID=debian\nVERSION_ID=12\n",
    "cis-rhel-9": "ID=rhel\nVERSION_ID=9.4\n",
    "stig-rhel-9": "ID=rhel\nVERSION_ID=9.4\n",
}
EVERY = 15  # one line of so many is taken out here: an emulated machine takes long
SUDOERS = b'Defaults logfile="/var/log/sudo.log"\n'

IN_GUEST = r"""#!/usr/bin/python3
import io, json, os, re, subprocess
from auditrules.cli import main

case = json.load(open("/opt/case.json"))
RULES_D = "/etc/audit/rules.d"
os.makedirs(RULES_D, exist_ok=True)
for path, kind in case["paths"].items():
    os.makedirs(path if kind == "dir" else os.path.dirname(path), exist_ok=True)
    if kind != "dir" and not os.path.lexists(path):
        open(path, "w").close()

for path in case["programs"]:
    os.chmod(path, 0o4755)

def judged():
    of = f"benchmark = '{case['benchmark']}' AND version = '{case['version']}'"
    sql = f"SELECT control, status, reason, evidence, remediation FROM audit_verdicts WHERE {of}"
    out, err = io.StringIO(), io.StringIO()
    code = main(["query", "--format", "json", sql], stdout=out, stderr=err)
    if code not in (0, 3):
        raise SystemExit(err.getvalue())
    return {row["control"]: row for row in json.loads(out.getvalue()) if row["control"] in case["controls"]}

def lines_of(text):
    # The lines of a remediation, by their file, as a reader finds them in its text.
    found = re.findall(r"the line (-[^\n]+?) into (/\S+?),", text)
    for lines, file in re.findall(r"the lines\n(.*?)\ninto (/\S+?),", text, re.DOTALL):
        found += [(line, file) for line in lines.split("\n")]
    return found

def load(lines):
    for name in os.listdir(RULES_D):
        os.unlink(f"{RULES_D}/{name}")
    subprocess.run(["auditctl", "-D"], check=True, stdout=subprocess.DEVNULL)
    for line, file in lines:
        with open(file, "a") as stream:
            stream.write(line + "\n")
    done = subprocess.run(["augenrules", "--load"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout

# No daemon takes the records, and a kernel that is told to stop where it loses one (-f 2) is to keep them all.
subprocess.run(["auditctl", "-b", "0"], check=True, stdout=subprocess.DEVNULL)
nothing = judged()
owners, lines = {}, []
for control, row in nothing.items():
    for each in lines_of(row["remediation"] or ""):
        owners.setdefault(each[0], []).append(control)
        if each not in lines:
            lines.append(each)
rules = [each for each in lines if each[0].startswith(("-a", "-w"))]
options = [each for each in lines if each not in rules]
said = load([*rules, *(each for each in options if each[0] != "-e 2")])
unlocked = judged()
without = {}
for line, _ in rules[:: case["every"]]:
    load([each for each in rules if each[0] != line])
    without[line] = [control for control, row in judged().items() if row["status"] == "fail"]
said += load(lines)
locked = judged()
json.dump(
    {
        "said": said, "owners": owners, "nothing": nothing, "locked": locked, "unlocked": unlocked, "without": without,
    },
    open("/out/said.json", "w"),
)
"""


@dataclass(frozen=True)
class Remedied:
    """What the guest said of one benchmark."""

    benchmark: Benchmark
    said: Mapping[str, Any]


@pytest.fixture(scope="module")
def guests() -> dict[str, Remedied]:
    """What each guest said, once it was asked."""
    return {}


def remedied(short_name: str, guest: Guest, known: dict[str, Remedied]) -> Remedied:
    """Ask once for each benchmark: a kernel whose rules are locked can't be used again."""
    if short_name not in known:
        benchmark = [each for each in BENCHMARKS if each.short_name == short_name][-1]
        controls = [
            control.id for control in benchmark.controls if {each.kind for each in control.requirements} <= RULE_KINDS
        ]
        tree = Judging(benchmark).tree.files
        case = {
            "benchmark": benchmark.name,
            "version": benchmark.version,
            "controls": controls,
            "every": EVERY,
            "programs": PROGRAMS,
            "paths": {path: entry.type for path, entry in tree.items() if entry.type in ("file", "dir")},
        }
        files = {
            "/opt/case.json": json.dumps(case).encode(),
            "/etc/os-release": SYSTEMS[short_name].encode(),
            "/etc/sudoers": SUDOERS,
        }
        done = guest.run(IN_GUEST, files, kernel_args="audit=1", timeout=1800)
        assert done.returncode == 0, done.text
        known[short_name] = Remedied(benchmark, json.loads(done.files_out["said.json"]))
    return known[short_name]


@pytest.mark.parametrize("short_name", SYSTEMS)
def test_every_control_on_rules_passes(guest: Guest, guests: dict[str, Remedied], short_name: str) -> None:
    said = remedied(short_name, guest, guests).said
    told = {
        control: (row["status"], row["reason"], row["evidence"])
        for control, row in said["locked"].items()
        if row["status"] not in ("pass", "not_applicable")
    }
    assert told == {}, said["said"]


@pytest.mark.parametrize("short_name", SYSTEMS)
def test_without_rules_each_of_them_fails(guest: Guest, guests: dict[str, Remedied], short_name: str) -> None:
    said = remedied(short_name, guest, guests).said
    assert {row["status"] for row in said["nothing"].values()} <= {"fail", "not_applicable"}


@pytest.mark.parametrize("short_name", SYSTEMS)
def test_without_a_line_exactly_the_controls_fail_that_need_it(
    guest: Guest, guests: dict[str, Remedied], short_name: str
) -> None:
    said = remedied(short_name, guest, guests).said
    unlocked = [control for control, row in said["unlocked"].items() if row["status"] == "fail"]
    expected = {line: sorted({*said["owners"][line], *unlocked}) for line in said["without"]}
    found = {line: sorted(found) for line, found in said["without"].items()}
    assert found == expected

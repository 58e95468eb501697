"""Every Fleet policy of a control on a real kernel: no row after the script that fails it, a row after the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditrules.benchmarks import CIS_DOCKER, BenchmarkControl
from auditrules.packs.control_policies import policy
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

SCRIPTS = Path(__file__).parents[1] / "policies"
CONTROLS = [control for benchmark in (CIS_DOCKER[0], CIS_DOCKER[-1]) for control in benchmark.controls]
IN_GUEST = """\
#!/usr/bin/python3
import io, json, subprocess
from auditrules.cli import main

def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "" if done.returncode == 0 else f"{command}: {done.returncode}: {done.stdout}"

def rows(sql):
    out, err = io.StringIO(), io.StringIO()
    code = main(["query", "--format", "json", sql], stdout=out, stderr=err)
    return len(json.loads(out.getvalue())) if code == 0 else err.getvalue()

said = {}
for number, sql in json.load(open("/opt/policies.json")).items():
    # runc of the one benchmark, in another place, is a target of the other's control, too
    run("sh", "-c", "rm -f /etc/audit/rules.d/* /usr/sbin/runc; auditctl -D")
    said[number] = []
    for way in ("fail", "pass"):
        failed = run("sh", f"/opt/policies/CIS_{number}_{way}.sh")
        said[number].append(failed or rows(sql))
json.dump(said, open("/out/said.json", "w"))
"""


@pytest.fixture(scope="module")
def said(guest: Guest) -> dict[str, list[int | str]]:
    queries = {control.id: policy(control).sql for control in CONTROLS}
    files: dict[str, bytes | Path] = {"/opt/policies.json": json.dumps(queries).encode(), "/opt/policies": SCRIPTS}
    done = guest.run(IN_GUEST, files, timeout=1200)
    found: dict[str, list[int | str]] = json.loads(done.files_out["said.json"])
    return found


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: f"{control.version}-{control.id}")
def test_the_scripts_turn_the_policy(said: dict[str, list[int | str]], control: BenchmarkControl) -> None:
    assert said[control.id] == [0, 1]

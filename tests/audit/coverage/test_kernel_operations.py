"""One access by each call to a file under each rule, on kernels 5.10 to 7.3: recorded or not, against our answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditrules.audit.coverage.explain import conditions
from auditrules.audit.coverage.operations import is_there
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import KernelBuild
from tests.truth.operations import DONE, FILE, NO_SUCH_CALL, audited, disagreements, operation_of, untold

CORPUS = Path(__file__).parents[2] / "corpus" / "kernels" / "operations.jsonl"
SEEN = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
CASES = [row for row in SEEN if operation_of(row)]


@pytest.mark.parametrize("row", CASES, ids=[f"{row['kernel']}-{row['op']}" for row in CASES])
def test_a_kernel_records_the_access_if_we_say_so(row: Mapping[str, Any]) -> None:
    assert list(disagreements(row)) == []


def test_what_is_recorded_and_not_told_hangs_on_releases_that_do_not_say() -> None:
    found = {(row["op"].split()[0], row["kernel"]) for row in CASES if list(untold(row))}
    assert found == {("fchmodat2", "6.8.0-151-generic"), ("fchmodat2", "6.12.117+deb13-cloud-amd64")}


@pytest.mark.parametrize(
    "row",
    [row for row in SEEN if row["errno"] == NO_SUCH_CALL and row["op"] in DONE],
    ids=lambda row: str(row["kernel"] + row["op"]),
)
def test_a_call_that_a_kernel_lacks_is_not_there(row: Mapping[str, str]) -> None:
    assert is_there(DONE[row["op"]], row["kernel"]) is False


@pytest.mark.parametrize(
    ("x32", "told"),
    [(True, "except x32 calls"), (None, "perhaps except x32 calls"), (False, None)],
)
def test_x32_programs_escape_every_rule_where_the_kernel_runs_them(x32: bool | None, told: str | None) -> None:
    host = audited("n", "6.1")
    facts = replace(host.file_system.facts, kernel=KernelBuild("6.1", x32))
    found = conditions(evaluate_path(FILE, replace(host, file_system=FileSystem(facts))), "x86_64", older=False)
    assert [each for each in found if "x32" in each] == ([told] if told else [])

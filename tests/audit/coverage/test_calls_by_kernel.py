"""What kernels 5.10 to 7.3 count for each letter of perm, against what is said of calls on files that no rule names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditrules.audit.constants import syscalls
from auditrules.audit.constants.kernel_releases import CHANGES
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_coverage import CallAnswer, evaluate_call
from auditrules.audit.coverage.decision import ON, CoverageStatus
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.coverage.syscall_answer import SyscallAnswer, syscall_answers
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts, KernelBuild
from tests.audit.file_trees import facts, rules_of

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "corpus/kernels/classes.jsonl").read_text("utf-8").splitlines()
]
ARCHES = {"x86_64": "b64", "i386": "b32"}
WRITES_TOO = "openat2"  # it was asked to read only


def on_kernel(release: str) -> Facts:
    return replace(facts({}), kernel=KernelBuild(release))


def judged(rules: tuple[str, ...], call: str, arch: str, release: str) -> CallAnswer:
    on = on_kernel(release)
    return evaluate_call(call, arch, AuditedHost(rules_of(rules, on), FileSystem(on), ON))


def asked(row: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """The calls of which releases differ, with whether the kernel counted them."""
    for letter, call in CHANGES:
        number = syscalls.call_number(call, row["machine"])
        if letter == row["perm"] and number is not None and call != WRITES_TOO:
            yield call, number in row["syscalls"]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['kernel']} {row['machine']} {row['perm']}" for row in ROWS])
def test_a_call_is_recorded_by_a_letter_where_the_kernel_counts_it_or_that_is_not_known(row: dict[str, Any]) -> None:
    arch = ARCHES[row["machine"]]
    wrong = {}
    for call, counted in asked(row):
        said = judged((f"-a always,exit -F arch={arch} -F perm={row['perm']}",), call, arch, row["kernel"]).status
        right = CoverageStatus.RECORDED if counted else CoverageStatus.UNRECORDED
        if said not in (right, CoverageStatus.UNKNOWN):
            wrong[call] = said
    assert wrong == {}


NEVER = ("-a never,exit -F arch=b64 -F perm=a", "-a always,exit -F arch=b64 -S all")


@pytest.mark.parametrize(
    ("rules", "call", "release", "status", "reason"),
    [
        (NEVER, "fchmodat2", "7.3.4+deb13-cloud-amd64", "unrecorded", "suppressed"),
        (NEVER, "fchmodat2", "6.12.117+deb13-cloud-amd64", "unknown", "kernel_release"),
        (NEVER, "fchmodat2", "5.10.0-46-cloud-amd64", "recorded", "covered"),
        (NEVER, "chmod", "6.12.117+deb13-cloud-amd64", "unrecorded", "suppressed"),
        (("-a always,exit -F arch=b64 -F perm=wa",), "openat2", "5.10.0-46-cloud-amd64", "unrecorded", "no_rule"),
        (("-a always,exit -F arch=b64 -F perm=rwa",), "openat2", "6.1.0-57-cloud-amd64", "recorded", "covered"),
        (("-a always,exit -F arch=b64 -F perm=r",), "stat", "7.2", "unknown", "kernel_release"),
        (("-a always,exit -F arch=b64 -S stat",), "stat", "7.2", "recorded", "covered"),
    ],
)
def test_the_release_of_the_kernel_decides(
    rules: tuple[str, ...], call: str, release: str, status: str, reason: str
) -> None:
    found = judged(rules, call, "b64", release)
    assert (found.status.value, found.reason.value) == (status, reason)


@pytest.mark.parametrize(
    ("rule", "call", "named"),
    [
        ("-a always,exit -F arch=b64 -F perm=a", "fchmodat2", True),
        ("-a always,exit -F arch=b64 -F perm=a", "chmod", False),
        ("-a always,exit -F arch=b64 -F perm=r", "fchmodat2", False),
        ("-a always,exit -F arch=b64 -S 452", "fchmodat2", False),
    ],
)
def test_evidence_names_the_release_where_it_decides(rule: str, call: str, named: bool) -> None:
    on = on_kernel("6.12.117")
    answers = syscall_answers(call, RuleSource("kernel", "x86_64", rules_of((rule,), on)), FileSystem(on))
    (of_64_bits,) = (each for each in answers if each.arch == "b64")
    assert isinstance(of_64_bits, SyscallAnswer)
    assert of_64_bits.evidence.endswith("by the release of its kernel, 6.12.117") is named

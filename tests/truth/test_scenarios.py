"""Hosts that were changed behind their rules: nothing is said to be recorded of which a kernel was silent."""

from __future__ import annotations

from collections import Counter

import pytest

from auditrules.audit.model.host_facts import PathChange
from tests.truth import compare, scenarios
from tests.truth.scenarios import LOADED, UNSEEN, Case, answers

CASES: dict[str, Case] = {
    f"{case['kernel']}: {case['name']}": case
    for _, case in compare.read(compare.OWN_CORPUS / "kernels" / "scenarios.jsonl")
}
# What the kernels recorded and is not told, by what is said and why: mounts of which nothing tells when they were made,
# rules that moved with what they are on, and a script by its interpreter, which is not read.
UNTOLD = {
    ("unknown", "mounted_after_load"): 26,
    ("unknown", "interpreter"): 2,
    ("unrecorded", "no_rule"): 8,
}


def test_what_is_not_told_is_this() -> None:
    found = Counter((each.said.value, each.reason) for case in CASES.values() for each in answers(case) if each.untold)
    assert found == UNTOLD


def test_what_no_reader_can_see_who_comes_too_late_is_this() -> None:
    silent = {case["name"]: {each.path for each in answers(case) if each.silent} for case in CASES.values()}
    assert {name: paths for name, paths in silent.items() if paths} == UNSEEN


@pytest.mark.parametrize(("name", "point"), [(name, point) for name, point in zip(UNSEEN, ("/v", "/m1"), strict=True)])
def test_a_mount_that_boot_makes_and_that_went_is_seen(name: str, point: str) -> None:
    (case,) = (each for each in CASES.values() if each["name"] == name)
    found = {each.reason for each in answers(case, unmounted=(point,)) if each.path in UNSEEN[name]}
    assert found == {"mounted_after_load"}


@pytest.mark.parametrize(("name", "point"), [(name, point) for name, point in zip(UNSEEN, ("/v", "/m1"), strict=True)])
def test_a_mount_that_was_seen_before_it_went_is_told(name: str, point: str) -> None:
    (case,) = (each for each in CASES.values() if each["name"] == name)
    changed = {point: PathChange(LOADED + 60, mounted=True)}
    found = [each for each in answers(case, changed=changed) if each.path in UNSEEN[name]]
    assert {each.reason for each in found} == {"mounted_after_load"}
    assert not any(each.silent for each in answers(case, changed=changed))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("5.4: x32")])
def test_calls_of_x32_programs_escape_and_that_is_told(name: str) -> None:
    found = list(scenarios.x32_answers(CASES[name]))
    assert found
    assert {(recorded, told) for _, recorded, told in found} == {(False, True)}

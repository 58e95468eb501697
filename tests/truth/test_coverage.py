"""The evaluator against accesses on a real kernel: what it must answer yes or no, and what hangs on history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auditrules.audit.coverage.rule_match import Truth
from tests.truth import compare
from tests.truth.coverage_cases import Asked, Case, disagreements, hangs_on

CASES = dict(compare.read(compare.OWN_CORPUS / "coverage.jsonl"))

# By line of coverage.jsonl: the cases whose answer no reader of the host can know.
ORDER = "two rules on one file that was replaced: their order turns around with each second replacement"
MOUNT = "a file system mounted below the directory after the load: only a later auditctl -q marks it"
RATE = "fewer records a second than one event has: which of them come hangs on what else was written"
HISTORY = {
    ORDER: (*range(828, 846),),
    MOUNT: (769, 770, 771),
    RATE: (761, 762, 767),
}
HANGING = {number for numbers in HISTORY.values() for number in numbers}


def recorded_with_names() -> Iterator[int]:
    """The cases that say which inodes the kernel saw, but for those whose numbers stat does not tell or that it hid."""
    for number, case in CASES.items():
        descriptor = case["access"].get("op") in {"execveat", "procfd"}
        overlay = case["access"]["path"].startswith("/mnt/ov")
        seen = any(name["inode"] for name in case["names"] or ())
        if seen and not descriptor and not overlay:
            yield number


@pytest.mark.parametrize("reason", HISTORY)
def test_an_answer_hangs_on_history_only_where_it_must(reason: str) -> None:
    hanging = {number for number, case in CASES.items() if hangs_on(Asked.of(case).decisions())}
    assert set(HISTORY[reason]) <= hanging


def test_every_other_answer_is_yes_or_no() -> None:
    maybe = {
        number
        for number, case in CASES.items()
        if any(decision.recorded is Truth.MAYBE for decision in Asked.of(case).decisions())
    }
    assert maybe <= HANGING


def test_most_of_the_cases_that_hang_come_out_both_ways() -> None:
    assert {CASES[number]["recorded"] for number in HANGING} == {True, False}


def test_the_kernel_s_answer_turned_around_is_a_disagreement() -> None:
    turned: list[Case] = [
        {**case, "recorded": not case["recorded"]} for number, case in CASES.items() if number not in HANGING
    ]
    assert [case["access"] for case in turned if not list(disagreements(case))] == []


def test_another_key_is_a_disagreement() -> None:
    recorded = [
        {**case, "by_key": "a key of no rule"}
        for number, case in CASES.items()
        if case["recorded"] and number not in HANGING
    ]
    assert [case["access"] for case in recorded if not list(disagreements(case))] == []


def test_what_happened_is_not_looked_at() -> None:
    history = ("pre", "post", "ctl", "history", "listing", "names", "records", "note", "load_error")
    blind = [{name: value for name, value in case.items() if name not in history} for case in CASES.values()]
    assert [case["access"] for case in blind if list(disagreements(case))] == []


def test_the_inodes_of_an_access_are_those_that_the_kernel_saw_in_its_order() -> None:
    wrong = {}
    for number in recorded_with_names():
        (*_, access) = Asked.of(CASES[number]).accesses
        ours = [name.identity for name in access.names if name.identity is not None]
        theirs = [(name["dev"], name["inode"]) for name in CASES[number]["names"]]
        # A new file has no number before it is made, and a failed execution is looked up once.
        same = [one for one, other in zip(ours, theirs, strict=False) if one != other and _known(one)]
        if same or len(ours) < len(theirs):
            wrong[number] = (ours, theirs)
    assert wrong == {}


def _known(identity: object) -> bool:
    return isinstance(identity, tuple) and isinstance(identity[-1], int)

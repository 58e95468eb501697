"""Our answer and the real kernel's, on random rule sets and accesses."""

from __future__ import annotations

import pytest

from tests.vm.ask import Row, ask
from tests.vm.generate import cases
from tests.vm.guest import Guest
from tests.vm.truth import decided_by_listing, disagreements, judgeable, shown

pytestmark = pytest.mark.vm

SEED, COUNT = 1, 500  # other seeds: `make truth-vm SEED=2`


@pytest.fixture(scope="module")
def rows(guest: Guest) -> list[Row]:
    return ask(guest, list(cases(SEED, COUNT)), f"random-{SEED}")


def test_our_answer_is_the_kernels_on_random_rules_and_accesses(rows: list[Row]) -> None:
    judged = decided_by_listing(judgeable(rows))
    wrong = ["\n".join(shown(row)) for row in judged if list(disagreements(row))]
    assert wrong == []


def test_next_to_none_hangs_on_an_order_of_loading_that_no_listing_tells(rows: list[Row]) -> None:
    assert len(decided_by_listing(rows)) > COUNT * 0.99


def test_next_to_all_accesses_were_made(rows: list[Row]) -> None:
    assert len(judgeable(rows)) > COUNT * 0.95


def test_next_to_all_rule_sets_were_loaded_whole(rows: list[Row]) -> None:
    assert sum(not row["load_rc"] for row in rows) > COUNT * 0.9


def test_both_answers_are_frequent(rows: list[Row]) -> None:
    assert COUNT * 0.25 < sum(row["recorded"] for row in rows) < COUNT * 0.75

"""On the real kernel: with fewer rules, by lint, by merging or by `--minimise`, an access is recorded as before."""

from __future__ import annotations

import pytest

from tests.vm.equal_rules import WAYS, Way, compared, shown
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

SEED, COUNT = 19, 20  # others: `make equal-vm SEED=2`


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_with_fewer_rules_the_kernel_records_the_same(guest: Guest, way: Way) -> None:
    told = compared(guest, way, SEED, COUNT)
    assert ["\n".join(shown(*pair)) for pair in told.differ] == []
    assert (told.pairs, 0 < told.recorded < COUNT) == (COUNT, True)

"""Which kinds of requirement there are."""

import pytest

from auditrules.benchmarks.fields import BenchmarkError, Fields
from auditrules.benchmarks.kinds import KINDS, READERS, read_requirement


def test_a_kind_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(BenchmarkError, match="kind: expected one of path, syscall"):
        read_requirement(Fields({"kind": "watch"}, "site.json"))


def test_only_known_kinds_have_a_reader() -> None:
    assert set(READERS) <= set(KINDS)

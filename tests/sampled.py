"""Tables of cases that cost much each: `make test` runs some of them, `make test-full` all.

Which ones depends on the version of Python, so that four versions next to each other run all between them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def sampled(names: str | tuple[str, ...], cases: Mapping[str, Any], *, one_in: int) -> pytest.MarkDecorator:
    """Parametrise with the cases by their names: the gate runs one of so many."""
    return pytest.mark.parametrize(names, sample(cases, one_in=one_in, alone=isinstance(names, str)))


def sample(cases: Mapping[str, Any], *, one_in: int, alone: bool = True) -> list[ParameterSet]:
    """Give the cases as parameters, one each where they are `alone`; all but one of so many are marked `full`."""
    first = sys.version_info.minor % one_in
    return [
        pytest.param(*([case] if alone else case), id=name, marks=() if place % one_in == first else pytest.mark.full)
        for place, (name, case) in enumerate(cases.items())
    ]


def numbered(cases: Sequence[Any]) -> dict[str, Any]:
    """Give cases names."""
    return {str(case): case for case in cases}

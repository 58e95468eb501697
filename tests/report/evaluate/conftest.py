"""The fleets of a module, which is where its `FLEETS` come from, in one report."""

from __future__ import annotations

import pytest

from auditrules.report.model import Report
from tests.report.evaluate.among import Fleets, part
from tests.report.logs import report_of


@pytest.fixture(scope="module")
def all_fleets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Give the one report of all of them."""
    fleets: Fleets = request.module.FLEETS
    lines = [line for number in fleets.numbers() for line in fleets.lines(number)]
    return report_of(tmp_path_factory.mktemp("fleets"), *lines)


@pytest.fixture
def fleet(request: pytest.FixtureRequest, all_fleets: Report) -> Report:
    """Give what it says of one of them."""
    return part(all_fleets, request.param)

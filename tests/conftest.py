"""What all tests share."""

import gc

import pytest
from hypothesis import HealthCheck, settings

from auditrules.benchmarks import catalogue

pytest_plugins = ["tests.core.fixtures", "tests.outcomes", "tests.rights", "tests.scheduling", "tests.vm.plugin"]

# No law depends on how busy the machine is. `make test-full` asks for the profile `full`.
settings.register_profile("full", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("full"), max_examples=12)
settings.load_profile("quick")

# Every benchmark is walked hundreds of times.
catalogue.keep_all_loaded()

# Thousands of tests stay as long as the process: to look through them for garbage, again and again, takes an eighth of
# the time that it takes to collect them.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for garbage from here on, and not in what is there already."""
    gc.freeze()
    gc.enable()

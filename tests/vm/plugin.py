"""Tests marked `vm` run on the real kernel. Without the rig they fail in CI; elsewhere they are left out, loudly."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.vm.guest import Guest, missing

LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def guest() -> Guest:
    """A real kernel with the code as it is now."""
    return Guest.ready()


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[LEFT_OUT] = 0


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep a file's tests in one process, so that what they share is booted once (`--dist loadgroup`)."""
    if item.get_closest_marker("vm"):
        item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.hookimpl(trylast=True)  # after the user's own choice, which is no news to the user
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need the rig where there is none; in CI they stay, and fail."""
    if os.environ.get("CI") == "true" or not missing():
        return
    left_out = [item for item in items if item.get_closest_marker("vm")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = len(left_out)
    if hasattr(config, "workeroutput"):  # one of several processes: the one that reports has to be told
        config.workeroutput["vm_left_out"] = len(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from a process of pytest-xdist what it left out; each collects all tests."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("vm_left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what was not tested."""
    if config.stash[LEFT_OUT]:
        terminalreporter.section("REAL KERNEL NOT TESTED: run `make vm-setup`", red=True, bold=True)
        terminalreporter.write_line(f"{config.stash[LEFT_OUT]} tests that need it were left out, as {missing()}")

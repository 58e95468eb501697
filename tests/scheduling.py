"""Which tests of a run on several processes go to one process together: those of a module.

What a module makes once for all of its tests is made once then, and not by each process; and pytest-xdist, which counts
through all that a process has done after each test, has few things to count.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

APART = (
    "tests/benchmarks/test_remedies.py",
    "tests/house/test_docs.py",
    "tests/packaging/",
    "tests/report/storage/",
    "tests/report/test_report_command.py",
    "tests/serve/",
)
"""Where tests share little and take long or wait: each goes alone, after all modules, to the process that is free."""


FIRST = ("tests/vm/test_kernel.py", "tests/vm/test_equal_rules.py", "tests/vm/test_coverage.py")
"""Modules that keep one process busy longest: the others fill the time beside them."""


class ByModule(LoadGroupScheduling):  # type: ignore[misc]  # which has no types
    """The tests of a group go together, and where a test has no group those of its module."""

    def _split_scope(self, nodeid: str) -> str:
        """Return the name of what a test goes together with."""
        scope = super()._split_scope(nodeid)
        return scope if scope != nodeid or nodeid.startswith(APART) else nodeid.partition("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first the longest modules, and the longest of the tests that go alone, so that none is left to the end."""
    items.sort(key=lambda item: not _takes_long(item))


def _takes_long(item: pytest.Item) -> bool:
    if item.nodeid.startswith(APART):
        return item.get_closest_marker("full") is not None
    return item.nodeid.startswith(FIRST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    """Take the place of pytest-xdist's `--dist loadgroup`."""
    return ByModule(config, log) if config.getoption("dist") == "loadgroup" else None

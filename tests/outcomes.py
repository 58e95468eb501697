"""`pytest --outcomes FILE` writes how each test ended, a line of JSON each, for tools/all_ran.py to compare runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the option."""
    parser.addoption("--outcomes", type=Path, metavar="FILE", help="write how each test ended, a line of JSON each")


def pytest_configure(config: pytest.Config) -> None:
    """Note outcomes where all are heard of: in the one process of pytest-xdist that runs no test itself."""
    file = config.getoption("outcomes")
    if file is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Outcomes(file), "outcomes")


class Outcomes:
    """How each test ended: passed, failed or skipped; or, where none were run, that it was collected."""

    def __init__(self, file: Path) -> None:
        """Write to the file at the end."""
        self._file = file
        self._tests: dict[str, dict[str, str | bool]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what there is to run, where nothing will be run."""
        if session.config.option.collectonly:
            self._tests = {item.nodeid: {"outcome": "collected"} for item in session.items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of one phase of a test; the worst of them counts."""
        if report.when == "call" or not report.passed:
            name = report.nodeid
            if "xdist_group" in report.keywords and hasattr(report, "node"):  # pytest-xdist appends the group
                name = name.rpartition("@")[0]
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            if self._tests.get(name, {}).get("outcome") != "failed":
                self._tests[name] = {"outcome": report.outcome, "reason": reason, "root": "root" in report.keywords}

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        lines = (json.dumps({"test": name, **told}) for name, told in self._tests.items())
        self._file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

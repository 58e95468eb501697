"""The table that compares us with others says of us what we say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fixtures.audited import audited
from tests.fixtures.requirements import judge, requirement

PAGE = (Path(__file__).parents[2] / "docs/comparison.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("| `-")]
CALLS = ["chmod", "fchmod", "fchmodat"]
REQUIREMENT = requirement("syscall", syscalls=CALLS, arches=["b64"], fields=["auid>=UID_MIN", "auid!=unset"])
# A rule without a condition, and one without a key: what they should get is our judgement.
JUDGED = (10, 13)


def rules(cell: str) -> list[str]:
    """The rules of a row, of which one may stand for one for each call."""
    (line,) = re.findall("`([^`]+)`", cell.replace("dir=/tmp", "dir=/etc"))  # the host of the tests has no /tmp
    return [line.replace("-S chmod ", f"-S {call} ") for call in CALLS] if "one such rule for each" in cell else [line]


def test_there_are_fourteen() -> None:
    assert len(ROWS) == 14


@pytest.mark.parametrize(("row", "truth", "ours"), [row[:3] for row in ROWS])
def test_we_say_what_the_table_says(row: str, truth: str, ours: str) -> None:
    assert judge(REQUIREMENT, audited(rules(row))).status.value == truth == ours


def test_the_page_counts_who_is_wrong() -> None:
    said = {name: int(count) for name, count in re.findall(r"(\w+)(?: is wrong)? on (\d)", PAGE)}
    names = ("Wazuh", "ComplianceAsCode", "goss")
    wrong = {
        name: sum("**" in row[place] for number, row in enumerate(ROWS, 1) if number not in JUDGED)
        for place, name in enumerate(names, 3)
    }
    assert said == wrong
    assert all((cell.strip("*") != row[1]) == ("**" in cell) for row in ROWS for cell in row[3:])

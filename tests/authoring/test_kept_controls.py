"""Where control lines stand when rules are written anew."""

from __future__ import annotations

import pytest

from auditrules.audit.boot.load import load_rules
from auditrules.authoring.kept_controls import KeptControls, kept_controls
from tests.audit.coverage.random_rules import HOST

A, B = "-w /etc/a -p wa", "-w /etc/b -p wa"
BETWEEN = "x:2: {}: it stands between rules, whose order is another one then"


def kept(*lines: str) -> KeptControls:
    loaded = load_rules("".join(f"{line}\n" for line in lines).encode(), HOST)
    assert loaded.refused == ()
    return kept_controls(loaded, "x:{}".format)


@pytest.mark.parametrize(
    ("lines", "above", "below"),
    [
        ([A], ["-D"], []),
        (["-D", "-i", A], ["-D", "-i"], []),
        (["-i", "-D", A], ["-i", "-D"], []),
        (["-D", "-D", "-c", "-c", A], ["-D", "-c"], []),
        ([A, "-D", "-c", B], ["-D", "-c"], []),
        ([A, "-D -k x", "-b 9", B], ["-D", "-b 9"], []),
        ([A, "-c"], ["-D"], ["-c"]),
        ([A, "--loginuid-immutable", B], ["-D", "--loginuid-immutable"], []),
        (["-e 2", "--loginuid-immutable"], ["-D", "--loginuid-immutable"], ["-e 2"]),
        (["-e 0", A, "-e 1"], ["-D"], ["-e 1"]),
        (["-b 9", A, "-b 10"], ["-D"], ["-b 10"]),
        (["-b 10", "-b 9 -b 8", A], ["-D", "-b 8"], []),
        (["-m hello", A, "-m hello", "-s", "-l"], ["-D", "-m hello"], ["-m hello"]),
    ],
)
def test_a_control_stays_above_or_below_the_rules(lines: list[str], above: list[str], below: list[str]) -> None:
    assert kept(*lines) == KeptControls(above, below)


@pytest.mark.parametrize("line", ["-c", "-i", "-t", "-m hello"])
def test_what_would_mean_something_else_is_told(line: str) -> None:
    assert kept(A, line, B).lost == [BETWEEN.format(line)]


def test_what_is_compared_nowhere_is_told() -> None:
    assert kept(A, "-q /srv,/mnt").lost == ["x:2: -q /srv,/mnt: what it adds to rules on directories is not compared"]

"""Words into options, as GNU getopt_long does it."""

from __future__ import annotations

import pytest

from auditrules.audit.auditctl.getopt import Flags
from auditrules.audit.auditctl.rules_file import split
from auditrules.audit.model.host_facts import Version

THIRD: Version = (3, 0, 9)

Found = list[tuple[str, str]]


def read(line: str, version: Version = THIRD) -> tuple[Found, list[str]]:
    options = Flags(split(line, version), version)
    found = [(option.flag or option.problem, option.operand.text if option.operand else "") for option in options]
    return found, [word.text for word in options.left(early=False)]


SPELLINGS: list[tuple[str, Found, list[str]]] = [
    ("-w /x", [("-w", "/x")], []),
    ("-w/x", [("-w", "/x")], []),
    ("-w/x -pwa -kk", [("-w", "/x"), ("-p", "wa"), ("-k", "k")], []),
    ("-w=/x", [("-w", "=/x")], []),
    ("-w -p wa", [("-w", "-p")], ["wa"]),
    ("-w --", [("-w", "--")], []),
    ("-Di", [("-D", ""), ("-i", "")], []),
    ("-ie1", [("-i", ""), ("-e", "1")], []),
    ("-ie 1", [("-i", ""), ("-e", "1")], []),
    ("-e", [("an operand after -e", "")], []),
    ("-w /x -p", [("-w", "/x"), ("an operand after -p", "")], []),
    ("-z", [("a flag that auditctl has", "")], []),
    ("-zi", [("a flag that auditctl has", ""), ("-i", "")], []),
    ("-:", [("a flag that auditctl has", "")], []),
    ("-é", [("a flag that auditctl has", "")], []),
    ("-D\r", [("-D", ""), ("a flag that auditctl has", "")], []),
    ("x -i", [("-i", "")], ["x"]),
    ("-b 10000 x -r 5 y", [("-b", "10000"), ("-r", "5")], ["x", "y"]),
    ("-", [], ["-"]),
    ("--", [], []),
    ("-i -- -c", [("-i", "")], ["-c"]),
    ("x -- -c", [], ["x", "-c"]),
    ("--signal HUP", [("--signal", "HUP")], []),
    ("--signal=HUP", [("--signal", "HUP")], []),
    ("--signal=", [("--signal", "")], []),
    ("--signal", [("an operand after --signal", "")], []),
    ("--loginuid", [("--loginuid-immutable", "")], []),
    ("--l", [("--loginuid-immutable", "")], []),
    ("--backlog 100", [("--backlog_wait_time", "100")], []),
    ("--b=100", [("--backlog_wait_time", "100")], []),
    ("--reset-", [("--reset-lost", "")], []),
    ("--reset_", [("--reset_backlog_wait_time_actual", "")], []),
    ("--loginuid-immutable=1", [("--loginuid-immutable without an operand", "")], []),
]
_LONG = "one of --loginuid-immutable, --backlog_wait_time, --reset-lost, --reset_backlog_wait_time_actual, --signal"


@pytest.mark.parametrize(("line", "options", "left"), SPELLINGS, ids=[case[0] for case in SPELLINGS])
def test_options_are_read_as_getopt_reads_them(line: str, options: Found, left: list[str]) -> None:
    assert read(line) == (options, left)


@pytest.mark.parametrize("line", ["--reset", "--foo", "--=x", "--Signal HUP", "--backlog-wait-time 1", "--help"])
def test_a_long_name_that_is_none_or_several_is_an_error_that_names_them_all(line: str) -> None:
    assert read(line)[0] == [(_LONG, "")]


@pytest.mark.parametrize(
    ("line", "version", "flag"),
    [
        ("--reset", (2, 8, 5), "--reset-lost"),
        ("--help", (4, 2, 1), "--help"),
        ("--h", (4, 2, 1), "--help"),
        ("--s HUP", (3, 0, 0), "--signal"),
    ],
)
def test_a_version_knows_its_own_long_names(line: str, version: Version, flag: str) -> None:
    assert read(line, version)[0][0][0] == flag


@pytest.mark.parametrize("line", ["--signal HUP", "--reset_"])
def test_an_old_version_lacks_later_long_names(line: str) -> None:
    expected = "one of --loginuid-immutable, --backlog_wait_time, --reset-lost"
    assert read(line, (2, 8, 5))[0][0] == (expected, "")


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("-ix", ["-ix"]),
        ("-D\r", ["-D\r"]),
        ("-i", []),
        ("-i x", ["x"]),
        ("x -i", []),
        ("x -i y", ["y"]),
        ("-b 1 -ix y", ["-ix", "y"]),
    ],
)
def test_where_reading_ends_at_a_flag_getopt_stands_before_an_unfinished_word(line: str, left: list[str]) -> None:
    options = Flags(split(line, THIRD), THIRD)
    for option in options:
        if option.flag in ("-i", "-D"):
            break
    assert [word.text for word in options.left(early=True)] == left


@pytest.mark.parametrize(("line", "start", "end"), [("-w /x", 3, 5), ("-w/x", 2, 4), ("--signal=HUP", 9, 12)])
def test_an_operand_knows_its_place(line: str, start: int, end: int) -> None:
    (option,) = Flags(split(line, THIRD), THIRD)
    assert (option.value.start, option.value.end) == (start, end)


def test_a_flag_without_an_operand_has_no_value() -> None:
    (option,) = Flags(split("-i", THIRD), THIRD)
    with pytest.raises(LookupError, match=r"^-i takes no operand$"):
        _ = option.value

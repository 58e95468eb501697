"""Which auditctl takes a line, at each of the versions where that changes (src/auditctl.c and lib/ at their tags)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.auditctl.parse_listing import parse_listed_line
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import ControlFlag, ParsedLine
from tests.audit.strategies import HOST


def at(version: Version) -> Facts:
    return replace(HOST, version=version)


# line, the last version that refuses it, the first that takes it
TAKEN_FROM: tuple[tuple[str, Version, Version], ...] = (
    ("-a always,exclude -F perm=wa", (3, 0, 9), (3, 1, 0)),
    ("-a always,exclude -F perm=wa", (3, 0, 9), (4, 0, 2)),
    ("-a always,exclude -F perm=wa", (2, 8, 5), (4, 2, 1)),
    ("-a always,exclude -F sessionid=3", (3, 0, 9), (3, 1, 0)),
    ("-a always,exclude -F euid=0", (3, 0, 9), (3, 1, 2)),
    ("-a always,exclude -F exe=/bin/x", (2, 8, 5), (3, 0, 0)),
    ("-a always,exclude -F exe=/bin/x -k k", (3, 0, 9), (3, 1, 0)),
    ("-a always,EXIT -S open", (3, 0, 9), (3, 1, 0)),
    ("-h", (4, 0, 2), (4, 1, 4)),
    ("-h", (4, 0, 5), (4, 2, 1)),
    ("-h", (4, 1, 3), (4, 1, 4)),
    ("--help", (4, 1, 0), (4, 1, 4)),
    ("--help", (4, 1, 3), (4, 2, 0)),
    ("--signal reload", (3, 1, 0), (3, 1, 1)),
    ("--signal hup", (2, 8, 5), (3, 0, 0)),
    ("-d always,exit -S open", (4, 0, 4), (4, 0, 5)),
    ("-w /etc/docker -k ids-odd-high", (2, 8, 5), (3, 0, 0)),
    ("-w /etc/docker -F key=ids-file", (2, 8, 5), (3, 0, 0)),
    ("-a never,filesystem -F fstype=cgroup2", (4, 1, 4), (4, 2, 0)),
    ("-a always,io_uring -S bind", (4, 0, 3), (4, 0, 4)),
    ("-a always,exit -F arch=armv8l -S openat", (3, 0, 5), (3, 0, 6)),
    ("-a always,exit -S file_setattr", (4, 1, 0), (4, 1, 1)),
)
# line, the last version that takes it, the first that refuses it
TAKEN_UNTIL: tuple[tuple[str, Version, Version], ...] = (
    ("-S open -w /etc/docker", (4, 1, 1), (4, 1, 2)),
    ("-S open -W /etc/docker", (4, 1, 1), (4, 1, 2)),
    ("-w /etc/docker -k a\x01b", (4, 1, 4), (4, 2, 0)),
    ("--loginuid-immutable x", (4, 0, 3), (4, 0, 4)),
    ("--reset-lost -w", (4, 0, 3), (4, 0, 4)),
    ("-d exit,possible x", (4, 0, 3), (4, 0, 5)),
    ("-A exit,possible x", (4, 1, 0), (4, 1, 1)),
    ("-d always,exit -S open", (4, 0, 3), (4, 0, 4)),
)
ALWAYS_TAKEN = ("-S , -w /etc/docker", "-t x", "-a exit,possible x", "--reset_backlog_wait_time_actual x")


def taken(line: str, version: Version) -> bool:
    try:
        return parse_line(line, at(version)) is not None
    except RuleSyntaxError:
        return False


@pytest.mark.parametrize(("line", "refuses", "takes"), TAKEN_FROM)
def test_a_line_is_taken_from_a_version_on(line: str, refuses: Version, takes: Version) -> None:
    assert [taken(line, version) for version in (refuses, takes)] == [False, True]


@pytest.mark.parametrize(("line", "takes", "refuses"), TAKEN_UNTIL)
def test_a_line_is_taken_until_a_version(line: str, takes: Version, refuses: Version) -> None:
    assert [taken(line, version) for version in (takes, refuses)] == [True, False]


@pytest.mark.parametrize("line", ALWAYS_TAKEN)
@pytest.mark.parametrize("version", [(3, 0, 9), (4, 0, 5), (4, 2, 1)], ids=str)
def test_a_line_is_taken_by_every_version(line: str, version: Version) -> None:
    assert taken(line, version)


def test_an_action_is_never_written_in_capitals() -> None:
    assert not taken("-a Never,exit -S open", (4, 2, 1))


def test_a_key_for_intrusion_detection_is_taken_if_it_is_whole() -> None:
    assert taken("-w /etc/docker -k ids-file-high", (2, 8, 5))


def test_a_perm_of_the_exclude_list_is_listed_like_a_watch() -> None:
    line = parse_line("-a always,exclude -F perm=wa", at((4, 0, 2)))
    assert line is not None
    assert line.rule is not None
    assert listed(line.rule, (4, 0, 2), "x86_64") == " -p wa"
    assert parse_listed_line(" -p wa", at((4, 0, 2))).value("perm") == 10


def test_help_is_a_control_that_ends_the_line() -> None:
    assert parse_line("-h", at((4, 2, 1))) == ParsedLine((ControlFlag("-h"),))
    assert not taken("-h -w", (4, 2, 1))


@pytest.mark.parametrize(("version", "shown"), [((3, 0, 9), "1338"), ((3, 1, 0), "DM_CTRL"), ((4, 2, 1), "DM_CTRL")])
def test_a_record_type_is_listed_by_the_names_of_its_version(version: Version, shown: str) -> None:
    line = parse_line("-a never,exclude -F msgtype=1338", at(version))
    assert line is not None
    assert line.rule is not None
    assert listed(line.rule, version, "x86_64") == f"-a never,exclude -F msgtype={shown}"

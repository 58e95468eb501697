"""Which records of an event the exclude list drops, and how that is told."""

from __future__ import annotations

import pytest

from auditrules.audit import parse_rule
from auditrules.audit.coverage.lost_records import loss_remarks, lost_records

DROPPED: dict[str, list[str]] = {
    "-a always,exclude -F msgtype=PATH": ["PATH"],
    "-a never,exclude -F msgtype=EXECVE": ["EXECVE"],  # the kernel drops what matches, whatever the action
    "-a always,exclude -F msgtype=PATH -F uid=5": ["PATH"],
    "-a always,exclude -F msgtype>=1302 -F msgtype<=1307": ["PATH", "CWD"],
    "-a always,exclude -F msgtype!=SYSCALL": ["PATH", "CWD", "EXECVE"],
    "-a always,exclude -F msgtype>=1300": [],  # with SYSCALL the event is gone
    "-a always,exclude -F msgtype=EOE": [],
    "-a always,exclude -F uid=5": [],
    "-a always,user -F uid=5": [],
}


@pytest.mark.parametrize(("line", "dropped"), DROPPED.items(), ids=DROPPED)
def test_a_rule_drops_records_while_the_event_stays(line: str, dropped: list[str]) -> None:
    assert [each.name for each in lost_records(parse_rule(line))] == dropped


def test_of_many_rules_that_drop_a_record_one_is_named_and_the_others_are_counted() -> None:
    rules = [parse_rule(f"-a always,exclude -F msgtype=PATH -F uid={number}") for number in range(1000)]
    (told,) = loss_remarks(rules, "x86_64")
    assert told.startswith(
        "-a always,exclude -F msgtype=PATH -F uid=0 (and 999 more such rules) drops the record PATH: "
    )

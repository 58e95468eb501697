"""Finds rules of the exclude list that drop some records of an event, such as PATH, so that it lacks their facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.coverage.call_filter import SYSCALL_RECORD
from auditrules.audit.coverage.match_result import compare
from auditrules.audit.model.rule import Field, FilterList, Rule
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A record other than SYSCALL: its name, its number (linux/audit.h), and what an event lacks without it."""

    name: str
    number: int
    lost: str


RECORDS = (
    EventRecord("PATH", 1302, "the file"),
    EventRecord("CWD", 1307, "the folder that a relative name starts from"),
    EventRecord("EXECVE", 1309, "the arguments of a program that is run"),
)


def lost_records(rule: Rule) -> tuple[EventRecord, ...]:
    """The records that a rule drops from events; none for a rule that drops SYSCALL, and so whole events."""
    if rule.list is not FilterList.EXCLUDE:
        return ()
    kinds = [each for each in rule.fields if isinstance(each, Field) and each.name == "msgtype"]
    if not kinds or all(compare(SYSCALL_RECORD, each) for each in kinds):
        return ()
    return tuple(record for record in RECORDS if all(compare(record.number, each) for each in kinds))


def loss_remarks(rules: Iterable[Rule], machine: str) -> Iterator[str]:
    """A remark for each record that rules drop, with the first of these rules."""
    dropped: dict[EventRecord, list[Rule]] = {}
    for rule in rules:
        for record in lost_records(rule):
            dropped.setdefault(record, []).append(rule)
    for record, (first, *others) in dropped.items():
        more = f" (and {len(others)} more such rule{'s' if len(others) > 1 else ''})" if others else ""
        yield f"{render(first, machine)}{more} drops the record {record.name}: an event does not tell {record.lost}"

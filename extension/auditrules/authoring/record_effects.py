"""Finds the types of records that the kernel no longer writes after a change of rules, or newly writes.

The kernel filters each record with the exclude list, by its type and by the process that causes it. Records that
programs send pass the user list first. In either list the first rule that matches decides, and a field that the kernel
does not know there ends the walk (audit_filter of kernel/auditsc.c, audit_receive_msg and audit_log_start of
kernel/audit.c, Linux 6.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from auditrules.audit.auditctl.normal_form import field_text
from auditrules.audit.constants.names import message_type_name
from auditrules.audit.coverage.access import ANYBODY, Access
from auditrules.audit.coverage.access_difference import RulesInForce, where_of
from auditrules.audit.coverage.call_filter import match_exclude_condition
from auditrules.audit.coverage.credential_cases import CredentialCases
from auditrules.audit.coverage.decision import CaseCondition, Cause
from auditrules.audit.coverage.match_result import Undetermined, compare
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Match, Pending, Truth
from auditrules.audit.model.rule import Action, Comparison, Field, FilterList, Permission, Rule
from auditrules.authoring.call_effects import Direction
from auditrules.values import dataclass

# The types that programs may send: AUDIT_USER, and both ranges of AUDIT_FIRST_USER_MSG (audit_netlink_ok). auditd
# writes the types from 1200 to 1299 itself, so the kernel filters none of them.
OF_PROGRAMS = (1005, *range(1100, 1200), *range(2100, 3000))
TYPES = tuple(sorted((*OF_PROGRAMS, 1006, *range(1300, 2100))))  # 1006 is LOGIN, which the kernel writes
_USER_AVC = 1107  # the kernel accepts it even while auditing is off

_EVERY = (("every type", TYPES), ("every type that programs send", OF_PROGRAMS))
_MOST_LEFT_OUT = 8  # types that are named as exceptions if all others change
_MOST_IN_A_ROW = 4  # consecutive types that are named one by one
_UNREADABLE = "a rule can't be read"
_TOO_MANY = "there are too many conditions to try them all"
MOST_ASKED = 20_000  # rules times types: some seconds
_NO_CALL = Access("", 0, 0, Permission(0), ())


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A change in the records that the kernel writes, under the conditions `where`.

    `types` are names, ranges of numbers such as `1100 to 1199`, or one phrase for all types except those in `without`.
    They are empty if rules of a list differ that is not compared; then `where` names it.
    """

    direction: Direction
    types: tuple[str, ...]
    without: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _RecordRule:
    """A rule of the exclude or user list: the types that it matches, and the other conditions of its match."""

    resolved: ResolvedRule
    types: tuple[Field, ...]
    pending: tuple[Pending, ...]
    drops: bool

    def has_type(self, record: int) -> bool:
        return all(compare(record, each) for each in self.types)

    @property
    def match(self) -> Match:
        return Match(Truth.MAYBE, pending=self.pending) if self.pending else Match(Truth.YES)


_Lists = tuple[Sequence[_RecordRule], Sequence[_RecordRule]]  # the rules of the user list, and of the exclude list


def record_changes(old: RulesInForce, new: RulesInForce, machine: str) -> tuple[RecordChange, ...]:
    """Compare the types of records that both sets of rules let through. Lists that are not compared are named."""
    return (*_of_types(old, new, machine), *_not_compared(old, new))


def _not_compared(old: RulesInForce, new: RulesInForce) -> Iterator[RecordChange]:
    """Say which lists differ whose effects are not compared."""
    rings, systems = ([_io_uring_rules(side), _filesystem_rules(side)] for side in (old, new))
    for name, one, other in zip(("io_uring", "filesystem"), rings, systems, strict=True):
        if one != other:
            what = f"rules of the {name} list differ, and what comes of that is not compared"
            yield RecordChange(Direction.UNSURE, (), where=(what,))


def _io_uring_rules(side: RulesInForce) -> list[Rule]:
    """The rules of the io_uring list. The first rule that matches decides, so an equal one below it is left out."""
    return list(dict.fromkeys(each.rule for each in side.rules.in_list(FilterList.IO_URING)))


def _filesystem_rules(side: RulesInForce) -> list[Rule]:
    """The rules of the filesystem list that have an effect. Their order does not matter."""
    never = {each.rule for each in side.rules.in_list(FilterList.FILESYSTEM) if each.rule.action is Action.NEVER}
    return sorted(never, key=repr)


def _of_types(old: RulesInForce, new: RulesInForce, machine: str) -> Iterator[RecordChange]:
    sides = old, new
    texts = [[each.rule for each in _record_rules(side)] for side in sides]
    if texts[0] == texts[1] and (old.auditing.enabled == 0) is (new.auditing.enabled == 0):
        return
    unread = bool(old.rules.unread or new.rules.unread)
    lists = [_lists(side) for side in sides]
    type_fields = dict.fromkeys(each for both in lists for rules in both for rule in rules for each in rule.types)
    alike: dict[object, list[int]] = {}
    for record in TYPES:
        kind = (record in _SENT, record == _USER_AVC, *(compare(record, each) for each in type_fields))
        alike.setdefault(kind, []).append(record)
    found: dict[tuple[Direction, tuple[str, ...]], list[int]] = {}
    left = MOST_ASKED
    for records in alike.values():
        deciding = [_deciding_for(records[0], each) for each in lists]
        off = [_is_off(records[0], side) for side in sides]
        if off[0] is off[1] and (off[0] or _decisions(deciding[0]) == _decisions(deciding[1])):
            continue
        left -= sum(len(rules) for both in deciding for rules in both)
        differences = _difference(deciding, off, machine) if left >= 0 else [(Direction.UNSURE, (_TOO_MANY,))]
        for direction, where in differences:
            key = (Direction.UNSURE, (_UNREADABLE,)) if unread else (direction, where)
            found.setdefault(key, []).extend(records)
    for (direction, where), records in found.items():
        types, without = _named({*records})
        yield RecordChange(direction, types, without, where)


_SENT = frozenset(OF_PROGRAMS)


def _deciding_for(record: int, lists: _Lists) -> _Lists:
    user, exclude = lists
    return _deciding(user, record) if record in _SENT else [], _deciding(exclude, record)


def _is_off(record: int, side: RulesInForce) -> bool:
    """Whether auditing is off and the kernel then refuses this type of record from programs."""
    return record in _SENT and record != _USER_AVC and side.auditing.enabled == 0


def _record_rules(side: RulesInForce) -> tuple[ResolvedRule, ...]:
    return (*side.rules.in_list(FilterList.USER), *side.rules.in_list(FilterList.EXCLUDE))


def _lists(side: RulesInForce) -> _Lists:
    user, exclude = (
        [found for each in side.rules.in_list(name) if (found := _record_rule(each)) is not None]
        for name in (FilterList.USER, FilterList.EXCLUDE)
    )
    return user, exclude


def _record_rule(resolved: ResolvedRule) -> _RecordRule | None:
    """Prepare a rule to match records of any process; None if it matches none."""
    rule = resolved.rule
    drops = rule.list is FilterList.EXCLUDE or rule.action is Action.NEVER
    types: list[Field] = []
    pending: list[Pending] = []
    for condition in rule.fields:
        if not isinstance(condition, Comparison) and condition.name == "msgtype":
            types.append(condition)
            continue
        answer = match_exclude_condition(condition, resolved, ANYBODY)
        if answer is None:
            drops = False  # a field that the kernel does not know here: if all before it match, the walk ends
            break
        if isinstance(answer, Undetermined):
            pending.append(Pending(condition, answer))
        elif not answer:
            return None
    return _RecordRule(resolved, tuple(types), tuple(pending), drops) if rule.fields else None


def _deciding(rules: Iterable[_RecordRule], record: int) -> list[_RecordRule]:
    """The rules that decide about a type of record, or may, in their order."""
    found = []
    for each in rules:
        if each.has_type(record):
            found.append(each)
            if not each.pending:
                break
    return found


def _difference(
    deciding: Sequence[_Lists], off: Sequence[bool], machine: str
) -> Iterator[tuple[Direction, tuple[str, ...]]]:
    """Compare both sides for one type of record. `off` says on which sides the kernel writes none of this type."""
    waits = [(pending, each) for both in deciding for rules in both for each in rules for pending in each.pending]
    conditions: dict[CaseCondition, ResolvedRule] = {
        (Cause.EXCLUDED, pending.condition): each.resolved
        for pending, each in waits
        if pending.why is Undetermined.SUBJECT and pending.condition is not None
    }
    cases = CredentialCases(conditions, _NO_CALL)
    found = []
    for both, silent in zip(deciding, off, strict=True):
        recorded, unrecorded = (0, cases.all) if silent else _by_case(both, cases)
        found.append((recorded & ~unrecorded, unrecorded & ~recorded, recorded & unrecorded))
    (was, was_not, was_unsure), (is_, is_not, is_unsure) = found
    lost, gained = was & is_not, was_not & is_
    if lost:
        yield Direction.LOST, where_of(lost, cases, conditions, machine)
    if gained:
        yield Direction.GAINED, where_of(gained, cases, conditions, machine)
    if not lost and (was_unsure | is_unsure or not cases.complete):
        unknown = [each.condition for each, _ in waits if each.why is not Undetermined.SUBJECT and each.condition]
        texts = dict.fromkeys(f"whether {field_text(each, machine)} can't be told" for each in unknown)
        yield Direction.UNSURE, tuple(texts) or (_TOO_MANY,)


def _decisions(lists: Iterable[Iterable[_RecordRule]]) -> list[list[tuple[object, ...]]]:
    return [[(each.drops, each.pending) for each in rules] for rules in lists]


def _by_case(lists: Iterable[Iterable[_RecordRule]], cases: CredentialCases) -> tuple[int, int]:
    """The cases in which the record may be written, and those in which it may not. Each list must let it through."""
    recorded, unrecorded = cases.all, 0
    for rules in lists:
        kept, remaining = 0, cases.all
        for each in rules:
            hits = remaining & cases.possible(each.match, Cause.EXCLUDED)
            if each.drops:
                unrecorded |= hits
            else:
                kept |= hits
            remaining &= ~cases.certain(each.match, Cause.EXCLUDED)
        recorded &= kept | remaining
    return recorded, unrecorded


def _named(records: Collection[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the types, and the exceptions from these names."""
    for words, types in _EVERY:
        left = {*types} - {*records}
        if len(left) <= _MOST_LEFT_OUT and len(left) + len(records) == len(types):
            return (words,), tuple(_type_names(left))
    return tuple(_type_names(records)), ()


def _type_names(records: Iterable[int]) -> Iterator[str]:
    """Name types one by one, or as a range if many are consecutive."""
    rows: list[list[int]] = []
    for each in sorted(records):
        if rows and each == rows[-1][-1] + 1:
            rows[-1].append(each)
        else:
            rows.append([each])
    for row in rows:
        if len(row) > _MOST_IN_A_ROW:
            yield f"{row[0]} to {row[-1]}"
        else:
            yield from (message_type_name(each) or str(each) for each in row)

"""Decodes and encodes the kernel's bytes of a rule: struct audit_rule_data of linux/audit.h."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TypeVar

from auditrules.audit.constants import syscalls
from auditrules.audit.constants.fields import COMPARISONS, FIELDS, NAMES, FieldKind, compared
from auditrules.audit.constants.names import syscall_mask
from auditrules.audit.model.errors import NetlinkError
from auditrules.audit.model.memo import Memo
from auditrules.audit.model.rule import (
    PATH_OR_DIR,
    Action,
    Comparison,
    Condition,
    Field,
    FilterList,
    Operator,
    Rule,
    last_arch,
    shared_field,
)
from auditrules.audit.model.syscall_mask import MASK_BITS, SyscallMask
from auditrules.audit.model.text import decode as text_of
from auditrules.audit.model.text import encode as bytes_of

LISTS = {
    0: FilterList.USER,
    1: FilterList.TASK,
    4: FilterList.EXIT,
    5: FilterList.EXCLUDE,
    6: FilterList.FILESYSTEM,
    7: FilterList.IO_URING,
}
PREPEND = 0x10
ACTIONS = {0: Action.NEVER, 2: Action.ALWAYS}
OPERATORS = {
    0x08000000: Operator.BIT_MASK,
    0x10000000: Operator.LESS,
    0x20000000: Operator.GREATER,
    0x30000000: Operator.NOT_EQUAL,
    0x40000000: Operator.EQUAL,
    0x48000000: Operator.BIT_TEST,
    0x50000000: Operator.LESS_OR_EQUAL,
    0x60000000: Operator.GREATER_OR_EQUAL,
}

LIST_NUMBERS = {item: number for number, item in LISTS.items()}
ACTION_NUMBERS = {item: number for number, item in ACTIONS.items()}
OPERATOR_BITS = {item: number for number, item in OPERATORS.items()}

MOST_FIELDS = 64  # AUDIT_MAX_FIELDS
FIELD_COMPARE = FIELDS["field_compare"].number
TEXTUAL = frozenset(
    kind.number for kind in FIELDS.values() if kind.kind in (FieldKind.PATH, FieldKind.LABEL, FieldKind.KEY)
)

_MASK_BYTES = MASK_BITS // 8
_RULE = struct.Struct(f"=III{_MASK_BYTES}s{MOST_FIELDS}I{MOST_FIELDS}I{MOST_FIELDS}II")
# The same in pieces, as a rule uses few of the fields that the struct has room for.
_START = struct.Struct("=III")

_WORD = 4
# A packed rule is: the same three words, the mask's length; fields, values, operators, text length; mask; text.
_PACKED = 1 << 31  # in the first word, where the kernel has the list's number and never this bit
_ONES = 1 << 31  # in the word with the mask's length: all bytes of the mask are ones, and are left out
_PACKED_HEAD = struct.Struct("=IIII")
# The error of a payload that is marked as packed and is not: no kernel has such a list.
_NOT_PACKED = f"expected a list that Linux 6.1 has, found a number with the bit {_PACKED:#x}"

_T = TypeVar("_T")


def decode(payload: bytes) -> Rule:
    """Decode one AUDIT_LIST_RULES payload, packed or not. A field without a name has its number as name, such as f24.

    Raises:
        NetlinkError: it is cut, or has a list, an action or an operator that Linux 6.1 does not know.
    """
    whole = packed(payload)
    if len(whole) < _PACKED_HEAD.size or not _START.unpack_from(whole)[0] & _PACKED:
        raise NetlinkError(_wrong(payload))
    flags, action, count, ones_and_size = _PACKED_HEAD.unpack_from(whole)
    size = ones_and_size & ~_ONES
    if count > MOST_FIELDS or size > _MASK_BYTES:
        raise NetlinkError(_NOT_PACKED)
    after = _PACKED_HEAD.size + _WORD * (3 * count + 1)
    if len(whole) < after:
        raise NetlinkError(f"expected a packed rule of {count} fields, found {len(whole)} bytes")
    words = struct.unpack_from(f"={3 * count + 1}I", whole, _PACKED_HEAD.size)
    ones = bool(ones_and_size & _ONES)
    mask = b"\xff" * size if ones else whole[after : after + size]
    rest = whole[after + (0 if ones else size) :]  # the text of one field after the other
    left = words[-1]
    if len(rest) < left:
        raise NetlinkError(f"expected {left} bytes of text, found {len(rest)}")
    # The kernel pads a payload to four bytes; bytes beyond buflen are no part of the rule.
    if len(rest) - left >= _WORD:
        raise NetlinkError(_NOT_PACKED)
    conditions = []
    for number, value, bits in zip(words[:count], words[count : 2 * count], words[2 * count : -1], strict=True):
        if number in TEXTUAL:
            if value > left:
                raise NetlinkError(f"expected {value} bytes of a field's text, found {left}")
            conditions.append(_textual(number, text_of(rest[:value]), bits))
            rest = rest[value:]
            left -= value
        else:
            conditions.append(_numeric(number, value, bits))
    filter_list = _known_value(LISTS, flags & ~(PREPEND | _PACKED), "a list")
    return Rule(
        filter_list,
        _known_value(ACTIONS, action, "an action"),
        _mask(mask, filter_list, syscalls.machine_of(last_arch(conditions) or 0) or ""),
        tuple(conditions),
    )


@lru_cache(1)  # several callers decode the same rules, which stay for days
def decoded(payloads: tuple[bytes, ...]) -> tuple[Rule | NetlinkError, ...]:
    """The rule of each payload, or the error."""
    _RULES.turn()
    found = tuple(_RULES.get(each, partial(_decode_or_error, each)) for each in payloads)
    _RULES.end()
    return found


_RULES: Memo[bytes, Rule | NetlinkError] = Memo()  # when a rule is loaded, most others stay


def _decode_or_error(payload: bytes) -> Rule | NetlinkError:
    try:
        return decode(payload)
    except NetlinkError as error:
        return error


def packed(payload: bytes) -> bytes:
    """The payload without unused room for fields and calls; it is unchanged if it is no rule.

    No part of the rule is lost, and it takes an eighth of the memory.
    """
    if len(payload) < _RULE.size:
        return payload
    flags, action, count = _START.unpack_from(payload)
    if count > MOST_FIELDS or flags & _PACKED:
        return payload
    pieces, packed_pieces = _with_fields(count)
    mask, *rest = pieces.unpack_from(payload, _START.size)
    mask = mask.rstrip(b"\0")
    ones = not mask.strip(b"\xff")
    head = packed_pieces.pack(flags | _PACKED, action, count, len(mask) | _ONES if ones else len(mask), *rest)
    text = payload[_RULE.size :]
    return head + text if ones else head + mask + text


def _wrong(payload: bytes) -> str:
    """Why a payload is no rule."""
    if len(payload) < _RULE.size:
        return f"expected a rule of at least {_RULE.size} bytes, found {len(payload)}"
    return f"expected at most {MOST_FIELDS} fields, found {_START.unpack_from(payload)[2]}"


def _known_value(table: Mapping[int, _T], number: int, what: str) -> _T:
    found = table.get(number)
    if found is None:
        raise NetlinkError(f"expected {what} that Linux 6.1 has, found {number:#x}")
    return found


@lru_cache(MOST_FIELDS + 1)
def _with_fields(count: int) -> tuple[struct.Struct, struct.Struct]:
    """The layouts for this number of fields: a payload behind its first words, and a packed one up to its mask."""
    size = _WORD * count
    array = f"{size}s{_WORD * MOST_FIELDS - size}x"
    return struct.Struct(f"={_MASK_BYTES}s{array * 3}4s"), struct.Struct(f"=IIII{size}s{size}s{size}s4s")


# There may be many rules, with mostly the same parts: each part is made once, and the rules share it.
_SHARED = 4096


@lru_cache(_SHARED)
def _mask(raw: bytes, filter_list: FilterList, machine: str) -> SyscallMask:
    return syscall_mask(int.from_bytes(raw, "little"), filter_list, machine)


def _textual(number: int, text: str, bits: int) -> Condition:
    name = NAMES[number]
    return (shared_field if name == "key" else Field)(name, _known_value(OPERATORS, bits, "an operator"), text)


@lru_cache(_SHARED)
def _numeric(number: int, value: int, bits: int) -> Condition:
    operator = _known_value(OPERATORS, bits, "an operator")
    comparison = compared(value, operator) if number == FIELD_COMPARE else None
    return comparison or shared_field(NAMES.get(number, f"f{number}"), operator, value)


def encode(rule: Rule) -> bytes:
    """The payload that the kernel would send for a rule.

    Raises:
        NetlinkError: the rule has too many fields, or the field `path|dir`, which must be decided first.
    """
    if len(rule.fields) > MOST_FIELDS:
        raise NetlinkError(f"expected at most {MOST_FIELDS} fields, found {len(rule.fields)}")
    numbers, values, operators = [], [], []
    strings = b""
    for condition in rule.fields:
        operators.append(OPERATOR_BITS[condition.operator])
        if isinstance(condition, Comparison):
            numbers.append(FIELD_COMPARE)
            values.append(COMPARISONS.index((condition.left, condition.right)) + 1)
            continue
        numbers.append(_number(condition))
        if isinstance(condition.value, str):
            raw = bytes_of(condition.value)
            strings += raw
            values.append(len(raw))
        else:
            values.append(condition.value)
    rest = [0] * (MOST_FIELDS - len(rule.fields))
    mask = rule.syscalls.to_bytes(_MASK_BYTES, "little")
    head = (LIST_NUMBERS[rule.list], ACTION_NUMBERS[rule.action], len(rule.fields), mask)
    return _RULE.pack(*head, *numbers, *rest, *values, *rest, *operators, *rest, len(strings)) + strings


def _number(condition: Field) -> int:
    if condition.name == PATH_OR_DIR:
        raise NetlinkError(f"expected path or dir for {condition.value!r}, and it is not known which it is")
    known = FIELDS.get(condition.name)
    return known.number if known else int(condition.name.removeprefix("f"))

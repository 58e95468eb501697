"""The result of matching one condition (yes, no, or a missing fact), and the kernel's comparison of numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType

from auditrules.audit.model.rule import Field, Operator

_WORD = 0xFFFFFFFF


class Undetermined(str, Enum):
    """The missing fact that would decide a condition: it differs between subjects, or is a fact of the host."""

    SUBJECT = "subject"
    UNREADABLE = "unreadable"  # a rule or a path that could not be read
    MOUNTED = "mounted_after_load"
    REPLACED = "replaced"  # which file a rule is on, or the order of rules on a file, after a directory was replaced
    INTERPRETER = "interpreter"  # which interpreter runs a program
    LABEL = "label"  # of a security module
    RELEASE = "kernel_release"  # whether a kernel of this release counts a call for a letter
    RATE_LIMIT = "rate_limit"  # how many records were written in the same second
    TOO_MANY = "too_many_conditions"  # there are too many conditions on the subject to try all cases


MatchResult = bool | Undetermined  # of one condition: yes, no, or which fact is missing

OPERATORS: Mapping[Operator, Callable[[int, int], bool]] = MappingProxyType(
    {
        Operator.EQUAL: operator.eq,
        Operator.NOT_EQUAL: operator.ne,
        Operator.GREATER: operator.gt,
        Operator.GREATER_OR_EQUAL: operator.ge,
        Operator.LESS: operator.lt,
        Operator.LESS_OR_EQUAL: operator.le,
        Operator.BIT_MASK: lambda left, right: bool(left & right),
        Operator.BIT_TEST: lambda left, right: left & right == right,
    }
)


def compare(value: int, condition: Field) -> bool:
    """Compare a number as the kernel does, unsigned and in 32 bits (audit_comparator)."""
    return isinstance(condition.value, int) and OPERATORS[condition.operator](value & _WORD, condition.value)


def compare_ids(left: int, sign: Operator, right: int) -> bool:
    """Compare users or groups, for which bit operators never hold (audit_uid_comparator)."""
    return sign not in (Operator.BIT_MASK, Operator.BIT_TEST) and OPERATORS[sign](left, right)

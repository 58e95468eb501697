"""The status that a verdict has: one of four words, the worst first."""

from __future__ import annotations

from enum import Enum


class Status(str, Enum):
    """What a control says of a host, the worst first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    PASS = "pass"  # noqa: S105 - not that kind of pass
    NOT_APPLICABLE = "not_applicable"

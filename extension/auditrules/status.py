"""The status of a verdict: one of four words, the worst first."""

from __future__ import annotations

from enum import Enum


class Status(str, Enum):
    """The status of a control on a host, the worst first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    PASS = "pass"  # noqa: S105 - not that kind of pass
    NOT_APPLICABLE = "not_applicable"

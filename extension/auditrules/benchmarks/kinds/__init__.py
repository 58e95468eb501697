"""The kinds of requirement: one module each, with a dataclass that judges itself, and `read(fields)`. Pure.

A kind's module is imported when the first requirement of that kind is parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.requirement import Requirement

Reader = Callable[[Fields], Requirement]
"""Parses a requirement from its object in a benchmark's file. Raises BenchmarkError if that is not valid."""

KINDS = (
    "path",
    "syscall",
    "privileged_command",
    "setting",
    "boot_option",
    "service",
    "package",
    "rule_option",
    "file_mode",
    "mount",
    "integrity",
    "drift",
    "absent_rule",
)
"""The values of `kind`; the module with that name has a function `read`."""


def read_requirement(fields: Fields) -> Requirement:
    """Parse a requirement, an object of a benchmark's file.

    Raises:
        BenchmarkError: there is no such kind, or a key is not valid.
    """
    kind = fields.word("kind", KINDS)
    reader = cast("Reader", import_module(f"{__name__}.{kind}").read)
    requirement = reader(fields)
    fields.finish()
    return requirement

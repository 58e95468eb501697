"""The kinds of requirement: one module each, with its dataclass, `read(fields)` and how it is judged. Pure.

A kind's module is imported when the first requirement of that kind is read.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.requirement import Requirement

Reader = Callable[[Fields], Requirement]
"""Makes a requirement of its object in a benchmark's file. Raises BenchmarkError where that is not as it must be."""

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
"""Every word that `kind` may have: the module of that name has a function `read`."""


def read_requirement(fields: Fields) -> Requirement:
    """The requirement that an object of a benchmark's file describes.

    Raises:
        BenchmarkError: there is no such kind, or a key does not hold what it must.
    """
    kind = fields.word("kind", KINDS)
    reader = cast("Reader", import_module(f"{__name__}.{kind}").read)
    requirement = reader(fields)
    fields.finish()
    return requirement

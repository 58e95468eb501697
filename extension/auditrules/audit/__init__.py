"""The language of Linux audit: read rules as auditctl does, write them, and ask what they record.

`from auditrules.audit import parse_rule` is the beginning; docs/api.md has an example of each name. Pure: nothing here
opens a file, runs a program or asks the kernel. A name is imported when it is first used, so that importing a part of
this package imports nothing else of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditrules.audit.auditctl.listing import listed
    from auditrules.audit.auditctl.normal_form import render
    from auditrules.audit.auditctl.parse import RulesFileLine, parse_rule, parse_rules_file
    from auditrules.audit.auditctl.parse_listing import ListedLine, parse_listing
    from auditrules.audit.boot.load import load_rules
    from auditrules.audit.coverage.call_coverage import UnknownSyscallError
    from auditrules.audit.coverage.of_rules import PathCoverage, path_coverage, syscall_coverage
    from auditrules.audit.coverage.syscall_coverage import RecordedFor, SyscallCoverage
    from auditrules.audit.model.errors import RuleSyntaxError
    from auditrules.audit.model.host_facts import Entry, Facts, ordinary_files
    from auditrules.audit.model.rule import (
        Action,
        Comparison,
        Field,
        FilterList,
        Operator,
        Permission,
        Rule,
    )
    from auditrules.audit.model.syscall_mask import SyscallMask

__all__ = (
    "Action",
    "Comparison",
    "Entry",
    "Facts",
    "Field",
    "FilterList",
    "ListedLine",
    "Operator",
    "PathCoverage",
    "Permission",
    "RecordedFor",
    "Rule",
    "RuleSyntaxError",
    "RulesFileLine",
    "SyscallCoverage",
    "SyscallMask",
    "UnknownSyscallError",
    "listed",
    "load_rules",
    "ordinary_files",
    "parse_listing",
    "parse_rule",
    "parse_rules_file",
    "path_coverage",
    "render",
    "syscall_coverage",
)

_MODULES = {
    "auditctl.listing": ("listed",),
    "auditctl.normal_form": ("render",),
    "auditctl.parse": ("RulesFileLine", "parse_rule", "parse_rules_file"),
    "auditctl.parse_listing": ("ListedLine", "parse_listing"),
    "boot.load": ("load_rules",),
    "coverage.call_coverage": ("UnknownSyscallError",),
    "coverage.of_rules": ("PathCoverage", "path_coverage", "syscall_coverage"),
    "coverage.syscall_coverage": ("RecordedFor", "SyscallCoverage"),
    "model.errors": ("RuleSyntaxError",),
    "model.host_facts": ("Entry", "Facts", "ordinary_files"),
    "model.rule": ("Action", "Comparison", "Field", "FilterList", "Operator", "Permission", "Rule"),
    "model.syscall_mask": ("SyscallMask",),
}


def __getattr__(name: str) -> object:
    """Import a public name on its first use (PEP 562)."""
    module = next((module for module, names in _MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return found


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)

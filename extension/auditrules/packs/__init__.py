"""The queries that ship: controls, drift and the audit log pipeline, as osquery packs and for Fleet."""

from auditrules.benchmarks import CONTROLS
from auditrules.packs.verdict import Check

__all__ = ["CHECKS", "Check"]

CHECKS = tuple(map(Check, CONTROLS))

"""The queries that ship: controls, drift and the audit log pipeline, as osquery packs and for Fleet."""

from auditrules.benchmarks import CIS_DOCKER
from auditrules.packs.verdict import Check

__all__ = ["CHECKS", "Check"]

CHECKS = tuple(Check(control) for benchmark in CIS_DOCKER for control in benchmark.controls)

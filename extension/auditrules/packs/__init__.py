"""The queries that we ship, as osquery packs and for Fleet: controls, drift and the audit log pipeline."""

from auditrules.benchmarks import CIS_DOCKER
from auditrules.packs.verdict import Check

__all__ = ["CHECKS", "Check"]

CHECKS = tuple(Check(control) for benchmark in CIS_DOCKER for control in benchmark.controls)
